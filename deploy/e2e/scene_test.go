package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// patience bounds a whole scene; slack is by how much a scene among others may
// exceed a target of the design.
const (
	patience = 90 * time.Second
	slack    = 5
)

// scene is one test's lab with its group.
type scene struct {
	*testing.T
	ctx context.Context
	lab *lab.Lab
	*lab.Group
}

// newScene makes a lab that ends with the test, and is shown when it fails.
func newScene(t *testing.T) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	context.AfterFunc(interrupted, cancel)
	l, err := lab.New(interrupted, lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, ctx: ctx, lab: l}
	t.Cleanup(func() {
		s.inspect()
		l.Close()
	})
	return s
}

// start runs a group under the program being tested until everyone knows everyone.
func start(t *testing.T, cfg lab.GroupConfig) *scene {
	t.Helper()
	s := newScene(t)
	s.servers(cfg)
	s.monitors()
	return s
}

func (s *scene) servers(cfg lab.GroupConfig) {
	s.Helper()
	if cfg.Monitor.Program == nil {
		cfg.Monitor.Program = program
	}
	g, err := s.lab.StartServers(s.ctx, cfg)
	s.must(err)
	s.Group = g
}

func (s *scene) monitors() {
	s.Helper()
	s.must(s.StartMonitors(s.ctx))
	s.must(s.WaitKnown(s.ctx))
}

// add starts one more monitor.
func (s *scene) add(cfg lab.MonitorConfig) *lab.Monitor {
	s.Helper()
	m, err := s.AddMonitor(s.ctx, cfg)
	s.must(err)
	return m
}

func itoa(n int) string { return strconv.Itoa(n) }

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// do runs a command on a server and returns the reply as text.
func (s *scene) do(r interface {
	Do(context.Context, ...string) (any, error)
}, args ...string) string {
	s.Helper()
	reply, err := r.Do(s.ctx, args...)
	if err != nil {
		s.Fatalf("%q: %v", args, err)
	}
	return fmt.Sprint(reply)
}

// info is a field of a server's INFO.
func (s *scene) info(r *lab.Redis, field string) string {
	s.Helper()
	info, err := r.Info(s.ctx)
	s.must(err)
	return info[field]
}

// wait waits until every running monitor has published a matching event since
// its mark, and returns them, by monitor.
func (s *scene) wait(marks []int, match lab.Match) []lab.Event {
	s.Helper()
	events := make([]lab.Event, len(s.Monitors))
	for i, m := range s.Monitors {
		if m.Running() {
			events[i] = s.waitOne(m, marks[i], match)
		}
	}
	return events
}

func (s *scene) waitOne(m *lab.Monitor, mark int, match lab.Match) lab.Event {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	ev, err := m.Events.Wait(ctx, mark, match)
	s.must(err)
	return ev
}

// logged waits for a line of a monitor's log that holds all the texts. It is for
// events of the first moments, which come before anyone can subscribe.
func (s *scene) logged(m *lab.Monitor, texts ...string) {
	s.Helper()
	s.must(lab.Poll(s.ctx, m.Name()+" logs "+strings.Join(texts, ", "), func(context.Context) bool {
	lines:
		for line := range strings.SplitSeq(m.LogText(), "\n") {
			for _, t := range texts {
				if !strings.Contains(line, t) {
					continue lines
				}
			}
			return true
		}
		return false
	}))
}

// none fails if a monitor has published an event of one of these channels since its mark.
func (s *scene) none(marks []int, channels ...string) {
	s.Helper()
	for i, m := range s.Monitors {
		for _, ev := range m.Events.All()[marks[i]:] {
			for _, c := range channels {
				if ev.Channel == c {
					s.Errorf("%s published %s", m.Name(), ev)
				}
			}
		}
	}
}

// alarms are the events of a master held to be down and of what follows.
var alarms = []string{"+sdown", "+odown", "+try-failover", "+switch-master"}

// switched waits for the failover away from old.
func (s *scene) switched(old *lab.Redis, marks []int) lab.Switch {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 45*time.Second)
	defer cancel()
	sw, err := s.WaitSwitch(ctx, old, marks)
	s.must(err)
	return sw
}

// agreed waits until every running monitor answers with the same master, and it is r.
func (s *scene) agreed(r *lab.Redis) {
	s.Helper()
	for _, m := range s.Monitors {
		if !m.Running() {
			continue
		}
		s.must(lab.Poll(s.ctx, m.Name()+" answers "+r.Addr(), func(ctx context.Context) bool {
			addr, err := m.MasterAddr(ctx)
			return err == nil && addr == r.Addr()
		}))
	}
}

// quicker fails if something took longer than the slack allows over a target.
func (s *scene) quicker(what string, took, target time.Duration) {
	s.Helper()
	s.Logf("%s: %v (target %v)", what, took.Round(time.Millisecond), target)
	if took > slack*target {
		s.Errorf("%s took %v, more than %d times %v", what, took, slack, target)
	}
}

// explains waits until a monitor's EXPLAIN holds all the texts.
func (s *scene) explains(m *lab.Monitor, texts ...string) {
	s.Helper()
	var last string
	err := lab.Poll(s.ctx, "EXPLAIN says "+strings.Join(texts, ", "), func(ctx context.Context) bool {
		last, _ = m.Explain(ctx)
		for _, t := range texts {
			if !strings.Contains(last, t) {
				return false
			}
		}
		return true
	})
	if err != nil {
		s.Fatalf("%v; it says:\n%s", err, last)
	}
}

// inspect looks for races and panics in the monitors' logs, and shows the scene when it failed.
func (s *scene) inspect() {
	if s.Group == nil {
		return
	}
	for _, m := range s.Monitors {
		if m == nil {
			continue
		}
		log := m.LogText()
		for _, bad := range []string{"WARNING: DATA RACE", "panic:", "fatal error:"} {
			if at := strings.Index(log, bad); at >= 0 {
				s.Errorf("%s: %s", m.Name(), clip(log[at:], 6000))
			}
		}
		if !s.Failed() {
			continue
		}
		s.Logf("events of %s", m.Name())
		for _, ev := range m.Events.All() {
			s.Log("  ", ev)
		}
		s.Logf("log of %s\n%s", m.Name(), clip(log, 6000))
	}
}

// clip keeps the beginning and the end of a long text.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n/2] + "\n[...]\n" + text[len(text)-n/2:]
}

// field reads name=value from a payload.
func field(payload, name string) (string, bool) {
	for f := range strings.FieldsSeq(payload) {
		if v, ok := strings.CutPrefix(f, name+"="); ok {
			return v, true
		}
	}
	return "", false
}
