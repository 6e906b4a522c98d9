package probe

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"picket/monitor"
)

// ack asks our kernel whether the other side's kernel has acknowledged the
// bytes of the outstanding PING. It is unacked when bytes are outstanding for
// longer than max(250 ms, two retransmission timeouts); a stopped process or a
// script leaves none outstanding, a cut link does (blocked-redis.md, 4).
func (c *pingConn) ack() monitor.Ack {
	raw, ok := rawConn(c.Conn)
	if !ok {
		return monitor.AckUnknown
	}
	var info *unix.TCPInfo
	var queued int
	var err error
	if raw.Control(func(fd uintptr) {
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			queued, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		}
	}) != nil || err != nil {
		return monitor.AckUnknown
	}
	return judgeAck(c.outstanding(), timeout(info), int(info.Unacked)+queued)
}

// unread is how many bytes our kernel holds that we have not read yet: an answer
// that waits for us, when we are starved.
func (c *pingConn) unread() int {
	n := 0
	if raw, ok := rawConn(c.Conn); ok {
		_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	}
	return max(n, 0)
}

// timeout returns the retransmission timeout before the kernel's back-off, which
// doubles it at every attempt and would always stay ahead of the PING's age.
func timeout(info *unix.TCPInfo) time.Duration {
	return time.Duration(info.Rto>>min(info.Backoff, 31)) * time.Microsecond
}

func judgeAck(age, timeout time.Duration, outstanding int) monitor.Ack {
	switch {
	case outstanding == 0:
		return monitor.AckAcked
	case age > max(250*time.Millisecond, 2*timeout):
		return monitor.AckUnacked
	}
	return monitor.AckUnknown // too early to tell
}

// limitUnacked makes the kernel end the link with ETIMEDOUT once bytes stay
// unacknowledged for d. A connection without a socket below is left as it is.
func limitUnacked(c net.Conn, d time.Duration) {
	if raw, ok := rawConn(c); ok {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
		})
	}
}

// rawConn finds the socket below a connection, through TLS.
func rawConn(c net.Conn) (syscall.RawConn, bool) {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return rawConn(t.NetConn())
	}
	s, ok := c.(*net.TCPConn)
	if !ok {
		return nil, false
	}
	raw, err := s.SyscallConn()
	return raw, err == nil
}
