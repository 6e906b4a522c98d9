package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Watch says what a monitor monitors: one group.
type Watch struct {
	Name            string // of the group; "" is mymaster
	Master          string // host
	Port            int
	Quorum          int           // 0 is 2
	DownAfter       time.Duration // 0 is 1 s
	FailoverTimeout time.Duration // 0 is 10 s
}

// MonitorConfig describes one monitor.
type MonitorConfig struct {
	Program Program
	Watch   Watch
	Lines   []string // added to its configuration
	// Password is what the lab itself logs in with; Lines say that one is asked.
	Password string
	Net      *Namespace // nil for the lab's own
	Port     int        // 0 is any that is free
	Wrap     []string   // see Spec
	Env      []string
	TLS      *TLS // nil: without
}

// Monitor is one running monitor, with its configuration and its events.
type Monitor struct {
	*Process
	Events *Events
	Host   string
	Port   int
	Gossip int
	Dir    string
	Conf   string
	Group  string
	Net    *Namespace
	tls    *TLS
	login  *Login
}

// Addr is host:port of the monitor's RESP door.
func (m *Monitor) Addr() string { return m.Host + ":" + strconv.Itoa(m.Port) }

func (w Watch) withDefaults() Watch {
	if w.Name == "" {
		w.Name = "mymaster"
	}
	if w.Quorum == 0 {
		w.Quorum = 2
	}
	if w.DownAfter == 0 {
		w.DownAfter = time.Second
	}
	if w.FailoverTimeout == 0 {
		w.FailoverTimeout = 10 * time.Second
	}
	return w
}

func (w Watch) lines() []string {
	return []string{
		fmt.Sprintf("sentinel monitor %s %s %d %d", w.Name, w.Master, w.Port, w.Quorum),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", w.Name, w.DownAfter.Milliseconds()),
		fmt.Sprintf("sentinel failover-timeout %s %d", w.Name, w.FailoverTimeout.Milliseconds()),
	}
}

// StartMonitor starts a monitor, follows its events from the moment its port
// opens, and waits until it answers.
func (l *Lab) StartMonitor(ctx context.Context, cfg MonitorConfig) (*Monitor, error) {
	var err error
	for range portTries {
		var m *Monitor
		m, err = l.NewMonitor(cfg)
		if err != nil {
			return nil, err
		}
		if err = m.Start(ctx); err == nil {
			return m, nil
		}
		if !strings.Contains(strings.ToLower(m.LogText()), "address already in use") {
			return nil, err
		}
	}
	return nil, err
}

// NewMonitor prepares a monitor without starting it: its configuration file is
// written and may be changed before Start.
func (l *Lab) NewMonitor(cfg MonitorConfig) (*Monitor, error) {
	port, err := portOr(cfg.Port)
	if err != nil {
		return nil, err
	}
	gossip, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := l.folder(cfg.Program.Name() + "-" + strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	cfg.Watch = cfg.Watch.withDefaults()
	m := &Monitor{Host: cfg.Net.Host(), Port: port, Gossip: gossip, Dir: dir, Conf: filepath.Join(dir, "sentinel.conf"),
		Group: cfg.Watch.Name, Net: cfg.Net, tls: cfg.TLS, login: &Login{}}
	m.login.Set(cfg.Password)
	if err := os.WriteFile(m.Conf, []byte(m.config(cfg)), 0o644); err != nil {
		return nil, fmt.Errorf("write a monitor's configuration: %w", err)
	}
	m.Process, err = l.Process(Spec{
		Name: cfg.Program.Name() + " " + m.Addr(), Argv: cfg.Program.Argv(m.Conf),
		Dir: dir, Log: filepath.Join(dir, "log"), Env: cfg.Env, Net: cfg.Net, Wrap: cfg.Wrap,
	})
	if err != nil {
		return nil, err
	}
	m.Events = follow(m.Addr(), m.Dial)
	l.onClose(m.Events.close)
	return m, nil
}

func (m *Monitor) config(cfg MonitorConfig) string {
	lines := []string{fmt.Sprintf("port %d", m.Port), "bind " + m.Host, "dir " + m.Dir}
	lines = append(lines, cfg.TLS.lines(m.Port)...)
	lines = append(lines, cfg.Program.Lines(m.Host, m.Gossip)...)
	lines = append(lines, cfg.Watch.lines()...)
	return strings.Join(append(lines, cfg.Lines...), "\n") + "\n"
}

// Replace puts another program in the place of a monitor that has ended: same
// port, same configuration file. It does not start it.
func (l *Lab) Replace(m *Monitor, p Program) error {
	process, err := l.Process(Spec{
		Name: p.Name() + " " + m.Addr(), Argv: p.Argv(m.Conf),
		Dir: m.Dir, Log: filepath.Join(m.Dir, "log-of-"+p.Name()), Net: m.Net,
	})
	if err != nil {
		return err
	}
	m.Process = process
	return nil
}

// Start runs the monitor, with the configuration that it left, and waits until it answers.
func (m *Monitor) Start(ctx context.Context) error {
	if err := m.Process.Start(); err != nil {
		return err
	}
	m.Events.start()
	return waitAnswer(ctx, m.Process, func(ctx context.Context) error {
		_, err := m.Do(ctx, "PING")
		return err
	})
}

// Dial opens a connection to the monitor, logged in where it asks for a password.
func (m *Monitor) Dial(ctx context.Context) (*Conn, error) {
	c, err := m.tls.dial(ctx, m.Addr(), m.Net)
	if err != nil || m.login.Password() == "" {
		return c, err
	}
	return m.login.enter(ctx, c)
}

// Do runs one command on a connection of its own.
func (m *Monitor) Do(ctx context.Context, args ...string) (any, error) {
	return once(ctx, m.Dial, args)
}

// Sentinel runs SENTINEL with the given arguments.
func (m *Monitor) Sentinel(ctx context.Context, args ...string) (any, error) {
	return m.Do(ctx, append([]string{"SENTINEL"}, args...)...)
}

// Master is the reply to SENTINEL MASTER for the monitor's group.
func (m *Monitor) Master(ctx context.Context) (map[string]string, error) {
	reply, err := m.Sentinel(ctx, "MASTER", m.Group)
	return Pairs(reply), err
}

// Replicas is the reply to SENTINEL REPLICAS for the monitor's group.
func (m *Monitor) Replicas(ctx context.Context) ([]map[string]string, error) {
	reply, err := m.Sentinel(ctx, "REPLICAS", m.Group)
	list, _ := reply.([]any)
	out := make([]map[string]string, 0, len(list))
	for _, v := range list {
		out = append(out, Pairs(v))
	}
	return out, err
}

// MasterAddr is host:port of the master, by SENTINEL GET-MASTER-ADDR-BY-NAME.
func (m *Monitor) MasterAddr(ctx context.Context) (string, error) {
	reply, err := m.Sentinel(ctx, "GET-MASTER-ADDR-BY-NAME", m.Group)
	return strings.Join(Strings(reply), ":"), err
}

// Explain is the reply to SENTINEL EXPLAIN, which only Picket has.
func (m *Monitor) Explain(ctx context.Context) (string, error) {
	reply, err := m.Sentinel(ctx, "EXPLAIN", m.Group)
	if whole, ok := reply.(string); ok {
		return whole, err
	}
	return strings.Join(Strings(reply), "\n"), err
}
