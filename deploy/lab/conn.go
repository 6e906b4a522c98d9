package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Conn is one RESP2 connection to a server or monitor, for one goroutine. It is
// deliberately plain: it hides nothing, retries nothing and opens nothing else.
type Conn struct {
	net.Conn
	r *bufio.Reader
}

// ReplyError is an error reply, without the leading minus.
type ReplyError string

func (e ReplyError) Error() string { return string(e) }

// Dial connects to addr (host:port), in the namespace ns unless it is nil.
func Dial(ctx context.Context, addr string, ns *Namespace) (*Conn, error) {
	nc, err := ns.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return newConn(nc), nil
}

func newConn(nc net.Conn) *Conn { return &Conn{Conn: nc, r: bufio.NewReader(nc)} }

// Encode renders a command as an array of bulk strings.
func Encode(args ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b
}

// Do sends a command and returns its reply: a string, int64, nil, []any, or a
// ReplyError as the error. It gives up when ctx ends; the connection is then of
// no more use.
func (c *Conn) Do(ctx context.Context, args ...string) (any, error) {
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := c.Write(Encode(args...)); err != nil {
		return nil, fmt.Errorf("send %s: %w", args[0], err)
	}
	return c.Receive()
}

// Receive reads one reply, RESP2 or RESP3; maps, sets and pushes are returned as []any.
func (c *Conn) Receive() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return nil, errors.New("read a reply: an empty line")
	}
	kind, text := line[0], line[1:]
	switch kind {
	case '+', ',', '(', '#':
		return text, nil
	case '-':
		return nil, ReplyError(text)
	case '_':
		return nil, nil
	case ':':
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("read a reply: %q", line)
	}
	return c.sized(kind, n)
}

func (c *Conn) sized(kind byte, n int) (any, error) {
	if n < 0 {
		return nil, nil
	}
	switch kind {
	case '$', '=', '!':
		b := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, b); err != nil {
			return nil, err
		}
		return string(b[:n]), nil
	case '%':
		n *= 2
	case '*', '~', '>':
	default:
		return nil, fmt.Errorf("read a reply: unknown type %q", kind)
	}
	list := make([]any, 0, n)
	for range n {
		v, err := c.Receive()
		var reply ReplyError
		if errors.As(err, &reply) {
			v, err = reply, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Strings turns a reply that is an array into strings; numbers are rendered, nil is "".
func Strings(reply any) []string {
	list, _ := reply.([]any)
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, text(v))
	}
	return out
}

// Pairs reads a reply of alternating names and values.
func Pairs(reply any) map[string]string {
	list := Strings(reply)
	out := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		out[list[i]] = list[i+1]
	}
	return out
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case error:
		return v.Error()
	}
	return fmt.Sprint(v)
}
