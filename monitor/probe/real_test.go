package probe

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"picket/monitor"
	"picket/monitor/resp/resptest"
)

// These tests need a real server: what a blocked Redis and a kernel say.

const endless = `EVAL "while true do end" 0`

func tcpLinks() *testLinks {
	return &testLinks{hello: testHello(), dial: func(ctx context.Context, a monitor.Addr) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", a.String())
	}}
}

// watch starts a Prober over one real server, paced for a test.
func watch(t *testing.T, s *resptest.Server, links *testLinks) (*Prober, *recorder) {
	t.Helper()
	rec := newRecorder()
	p := New(Config{Sink: rec, Links: links, Clock: clock(), ID: myID, PublishEvery: 200 * time.Millisecond})
	t.Cleanup(func() {
		p.Close()
		goleak.VerifyNone(t, goleak.IgnoreCurrent())
	})
	p.Reconcile("g", []Target{quick(s.Addr)})
	return p, rec
}

func quick(a monitor.Addr) Target {
	return Target{Addr: a, PingEvery: 50 * time.Millisecond, InfoEvery: 200 * time.Millisecond, DialEvery: 50 * time.Millisecond, Publish: true, Listen: true}
}

func TestRealHealthy(t *testing.T) {
	s := resptest.Start(t)
	_, rec := watch(t, s, tcpLinks())
	rec.report(t, "a link", 0, kind(monitor.ReportLinkUp))
	rec.report(t, "PONG", 0, replied(monitor.ReplyPong))
	info := rec.info(t, 1)
	if info.Info.Role != monitor.RoleMaster || info.Threshold != 200*time.Millisecond || info.Denied != nil || info.Info.Keys != 0 {
		t.Errorf("INFO report %+v", info)
	}
	rec.await(t, "our own hello", func() bool { return len(rec.hellos) > 1 })
	if want := "127.0.0.1,26379," + myID + ",0,g,127.0.0.1,1,0"; rec.hellos[0] != want {
		t.Errorf("hello %q, want %q", rec.hellos[0], want)
	}
	if list := s.Do(t, "CLIENT LIST"); !strings.Contains(list, "name=sentinel-01234567-cmd") {
		t.Errorf("CLIENT LIST: %s", list)
	}
}

func TestRealBusy(t *testing.T) {
	for _, c := range []struct {
		name, load, block string
		want              monitor.Reply
		kill              string
	}{
		{"script", "PING", endless, monitor.ReplyBusyScript, "SCRIPT KILL"},
		{"function", `FUNCTION LOAD "#!lua name=l\nredis.register_function('f', function() while true do end end)"`,
			"FCALL f 0", monitor.ReplyBusyFunction, "FUNCTION KILL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := resptest.Start(t)
			_, rec := watch(t, s, tcpLinks())
			rec.report(t, "PONG", 0, replied(monitor.ReplyPong))
			s.Do(t, c.load)
			mark := rec.mark()
			s.Send(t, c.block)
			rec.report(t, "silence with kernel ACKs", mark, pending(monitor.AckAcked))
			busy := rec.report(t, "BUSY", mark, replied(c.want))
			if !startsWith("BUSY ")(busy.Text) {
				t.Errorf("text %q", busy.Text)
			}
			mark = rec.mark()
			if reply := s.Do(t, c.kill); reply != "+OK" {
				t.Fatalf("%s: %s", c.kill, reply)
			}
			rec.report(t, "PONG again", mark, replied(monitor.ReplyPong))
			for _, r := range rec.since(0) {
				if r.Kind == monitor.ReportLinkLost || r.Kind == monitor.ReportDialFailed {
					t.Errorf("a script must cost no link: %+v", r)
				}
			}
		})
	}
}

// A link that is first opened to a busy server, its handshake included, must see BUSY.
func TestRealBusyFromTheStart(t *testing.T) {
	s := resptest.Start(t, "requirepass secret")
	s.Send(t, "AUTH secret\r\n"+endless)
	links := tcpLinks()
	links.login("", "secret")
	_, rec := watch(t, s, links)
	rec.report(t, "BUSY", 0, replied(monitor.ReplyBusyScript))
}

func TestRealStoppedProcess(t *testing.T) {
	s := resptest.Start(t)
	_, rec := watch(t, s, tcpLinks())
	rec.report(t, "PONG", 0, replied(monitor.ReplyPong))
	mark := rec.mark()
	s.Signal(t, syscall.SIGSTOP)
	first := rec.report(t, "silence with kernel ACKs", mark, pending(monitor.AckAcked))
	late := rec.report(t, "a second of it", mark, func(r monitor.Report) bool {
		return r.Kind == monitor.ReportPending && r.At.Sub(r.Sent) > time.Second
	})
	if late.Ack != monitor.AckAcked || late.Sent != first.Sent {
		t.Errorf("later report %+v, first %+v", late, first)
	}
	s.Signal(t, syscall.SIGCONT)
	rec.report(t, "PONG", mark, replied(monitor.ReplyPong))
}

func TestRealBlind(t *testing.T) {
	acl := []string{"user default on >secret ~* &* +@all", "user blind on >x +info"}
	for _, c := range []struct {
		name, user, pass string
		want             monitor.Reply
	}{
		{"no password", "", "", monitor.ReplyNoAuth},
		{"wrong password", "", "wrong", monitor.ReplyWrongPass},
		{"no right to PING", "blind", "x", monitor.ReplyNoPerm},
		{"right password", "", "secret", monitor.ReplyPong},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := resptest.Start(t, acl...)
			links := tcpLinks()
			links.login(c.user, c.pass)
			p, rec := watch(t, s, links)
			first := rec.report(t, c.want.String(), 0, replied(c.want))
			again := rec.report(t, "it again", rec.mark(), replied(c.want))
			if first.Link != again.Link {
				t.Error("a refusal must not cost the link")
			}
			mark := rec.mark()
			links.login("", "secret")
			p.Reconnect("g")
			up := rec.report(t, "PONG after new credentials", mark, func(r monitor.Report) bool {
				return r.Link > again.Link && replied(monitor.ReplyPong)(r)
			})
			for _, r := range rec.since(mark) {
				if r.Kind == monitor.ReportLinkLost || r.Link > up.Link {
					t.Errorf("Reconnect must report one new link and no loss: %+v", r)
				}
			}
		})
	}
}

func TestRealServerWithoutPassword(t *testing.T) {
	s := resptest.Start(t)
	links := tcpLinks()
	links.login("", "needless")
	_, rec := watch(t, s, links)
	rec.report(t, "PONG", 0, replied(monitor.ReplyPong))
	rec.await(t, "a hello", func() bool { return len(rec.hellos) > 0 })
}

func TestRealTooManyClients(t *testing.T) {
	s := resptest.Start(t, "maxclients 1")
	for { // until the server has forgotten the connection that waited for it
		held := s.Send(t, "PING")
		buf := make([]byte, 64)
		if n, err := held.Read(buf); err == nil && startsWith("+PONG")(string(buf[:n])) {
			break
		}
	}
	_, rec := watch(t, s, tcpLinks())
	rec.report(t, "max clients", 0, replied(monitor.ReplyMaxClients))
	rec.report(t, "the end of that link", 0, kind(monitor.ReportLinkLost))
}

func TestRealDeath(t *testing.T) {
	s := resptest.Start(t)
	_, rec := watch(t, s, tcpLinks())
	rec.report(t, "PONG", 0, replied(monitor.ReplyPong))
	mark := rec.mark()
	s.Kill()
	rec.report(t, "the link's end", mark, func(r monitor.Report) bool {
		return r.Kind == monitor.ReportLinkLost && (r.Cause == monitor.CauseClosed || r.Cause == monitor.CauseReset)
	})
	rec.report(t, "refusal", mark, func(r monitor.Report) bool {
		return r.Kind == monitor.ReportDialFailed && r.Cause == monitor.CauseRefused
	})
}

// The rights that Sentinel's documentation gives must suffice for everything but nothing.
func TestRealSentinelACL(t *testing.T) {
	s := resptest.Start(t, "user default off",
		"user picket on >pw &__sentinel__:hello +client +subscribe +publish +ping +info +multi +slaveof +config +client +exec")
	links := tcpLinks()
	links.login("picket", "pw")
	_, rec := watch(t, s, links)
	rec.report(t, "PONG", 0, replied(monitor.ReplyPong))
	if info := rec.info(t, 1); info.Threshold != 200*time.Millisecond || info.Denied != nil {
		t.Errorf("INFO report %+v", info)
	}
	rec.await(t, "a hello", func() bool { return len(rec.hellos) > 0 })
}

func TestRealDeniedExtras(t *testing.T) {
	s := resptest.Start(t, "user default off", "user picket on >pw resetchannels +subscribe +ping +info")
	links := tcpLinks()
	links.login("picket", "pw")
	_, rec := watch(t, s, links)
	info := rec.info(t, 3)
	if info.Threshold != -1 || strings.Join(info.Denied, " ") != "config|get publish subscribe" {
		t.Errorf("threshold %v, denied %q", info.Threshold, info.Denied)
	}
}

// Once the accept queue of a stopped process is full, new connections time out
// while the bytes of the old one are still acknowledged.
func TestRealAcceptQueueFull(t *testing.T) {
	s := resptest.Start(t, "tcp-backlog 1")
	_, rec := watch(t, s, tcpLinks())
	rec.info(t, 1)
	mark := rec.mark()
	s.Signal(t, syscall.SIGSTOP)
	for full := false; !full; {
		c, err := net.DialTimeout("tcp", s.Addr.String(), 100*time.Millisecond)
		if full = err != nil; !full {
			t.Cleanup(func() { _ = c.Close() })
		}
	}
	r := rec.report(t, "a full accept queue", mark, kind(monitor.ReportQueueFull))
	if r.Ack != monitor.AckAcked || r.Cause != monitor.CauseTimeout || r.Link == 0 || r.Sent == monitor.Never {
		t.Errorf("%+v", r)
	}
	s.Signal(t, syscall.SIGCONT)
	rec.report(t, "PONG on the old link", mark, func(got monitor.Report) bool {
		return replied(monitor.ReplyPong)(got) && got.Link == r.Link && got.At > r.At
	})
}
