package respapi

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// settled waits until nothing is charged for replies any more.
func (h *house) settled(t *testing.T) {
	t.Helper()
	await(t, func() bool { return h.outlays.used.Load() == 0 })
}

// What clients leave unread is held within one budget for all of them: whoever
// would exceed it is closed, and that is logged; small replies need none of it.
func TestUnreadRepliesShareABudget(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	h := open(t, func(c *Config) { c.Limits.Replies, c.Log = 200_000, zap.New(core) })
	var greedy []*client
	for range 50 {
		c := h.connect(t)
		c.send("COMMAND DOCS" + strings.Repeat(" sentinel", 8) + "\r\n") // about 70 KB
		greedy = append(greedy, c)
	}
	await(t, func() bool { return logs.FilterMessageSnippet("replies").Len() >= 40 })
	if n := h.outlays.used.Load(); n > 200_000 {
		t.Errorf("%d bytes are held", n)
	}
	if got := h.connect(t).ask("SENTINEL GET-MASTER-ADDR-BY-NAME mymaster"); !strings.Contains(got, "6379") {
		t.Errorf("a small question is answered with %q", got)
	}
	for _, c := range greedy {
		_ = c.nc.Close()
	}
	h.settled(t)
}

// CLIENT LIST is charged while it is made, not only when it waits.
func TestALongReplyIsChargedWhileItIsMade(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Replies = 20_000 })
	var named []*client
	for range 40 {
		c := h.connect(t)
		c.ask("CLIENT SETNAME " + strings.Repeat("n", maxClientName))
		named = append(named, c)
	}
	c := named[0]
	c.send("CLIENT LIST\r\n")
	if got := c.until([]byte("never")); !strings.HasPrefix(got, "-ERR the monitor holds too many") || !strings.HasSuffix(got, "<closed>\r\n") {
		t.Errorf("got %.80q", got)
	}
	h.settled(t)
}

// Events count as replies do.
func TestUnreadEventsShareTheBudget(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Replies = 50_000 })
	for range 10 {
		h.connect(t).ask("SUBSCRIBE +sdown")
	}
	for i := range 500 { // 35 KB for each
		h.Publish(event(i))
	}
	h.settle()
	if n := h.stats.dropped.Load(); n < 5 {
		t.Errorf("%d subscribers are dropped, want most", n)
	}
	if n := h.outlays.used.Load(); n > 50_000 {
		t.Errorf("%d bytes are held", n)
	}
}

// A client's words do not multiply into replies without end.
func TestRepeatedWordsAreAnsweredUpToABound(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Reply = 100_000 })
	c := h.connect(t)
	const tooLong = "-ERR the reply would be longer than 100000 bytes, ask for less at once\r\n"
	for _, command := range []string{"COMMAND DOCS" + strings.Repeat(" sentinel", 1000), "COMMAND INFO" + strings.Repeat(" sentinel", 1000),
		"CLIENT LIST ID" + strings.Repeat(" 1", 1000)} {
		if got := c.ask(command); got != tooLong {
			t.Errorf("%.20s answers %.80q of %d bytes", command, got, len(got))
		}
	}
	for _, command := range []string{"COMMAND DOCS", "COMMAND INFO", "COMMAND INFO ping ping", "CLIENT LIST ID 1 1"} {
		if got := c.ask(command); strings.HasPrefix(got, "-") {
			t.Errorf("%s answers %q", command, got)
		}
	}
	h.settled(t)
}

// Who reads a little now and then keeps a reply for ReplyTimeout, not for ever.
func TestAReplyHasATimeInAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, func(c *Config) { c.Limits.ReplyTimeout = time.Minute })
		c := h.connect(t)
		if err := c.nc.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		c.send("COMMAND DOCS" + strings.Repeat(" sentinel", 100) + "\r\n") // about 900 KB
		began, b := time.Now(), make([]byte, 64<<10)
		for time.Since(began) < 2*time.Minute {
			if n, err := c.nc.Read(b); err != nil {
				break
			} else if n == 0 {
				t.Fatal("read nothing")
			}
			<-time.After(8 * time.Second) // virtual
		}
		if took := time.Since(began); took > 80*time.Second {
			t.Errorf("read for %s", took)
		}
		synctest.Wait()
		if n := h.clientCount(); n != 0 {
			t.Errorf("%d clients are left", n)
		}
	})
}

// Whatever a client asks and however it leaves, all that was charged is given back.
func TestOutlaysAreGivenBack(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.Replies = 100_000 })
	var late []*client
	for n := range 60 {
		c := h.connect(t)
		c.send(fmt.Sprintf("CLIENT REPLY %s\r\nCOMMAND DOCS%s\r\n", []string{"on", "off", "skip"}[n%3], strings.Repeat(" sentinel", n%15)))
		go func() { _, _ = io.CopyN(io.Discard, c.nc, int64(n*100)) }() // the server may have closed
		if n%2 == 0 {
			_ = c.nc.Close()
		} else {
			late = append(late, c)
		}
	}
	for _, c := range late {
		_ = c.nc.Close()
	}
	await(t, func() bool { return h.clientCount() == 0 })
	h.settled(t)
}
