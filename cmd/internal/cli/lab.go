package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/zlog"
	"picket/deploy/lab"
)

// exitInterrupted is what a shell expects of a program that Ctrl-C ended.
const exitInterrupted = 130

// labCommand are the words of picket lab.
type labCommand struct {
	Compare      bool          `help:"Play the same scenes under redis-sentinel afterwards, and set both side by side."`
	Keep         bool          `help:"Keep the temporary folder, with every configuration and log."`
	DownAfter    time.Duration `default:"2s" help:"down-after-milliseconds of the monitors."`
	ScriptLength time.Duration `placeholder:"DURATION" help:"How long each script blocks the master (default three times down-after)."`
	Pause        time.Duration `default:"5s" help:"Time to read what a scene will show before it begins."`
}

// Help implements kong's longer description.
func (labCommand) Help() string {
	return "It plays what Picket promises in this terminal: a master, two replicas and three monitors on free ports, in a temporary folder."
}

// Validate implements kong's check of the flags.
func (c *labCommand) Validate() error {
	switch {
	case c.DownAfter < 500*time.Millisecond:
		return errors.New("--down-after must be at least 500ms: below that a busy machine alone looks like a dead one")
	case c.ScriptLength != 0 && c.ScriptLength < 2*luaTimeLimit:
		return fmt.Errorf("--script-length must be at least %v: a server says BUSY only after %v", 2*luaTimeLimit, luaTimeLimit)
	case c.Pause < 0:
		return errors.New("--pause must not be negative")
	}
	return nil
}

func (c labCommand) script() time.Duration {
	if c.ScriptLength > 0 {
		return c.ScriptLength
	}
	return 3 * c.DownAfter
}

// runLab plays the demonstration.
func runLab(p Program, words []string) int {
	var cmd labCommand
	if code, ok := parse(p, "lab", &cmd, words); !ok {
		return code
	}
	bins, err := lab.FindBinaries()
	if err != nil {
		fmt.Fprintln(p.Err, "picket: the lab needs redis-server and redis-cli, and finds neither on PATH nor in .cache/redis/bin.\n"+
			"Run `make lab` in Picket's source folder: it fetches them, and starts no system service.")
		return exitFailed
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(p.Err, "picket: find the picket program, to run monitors with:", err)
		return exitFailed
	}
	// A reader that goes away (SIGPIPE) and a terminal that is closed (SIGHUP) must leave nothing behind either.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once; the kernel then ends what we started
	zlog.CaptureRedis(zap.NewNop())
	return playLab(ctx, playConfig{labCommand: cmd, screen: newScreen(p.Out), bins: bins, self: self})
}

// playConfig is what a run of the lab consists of.
type playConfig struct {
	labCommand
	screen *screen
	bins   lab.Binaries
	self   string // the path of this program
}

// playLab plays every scene under every program, and prints the table.
func playLab(ctx context.Context, cfg playConfig) int {
	drawing, stop := context.WithCancel(ctx)
	defer stop()
	go cfg.screen.run(drawing)
	programs := []lab.Program{lab.Picket{Binary: cfg.self}}
	if cfg.Compare {
		programs = append(programs, lab.RedisSentinel{Binary: cfg.bins.Sentinel})
	}
	introduce(cfg)
	var results [][]facts
	for _, program := range programs {
		played, err := playProgram(ctx, cfg, program)
		switch {
		case ctx.Err() != nil:
			cfg.screen.say(plain, "\nInterrupted. Every process of the lab has been ended.")
			return exitInterrupted
		case err != nil:
			cfg.screen.say(alarm, "\nThe lab cannot go on: %v\nRun it again with --keep to read the logs.", err)
			return exitFailed
		}
		results = append(results, played)
	}
	return conclude(cfg.screen, results)
}

// conclude prints the table and what did not go as promised.
func conclude(s *screen, results [][]facts) int {
	s.say(plain, "")
	for i, line := range table(resultRows(results), s.width) {
		m := plain
		if i == 0 {
			m = heading
		}
		s.say(m, "%s", line)
	}
	code := exitOK
	for _, f := range results[0] {
		for _, complaint := range f.judge() {
			s.say(alarm, "\nFAILED: %s: %s.", f.scene.name(), complaint)
			code = exitFailed
		}
	}
	if code == exitOK {
		s.say(good, "\nEvery scene went as Picket promises.")
	}
	if len(results) > 1 {
		s.say(plain, "\nredis-sentinel takes BUSY for death and never promised otherwise: its lines are there to compare, and do not count.")
	}
	return code
}
