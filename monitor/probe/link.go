package probe

import (
	"fmt"
	"net"
	"strings"
	"sync"

	"picket/monitor"
	"picket/monitor/resp"
)

// link speaks Redis over one connection that we dialled, for as long as that
// connection lives: one command at a time, nothing sent on its own account. It
// is not a go-redis client: with thousands of instances, that client's buffers
// and calls are what a monitor would mostly consist of.
type link struct {
	conn   net.Conn
	limits resp.ReplyLimits
	authed bool
}

func newLink(conn net.Conn, limits resp.ReplyLimits) *link { return &link{conn: conn, limits: limits} }

// scratch is what one command and its reply need, lent to a link meanwhile.
type scratch struct {
	out     []byte
	replies *resp.ReplyReader
}

var scratches = sync.Pool{New: func() any {
	return &scratch{replies: resp.NewReplyReader(nil, resp.ReplyLimits{})}
}}

// answer is what a server said to one command.
type answer struct {
	value resp.Value
	text  string // a simple or bulk string, or an error reply without its type byte
}

// refused reports an error reply; nil, which no command here is answered, is one too.
func (a answer) refused() bool {
	switch a.value.Kind {
	case resp.KindError, resp.KindBlobError, resp.KindNull, 0:
		return true
	}
	return false
}

// noPermission reports whether our ACL user lacks a command or channel.
func (a answer) noPermission() bool {
	return a.refused() && monitor.ClassifyReply(a.text) == monitor.ReplyNoPerm
}

// ask sends one command. An error means that the link is lost; an error reply is
// an answer.
func (l *link) ask(args ...string) (answer, error) {
	answers, err := l.askAll(args)
	return answers[0], err
}

// askAll sends commands in one write and reads as many answers. Writing needs no
// deadline: there is always room in the socket for the little that is outstanding.
func (l *link) askAll(commands ...[]string) ([]answer, error) {
	answers := make([]answer, len(commands))
	x := scratches.Get().(*scratch)
	defer x.giveBack()
	x.out = x.out[:0]
	for _, args := range commands {
		x.out = resp.AppendCommand(x.out, args...)
	}
	if _, err := l.conn.Write(x.out); err != nil {
		return answers, fmt.Errorf("ask %s: %w", commands[0][0], err)
	}
	x.replies.Reset(l.conn, l.limits)
	for n := range answers {
		v, err := x.replies.Read()
		if err != nil {
			return answers, fmt.Errorf("ask %s: %w", commands[n][0], err)
		}
		answers[n] = answerOf(v)
	}
	if x.replies.Buffered() > 0 {
		return answers, fmt.Errorf("ask %s: %w", commands[0][0], errUnasked)
	}
	return answers, nil
}

func answerOf(v resp.Value) answer {
	if v.Kind == resp.KindNull {
		return answer{value: v, text: "nil"}
	}
	return answer{value: v, text: v.Str}
}

func (x *scratch) giveBack() {
	x.replies.Reset(nil, resp.ReplyLimits{})
	scratches.Put(x)
}

// authenticate sends AUTH once per link where credentials are given. It reports
// whether we may go on; when not, the answer is the refusal.
func (l *link) authenticate(to Links, group string) (answer, bool, error) {
	if l.authed {
		return answer{}, true, nil
	}
	user, pass := to.Credentials(group)
	if pass == "" {
		return answer{}, true, nil
	}
	args := []string{to.Command(group, "AUTH"), pass}
	if user != "" {
		args = []string{args[0], user, pass}
	}
	a, err := l.ask(args...)
	if err != nil {
		return answer{}, false, fmt.Errorf("authenticate: %w", err)
	}
	l.authed = !a.refused() || needsNoPassword(a.text)
	return a, l.authed, nil
}

// needsNoPassword recognises a server that has no password set (its texts
// before and since 6.0); Sentinel goes on there too. A server in protected mode
// says so as well, but then it hangs up.
func needsNoPassword(text string) bool {
	return !turnsAway(text) && (strings.Contains(text, "no password is set") || strings.Contains(text, "without any password configured"))
}
