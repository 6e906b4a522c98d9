package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"picket/monitor"
)

// link speaks Redis over one connection that we dialled, for as long as that
// connection lives: one go-redis client per link, and no second dial behind our back.
type link struct {
	conn   net.Conn
	client *redis.Client
	authed bool
}

var errLinkClosed = errors.New("the link's connection was given up")

// newLink wraps conn, which must bound what the server may announce
// ([resp.BoundedConn]): go-redis allocates it unseen. The options keep go-redis from retrying, redialling,
// pooling and naming itself; a handshake that named the connection would fail
// on a busy server. bufferSize is in bytes, for each direction.
func newLink(conn net.Conn, bufferSize int) *link {
	handOver := make(chan net.Conn, 1)
	handOver <- conn
	return &link{conn: conn, client: redis.NewClient(&redis.Options{
		Addr: "picket", Protocol: 2, DisableIdentity: true,
		MaxRetries: -1, DialerRetries: 1,
		PoolSize: 1, PipelinePoolSize: -1, ConnMaxIdleTime: -1,
		ReadBufferSize: bufferSize, WriteBufferSize: 512,
		// Reads are bounded by the caller's context, and on the ping link by nothing.
		ReadTimeout: -1, WriteTimeout: writeTimeout, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			select {
			case c := <-handOver:
				return c, nil
			default:
				return nil, errLinkClosed
			}
		},
	})}
}

// writeTimeout bounds a write into the socket's buffer, which is never full
// with one small command outstanding.
const writeTimeout = 5 * time.Second

func (l *link) close() {
	_ = l.client.Close()
	_ = l.conn.Close()
}

// answer is what a server said to one command.
type answer struct {
	value any    // nil for an error reply
	text  string // an error reply without its type byte, or a simple string
}

func (a answer) refused() bool { return a.value == nil }

// noPermission reports whether our ACL user lacks a command or channel.
func (a answer) noPermission() bool {
	return a.refused() && monitor.ClassifyReply(a.text) == monitor.ReplyNoPerm
}

// ask sends one command. An error means that the link is lost; an error reply is an answer.
func (l *link) ask(ctx context.Context, args ...any) (answer, error) {
	value, err := l.client.Do(ctx, args...).Result()
	if err == nil {
		text, _ := value.(string)
		return answer{value: value, text: text}, nil
	}
	if errors.Is(err, redis.Nil) {
		return answer{text: "nil"}, nil
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		return answer{text: reply.Error()}, nil
	}
	return answer{}, fmt.Errorf("ask %v: %w", args[0], err)
}

// authenticate sends AUTH once per link where credentials are given. It reports
// whether we may go on; when not, the answer is the refusal. It does not go
// through go-redis, which would give the connection up on a wrong password and
// with it the evidence that the server answers.
func (l *link) authenticate(ctx context.Context, to Links, group string) (answer, bool, error) {
	user, pass := to.Credentials(group)
	if l.authed || pass == "" {
		return answer{}, true, nil
	}
	args := []any{to.Command(group, "AUTH"), pass}
	if user != "" {
		args = []any{args[0], user, pass}
	}
	a, err := l.ask(ctx, args...)
	if err != nil {
		return answer{}, false, fmt.Errorf("authenticate: %w", err)
	}
	l.authed = !a.refused() || needsNoPassword(a.text)
	return a, l.authed, nil
}

// needsNoPassword recognises a server that has no password set (its texts
// before and since 6.0); Sentinel goes on there too.
func needsNoPassword(text string) bool {
	return strings.Contains(text, "no password is set") || strings.Contains(text, "without any password configured")
}
