package probe

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"picket/monitor"
)

// A PING unanswered for firstPending is reported, and then again every nextPending.
const (
	firstPending = 50 * time.Millisecond
	nextPending  = 100 * time.Millisecond
)

// errUnasked says that the other side spoke without being asked. RESP2 has no
// such thing outside of subscriptions, so this is no Redis.
var errUnasked = errors.New("the server sent bytes that nobody asked for")

// pingConn is the connection of a ping link. Its link reads and writes it without
// deadlines; pingConn uses the deadlines of the connection below
// to report a PING that stays unanswered and to wait out the time between two
// PINGs while listening for the end of the link. That costs no timer goroutine
// and keeps all reports of a link in order, as one goroutine makes them.
type pingConn struct {
	net.Conn
	clock   func() monitor.Instant
	pending func(sent monitor.Instant) // called while a PING is unanswered

	report time.Time

	mu     sync.Mutex
	sent   monitor.Instant // when the outstanding PING was written, Never when none is
	idling bool
	kicked bool
}

// Write notes when the bytes of a PING begin to leave.
func (c *pingConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.sent == monitor.Never {
		c.sent = c.clock()
		c.report = time.Now().Add(firstPending)
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Read waits for the reply without limit and calls pending while it waits.
func (c *pingConn) Read(p []byte) (int, error) {
	for {
		if err := c.Conn.SetReadDeadline(c.report); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if c.unread() == 0 { // else the answer is here: it is we who are late
			c.pending(c.asked())
		}
		c.report = time.Now().Add(nextPending)
	}
}

// answered marks that no PING is outstanding and returns when the last one was written.
func (c *pingConn) answered() monitor.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent
	c.sent = monitor.Never
	return sent
}

func (c *pingConn) asked() monitor.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// outstanding returns for how long a PING has been unanswered.
func (c *pingConn) outstanding() time.Duration { return c.clock().Since(c.asked()) }

// idle waits until deadline, a kick or the end of the link, whichever is first.
// Reading is how the end is noticed at once, and not at the next PING.
func (c *pingConn) idle(deadline time.Time) error {
	if !c.startIdling(deadline) {
		return nil
	}
	var b [1]byte
	n, err := c.Conn.Read(b[:])
	c.mu.Lock()
	c.idling, c.kicked = false, false
	c.mu.Unlock()
	switch {
	case n > 0:
		return errUnasked
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	}
	return err
}

func (c *pingConn) startIdling(deadline time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kicked {
		c.kicked = false
		return false
	}
	c.idling = true
	_ = c.Conn.SetReadDeadline(deadline) // fails only on a closed connection, as the read will
	return true
}

// kick ends a running or the next idle.
func (c *pingConn) kick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kicked = true
	if c.idling {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// lastWords returns the error with which a server turned the connection away
// before it read from it, if writing failed for that and nobody read it.
func (c *pingConn) lastWords() (string, bool) {
	var b [256]byte
	_ = c.Conn.SetReadDeadline(time.Now().Add(lastWordsWait))
	n, _ := c.Conn.Read(b[:])
	line, _, _ := bytes.Cut(b[:n], []byte("\r\n"))
	text, isError := bytes.CutPrefix(line, []byte("-"))
	return string(text), isError && turnsAway(string(text))
}

// lastWordsWait is how long to look for what a failed connection may still hold.
const lastWordsWait = 5 * time.Millisecond
