package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// In TLS 1.3 a server looks at our certificate after our side of the handshake is over,
// and says in an alert that it does not take it. What we have sent by then makes its
// kernel reset the connection, which throws the alert away: all that is left looks as if
// the process had died. So when a connection ends before it brought anything, the next
// one to that address listens for an alert before anything is sent on it.

const (
	// refusalWait is how long to listen for an alert, which comes within a round trip.
	refusalWait = 300 * time.Millisecond
	// mostSuspects bounds the addresses that are remembered.
	mostSuspects = 4096
)

// refusals are the addresses whose connections end before they bring anything.
type refusals struct {
	mu       sync.Mutex
	suspects map[string]struct{}
}

func (r *refusals) suspect(addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.suspects == nil || len(r.suspects) >= mostSuspects {
		r.suspects = map[string]struct{}{}
	}
	r.suspects[addr] = struct{}{}
}

func (r *refusals) clear(addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.suspects, addr)
}

func (r *refusals) suspected(addr string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.suspects[addr]
	return ok
}

// client is a connection of ours that has shaken hands.
type client struct {
	*tls.Conn
	keeper *Keeper
	heard  atomic.Bool // something came
}

// secure shakes hands; the caller closes nc if that fails.
func (k *Keeper) secure(ctx context.Context, nc net.Conn) (*client, error) {
	c := &client{Conn: tls.Client(nc, k.current().client), keeper: k}
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	if k.refusals.suspected(c.remote()) {
		if err := c.listen(); err != nil {
			return nil, err
		}
		k.refusals.clear(c.remote())
	}
	return c, nil
}

func (c *client) remote() string { return c.RemoteAddr().String() }

var errSpokeFirst = errors.New("the server sent bytes that nobody asked for")

// listen waits for an alert. None is good news.
func (c *client) listen() error {
	if err := c.SetReadDeadline(time.Now().Add(refusalWait)); err != nil {
		return err
	}
	var b [1]byte
	n, err := c.Conn.Read(b[:])
	switch {
	case n > 0:
		return errSpokeFirst
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return c.SetReadDeadline(time.Time{})
}

// Read notes whether the connection ever brought anything.
func (c *client) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(true)
	}
	c.note(err)
	return n, err
}

// Write notes when the connection had ended before.
func (c *client) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.note(err)
	return n, err
}

func (c *client) note(err error) {
	ours := err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed)
	if !ours && !c.heard.Load() {
		c.keeper.refusals.suspect(c.remote())
	}
}
