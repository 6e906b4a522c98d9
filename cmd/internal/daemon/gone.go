package daemon

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"picket/monitor"
)

// An address that a name once had is a guess. When a container ends, its name goes and
// its address is given to the next one, within a second: a stranger there must not be
// taken for the instance, or it is told to follow the master, which empties it, and the
// instance itself, back at another address, is not found as the stranger answers. So a
// link is dialled on a fresh word of the name server. Its silence or failure changes
// nothing; its word that there is no such name does, unless the instance proves by
// another link that it is still there.

const (
	// freshFor is how long a name server's answer serves for links.
	freshFor = 200 * time.Millisecond
	// confirmWait is how long a link waits for that answer. A lookup that takes longer
	// is waited for by nobody.
	confirmWait = 200 * time.Millisecond
	// answersWithin is how soon a healthy instance answers, provenFor how recently it must
	// have been asked, to prove that the address is its own. It is pinged every second at least.
	answersWithin = 250 * time.Millisecond
	provenFor     = 1200 * time.Millisecond
)

// answer is what the name server said last of a name.
type answer struct {
	at   time.Time
	gone error // that there is no such name
}

// lookupRun is a lookup under way.
type lookupRun struct {
	began time.Time
	done  chan struct{}
}

// noSuchName picks the errors by which a name server says that a name does not exist.
func noSuchName(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return err
	}
	return nil
}

// confirm asks what a name is now, unless that is known, and returns an error if it is
// nothing any more.
func (r *resolver) confirm(ctx context.Context, addr monitor.Addr) error {
	r.mu.Lock()
	known, last := len(r.found[addr.Host]) > 0, r.answers[addr.Host]
	r.mu.Unlock()
	if !known {
		return nil // it is looked up for this link
	}
	if time.Since(last.at) >= freshFor {
		r.await(ctx, r.refresh(addr.Host))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if gone := r.answers[addr.Host].gone; gone != nil && !r.proven(addr) {
		return gone
	}
	return nil
}

// await waits for a lookup until it has taken confirmWait.
func (r *resolver) await(ctx context.Context, run *lookupRun) {
	left := time.NewTimer(confirmWait - time.Since(run.began))
	defer left.Stop()
	select {
	case <-run.done:
	case <-left.C:
	case <-ctx.Done():
	}
}

// proven reports whether the instance at addr answers on a link of ours, and has been
// asked since one was lost. The caller holds mu.
func (r *resolver) proven(addr monitor.Addr) bool {
	proven := false
	for c := range r.open[addr] {
		asked, heard := time.Unix(0, c.asked.Load()), time.Unix(0, c.heard.Load())
		if asked.After(heard) && time.Since(asked) > answersWithin {
			return false
		}
		proven = proven || !asked.After(heard) && time.Since(asked) < provenFor && asked.After(r.lost[addr])
	}
	return proven
}

// keep notes a link to a name for as long as it is open.
func (r *resolver) keep(addr monitor.Addr, nc net.Conn) net.Conn {
	c := &namedConn{Conn: nc, r: r, addr: addr}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[addr] == nil {
		r.open[addr] = map[*namedConn]struct{}{}
	}
	r.open[addr][c] = struct{}{}
	return c
}

// namedConn is a link to an instance or peer by its name, with the times, in wall clock
// nanoseconds, of the first thing asked since the last one heard, and of that.
type namedConn struct {
	net.Conn
	r     *resolver
	addr  monitor.Addr
	asked atomic.Int64
	heard atomic.Int64
}

// NetConn returns the socket, by which the kernel is asked for its acknowledgements.
func (c *namedConn) NetConn() net.Conn { return c.Conn }

func (c *namedConn) Write(p []byte) (int, error) {
	if asked := c.asked.Load(); asked <= c.heard.Load() {
		c.asked.CompareAndSwap(asked, time.Now().UnixNano())
	}
	return c.Conn.Write(p)
}

func (c *namedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		c.r.mu.Lock()
		c.r.lost[c.addr] = time.Now()
		c.r.mu.Unlock()
	}
	return n, err
}

func (c *namedConn) Close() error {
	c.r.mu.Lock()
	delete(c.r.open[c.addr], c)
	if len(c.r.open[c.addr]) == 0 {
		delete(c.r.open, c.addr)
		delete(c.r.lost, c.addr)
	}
	c.r.mu.Unlock()
	return c.Conn.Close()
}
