package respapi

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
)

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// house is a server with its backend.
type house struct {
	*Server
	*backend
	door *pipes
}

func open(t testing.TB, edit func(*Config)) *house {
	t.Helper()
	b := newBackend()
	cfg := Config{Reader: b, Operator: b, Peers: b, Knobs: b, Clock: clock, Log: zaptest.NewLogger(t)}
	if edit != nil {
		edit(&cfg)
	}
	h := &house{Server: New(cfg), backend: b, door: newPipes()}
	served := make(chan error, 1)
	go func() { served <- h.Serve(h.door) }()
	t.Cleanup(func() {
		h.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return h
}

// settle returns when all that was published so far is in the clients' queues.
func (h *house) settle() { h.bus.do(func() {}) }

// client is a raw connection to a house. Its bytes are read by the test alone.
type client struct {
	t  testing.TB
	nc net.Conn
	in []byte // read and not yet returned
}

func (h *house) connect(t testing.TB) *client {
	t.Helper()
	here, there := net.Pipe()
	h.door.conns <- there
	if err := here.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // a test that would hang fails
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = here.Close() })
	return &client{t: t, nc: here}
}

// send writes while the server may be writing too, as a socket's buffer allows.
func (c *client) send(data string) {
	go func() { _, _ = c.nc.Write([]byte(data)) }() // a server that has closed is seen by the read that follows
}

// marker is an unknown command, which gets the same answer in every mode.
const marker = "__end__"

var endReply = []byte("-ERR unknown command '" + marker + "', with args beginning with: \r\n")

// ask sends inline commands and returns the replies to all of them.
func (c *client) ask(lines ...string) string {
	c.t.Helper()
	c.send(strings.Join(lines, "\r\n") + "\r\n" + marker + "\r\n")
	return c.until(endReply)
}

// until reads up to and without the mark, or to the end of the connection.
func (c *client) until(mark []byte) string {
	c.t.Helper()
	for {
		if i := bytes.Index(c.in, mark); i >= 0 {
			out := string(c.in[:i])
			c.in = c.in[i+len(mark):]
			return out
		}
		buf := make([]byte, 4096)
		n, err := c.nc.Read(buf)
		c.in = append(c.in, buf[:n]...)
		if err == io.EOF {
			out := string(c.in) + "<closed>\r\n"
			c.in = nil
			return out
		}
		if err != nil {
			c.t.Fatalf("read after %q: %v", c.in, err)
		}
	}
}

// show renders replies with every protocol line on its own, bulk strings
// beside their header. Nothing is lost: what is not as RESP has it is quoted.
func show(raw string) string {
	var b strings.Builder
	for raw != "" {
		line, rest, ok := strings.Cut(raw, "\r\n")
		if !ok {
			fmt.Fprintf(&b, "%q without an end\n", raw)
			break
		}
		raw = rest
		b.WriteString(quoteOdd(line))
		if n, err := strconv.Atoi(strings.TrimLeft(line, "$=")); err == nil && n >= 0 && strings.ContainsAny(line[:1], "$=") && len(raw) >= n+2 && raw[n:n+2] == "\r\n" {
			b.WriteString(" " + quoteOdd(raw[:n]))
			raw = raw[n+2:]
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func quoteOdd(s string) string {
	if strings.Trim(strconv.Quote(s), `"`) != s || s == "" || strings.HasSuffix(s, " ") {
		return strconv.Quote(s)
	}
	return s
}
