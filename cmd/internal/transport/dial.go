package transport

import (
	"context"
	"net"
	"os"
	"sync"
	"time"
)

// Handshake speaks TLS on a connection that was dialled, and closes it if that fails.
func (k *Keeper) Handshake(ctx context.Context, nc net.Conn) (net.Conn, error) {
	c, err := k.secure(ctx, nc)
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return c, nil
}

const (
	// eagerWait is how long a handshake may take before the connection is given out
	// without it. Failures that come sooner are failures to dial.
	eagerWait = 250 * time.Millisecond
	// eagerLimit ends a handshake that takes for ever. It is longer than any silence
	// that a verdict waits for.
	eagerLimit = 10 * time.Minute
	// eagerBytes is what may be written before the handshake is over.
	eagerBytes = 64 << 10
)

// Eager speaks TLS on a connection that was dialled. When the other side is slow to shake
// hands it returns a connection on which the handshake goes on: what is written waits for
// it, as does reading, whose deadline is kept. An error of the handshake is that of reading.
func (k *Keeper) Eager(ctx context.Context, nc net.Conn) (net.Conn, error) {
	c := &eagerConn{Conn: nc, keeper: k, done: make(chan struct{}), moved: make(chan struct{})}
	go c.shake()
	wait := time.NewTimer(eagerWait)
	defer wait.Stop()
	select {
	case <-c.done:
		if c.err != nil {
			return nil, c.err // closed already
		}
		return c.tls, nil
	case <-wait.C:
		return c, nil
	case <-ctx.Done():
		_ = nc.Close()
		return nil, ctx.Err()
	}
}

// eagerConn is a connection whose handshake may still go on.
type eagerConn struct {
	net.Conn // the socket
	keeper   *Keeper
	done     chan struct{} // closed when the handshake is over and what waited is written
	tls      net.Conn      // good after done
	err      error         // of the handshake, good after done

	mu       sync.Mutex
	over     bool
	waiting  []byte
	deadline time.Time     // for reading, until the handshake is over
	moved    chan struct{} // closed and replaced when deadline changes
}

// NetConn returns the socket below, by which the kernel is asked for its acknowledgements.
func (c *eagerConn) NetConn() net.Conn { return c.Conn }

func (c *eagerConn) shake() {
	ctx, cancel := context.WithTimeout(context.Background(), eagerLimit)
	defer cancel()
	secured, err := c.keeper.secure(ctx, c.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && len(c.waiting) > 0 {
		_, err = secured.Write(c.waiting)
	}
	if err == nil {
		c.tls = secured
		err = secured.SetReadDeadline(c.deadline)
	}
	if err != nil {
		_ = c.Conn.Close()
	}
	c.err, c.over, c.waiting = err, true, nil
	close(c.done)
}

// Write keeps what is written until the handshake is over.
func (c *eagerConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if !c.over {
		defer c.mu.Unlock()
		if len(c.waiting)+len(p) > eagerBytes {
			return 0, os.ErrDeadlineExceeded
		}
		c.waiting = append(c.waiting, p...)
		return len(p), nil
	}
	c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	return c.tls.Write(p)
}

// Read waits for the handshake and then reads.
func (c *eagerConn) Read(p []byte) (int, error) {
	for {
		c.mu.Lock()
		deadline, moved := c.deadline, c.moved
		c.mu.Unlock()
		if !c.awaitUntil(deadline, moved) {
			continue
		}
		select {
		case <-c.done:
		default:
			return 0, os.ErrDeadlineExceeded
		}
		if c.err != nil {
			return 0, c.err
		}
		return c.tls.Read(p)
	}
}

// awaitUntil waits for the handshake or the deadline; it reports false when that moved.
func (c *eagerConn) awaitUntil(deadline time.Time, moved <-chan struct{}) bool {
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-c.done:
	case <-late:
	case <-moved:
		return false
	}
	return true
}

// SetReadDeadline bounds reading; it never disturbs the handshake.
func (c *eagerConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return c.shaken((net.Conn).SetReadDeadline, t)
	}
	c.deadline = t
	close(c.moved)
	c.moved = make(chan struct{})
	return nil
}

// SetWriteDeadline bounds writing once the handshake is over; before, nothing waits.
func (c *eagerConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return c.shaken((net.Conn).SetWriteDeadline, t)
	}
	return nil
}

// shaken sets a deadline after the handshake, if that went well.
func (c *eagerConn) shaken(set func(net.Conn, time.Time) error, t time.Time) error {
	if c.err != nil {
		return c.err
	}
	return set(c.tls, t)
}

// SetDeadline bounds both.
func (c *eagerConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// Close ends the connection, and with it the handshake.
func (c *eagerConn) Close() error {
	c.mu.Lock()
	shaken := c.over && c.err == nil
	c.mu.Unlock()
	if shaken {
		return c.tls.Close()
	}
	return c.Conn.Close()
}
