package respapi

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/zap"
)

const overBudget = "-ERR the monitor holds too many unfinished commands, try again later\r\n<closed>\r\n"

// half sends a command of n bytes and holds its end back.
func (h *house) half(t *testing.T, n int) *client {
	t.Helper()
	c := h.connect(t)
	if _, err := fmt.Fprintf(c.nc, "*2\r\n$4\r\nPING\r\n$%d\r\n%s", n, strings.Repeat("x", n-1)); err != nil {
		t.Fatal(err)
	}
	return c
}

// Unfinished commands share a budget. The connection that would exceed it is
// told and closed; those that hold it finish, and small commands need none of it.
func TestUnfinishedCommandsShareABudget(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Commands = 500_000 })
	holder, second := h.half(t, 200_000), h.connect(t)
	second.send(fmt.Sprintf("*2\r\n$4\r\nPING\r\n$200000\r\n%s", strings.Repeat("x", 200_000)))
	if got := second.until([]byte("never")); got != overBudget {
		t.Errorf("one too many got %q", got)
	}
	small := h.connect(t)
	if got := small.ask("PING " + strings.Repeat("y", 3000)); len(got) < 3000 {
		t.Errorf("a small command got %q", got)
	}
	holder.send("x\r\n")
	if got := holder.until([]byte("x\r\n")); len(got) < 199_000 {
		t.Errorf("who held it got %q", got)
	}
	holder.ask("PING")
	if n := h.budget.used.Load(); n != 0 {
		t.Errorf("%d bytes are charged to nobody", n)
	}
	if n := h.stats.overBudget.Load(); n != 1 {
		t.Errorf("%d connections counted, want 1", n)
	}
	h.half(t, 200_000) // there is room again
}

// The space that is made for what a client announced counts before it comes,
// and is given back when the client leaves: before AUTH too.
func TestAnnouncedBytesCount(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Commands, c.Password = 20_000, "sekret" })
	announce := func() *client {
		c := h.connect(t)
		c.send("*2\r\n$4\r\nAUTH\r\n$16384\r\n")
		return c
	}
	first := announce()
	await(t, func() bool { return h.budget.used.Load() > 10_000 })
	if got := announce().until([]byte("never")); got != overBudget {
		t.Errorf("the second got %q", got)
	}
	_ = first.nc.Close()
	await(t, func() bool { return h.budget.used.Load() == 0 })
	third := announce()
	await(t, func() bool { return h.budget.used.Load() > 10_000 })
	_ = third.nc.Close()
}

// Whatever is sent in whatever pieces, all that was charged is given back.
func TestBudgetIsGivenBack(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Commands, c.Log = 100_000, zap.NewNop() })
	for n := 1; n < 200_000; n *= 3 {
		c := h.connect(t)
		go func() { _, _ = io.Copy(io.Discard, c.nc) }()
		for _, text := range []string{"PING " + strings.Repeat("x", n) + "\r\n", fmt.Sprintf("*1\r\n$%d\r\n%s", n, strings.Repeat("x", n/2))} {
			_, _ = c.nc.Write([]byte(text)) // the server may have closed
		}
		_ = c.nc.Close()
	}
	await(t, func() bool { return h.clientCount() == 0 })
	if n := h.budget.used.Load(); n != 0 {
		t.Errorf("%d bytes are charged to nobody", n)
	}
}
