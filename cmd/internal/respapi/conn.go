package respapi

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/acl"
	"picket/monitor"
	"picket/monitor/resp"
)

// linger is how long, and lingerBytes how much, a connection that is closed
// for its malformed bytes is still read: closing with bytes unread would reset
// it, and the client would lose the error that explains why.
const (
	linger      = time.Second
	lingerBytes = 1 << 20
)

// conn is one client. Its fields belong to the goroutine that runs serve,
// except out, which is safe for all, and profile, which mu guards.
type conn struct {
	srv           *Server
	id            int64
	nc            net.Conn
	remote, local string // as CLIENT LIST calls the two ends
	unix          bool
	raw           *intake
	in            *resp.CommandReader // of raw
	out           *queue

	proto         resp.Proto
	authenticated bool
	user          string // whose permissions it has
	muting        muting
	channels      names // these two change in the bus's goroutine while serve waits for it
	patterns      names
	scratch       []byte // of the last reply, reused while small

	mu      sync.Mutex
	profile profile
}

// profile is what CLIENT LIST tells of a connection.
type profile struct {
	name    string
	user    string
	libName string
	libVer  string
	command string
	born    monitor.Instant
	active  monitor.Instant
	proto   resp.Proto
	subs    int
	psubs   int
	paused  bool // a command waits for the end of CLIENT PAUSE
	noEvict bool

	tracking tracking
}

func newConn(s *Server, id int64, nc net.Conn) *conn {
	now := s.cfg.Clock()
	c := &conn{srv: s, id: id, nc: nc, proto: resp.RESP2, out: newQueue(nc, &s.cfg.Limits, &s.outlays)}
	c.remote, c.local = nc.RemoteAddr().String(), nc.LocalAddr().String()
	if c.unix = nc.LocalAddr().Network() == "unix"; c.unix {
		c.local += ":0" // the path of the socket, for both ends, as Redis has it (genClientAddrString)
		c.remote = c.local
	}
	c.raw = &intake{nc: nc, count: s.stats.countRead, budget: &s.budget}
	c.in = resp.NewCommandReader(c.raw, s.cfg.Limits.Command)
	c.user, c.authenticated = acl.DefaultUser, s.accounts.open()
	c.profile = profile{command: "NULL", user: c.user, born: now, active: now, proto: resp.RESP2}
	return c
}

// serve reads and answers commands until the client, an error or the server ends it.
func (c *conn) serve() {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.out.write(c.srv.stats.countWrite)
	}()
	err := c.loop()
	c.raw.done()
	c.srv.bus.do(func() { c.srv.bus.leave(c) })
	c.out.end()
	<-written
	if err != nil {
		c.drain()
	}
	_ = c.nc.Close() // nothing is left to lose
}

// loop returns an error only when the server does not read on: the client's
// bytes make no command, or too much waits for the rest of it.
func (c *conn) loop() error {
	for {
		c.boundReads()
		args, err := c.in.Read()
		if err != nil {
			return c.lastWord(err)
		}
		more := c.answer(args)
		c.raw.done()
		if !more {
			return nil
		}
		if !c.out.waitForRoom() {
			return nil
		}
	}
}

// lastWord tells the client why the server reads no further, and returns that.
func (c *conn) lastWord(err error) error {
	bad := resp.ProtocolError("")
	switch {
	case errors.Is(err, errOverBudget):
		c.srv.stats.overBudget.Add(1)
	case !errors.As(err, &bad):
		return nil // the client left, or its connection broke
	}
	c.srv.cfg.Log.Debug("closing a connection for what it sent", zap.Stringer("client", c.nc.RemoteAddr()), zap.Error(err))
	c.srv.stats.errors.Add(1)
	c.send(resp.AppendError(nil, "ERR "+err.Error()))
	return err
}

// boundReads keeps those who have yet to authenticate within Redis' tighter limits.
func (c *conn) boundReads() {
	if c.mustAuthenticate() {
		c.in.RequireAuth()
		return
	}
	c.in.Authenticated()
}

func (c *conn) mustAuthenticate() bool { return !c.authenticated && !c.srv.accounts.open() }

// answer runs one command and queues its reply; false ends the connection.
func (c *conn) answer(args []string) bool {
	call := &call{conn: c, args: args, reply: reply{buf: c.scratch[:0], proto: c.proto, outlay: outlay{budget: &c.srv.outlays}}}
	c.srv.dispatch(call)
	c.srv.stats.countCommand()
	if call.release(); call.lost {
		c.overspent()
		call.buf, call.failed, call.hangUp = resp.AppendError(nil, overspent), true, true
	}
	if call.failed {
		c.srv.stats.errors.Add(1)
	}
	if len(call.buf) > 0 && !c.muting.silent() {
		c.send(call.buf)
	}
	c.muting = c.muting.after()
	c.scratch = nil
	if cap(call.buf) <= keepBuffer {
		c.scratch = call.buf
	}
	return !call.hangUp
}

// subscribed reports whether a RESP2 client has left the plain request-reply mode.
func (c *conn) subscribed() bool { return c.subscriptions() > 0 }

func (c *conn) subscriptions() int { return c.channels.len() + c.patterns.len() }

// note records what CLIENT LIST shows of the command that runs.
func (c *conn) note(cmd *command) {
	name := "NULL" // as Redis calls what it does not know
	if cmd != nil {
		name = cmd.name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasPrefix(c.profile.command, "client") {
		c.profile.tracking.caching = false // it was for one command after CLIENT CACHING (resetClient)
	}
	c.profile.command, c.profile.active = name, c.srv.cfg.Clock()
}

// update changes what CLIENT LIST shows.
func (c *conn) update(change func(*profile)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.profile)
}

func (c *conn) snapshot() profile {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.profile
}

func (c *conn) drain() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok {
		return // not a socket, nothing can be reset
	}
	_ = half.CloseWrite() // the client sees the error and then the end
	c.out.mu.Lock()
	if !c.out.dropped {
		_ = c.nc.SetReadDeadline(time.Now().Add(linger))
	}
	c.out.mu.Unlock()
	_, _ = io.CopyN(io.Discard, c.nc, lingerBytes)
}
