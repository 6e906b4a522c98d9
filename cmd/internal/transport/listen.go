package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// shakeLimit is how long a client may take to shake hands.
const shakeLimit = 10 * time.Second

// Listener speaks TLS on what a listener accepts, with the certificate of that moment.
// The handshake is part of the first Read, or of a call of Shake before it, so that
// accepting waits for nobody.
func (k *Keeper) Listener(ln net.Listener) net.Listener { return listener{ln, k} }

type listener struct {
	net.Listener
	keeper *Keeper
}

// Accept waits for a connection.
func (l listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &accepted{Conn: tls.Server(nc, l.keeper.current().server)}, nil
}

// accepted is a client that may not have shaken hands yet.
type accepted struct {
	*tls.Conn
	once   sync.Once
	failed error
}

var errNoHandshake = errors.New("the client has not shaken hands yet")

// Read shakes hands first.
func (c *accepted) Read(p []byte) (int, error) {
	if err := c.Shake(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Shake shakes hands, once, and returns what came of it.
func (c *accepted) Shake() error {
	c.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shakeLimit)
		defer cancel()
		c.failed = c.HandshakeContext(ctx)
	})
	return c.failed
}

// Write refuses before the handshake, for which it would wait: whoever accepts
// connections and turns one away must not be held up.
func (c *accepted) Write(p []byte) (int, error) {
	if !c.ConnectionState().HandshakeComplete {
		return 0, errNoHandshake
	}
	return c.Conn.Write(p)
}
