package daemon

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picket/config"
)

func TestALineThatComesBackAfterARemoveIsWatchedAgain(t *testing.T) {
	core, logged := observer.New(zap.WarnLevel)
	s := serves(t, zap.New(core))
	s.hears("READY=1")
	c := (&running{port: s.port}).client(t)
	const second = "sentinel monitor second 127.0.0.1 1 1\n"
	reload := func(lines, want string) {
		t.Helper()
		s.write(lines)
		if told := s.reload(); !strings.Contains(told, want) {
			t.Errorf("systemd is told %q, want %s", told, want)
		}
	}
	unfollowed := func() int { return logged.FilterMessageSnippet("the monitor line is not followed").Len() }
	reload(second, "watching 2 groups")
	reload("", "watching 2 groups")
	if err := c.Remove(t.Context(), "second").Err(); err != nil {
		t.Fatal(err)
	}
	reload(second, "watching 2 groups")
	if n := unfollowed(); n != 0 {
		t.Errorf("%d lines are said not to be followed, and all are", n)
	}
	if err := c.Remove(t.Context(), "second").Err(); err != nil {
		t.Fatal(err)
	}
	reload(second, "watching 1 group")
	if n := unfollowed(); n != 1 {
		t.Errorf("%d lines are said not to be followed, want that of second", n)
	}
	s.end()
}

// What the loop takes up after the reload has given up, the next reload would not know of.
func TestARevisionThatTheLoopHasNotBegunWithIsWithdrawn(t *testing.T) {
	d := &Daemon{done: t.Context(), loop: &loop{jobs: make(chan job, 1)}}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan job)
	go func() { j := <-d.loop.jobs; cancel(); cancelled <- j }()
	if d.takenUp(ctx, &config.Revision{}) {
		t.Error("it is taken up, by nobody")
	}
	defer func() {
		if r := recover(); r != nil { // this loop has nothing to take it up with
			t.Errorf("the loop takes it up all the same: %v", r)
		}
	}()
	(<-cancelled).run(0)
}
