package probe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"picket/monitor"
	"picket/monitor/resp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pass lets virtual time go by and waits until everything has settled.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func target() Target {
	return Target{Addr: there, PingEvery: time.Second, InfoEvery: 10 * time.Second, DialEvery: 100 * time.Millisecond}
}

func kinds(rs []monitor.Report) []monitor.ReportKind {
	var ks []monitor.ReportKind
	for _, r := range rs {
		ks = append(ks, r.Kind)
	}
	return ks
}

// A healthy PING makes one report, and no other traffic but INFO goes on.
func TestHealthyInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(3500 * time.Millisecond)
		want := []monitor.ReportKind{monitor.ReportLinkUp, monitor.ReportReplied, monitor.ReportReplied, monitor.ReportReplied,
			monitor.ReportReplied}
		if diff := cmp.Diff(want, kinds(rec.since(0))); diff != "" {
			t.Error(diff)
		}
		if got := f.times("PING"); !slices.Equal(got, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}) {
			t.Errorf("PINGs at %v", got)
		}
		info := rec.info(t, 1)
		if info.Info.RunID != "r1" || info.Threshold != 5*time.Second || info.At < info.Sent || len(rec.infos) != 1 {
			t.Errorf("%d INFO reports, first %+v", len(rec.infos), info)
		}
		if f.dialled() != 2 || f.count("PUBLISH") != 0 || f.count("SUBSCRIBE") != 0 {
			t.Errorf("%d dials, hellos though none are wanted", f.dialled())
		}
		p.Close()
	})
}

// A PING that is not answered is reported after 50 ms and every 100 ms, and no second one is sent.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(500 * time.Millisecond)
		thaw := f.freeze()
		pass(500 * time.Millisecond) // the second PING is written at 1 s
		mark := rec.mark()
		pass(400 * time.Millisecond)
		var ages []time.Duration
		for _, r := range rec.since(mark) {
			if r.Kind != monitor.ReportPending || r.Ack != monitor.AckUnknown || r.Link != 1 {
				t.Errorf("%+v", r)
			}
			ages = append(ages, r.At.Sub(r.Sent))
		}
		want := []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 250 * time.Millisecond, 350 * time.Millisecond}
		if diff := cmp.Diff(want, ages); diff != "" {
			t.Error(diff)
		}
		pass(time.Hour)
		if n := f.count("PING"); n != 2 {
			t.Errorf("%d PINGs", n)
		}
		mark = rec.mark()
		thaw()
		synctest.Wait()
		reply := rec.since(mark)[0]
		replaced := reply.Kind == monitor.ReportLinkUp && reply.Link == 2 // INFO was answered first: that PING was overtaken
		if !replaced && (reply.Kind != monitor.ReportReplied || reply.At.Sub(reply.Sent) < time.Hour) {
			t.Errorf("%+v", reply)
		}
		p.Close()
	})
}

// A faster pace holds at once, also for a PING that was due much later.
func TestRepaceTakesEffectAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, _ := bubble(t, f)
		slow := target()
		slow.PingEvery = time.Hour
		p.Reconcile("g", []Target{slow})
		pass(time.Minute)
		quick := slow
		quick.PingEvery = 50 * time.Millisecond
		p.Reconcile("g", []Target{quick})
		pass(101 * time.Millisecond)
		if n := f.count("PING"); n != 4 {
			t.Errorf("%d PINGs, want the first, one at once, two at pace", n)
		}
		p.Reconcile("g", []Target{slow})
		pass(time.Minute)
		if n := f.count("PING"); n != 4 {
			t.Errorf("%d PINGs after slowing down", n)
		}
		p.Close()
	})
}

func TestLinkLoss(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want monitor.Cause
	}{
		{"closed", io.EOF, monitor.CauseClosed},
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, monitor.CauseReset},
		{"not acknowledged", &net.OpError{Op: "read", Err: syscall.ETIMEDOUT}, monitor.CauseNoAck},
		{"no route", &net.OpError{Op: "read", Err: syscall.EHOSTUNREACH}, monitor.CauseNoRoute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRedis()
				p, rec := bubble(t, f)
				p.Reconcile("g", []Target{target()})
				pass(500 * time.Millisecond)
				mark := rec.mark()
				f.set(func() { f.dialErr = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED} })
				f.cut(c.err)
				synctest.Wait()
				// Between two PINGs the loss is seen at once, and the first dial follows at once.
				got := rec.since(mark)
				if len(got) != 2 || got[0].Kind != monitor.ReportLinkLost || got[0].Cause != c.want ||
					got[1].Kind != monitor.ReportDialFailed || got[1].Cause != monitor.CauseRefused {
					t.Fatalf("%+v", got)
				}
				pass(450 * time.Millisecond)
				if n := len(rec.since(mark)); n != 6 {
					t.Errorf("%d reports, want a dial every 100 ms", n)
				}
				f.set(func() { f.dialErr = nil })
				pass(100 * time.Millisecond)
				last := tail(rec.since(mark))
				if k := kinds(last[len(last)-2:]); k[0] != monitor.ReportLinkUp || k[1] != monitor.ReportReplied || last[4].Link != 2 {
					t.Errorf("%+v", last)
				}
				if rec.info(t, 2); len(rec.infos) != 2 {
					t.Errorf("%d INFO reports, want one for each link", len(rec.infos))
				}
				p.Close()
			})
		})
	}
}

// A link that is cut off while a PING waits ends it; a pace of dials holds for accept-and-close too.
func TestLossWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		defer f.freeze()()
		p.Reconcile("g", []Target{target()})
		pass(75 * time.Millisecond)
		f.cut(io.EOF)
		pass(70 * time.Millisecond)
		want := []monitor.ReportKind{monitor.ReportLinkUp, monitor.ReportPending, monitor.ReportLinkLost, monitor.ReportLinkUp}
		if diff := cmp.Diff(want, kinds(rec.since(0))); diff != "" {
			t.Error(diff)
		}
		if got := f.times("dial"); !slices.Equal(got, []time.Duration{0, 100 * time.Millisecond}) {
			t.Errorf("dials at %v", got)
		}
		p.Close()
	})
}

func TestDialThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.dialHang = true
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(2500 * time.Millisecond)
		got := rec.since(0)
		if len(got) != 2 || got[0].Cause != monitor.CauseTimeout || got[0].Kind != monitor.ReportDialFailed {
			t.Errorf("%+v", got)
		}
		p.Close()
	})
}

// A network that is mended is noticed by the next dial, not by a SYN that the
// kernel repeats after a second: who is dialled eagerly is dialled again meanwhile.
func TestAMendedNetworkIsNoticedByTheNextDial(t *testing.T) {
	for _, every := range []time.Duration{100 * time.Millisecond, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeRedis()
			f.set(func() { f.dialHang = true })
			p, rec := bubble(t, f)
			w := target()
			w.DialEvery = every
			p.Reconcile("g", []Target{w})
			pass(3100 * time.Millisecond)
			f.set(func() { f.dialHang = false })
			dials := f.dialled()
			pass(150 * time.Millisecond)
			if got := slices.Contains(kinds(rec.since(0)), monitor.ReportLinkUp); got != (every < time.Second) {
				t.Errorf("dialled every %v: the link is up is %v", every, got)
			}
			if most := int(3100*time.Millisecond/every) + 4; dials > most {
				t.Errorf("dialled every %v: %d dials in 3.1 s", every, dials)
			}
			if f.mostHung > openDials+1 { // one that is given up may still be ending
				t.Errorf("%d dials at a time", f.mostHung)
			}
			p.Close()
		})
	}
}

func TestSomethingElseAnswers(t *testing.T) {
	for name, says := range map[string]string{
		"to PING":  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"a banner": "SSH-2.0-OpenSSH_9.2\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRedis()
				f.replies["PING"] = says
				p, rec := bubble(t, f)
				p.Reconcile("g", []Target{target()})
				pass(50 * time.Millisecond)
				if got := rec.since(0); len(got) != 2 || got[1].Kind != monitor.ReportLinkLost || got[1].Cause != monitor.CauseProtocol {
					t.Errorf("%+v", got)
				}
				p.Close()
			})
		})
	}
}

// A server that is full says so and hangs up: its word is told, and only one
// connection a dial is spent on it.
func TestTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.full = true
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(250 * time.Millisecond)
		got := rec.since(0)
		if len(got) != 9 || got[1].Reply != monitor.ReplyMaxClients || got[2].Kind != monitor.ReportLinkLost || f.dialled() != 3 {
			t.Errorf("%d dials, %+v", f.dialled(), got)
		}
		p.Close()
	})
}

// Bytes that come between two PINGs would be taken for the next reply.
func TestUnaskedBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(500 * time.Millisecond)
		mark := rec.mark()
		f.set(func() { _, _ = f.conns[0].Write([]byte("+PONG\r\n")) })
		synctest.Wait()
		if got := rec.since(mark); len(got) == 0 || got[0].Cause != monitor.CauseProtocol {
			t.Errorf("%+v", got)
		}
		p.Close()
	})
}

func TestReplies(t *testing.T) {
	for _, c := range []struct {
		reply string
		want  monitor.Reply
		text  string
	}{
		{"-LOADING Redis is loading the dataset in memory\r\n", monitor.ReplyLoading, "LOADING Redis is loading the dataset in memory"},
		{"-MASTERDOWN Link with MASTER is down\r\n", monitor.ReplyMasterDown, "MASTERDOWN Link with MASTER is down"},
		{"-MISCONF Redis is configured\r\n", monitor.ReplyMisconf, "MISCONF Redis is configured"},
		{"-READONLY You can't\r\n", monitor.ReplyOther, "READONLY You can't"},
		{"-BUSY custom module text\r\n", monitor.ReplyBusyModule, "BUSY custom module text"},
		{"*1\r\n+odd\r\n", monitor.ReplyOther, ""},
		{"$-1\r\n", monitor.ReplyOther, "nil"},
		{":1\r\n", monitor.ReplyOther, ""},
		{"$4\r\nPONG\r\n", monitor.ReplyPong, "PONG"},
	} {
		t.Run(c.reply, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRedis()
				f.replies["PING"] = c.reply
				p, rec := bubble(t, f)
				p.Reconcile("g", []Target{target()})
				synctest.Wait()
				got := rec.since(0)
				if len(got) < 2 || got[1].Kind != monitor.ReportReplied || got[1].Reply != c.want || got[1].Text != c.text {
					t.Errorf("%+v", got)
				}
				p.Close()
			})
		})
	}
}

func TestStopAndForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		wanted := target()
		wanted.Publish, wanted.Listen = true, true
		p.Reconcile("g", []Target{wanted})
		pass(time.Second)
		mark := rec.mark()
		p.Reconcile("g", nil)
		pass(time.Minute)
		if got := rec.since(mark); len(got) != 0 {
			t.Errorf("after the target was taken away: %+v", got)
		}
		p.Reconcile("g", []Target{wanted})
		synctest.Wait()
		if got := rec.since(mark); len(got) == 0 || got[0].Link != 2 {
			t.Errorf("the numbers of links must go on: %+v", got)
		}
		p.Forget("g")
		p.Forget("unknown")
		p.Close()
		p.Close()
		p.Reconcile("g", []Target{wanted}) // too late, and harmless
	})
}

// Close waits for no reply and no deadline, whatever the links are doing.
func TestCloseIsPrompt(t *testing.T) {
	for name, before := range map[string]func(*fakeRedis){
		"idle":    func(*fakeRedis) {},
		"silent":  func(f *fakeRedis) { f.freeze() },
		"dialing": func(f *fakeRedis) { f.set(func() { f.dialHang = true }); f.cut(io.EOF) },
		"gone": func(f *fakeRedis) {
			f.set(func() { f.dialErr = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED} })
			f.cut(io.EOF)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRedis()
				p, _ := bubble(t, f)
				wanted := target()
				wanted.Publish, wanted.Listen = true, true
				p.Reconcile("g", []Target{wanted})
				pass(10 * time.Millisecond)
				before(f)
				pass(1050 * time.Millisecond)
				start := time.Now()
				p.Close()
				if took := time.Since(start); took != 0 {
					t.Errorf("Close took %v", took)
				}
				if f.frozen != nil {
					close(f.frozen)
				}
			})
		})
	}
}

func TestReconnectReportsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(10 * time.Millisecond)
		mark := rec.mark()
		p.Reconnect("g")
		synctest.Wait()
		want := []monitor.ReportKind{monitor.ReportLinkUp, monitor.ReportReplied}
		if diff := cmp.Diff(want, kinds(rec.since(mark))); diff != "" {
			t.Error(diff)
		}
		f.cut(io.EOF)
		synctest.Wait()
		if got := rec.since(mark)[2]; got.Kind != monitor.ReportLinkLost {
			t.Errorf("a later loss must be told: %+v", got)
		}
		p.Close()
	})
}

// An answer to INFO overtakes a PING that nobody will answer any more: the link
// is replaced, and its silence is not told as a loss.
func TestALinkThatWasOvertakenIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(500 * time.Millisecond)
		f.set(func() { f.replies["PING"] = "" }) // it never comes
		pass(600 * time.Millisecond)
		p.Refresh("g", there)
		pass(20 * time.Millisecond)
		if n := f.dialled(); n != 2 {
			t.Fatalf("%d dials: an INFO just after the PING overtakes nothing", n)
		}
		pass(time.Second)
		f.set(func() { f.replies["PING"] = "+PONG\r\n" })
		mark := rec.mark()
		p.Refresh("g", there)
		pass(20 * time.Millisecond)
		want := []monitor.ReportKind{monitor.ReportLinkUp, monitor.ReportReplied}
		if diff := cmp.Diff(want, kinds(rec.since(mark))); diff != "" {
			t.Error(diff)
		}
		p.Close()
	})
}

func TestCauses(t *testing.T) {
	for _, c := range []struct {
		err  error
		want monitor.Cause
	}{
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, monitor.CauseUnresolved},
		{&net.DNSError{Err: "i/o timeout", IsTimeout: true}, monitor.CauseUnresolved},
		{&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, monitor.CauseTimeout},
		{&net.OpError{Op: "read", Err: syscall.ETIMEDOUT}, monitor.CauseNoAck},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, monitor.CauseNoRoute},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, monitor.CauseReset},
		{&net.OpError{Op: "dial", Err: syscall.EMFILE}, monitor.CauseLocal},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}, monitor.CauseTLS}, // an alert of the other side
		{net.ErrClosed, monitor.CauseLocal},
		{io.ErrUnexpectedEOF, monitor.CauseClosed},
		{fmt.Errorf("ask PING: %w", resp.ProtocolError("Protocol error: too big reply")), monitor.CauseProtocol},
		{errors.New("what nobody has seen"), monitor.CauseLocal},
	} {
		if got := causeOf(c.err); got != c.want {
			t.Errorf("causeOf(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}
