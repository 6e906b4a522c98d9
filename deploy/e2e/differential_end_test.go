package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// both runs a test for redis-sentinel and for picket, each with a group of its own.
func both(t *testing.T, play func(t *testing.T, p lab.Program)) {
	t.Parallel()
	if program.Name() != picket.Name() {
		t.Skip("compares picket with redis-sentinel")
	}
	for _, p := range []lab.Program{sentinel, picket} {
		t.Run(p.Name(), func(t *testing.T) { play(t, p) })
	}
}

// ends waits until a monitor has ended, and returns its exit code.
func (s *scene) ends(m *lab.Monitor) int {
	s.Helper()
	s.must(m.WaitExit(s.ctx))
	return m.ExitCode()
}

func TestShutdownEndsTheMonitor(t *testing.T) {
	both(t, func(t *testing.T, p lab.Program) {
		s := newScene(t)
		s.servers(lab.GroupConfig{Monitors: 1, Monitor: lab.MonitorConfig{Program: p}})
		s.monitors()
		m := s.Monitors[0]
		for _, words := range []string{"SHUTDOWN", "SHUTDOWN NOSAVE", "SHUTDOWN SAVE", "shutdown now force", "SHUTDOWN NOSAVE NOSAVE"} {
			c, err := m.Dial(s.ctx)
			s.must(err)
			reply, err := c.Do(s.ctx, strings.Fields(words)...)
			if err == nil || strings.HasPrefix(err.Error(), "ERR") {
				t.Errorf("%s: answered %v, %v; want the connection to end", words, reply, err)
			}
			c.Close()
			if code := s.ends(m); code != 0 {
				t.Errorf("%s: exit code %d, want 0", words, code)
			}
			s.must(m.Start(s.ctx))
		}
	})
}

// SENTINEL SIMULATE-FAILURE ends the process with 99, once elected before any
// replica is promoted, or once the chosen one is master before the others are told.
func TestSimulatedFailures(t *testing.T) {
	both(t, func(t *testing.T, p lab.Program) {
		for failure, promoted := range map[string]bool{"crash-after-election": false, "crash-after-promotion": true} {
			t.Run(failure, func(t *testing.T) {
				s := newScene(t)
				s.servers(lab.GroupConfig{Replicas: 1, Monitors: 1, Monitor: lab.MonitorConfig{Program: p, Watch: lab.Watch{Quorum: 1}}})
				s.monitors()
				m := s.Monitors[0]
				s.do(m, "SENTINEL", "SIMULATE-FAILURE", failure)
				s.must(lab.Poll(s.ctx, "order a failover", func(ctx context.Context) bool {
					_, err := m.Sentinel(ctx, "FAILOVER", m.Group) // refused until the replica has answered
					return err == nil || !m.Running()
				}))
				if code := s.ends(m); code != 99 {
					t.Errorf("exit code %d, want 99", code)
				}
				if promoted {
					s.must(s.Replicas[0].WaitInfo(s.ctx, "is master", lab.IsMaster))
					return
				}
				ctx, cancel := context.WithTimeout(s.ctx, time.Second)
				defer cancel()
				if s.Replicas[0].WaitInfo(ctx, "is master", lab.IsMaster) == nil {
					t.Error("the replica was promoted")
				}
			})
		}
	})
}
