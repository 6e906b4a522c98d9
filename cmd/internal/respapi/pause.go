package respapi

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pauseMode says which commands wait: CLIENT PAUSE.
type pauseMode uint8

const (
	pauseNone  pauseMode = iota
	pauseWrite           // those that Redis lets wait because they could be replicated: PUBLISH
	pauseAll
)

// longestPause bounds what a client can ask for; Redis has no bound.
const longestPause = 100 * 365 * 24 * time.Hour

// pauses is the pause that is on, if any. A second one makes it longer and
// stricter, never shorter or milder (pauseClients).
type pauses struct {
	mu    sync.Mutex
	mode  pauseMode
	until time.Time
	ended chan struct{} // closed when the pause is ended or changed
}

func (p *pauses) add(mode pauseMode, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !now.Before(p.until) {
		p.mode = pauseNone
	}
	p.mode = max(p.mode, mode)
	if until := now.Add(d); until.After(p.until) {
		p.until = until
	}
	p.changed()
}

func (p *pauses) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.until = pauseNone, time.Time{}
	p.changed()
}

func (p *pauses) changed() {
	if p.ended != nil {
		close(p.ended)
	}
	p.ended = make(chan struct{})
}

// left returns how long a command must wait, and what is closed when that changes.
func (p *pauses) left(cmd *command) (time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == pauseNone || p.mode == pauseWrite && cmd.name != "publish" {
		return 0, nil
	}
	return time.Until(p.until), p.ended
}

// lookForEnd is how often it is looked whether a client that waits has left: its
// connection is not read meanwhile.
const lookForEnd = 250 * time.Millisecond

// waitForPause keeps a command back until no pause holds it. It returns false
// when the connection, or the server, ended meanwhile.
func (c *conn) waitForPause(ctx context.Context, cmd *command) bool {
	left, ended := c.srv.pauses.left(cmd)
	if left <= 0 {
		return true
	}
	c.update(func(p *profile) { p.paused = true })
	defer c.update(func(p *profile) { p.paused = false })
	for ; left > 0; left, ended = c.srv.pauses.left(cmd) {
		timer := time.NewTimer(min(left, lookForEnd))
		select {
		case <-timer.C:
		case <-ended:
		case <-c.out.gone:
		case <-ctx.Done():
		}
		timer.Stop()
		if c.out.isDropped() || ctx.Err() != nil || hungUp(c.nc) {
			return false
		}
	}
	return true
}

// hungUp reports whether the client has closed its end, or the connection broke; what
// the client sent before may still be unread. It takes nothing from the connection. Of one that is no socket it cannot tell.
func hungUp(nc net.Conn) bool {
	if inner, ok := nc.(interface{ NetConn() net.Conn }); ok { // TLS
		nc = inner.NetConn()
	}
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true // closed here
	}
	ended := false
	err = raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(poll, 0) // never waits
		ended = err == nil && n > 0
	})
	return ended || err != nil
}
