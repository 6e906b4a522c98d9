package browser

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"picket/deploy/lab"
)

func itoa(n int) string { return strconv.Itoa(n) }

// scene is a group with three monitors, the first of which serves the page at url.
type scene struct {
	*testing.T
	ctx context.Context
	*lab.Group
	url string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(interrupted, patience)
	t.Cleanup(cancel)
	l, err := lab.New(interrupted, lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, ctx: ctx}
	t.Cleanup(func() {
		if s.Failed() && s.Group != nil {
			for _, m := range s.Monitors {
				t.Logf("%s:\n%s", m.Name(), m.LogText())
			}
		}
		l.Close()
	})
	s.Group, err = l.StartServers(ctx, lab.GroupConfig{Replicas: 2, Monitors: 3,
		Monitor: lab.MonitorConfig{Program: picket, Lines: []string{"state-dir state"}}})
	s.must(err)
	// Scripts are told of after a second, which the monitors learn with the first INFO.
	for _, r := range s.Servers() {
		_, err := r.Do(ctx, "CONFIG", "SET", "lua-time-limit", "1000")
		s.must(err)
	}
	s.must(s.PrepareMonitors())
	s.url = withPage(t, s.Monitors[0])
	s.must(s.StartMonitors(ctx))
	s.must(s.WaitKnown(ctx))
	return s
}

// withPage makes a monitor serve the page, and returns its address.
func withPage(t *testing.T, m *lab.Monitor) string {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(m.Conf, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "http-port %d\n", port); err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + itoa(port) + "/"
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// firstBusy waits until the server answers BUSY, and returns when it did.
func (s *scene) firstBusy(r *lab.Redis) time.Time {
	s.Helper()
	c, err := r.Dial(s.ctx)
	s.must(err)
	defer c.Close()
	var at time.Time
	s.must(lab.Poll(s.ctx, r.Name()+" answers BUSY", func(ctx context.Context) bool {
		_, err := c.Do(ctx, "PING")
		at = time.Now()
		return err != nil
	}))
	return at
}
