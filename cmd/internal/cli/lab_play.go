package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"picket/deploy/lab"
)

// luaTimeLimit is the lab's lua-time-limit: after how long a server says BUSY.
const luaTimeLimit = 500 * time.Millisecond

const (
	replicas = 2
	monitors = 3
)

// stage is a running group with its audience.
type stage struct {
	playConfig
	program lab.Program
	group   *lab.Group
	names   map[*lab.Redis]string
	master  *lab.Redis // to whom the monitors send clients now
	old     *lab.Redis // the master that was killed

	unfollow func() // ends the stream of events
}

func introduce(cfg playConfig) {
	cfg.screen.say(plain, "Picket's lab: real redis-servers and real monitors on this machine, on 127.0.0.1 only.\n"+
		"Four scenes, about %d seconds%s. Ctrl-C ends it and leaves nothing behind.", cfg.lasts(), also(cfg.Compare))
	cfg.screen.say(plain, "down-after is %v: a master that is dead for that long is replaced.\n"+
		"lua-time-limit is %v here (Redis: 5 s), so that a server blocked by a script says BUSY early.", cfg.DownAfter, luaTimeLimit)
}

// lasts is how many seconds the scenes take, by experience.
func (c labCommand) lasts() int {
	d := 4*c.Pause + 2*c.script() + c.DownAfter + 5*time.Second
	return int(d.Round(5*time.Second) / time.Second)
}

func also(compare bool) string {
	if compare {
		return ", and then the same under redis-sentinel, which takes longer"
	}
	return ""
}

// playProgram plays all scenes under one program. An error means that it cannot
// go on; a scene that only went wrong says so in its facts.
func playProgram(ctx context.Context, cfg playConfig, program lab.Program) ([]facts, error) {
	// Closed by us alone: Close by another goroutine would not be waited for.
	l, err := lab.New(context.WithoutCancel(ctx), lab.Config{Keep: cfg.Keep})
	if err != nil {
		return nil, err
	}
	s := &stage{playConfig: cfg, program: program, unfollow: func() {}}
	defer s.close(l)
	if err := s.open(ctx, l); err != nil {
		return nil, err
	}
	var played []facts
	for i, scene := range s.scenes() {
		if err := s.announce(ctx, i, scene); err != nil {
			return nil, err
		}
		f := facts{scene: scene.kind, program: program.Name(), monitors: monitors, downAfter: cfg.DownAfter}
		err := scene.play(ctx, &f)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			f.problem = oneLine(err)
		}
		s.report(f)
		played = append(played, f)
	}
	return played, nil
}

// oneLine is an error for the table: the harness's errors show what was published after their first line.
func oneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	text = strings.TrimSuffix(text, "; it published:")
	return strings.ReplaceAll(text, context.DeadlineExceeded.Error(), "it took too long")
}

// close ends every process, the servers first: a client that waits for a blocked one is then free to go.
func (s *stage) close(l *lab.Lab) {
	defer s.screen.wait(0, "ending every process")()
	s.unfollow()
	if s.group != nil {
		for _, r := range s.group.Servers() {
			r.Kill()
		}
	}
	l.Close()
	if s.Keep {
		s.screen.say(plain, "\nConfigurations and logs are kept in %s", l.Dir())
	}
}

// open starts the group and follows its events.
func (s *stage) open(ctx context.Context, l *lab.Lab) error {
	defer s.screen.wait(0, "starting a master, two replicas and three monitors")()
	s.screen.say(plain, "")
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	g, err := l.StartServers(ctx, lab.GroupConfig{
		Replicas: replicas, Monitors: monitors,
		Redis:   lab.RedisConfig{Threshold: luaTimeLimit},
		Monitor: lab.MonitorConfig{Program: s.program, Watch: lab.Watch{DownAfter: s.DownAfter}},
	})
	if err != nil {
		return err
	}
	s.group, s.master = g, g.Master
	if err := g.StartMonitors(ctx); err != nil {
		return err
	}
	if err := g.WaitKnown(ctx); err != nil {
		return err
	}
	return s.meet(ctx, time.Since(g.Began))
}

// meet gives everyone a short name and starts the stream of events.
func (s *stage) meet(ctx context.Context, took time.Duration) error {
	var aliases []alias
	s.names = map[*lab.Redis]string{}
	s.screen.say(heading, "Under %s", s.program.Name())
	for i, r := range s.group.Servers() {
		s.names[r] = serverName(i)
		aliases = append(aliases, alias{addr: r.Addr(), name: serverName(i)})
		s.screen.say(plain, "  %-2s  redis-server %s, %s", serverName(i), r.Addr(), role(i))
	}
	for i, m := range s.group.Monitors {
		id, err := m.Sentinel(ctx, "MYID")
		if err != nil {
			return fmt.Errorf("ask a monitor for its id: %w", err)
		}
		aliases = append(aliases, alias{addr: m.Addr(), id: fmt.Sprint(id), name: monitorName(i)})
		s.screen.say(plain, "  %-2s  %s %s", monitorName(i), s.program.Name(), m.Addr())
	}
	s.screen.say(plain, "Every monitor knew every server and every other monitor %s after its start. Two of three must agree on a death.", seconds(took))
	m := s.group.Monitors[0]
	s.screen.say(faint, "To listen yourself, in another terminal: redis-cli -p %d PSUBSCRIBE '*'", m.Port)
	s.follow(newShortener(m.Group, aliases))
	return nil
}

func role(i int) string {
	if i == 0 {
		return "the master"
	}
	return "a replica"
}

// follow sends every monitor's events from now on to the screen, until the stage is closed.
func (s *stage) follow(words shortener) {
	ctx, cancel := context.WithCancel(context.Background())
	var followers sync.WaitGroup
	s.screen.watch(len(s.group.Monitors))
	for i, m := range s.group.Monitors {
		followers.Go(func() {
			for next := m.Events.Mark(); ; next++ {
				e, err := m.Events.Wait(ctx, next, func(lab.Event) bool { return true })
				if err != nil {
					return // the stage is closed
				}
				s.screen.event(i, words.told(e))
			}
		})
	}
	s.unfollow = func() { cancel(); followers.Wait() }
}

// announce says what a scene will show, and leaves time to read it.
func (s *stage) announce(ctx context.Context, i int, scene scene) error {
	s.screen.say(plain, "")
	s.screen.say(heading, "Scene %d, under %s: %s", i+1, s.program.Name(), scene.kind.name())
	for _, line := range wrap(scene.about, s.screen.width) {
		s.screen.say(plain, "%s", line)
	}
	return s.hold(ctx, s.Pause, "time to read; the scene begins then")
}

// hold waits for d.
func (s *stage) hold(ctx context.Context, d time.Duration, text string) error {
	defer s.screen.wait(d, text)()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// report says what came of a scene.
func (s *stage) report(f facts) {
	m := good
	if f.verdict() != "ok" {
		m = alarm
	}
	s.screen.say(m, "%9s %s", f.verdict()+":", f.happened())
	if f.problem != "" {
		return
	}
	s.screen.say(plain, "          Lost: %s. A client that follows the monitors could not write for %s.", f.losses(), f.pause())
}
