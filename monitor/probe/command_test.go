package probe

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/monitor/resp"
)

func greeting() Target {
	t := target()
	t.Publish, t.Listen = true, true
	return t
}

func TestInfoPaceAndRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(time.Millisecond)
		p.Refresh("g", there)
		p.Refresh("g", monitor.Addr{Host: "10.0.0.2", Port: 1}) // nobody we know
		synctest.Wait()
		if n := f.count("INFO"); n != 2 {
			t.Fatalf("%d INFOs, want the first and the one asked for", n)
		}
		quick := target()
		quick.InfoEvery = time.Second
		p.Reconcile("g", []Target{quick})
		pass(4100 * time.Millisecond)
		if n := f.count("INFO"); n != 6 {
			t.Errorf("%d INFOs, want one a second since the pace changed", n)
		}
		if n := len(rec.infos); n != 6 || f.dialled() != 2 {
			t.Errorf("%d reports over %d connections", n, f.dialled())
		}
		p.Close()
	})
}

// BUSY is no answer to INFO: no InfoReport, the same link, another try at pace, and one as soon as it ends.
func TestInfoRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.replies["INFO"], f.replies["PING"] = "-BUSY Redis is busy\r\n", "-BUSY Redis is busy\r\n"
		p, rec := bubble(t, f)
		quick := target()
		quick.InfoEvery = 10 * time.Second
		p.Reconcile("g", []Target{quick})
		pass(15 * time.Second)
		if n := f.count("INFO"); n != 2 && n != 3 || len(rec.infos) != 0 || f.dialled() != 2 {
			t.Errorf("%d INFOs, %d reports, %d dials", n, len(rec.infos), f.dialled())
		}
		refused := slices.ContainsFunc(rec.since(0), func(r monitor.Report) bool {
			return r.Kind == monitor.ReportRefused && r.Reply == monitor.ReplyBusyModule && r.Link == 1 && r.Text == "BUSY Redis is busy"
		})
		if !refused {
			t.Error("the refusal must be told: it is all that shows BUSY behind MISCONF")
		}
		f.set(func() { f.replies["INFO"], f.replies["PING"] = bulk("run_id:r2\r\n"), "+PONG\r\n" })
		pass(time.Second)
		if got := rec.info(t, 1); got.Info.RunID != "r2" {
			t.Errorf("%+v", got)
		}
		p.Close()
	})
}

// A silent instance costs the command link, but is not flooded with new ones.
func TestCommandLinkOfASilentInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{greeting()})
		pass(500 * time.Millisecond)
		thaw := f.freeze()
		before := f.dialled()
		pass(time.Minute)
		if n := f.dialled() - before; n > 8 {
			t.Errorf("%d dials in a minute of silence", n)
		}
		thaw()
		pass(3 * time.Second)
		infos, hellos := len(rec.infos), len(rec.hellos)
		p.Refresh("g", there)
		p.Announce("g")
		synctest.Wait()
		if len(rec.infos) != infos+1 || len(rec.hellos) != hellos+1 {
			t.Errorf("after the silence INFO and hello must work: %d and %d, before %d and %d", len(rec.infos), len(rec.hellos),
				infos, hellos)
		}
		p.Close()
	})
}

// A new connection that times out while the old one is only silent says that the accept queue is full.
func TestAcceptQueueFullNeedsAcks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		quick := target()
		quick.InfoEvery = time.Second
		p.Reconcile("g", []Target{quick})
		pass(100 * time.Millisecond)
		defer f.freeze()()
		f.set(func() { f.dialHang = true })
		pass(10 * time.Second)
		for _, r := range rec.since(0) {
			if r.Kind == monitor.ReportQueueFull { // in memory there are no ACKs to see
				t.Errorf("%+v", r)
			}
		}
		p.Close()
	})
}

// A command link that the server closed (its timeout, CLIENT KILL) costs no round.
func TestClosedCommandLinkIsReplacedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(100 * time.Millisecond)
		f.set(func() { _ = f.conns[1].Close() })
		p.Refresh("g", there)
		pass(time.Millisecond)
		if len(rec.infos) != 2 || f.dialled() != 3 {
			t.Errorf("%d INFO reports over %d connections", len(rec.infos), f.dialled())
		}
		p.Close()
	})
}

// The end of a silence is news: INFO and the hello do not wait for their pace.
func TestEndOfSilenceIsNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{greeting()})
		pass(500 * time.Millisecond)
		thaw := f.freeze()
		pass(3100 * time.Millisecond)
		infos, hellos := len(rec.infos), len(f.heard)
		thaw()
		pass(time.Millisecond)
		// One more may have been under way when the server froze.
		if i, h := len(rec.infos)-infos, len(f.heard)-hellos; i < 1 || i > 2 || h < 1 || h > 2 {
			t.Errorf("%d INFO reports and %d hellos more", len(rec.infos)-infos, len(f.heard)-hellos)
		}
		p.Close()
	})
}

func TestThreshold(t *testing.T) {
	pair := func(value string) resp.Value {
		return resp.Value{Kind: resp.KindArray, Elems: []resp.Value{{Kind: resp.KindBulk, Str: "lua-time-limit"}, {Kind: resp.KindBulk, Str: value}}}
	}
	for _, c := range []struct {
		reply resp.Value
		want  time.Duration
	}{
		{pair("500"), 500 * time.Millisecond},
		{pair("0"), 0},
		{resp.Value{Kind: resp.KindArray}, -1},
		{resp.Value{Kind: resp.KindNull}, -1},
		{resp.Value{Kind: resp.KindSimple, Str: "OK"}, -1},
		{pair("soon"), -1},
		{pair("-5"), -1},
	} {
		if got := parseThreshold(c.reply); got != c.want {
			t.Errorf("parseThreshold(%v) = %v, want %v", c.reply, got, c.want)
		}
	}
}

// A denied CONFIG GET is told with every INFO and asked once a link.
func TestDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.replies["CONFIG"] = "-NOPERM this user has no permissions to run the 'config|get' command\r\n"
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		pass(30 * time.Second)
		if n := f.count("CONFIG"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		for _, i := range rec.infos {
			if i.Threshold != -1 || !slices.Equal(i.Denied, []string{"config|get"}) {
				t.Errorf("%+v", i)
			}
		}
		p.Close()
	})
}

func TestHellos(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{greeting()})
		pass(21 * time.Second)
		if n := len(f.heard); n < 11 || n > 12 {
			t.Errorf("%d hellos published in 21 s", n)
		}
		if want := "10.0.0.9,26379," + myID + ",0,g,127.0.0.1,1,0"; f.heard[0] != want {
			t.Errorf("published %q, want %q", f.heard[0], want)
		}
		if n := len(rec.hellos); n < 10 || f.count("SUBSCRIBE") != 1 {
			t.Errorf("%d hellos heard over %d subscriptions", n, f.count("SUBSCRIBE"))
		}
		before := len(f.heard)
		p.Announce("g")
		synctest.Wait()
		if len(f.heard) != before+1 {
			t.Error("Announce must publish at once")
		}
		p.Reconcile("g", []Target{target()})
		pass(time.Millisecond)
		before = len(f.heard)
		heard := len(rec.hellos)
		f.set(func() { f.publish([]string{"PUBLISH", monitor.HelloChannel, "from another monitor"}) })
		pass(time.Minute)
		if len(f.heard) != before+1 || len(rec.hellos) != heard {
			t.Error("hellos go on though none are wanted")
		}
		p.Close()
	})
}

// A subscription on which nothing comes for three publish periods is renewed.
func TestQuietSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.replies["PUBLISH"] = ":0\r\n" // as if the channel led nowhere
		p, _ := bubble(t, f)
		p.Reconcile("g", []Target{greeting()})
		pass(5900 * time.Millisecond)
		if n := f.count("SUBSCRIBE"); n != 1 {
			t.Fatalf("%d subscriptions", n)
		}
		pass(200 * time.Millisecond)
		if n := f.count("SUBSCRIBE"); n != 2 {
			t.Errorf("%d subscriptions after three quiet periods", n)
		}
		p.Close()
	})
}

// Where hellos become seldom the one that is awaited has its time too.
func TestASubscriptionWaitsByTheNewPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.replies["PUBLISH"] = ":0\r\n"
		p, _ := bubble(t, f)
		p.Reconcile("g", []Target{greeting()})
		pass(3 * time.Second)
		seldom := greeting()
		seldom.PublishEvery = 10 * time.Second
		p.Reconcile("g", []Target{seldom})
		pass(29 * time.Second)
		if n := f.count("SUBSCRIBE"); n != 1 {
			t.Fatalf("%d subscriptions", n)
		}
		pass(2 * time.Second)
		if n := f.count("SUBSCRIBE"); n != 2 {
			t.Errorf("%d subscriptions after three quiet periods", n)
		}
		p.Close()
	})
}

// While a script runs nobody publishes or subscribes; when it ends both are taken up again.
func TestHellosPauseWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, _ := bubble(t, f)
		p.Reconcile("g", []Target{greeting()})
		pass(500 * time.Millisecond)
		f.set(func() { f.replies["PING"] = "-BUSY Redis is busy\r\n" })
		pass(time.Second)
		published, subscribed := f.count("PUBLISH"), f.count("SUBSCRIBE")
		pass(time.Minute)
		if f.count("PUBLISH") != published || f.count("SUBSCRIBE") != subscribed {
			t.Error("a busy server must be left alone")
		}
		f.set(func() { f.replies["PING"] = "+PONG\r\n" })
		pass(1100 * time.Millisecond)
		if f.count("PUBLISH") != published+1 || f.count("SUBSCRIBE") != subscribed+1 {
			t.Errorf("%d published, %d subscribed", f.count("PUBLISH")-published, f.count("SUBSCRIBE")-subscribed)
		}
		p.Close()
	})
}
