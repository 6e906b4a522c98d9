package act

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"picket/monitor"
	"picket/monitor/resp"
)

// session is one connection for one action.
type session struct {
	conn    *guardedConn
	client  *redis.Client
	release func() // ends the watch over the caller's context
	refused error  // the server refused the connection as a whole: go-redis has given it up
}

// replyLimits leave room for INFO, the longest reply by far, of a master with
// thousands of replicas and modules. go-redis would allocate whatever is announced.
var replyLimits = resp.ReplyLimits{Bulk: 4 << 20, Elements: 65536, Depth: 16, Total: 5 << 20}

var errGivenOut = errors.New("the session's connection was given up")

// open dials the target. The handshake (HELLO, AUTH) happens with the first
// command, so that it cannot be told apart from it here; the guard of the
// connection is what knows whether the order itself was written.
func (a *Actor) open(ctx context.Context, t Target) (*session, error) {
	nc, err := a.cfg.Links.Dial(ctx, t.Addr)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", t.Addr, err)
	}
	s := &session{conn: &guardedConn{Conn: resp.NewBoundedConn(nc, replyLimits), clock: a.cfg.Clock}}
	// go-redis honours a deadline while it reads, but not a cancellation.
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	s.release = func() { stop() }
	user, pass := a.cfg.Links.Credentials(t.Group)
	s.client = redis.NewClient(s.options(user, pass))
	return s, nil
}

func (s *session) options(user, pass string) *redis.Options {
	handOver := make(chan net.Conn, 1)
	handOver <- s.conn
	return &redis.Options{
		Addr: "picket", Protocol: 2, DisableIdentity: true,
		Username: user, Password: pass,
		MaxRetries: -1, DialerRetries: 1,
		PoolSize: 1, PipelinePoolSize: -1, ConnMaxIdleTime: -1,
		// The write buffer takes a whole transaction, so that it leaves in one write.
		ReadBufferSize: 4096, WriteBufferSize: 4096,
		ReadTimeout: -1, WriteTimeout: -1, ContextTimeoutEnabled: true, // the context bounds both
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		OnConnect: func(context.Context, *redis.Conn) error {
			s.conn.arm()
			return nil
		},
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			select {
			case c := <-handOver:
				return c, nil
			default:
				return nil, errGivenOut
			}
		},
	}
}

func (s *session) close() {
	s.release()
	_ = s.client.Close()
	_ = s.conn.Close()
}

// pipeline sends commands in one write and returns their replies. err is nil
// when every command was answered, with or without an error reply. A command
// without an answer has a nil reply.
func (s *session) pipeline(ctx context.Context, commands [][]any) ([]reply, error) {
	if s.refused != nil {
		return make([]reply, len(commands)), s.refused
	}
	pipe := s.client.Pipeline()
	cmds := make([]*redis.Cmd, len(commands))
	for i, args := range commands {
		cmds[i] = pipe.Do(ctx, args...)
	}
	s.conn.forget()
	_, err := pipe.Exec(ctx)
	replies := make([]reply, len(commands))
	if !s.conn.written() {
		// A refused handshake leaves the commands unstamped: only err tells.
		if err = s.failure(err); isRefusal(err) {
			s.refused = err
		}
		return replies, err
	}
	for i, c := range cmds {
		replies[i] = readReply(c)
	}
	if last := replies[len(replies)-1]; last.answered() {
		return replies, nil
	}
	return replies, s.failure(err)
}

// failure turns what go-redis returned into an error reply of the server, if it
// is one or if the server turned the connection away, or into an error of the link.
func (s *session) failure(err error) error {
	if text, ok := s.conn.turnedAway(); ok {
		return refusal(text)
	}
	if r, ok := errors.AsType[redis.Error](err); ok {
		return refusal(r.Error())
	}
	if err == nil {
		return errors.New("no answer")
	}
	return err
}

// refusal is an error reply of the server to the connection as a whole.
type refusal string

func (r refusal) Error() string { return string(r) }

// reply is what one command was answered.
type reply struct {
	value any
	text  string // an error reply, or a simple string
	isErr bool
}

func (r reply) answered() bool { return r.value != nil || r.isErr }

func readReply(c *redis.Cmd) reply {
	value, err := c.Result()
	if err == nil {
		text, _ := value.(string)
		return reply{value: value, text: text}
	}
	if errors.Is(err, redis.Nil) {
		return reply{text: "nil", isErr: true}
	}
	if e, ok := errors.AsType[redis.Error](err); ok {
		return reply{text: e.Error(), isErr: true}
	}
	return reply{}
}

// guardedConn knows whether the order was written, refuses to write it after the
// lease, and keeps what the server said first.
type guardedConn struct {
	net.Conn
	clock func() monitor.Instant
	until monitor.Instant // the end of the lease, Never when there is none

	mu    sync.Mutex
	armed bool // the handshake is over: what is written now is the order
	sent  monitor.Instant
	first []byte
}

// arm marks the end of the handshake.
func (c *guardedConn) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = true
}

// forget makes the connection ready for another order.
func (c *guardedConn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = monitor.Never
}

// Write refuses when the lease is over: this is the last moment at which it can be told.
func (c *guardedConn) Write(p []byte) (int, error) {
	now := c.clock()
	if c.until != monitor.Never && now >= c.until {
		return 0, ErrLeaseOver
	}
	c.mu.Lock()
	if c.armed {
		c.sent = now
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *guardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.taste(p[:n])
	return n, err
}

func (c *guardedConn) taste(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.first) == 0 {
		c.first = append(c.first, p[:min(len(p), 256)]...)
	}
}

// written returns whether any of the order was handed to the kernel.
func (c *guardedConn) written() bool { return c.sentAt() != monitor.Never }

func (c *guardedConn) sentAt() monitor.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// lastWords is how long to look for what a failed connection may still hold.
const lastWords = 5 * time.Millisecond

// turnedAway returns the error with which a server turned the connection away
// before reading from it (too many clients, protected mode). go-redis takes it
// for a reply to HELLO, or never reads it because writing fails.
func (c *guardedConn) turnedAway() (string, bool) {
	c.mu.Lock()
	heard := len(c.first) > 0
	c.mu.Unlock()
	if !heard {
		var b [256]byte
		_ = c.Conn.SetReadDeadline(time.Now().Add(lastWords))
		n, _ := c.Conn.Read(b[:])
		c.taste(b[:n])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	line, _, _ := bytes.Cut(c.first, []byte("\r\n"))
	text, isError := bytes.CutPrefix(line, []byte("-"))
	class := monitor.ClassifyReply(string(text))
	return string(text), isError && (class == monitor.ReplyMaxClients || class == monitor.ReplyProtected)
}
