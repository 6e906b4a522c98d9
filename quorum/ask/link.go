package ask

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"picket/monitor"
	"picket/monitor/resp"
	"picket/quorum"
)

const (
	dialTimeout = 2 * time.Second
	// strangerDial is for addresses that a hint names: most that do not answer by
	// then are invented, and a peer's next hello comes soon.
	strangerDial = 700 * time.Millisecond
	// longestExchange only keeps go-redis from waiting for ever where our own
	// deadlines, which are shorter, should fail.
	longestExchange = time.Minute
)

// replyLimits are far above what a monitor answers, some fields of a group. go-redis
// would allocate whatever is announced, also by who answers at an invented address.
var replyLimits = resp.ReplyLimits{Bulk: 64 << 10, Elements: 4096, Depth: 16, Total: 256 << 10}

var (
	errLinkGone = errors.New("the connection is gone")
	errNoAnswer = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
)

// link is one connection to a peer and the go-redis client that speaks on it.
// It is used by one goroutine at a time and never outlives its connection: go-redis
// would redial, retry and back off by rules of its own.
type link struct {
	conn   *handedConn
	client *redis.Client
	era    int         // of the door that made it
	kind   quorum.Kind // what this connection's other end turned out to be
}

// handedConn is a connection that go-redis got from us; it notes that go-redis
// closed it. It also hides the socket, so that go-redis does not look for pending
// bytes: it would dial again on its own when it found the connection closed.
type handedConn struct {
	net.Conn
	closed atomic.Bool
}

// Close closes the connection and notes it.
func (c *handedConn) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

func (a *Asker) openLink(ctx context.Context, addr monitor.Addr) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := a.cfg.Links.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	handed := &handedConn{Conn: resp.NewBoundedConn(conn, replyLimits)}
	user, pass := a.cfg.Links.PeerCredentials()
	return &link{conn: handed, client: redis.NewClient(linkOptions(handed, user, pass))}, nil
}

// linkOptions turn off all that go-redis does on its own; see the fact sheet on
// libraries, section 1.2.
func linkOptions(conn *handedConn, user, pass string) *redis.Options {
	var given atomic.Bool
	return &redis.Options{
		Addr: "peer", Protocol: 2, DisableIdentity: true,
		Username: user, Password: pass,
		MaxRetries: -1, DialerRetries: 1,
		PoolSize: 1, PipelinePoolSize: -1, ConnMaxIdleTime: -1,
		ReadBufferSize: 16 << 10, WriteBufferSize: 8 << 10, // for what many groups ask at once
		ReadTimeout: longestExchange, WriteTimeout: longestExchange, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			if given.Swap(true) {
				return nil, errLinkGone
			}
			return conn, nil
		},
	}
}

// do sends commands in one write and reads their replies. The error is about the
// connection, its handshake included; each reply has its own. When ctx ends first the
// connection is closed, which ends every wait at once.
func (l *link) do(ctx context.Context, commands ...[]any) ([]*redis.Cmd, error) {
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	pipe := l.client.Pipeline()
	replies := make([]*redis.Cmd, len(commands))
	for i, c := range commands {
		replies[i] = pipe.Do(ctx, c...)
	}
	_, err := pipe.Exec(ctx)
	if late(ctx, err) {
		return nil, errNoAnswer
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return replies, connError(err, replies)
}

// late reports whether time ran out, which the connection, whose deadline is that
// of ctx, may notice before ctx does.
func late(ctx context.Context, err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded)
}

// connError tells a refused command from a lost connection. After a failed
// handshake go-redis reports no error in any of the commands.
func connError(err error, replies []*redis.Cmd) error {
	if err == nil || !isReply(err) {
		return err
	}
	for _, r := range replies {
		if r.Err() != nil {
			return nil
		}
	}
	return err
}

// isReply reports whether an error is a reply of the peer.
func isReply(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// usable reports whether the link can take another command.
func (l *link) usable() bool { return !l.conn.closed.Load() }

func (l *link) close() {
	_ = l.client.Close()
	_ = l.conn.Close()
}

// localHost is our address on this connection.
func (l *link) localHost() string {
	host, _, err := net.SplitHostPort(l.conn.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}
