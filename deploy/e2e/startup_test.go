package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// prepared is a monitor of a group that is not started yet.
func (s *scene) prepared(cfg lab.MonitorConfig) *lab.Monitor {
	s.Helper()
	cfg.Program = program
	m, err := s.lab.NewMonitor(cfg)
	s.must(err)
	return m
}

// refuses shows that a monitor does not start, with exit code 1 and the cause in its output.
func (s *scene) refuses(m *lab.Monitor, texts ...string) {
	s.Helper()
	if err := m.Start(s.ctx); err == nil {
		s.Fatalf("%s started", m.Name())
	}
	if code := m.ExitCode(); code != 1 {
		s.Errorf("exit code %d, want 1", code)
	}
	for _, text := range texts {
		if !strings.Contains(m.LogText(), text) {
			s.Errorf("the output does not say %q:\n%s", text, m.LogText())
		}
	}
}

func TestAWrongConfigurationIsRefusedWithItsCause(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"every error at once, each with its line", []string{"sentinel quorum", "port abc"}, []string{"sentinel quorum", "port abc"}},
		{"a host that does not resolve", []string{"sentinel monitor other no-such-host.invalid 6379 1"}, []string{"no-such-host.invalid"}},
		{"a quorum of none", []string{"sentinel monitor other 127.0.0.1 6379 0"}, []string{"Quorum must be 1 or greater."}},
		{"unbalanced quotes", []string{`requirepass "half`}, []string{"Unbalanced quotes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			s.refuses(s.prepared(lab.MonitorConfig{Watch: lab.Watch{Master: "127.0.0.1", Port: 6379}, Lines: tt.lines}), tt.want...)
		})
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	m := s.prepared(lab.MonitorConfig{Watch: lab.Watch{Master: "127.0.0.1", Port: 6379}})
	l, err := net.Listen("tcp", m.Addr())
	s.must(err)
	defer l.Close()
	s.refuses(m, "ddress already in use", itoa(m.Port))
}

func TestAFileThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	m := s.prepared(lab.MonitorConfig{Watch: lab.Watch{Master: "127.0.0.1", Port: 6379}})
	s.must(os.Remove(m.Conf))
	s.refuses(m, m.Conf, "no such file")
}

func TestAHostThatDoesNotResolveIsWatchedForAllTheSame(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	m, err := s.lab.StartMonitor(s.ctx, lab.MonitorConfig{Program: program,
		Watch: lab.Watch{Master: "no-such-host.invalid", Port: 6379},
		Lines: []string{"sentinel resolve-hostnames yes"}})
	s.must(err)
	s.Group = &lab.Group{Lab: s.lab, Monitors: []*lab.Monitor{m}}
	s.waitOne(m, 0, lab.On("+sdown", "master mymaster"))
	s.explains(m, "name-unresolved")
}

func TestAWrongPasswordIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3,
		Redis:   lab.RedisConfig{Lines: []string{"requirepass right", "masterauth right"}},
		Monitor: lab.MonitorConfig{Lines: []string{"sentinel auth-pass mymaster wrong"}}})
	s.must(s.StartMonitors(s.ctx))
	marks := make([]int, len(s.Monitors))
	for _, m := range s.Monitors {
		s.logged(m, "+auth-error", "master mymaster", "wrongpass")
	}
	time.Sleep(2 * time.Second) // twice down-after
	s.none(marks, alarms...)
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", "mymaster", "auth-pass", "right")
	}
	s.wait(marks, lab.On("-auth-error", "master mymaster"))
	s.must(s.WaitKnown(s.ctx))
	for _, m := range s.Monitors {
		for _, secret := range []string{"wrong", "right"} {
			for line := range strings.SplitSeq(m.LogText(), "\n") {
				if strings.Contains(line, `"`+secret+`"`) || strings.HasSuffix(line, " "+secret) {
					t.Errorf("the log of %s tells a password: %s", m.Name(), line)
				}
			}
		}
	}
}

func TestAnAddressThatIsNotRedisIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	defer l.Close()
	go serve(l, func(c net.Conn) {
		io.CopyN(io.Discard, c, 1)
		fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
	})
	m, err := s.lab.StartMonitor(s.ctx, lab.MonitorConfig{Program: program,
		Watch: lab.Watch{Master: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Quorum: 1}})
	s.must(err)
	s.Group = &lab.Group{Lab: s.lab, Monitors: []*lab.Monitor{m}}
	s.waitOne(m, 0, lab.On("+sdown", "master mymaster"))
	s.explains(m, "not-resp")
}

// serve handles connections until the listener is closed.
func serve(l net.Listener, handle func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			handle(c)
		}()
	}
}

func TestAMonitorSaysWhoItIs(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, args := range [][]string{{"--version"}, {"--help"}} {
		p, err := s.lab.Process(lab.Spec{Name: "picket", Dir: s.lab.Dir(), Log: s.lab.Dir() + "/" + args[0],
			Argv: append([]string{picket.Binary}, args...)})
		s.must(err)
		s.must(p.Start())
		ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
		defer cancel()
		s.must(p.WaitExit(ctx))
		if p.ExitCode() != 0 || !strings.Contains(strings.ToLower(p.LogText()), "picket") {
			t.Errorf("picket %v: exit code %d: %s", args, p.ExitCode(), p.LogText())
		}
	}
}

func TestPingTellsWhetherAMonitorAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Monitors: 1})
	ping := func(addr string) int {
		p, err := s.lab.Process(lab.Spec{Name: "picket ping", Dir: s.lab.Dir(), Log: s.lab.Dir() + "/ping",
			Argv: []string{picket.Binary, "ping", addr}})
		s.must(err)
		s.must(p.Start())
		s.must(p.WaitExit(s.ctx))
		return p.ExitCode()
	}
	addr := s.Monitors[0].Addr()
	if code := ping(addr); code != 0 {
		t.Errorf("exit code %d for a monitor that answers", code)
	}
	s.Monitors[0].Kill()
	if code := ping(addr); code != 1 {
		t.Errorf("exit code %d for a monitor that is gone, want 1", code)
	}
}
