package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"picket/cmd/internal/daemon"
	"picket/cmd/internal/zlog"
	"picket/config"
)

// Program is one run of the binary.
type Program struct {
	Args    []string // with the program's name
	Version string
	Out     io.Writer
	Err     io.Writer
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `Picket watches Redis and Valkey masters and fails over when they die, not when a script blocks them.

  picket [daemon] FILE [--directive value ...]   run a monitor, as redis-sentinel does
  picket ping [HOST:PORT] [--pass PASSWORD]      ask a monitor whether it serves (exit 0 or 1)
  picket lab [--compare]                         a live demonstration on real redis-servers
  picket directives                              the configuration directives, as a table
  picket --version | --help

FILE is a sentinel.conf. A path such as ./lab names a file; the bare word lab is the command.
`

// subcommands are the first words that are not a file.
var subcommands = map[string]func(Program, []string) int{
	"daemon": runDaemon, "ping": runPing, "lab": runLab, "directives": runDirectives,
	"help": showHelp, "--help": showHelp, "-h": showHelp,
	"version": showVersion, "--version": showVersion, "-v": showVersion,
}

// Main runs the program and returns its exit code.
func Main(p Program) int {
	words := p.Args[1:]
	if len(words) == 0 {
		fmt.Fprint(p.Err, usage)
		return exitUsage
	}
	if run, ok := subcommands[words[0]]; ok {
		return run(p, words[1:])
	}
	return runDaemon(p, words)
}

func showHelp(p Program, _ []string) int {
	fmt.Fprint(p.Out, usage)
	return exitOK
}

func showVersion(p Program, _ []string) int {
	fmt.Fprintln(p.Out, "picket "+p.Version)
	return exitOK
}

// runDaemon runs a monitor until it is told to end.
func runDaemon(p Program, words []string) int {
	words = dropSentinelWord(words)
	if len(words) == 0 || len(words[0]) > 1 && words[0][:2] == "--" {
		fmt.Fprintln(p.Err, "picket: a monitor needs a configuration file to keep its state: picket /path/to/sentinel.conf")
		return exitFailed
	}
	cfg, err := config.Load(words[0], words[1:])
	if err != nil {
		printErrors(p.Err, err)
		return exitFailed
	}
	if err := enterDir(cfg.Dir); err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed
	}
	log, level, err := zlog.Open(cfg.LogLevel, cfg.LogFile)
	if err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed
	}
	defer func() { _ = log.Sync() }() // standard output may not support it
	return serve(p, daemon.Options{Config: cfg, Log: log, Level: level, Version: p.Version})
}

func serve(p Program, o daemon.Options) int {
	zlog.CaptureRedis(o.Log)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	if err := daemon.Run(ctx, o); err != nil {
		printErrors(p.Err, err) // not into the logfile: it may be that of the monitor which has the port
		return exitFailed
	}
	return exitOK
}

// dropSentinelWord accepts redis-server's way to name the mode: --sentinel.
func dropSentinelWord(words []string) []string {
	var kept []string
	for _, w := range words {
		if w != "--sentinel" {
			kept = append(kept, w)
		}
	}
	return kept
}

func enterDir(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("enter the directory that \"dir\" names: %w", err)
	}
	return nil
}

// printErrors prints each of several joined errors on its own line.
func printErrors(w io.Writer, err error) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			fmt.Fprintln(w, "picket:", e)
		}
		return
	}
	fmt.Fprintln(w, "picket:", err)
}
