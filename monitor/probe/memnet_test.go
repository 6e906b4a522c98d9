package probe

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"picket/monitor"
	"picket/monitor/resp"
)

// stream is one direction of an in-memory connection: buffered, with a deadline
// for its reader, and of a kind on which synctest can see a goroutine wait.
type stream struct {
	mu       sync.Mutex
	data     []byte
	err      error // what a reader gets once the data are read
	deadline time.Time
	changed  chan struct{} // closed and replaced at every change
}

func newStream() *stream { return &stream{changed: make(chan struct{})} }

func (s *stream) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *stream) read(p []byte) (int, error) {
	for {
		s.mu.Lock()
		if len(s.data) > 0 {
			n := copy(p, s.data)
			s.data = s.data[n:]
			s.mu.Unlock()
			return n, nil
		}
		err, deadline, changed := s.err, s.deadline, s.changed
		s.mu.Unlock()
		if err != nil {
			return 0, err
		}
		if !wait(changed, deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// wait reports false when the deadline came first.
func wait(changed <-chan struct{}, deadline time.Time) bool {
	if deadline.IsZero() {
		<-changed
		return true
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return false
	}
}

// memConn is one end of an in-memory connection.
type memConn struct{ in, out *stream }

func pipe() (*memConn, *memConn) {
	a, b := newStream(), newStream()
	return &memConn{in: a, out: b}, &memConn{in: b, out: a}
}

func (c *memConn) Read(p []byte) (int, error) { return c.in.read(p) }

func (c *memConn) Write(p []byte) (n int, err error) {
	c.out.change(func() {
		switch c.out.err {
		case nil:
			c.out.data, n = append(c.out.data, p...), len(p)
		case net.ErrClosed: // by the other side
			err = syscall.EPIPE
		default:
			err = net.ErrClosed
		}
	})
	return n, err
}

// Close ends both directions: the other side reads what is left, and then EOF.
func (c *memConn) Close() error {
	c.cut(net.ErrClosed, io.EOF)
	return nil
}

// cut gives each side an error of its own, as a RST or a timeout of the kernel
// does: theirs first, for our side may close as soon as it has its own.
func (c *memConn) cut(ours, theirs error) {
	c.out.change(func() { c.out.err = first(c.out.err, theirs) })
	c.in.change(func() { c.in.err = first(c.in.err, ours) })
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (c *memConn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.deadline = t })
	return nil
}
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }
func (c *memConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *memConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 40000} }
func (c *memConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 6379} }

// fakeRedis is a server of a few commands that can be slow, silent or absent.
type fakeRedis struct {
	mu       sync.Mutex
	dialErr  error             // what a dial gets
	full     bool              // a connection is turned away
	dialHang bool              // a dial hangs until its deadline
	hanging  int               // how many do
	mostHung int               // and did at most
	frozen   chan struct{}     // not nil: commands wait until it is closed
	replies  map[string]string // by the first word of the command
	conns    []*memConn        // the server's ends
	served   int               // how many of them the client has not closed

	asked  map[string]int
	stamps map[string][]time.Duration // when, since the server began
	began  time.Time
	heard  []string // what was published
	subs   []net.Conn
}

func newFakeRedis() *fakeRedis {
	return &fakeRedis{began: time.Now(), asked: map[string]int{}, stamps: map[string][]time.Duration{}, replies: map[string]string{
		"PING": "+PONG\r\n", "CONFIG": "*2\r\n$14\r\nlua-time-limit\r\n$4\r\n5000\r\n", "CLIENT": "+OK\r\n", "AUTH": "+OK\r\n",
		"INFO":      bulk("# Server\r\nrun_id:r1\r\nrole:master\r\n"),
		"SUBSCRIBE": "*3\r\n$9\r\nsubscribe\r\n$18\r\n__sentinel__:hello\r\n:1\r\n",
	}}
}

func bulk(s string) string { return string(resp.AppendBulk(nil, s)) }

func (f *fakeRedis) dial(ctx context.Context, _ monitor.Addr) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	f.stamps["dial"] = append(f.stamps["dial"], time.Since(f.began))
	if f.dialHang {
		f.hanging++
		f.mostHung = max(f.mostHung, f.hanging)
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
		f.hanging--
		return nil, ctx.Err()
	}
	if f.dialErr != nil {
		return nil, f.dialErr
	}
	ours, theirs := pipe()
	if f.full {
		_, _ = theirs.Write([]byte("-ERR max number of clients reached\r\n"))
		_ = theirs.Close()
		return ours, nil
	}
	f.conns = append(f.conns, theirs)
	go f.serve(theirs)
	return ours, nil
}

func (f *fakeRedis) serve(c net.Conn) {
	defer c.Close()
	f.set(func() { f.served++ })
	defer f.set(func() { f.served-- })
	r := resp.NewCommandReader(c, resp.CommandLimits{})
	for {
		args, err := r.Read()
		if err != nil {
			return
		}
		reply := f.answer(c, args)
		if _, err := c.Write([]byte(reply)); err != nil {
			return
		}
	}
}

func (f *fakeRedis) answer(c net.Conn, args []string) string {
	f.mu.Lock()
	f.asked[args[0]]++
	f.stamps[args[0]] = append(f.stamps[args[0]], time.Since(f.began))
	frozen := f.frozen
	f.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch args[0] {
	case "SUBSCRIBE":
		f.subs = append(f.subs, c)
	case "PUBLISH":
		return f.publish(args)
	}
	return f.replies[args[0]]
}

func (f *fakeRedis) publish(args []string) string {
	if r, ok := f.replies["PUBLISH"]; ok {
		return r
	}
	f.heard = append(f.heard, args[2])
	for _, s := range f.subs {
		_, _ = s.Write(resp.AppendCommand(nil, "message", args[1], args[2]))
	}
	return ":1\r\n"
}

func (f *fakeRedis) set(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// freeze makes the server silent; the returned function lets it go on.
func (f *fakeRedis) freeze() (thaw func()) {
	ch := make(chan struct{})
	f.set(func() { f.frozen = ch })
	return func() {
		f.set(func() { f.frozen = nil })
		close(ch)
	}
}

// cut ends every connection; our side's next read gets err.
func (f *fakeRedis) cut(err error) {
	f.set(func() {
		for _, c := range f.conns {
			c.cut(net.ErrClosed, err)
		}
		f.conns, f.subs = nil, nil
	})
}

func (f *fakeRedis) count(command string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[command]
}

func (f *fakeRedis) times(what string) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Duration(nil), f.stamps[what]...)
}

func (f *fakeRedis) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served
}

func (f *fakeRedis) dialled() int { return len(f.times("dial")) }

var there = monitor.Addr{Host: "10.0.0.1", Port: 6379}

// bubble starts a Prober over a fake server inside a synctest bubble.
func bubble(t *testing.T, f *fakeRedis) (*Prober, *recorder) {
	t.Helper()
	rec := newRecorder()
	p := New(Config{Sink: rec, Links: &testLinks{dial: f.dial, hello: testHello()}, Clock: clock(), ID: myID})
	t.Cleanup(p.Close)
	return p, rec
}
