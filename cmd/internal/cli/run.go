package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"picket/cmd/internal/daemon"
	"picket/cmd/internal/supervise"
	"picket/cmd/internal/zlog"
	"picket/config"
)

// redisVersion is the release that messages name, as redis-sentinel's do.
const redisVersion = "7.0.15"

// daemonWords tell the manual and the completion what follows "daemon". It is read as
// redis-sentinel reads it, not by kong.
type daemonWords struct {
	File  string   `arg:"" complete:"file" help:"The configuration file, a sentinel.conf."`
	Lines []string `arg:"" optional:"" passthrough:"" complete:"directives" help:"Directives that stand after the file's, as --directive value."`
}

// runDaemon runs a monitor until it is told to end. With daemonize the monitor is
// another process, and this one ends when that one serves.
func runDaemon(p Program, words []string) int {
	for len(words) > 0 && words[0] == "--sentinel" { // redis-server's way to name the mode
		words = words[1:]
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "-") {
		fmt.Fprintln(p.Err, "picket: a monitor needs a configuration file to keep its state: picket /path/to/sentinel.conf")
		return exitFailed
	}
	cfg, err := config.Load(words[0], words[1:])
	if err != nil {
		printErrors(p.Err, err)
		return exitFailed
	}
	sup := supervise.Of(cfg.Supervised)
	starter := startedBy()
	if cfg.Daemonize && sup == nil && starter == nil {
		return background(p)
	}
	cfg.Daemonize = starter != nil
	p.Err = starter.orElse(p.Err)
	code := runHere(p, daemon.Options{Config: cfg, Supervisor: sup, Ready: starter.ready})
	starter.failed()
	return code
}

// runHere runs the monitor in this process.
func runHere(p Program, o daemon.Options) int {
	cfg := o.Config
	if err := enterDir(cfg.Dir); err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed
	}
	log, level, err := zlog.Open(zlog.Options{Level: cfg.LogLevel, Path: cfg.LogFile,
		Syslog: zlog.Syslog{Enabled: cfg.Syslog.Enabled, Ident: cfg.Syslog.Ident, Facility: cfg.Syslog.Facility}})
	if err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed
	}
	defer func() { _ = log.Sync() }() // an output that hangs must not keep us
	o.Log, o.Level, o.Version = log, level, p.Version
	return serve(p, o)
}

func serve(p Program, o daemon.Options) int {
	zlog.CaptureRedis(o.Log)
	// Redis ignores both: a terminal that is closed, or a log that goes into a pipe
	// nobody reads, does not end a monitor. Caught rather than ignored, for what we
	// start would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	if err := daemon.Run(ctx, o); err != nil {
		_ = o.Log.Sync()        // what was logged before stands before it
		printErrors(p.Err, err) // not into the logfile: it may be that of the monitor which has the port
		return exitFailed
	}
	return exitOK
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

// printErrors prints each of several joined errors: those of the configuration in Redis'
// form, with what to do below; others on a line of their own.
func printErrors(w io.Writer, err error) {
	list := []error{err}
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		list = joined.Unwrap()
	}
	first := true
	for _, e := range list {
		line, ok := errors.AsType[*config.LineError](e)
		if !ok {
			fmt.Fprintln(w, "picket:", e)
			continue
		}
		if first {
			fmt.Fprintf(w, "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\n", redisVersion)
			first = false
		}
		printLine(w, line)
	}
}

func printLine(w io.Writer, e *config.LineError) {
	where := fmt.Sprintf("Reading the configuration file, at line %d", e.Line)
	if e.File == "" {
		where = "Reading the command line"
	}
	fmt.Fprintf(w, "%s\n>>> '%s'\n%s\n", where, e.Text, e.Problem)
	if e.Advice != "" {
		fmt.Fprintf(w, "picket: %s: %s\n", place(e), e.Advice)
	}
}

func place(e *config.LineError) string {
	if e.File == "" {
		return "command line"
	}
	return fmt.Sprintf("%s line %d", e.File, e.Line)
}
