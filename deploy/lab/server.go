package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// RedisConfig says what is special about one redis-server.
type RedisConfig struct {
	Lines     []string      // added to its configuration; the last one of a kind wins
	ReplicaOf *Redis        // nil for a master
	Threshold time.Duration // busy-reply-threshold; 0 is 500 ms
	Net       *Namespace    // nil for the lab's own
	Port      int           // 0 is any that is free
	Wrap      []string      // see Spec
	TLS       *TLS          // nil: without
}

// Redis is one redis-server with a folder and a configuration of its own.
type Redis struct {
	*Process
	Host string
	Port int
	Dir  string
	Conf string
	Net  *Namespace
	tls  *TLS
}

// Addr is host:port.
func (r *Redis) Addr() string { return r.Host + ":" + strconv.Itoa(r.Port) }

// portTries bounds how often a server is started on another port because
// somebody else took the one that was free a moment ago.
const portTries = 5

// StartRedis starts a redis-server and waits until it answers.
func (l *Lab) StartRedis(ctx context.Context, cfg RedisConfig) (*Redis, error) {
	var err error
	for range portTries {
		var r *Redis
		r, err = l.newRedis(cfg)
		if err != nil {
			return nil, err
		}
		if err = r.Start(ctx); err == nil {
			return r, nil
		}
		if !strings.Contains(r.LogText(), "Address already in use") {
			return nil, err
		}
	}
	return nil, err
}

func (l *Lab) newRedis(cfg RedisConfig) (*Redis, error) {
	port, err := portOr(cfg.Port)
	if err != nil {
		return nil, err
	}
	dir, err := l.folder("redis-" + strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	r := &Redis{Host: cfg.Net.Host(), Port: port, Dir: dir, Conf: filepath.Join(dir, "redis.conf"), Net: cfg.Net, tls: cfg.TLS}
	if err := os.WriteFile(r.Conf, []byte(r.config(cfg)), 0o644); err != nil {
		return nil, fmt.Errorf("write a redis configuration: %w", err)
	}
	r.Process, err = l.Process(Spec{
		Name: "redis " + r.Addr(), Argv: []string{l.bins.Server, r.Conf},
		Dir: dir, Log: filepath.Join(dir, "log"), Net: cfg.Net, Wrap: cfg.Wrap,
	})
	return r, err
}

func (r *Redis) config(cfg RedisConfig) string {
	threshold := cfg.Threshold
	if threshold == 0 {
		threshold = 500 * time.Millisecond
	}
	lines := []string{
		fmt.Sprintf("port %d", r.Port), "bind " + r.Host, "dir " + r.Dir,
		`save ""`, "appendonly no", "daemonize no", `logfile ""`, "protected-mode no",
		"repl-diskless-sync yes", "repl-diskless-sync-delay 0", "enable-debug-command yes",
		fmt.Sprintf("lua-time-limit %d", threshold.Milliseconds()),
	}
	lines = append(lines, cfg.TLS.lines(r.Port)...)
	if m := cfg.ReplicaOf; m != nil {
		lines = append(lines, fmt.Sprintf("replicaof %s %d", m.Host, m.Port))
	}
	return strings.Join(append(lines, cfg.Lines...), "\n") + "\n"
}

// Start runs the server, with the configuration and data that it left, and waits
// until it answers anything at all, be it LOADING or NOAUTH.
func (r *Redis) Start(ctx context.Context) error {
	if err := r.Process.Start(); err != nil {
		return err
	}
	return waitAnswer(ctx, r.Process, func(ctx context.Context) error {
		_, err := r.Do(ctx, "PING")
		return err
	})
}

// waitAnswer asks until the process answers anything, an error reply included.
func waitAnswer(ctx context.Context, p *Process, ask func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // whoever else may listen on its port
		if p.WaitExit(ctx) == nil {
			cancel()
		}
	}()
	for {
		err := ask(ctx)
		var reply ReplyError
		if err == nil || errors.As(err, &reply) {
			return nil
		}
		if !p.Running() {
			return fmt.Errorf("start %s: it ended with code %d: %s", p.Name(), p.ExitCode(), lastLines(p.LogText()))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for an answer of %s: %w", p.Name(), ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func lastLines(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// Dial opens a connection to the server.
func (r *Redis) Dial(ctx context.Context) (*Conn, error) { return r.tls.dial(ctx, r.Addr(), r.Net) }

// Do runs one command on a connection of its own.
func (r *Redis) Do(ctx context.Context, args ...string) (any, error) {
	return once(ctx, r.Dial, args)
}

func once(ctx context.Context, dial func(context.Context) (*Conn, error), args []string) (any, error) {
	c, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Do(ctx, args...)
}

// Info is the server's INFO, by field.
func (r *Redis) Info(ctx context.Context) (map[string]string, error) { return r.InfoAs(ctx, nil) }

func parseInfo(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.SplitSeq(text, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok {
			fields[k] = v
		}
	}
	return fields
}

// WaitInfo polls INFO until ok is satisfied. While the server does not answer it goes on asking.
func (r *Redis) WaitInfo(ctx context.Context, what string, ok func(map[string]string) bool) error {
	return Poll(ctx, "wait until "+r.Addr()+" "+what, func(ctx context.Context) bool {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		info, err := r.Info(short)
		return err == nil && ok(info)
	})
}

// Poll asks every 10 ms until ok holds. The error says what was waited for.
func Poll(ctx context.Context, what string, ok func(context.Context) bool) error {
	for !ok(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}
