package probe

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"picket/monitor"
)

func TestJudgeAck(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name         string
		age, timeout time.Duration
		outstanding  int
		want         monitor.Ack
	}{
		{"all acknowledged, however old", time.Hour, 200 * ms, 0, monitor.AckAcked},
		{"too early to tell", 249 * ms, 100 * ms, 15, monitor.AckUnknown},
		{"a fast network", 251 * ms, 100 * ms, 15, monitor.AckUnacked},
		{"a slow network", 251 * ms, 200 * ms, 15, monitor.AckUnknown},
		{"a slow network, later", 401 * ms, 200 * ms, 15, monitor.AckUnacked},
	} {
		if got := judgeAck(c.age, c.timeout, c.outstanding); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The kernel doubles its timeout with every resend; the rule speaks of the one before.
func TestTimeoutIsThatBeforeBackOff(t *testing.T) {
	if got := timeout(&unix.TCPInfo{Rto: 1632000, Backoff: 3}); got != 204*time.Millisecond {
		t.Errorf("timeout %v, want 204ms", got)
	}
}

// An answer that lies in our own socket is not owed by the server.
func TestUnreadIsWhatLiesInOurSocket(t *testing.T) {
	near, far := socketPair(t)
	c := &pingConn{Conn: near}
	if n := c.unread(); n != 0 {
		t.Errorf("%d bytes before anything was sent", n)
	}
	if _, err := far.Write([]byte("+PONG\r\n")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); c.unread() != 7; {
		if time.Now().After(end) {
			t.Fatalf("%d bytes, want 7", c.unread())
		}
	}
}

// Of an answer that has come and that we are late to read nothing is said: the server
// owes none, however starved we are.
func TestAnAnswerThatWaitsForUsIsNotPending(t *testing.T) {
	near, far := socketPair(t)
	began := time.Now()
	c := &pingConn{Conn: near, clock: func() monitor.Instant { return monitor.Instant(time.Since(began)) + 1 }}
	c.pending = func(monitor.Instant) { t.Error("a PING that was answered is told of as pending") }
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Write([]byte("+PONG\r\n")); err != nil {
		t.Fatal(err)
	}
	for c.unread() != 7 || time.Since(began) < 2*firstPending {
	}
	var b [64]byte
	if n, err := c.Read(b[:]); n != 7 || err != nil {
		t.Fatalf("read %d bytes: %v", n, err)
	}
}

func socketPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return near, far
}
