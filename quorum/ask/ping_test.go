package ask

import (
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// contacts renders what was delivered as "1s pong": when, and what.
func (s *stage) contacts() []string {
	var got []string
	all, _ := s.notes.take()
	for _, c := range all {
		what := c.Reply.String()
		if c.Reply == monitor.ReplyNone {
			what = c.Cause.String()
		}
		got = append(got, c.At.Sub(asOfStart).String()+" "+what)
	}
	return got
}

func TestEveryReplyToPingIsASignOfLife(t *testing.T) {
	always := func(reply string) script { return func([]string) string { return reply } }
	ping := func(reply string) script {
		return func(args []string) string {
			if args[0] == "PING" {
				return reply
			}
			return simple(args[0])
		}
	}
	cases := map[string]struct {
		play script
		want []string // in the first 3.5 s
	}{
		"pong":           {picketOf(2), []string{"0s pong", "1s pong", "2s pong", "3s pong"}},
		"no password":    {always("-NOAUTH Authentication required.\r\n"), []string{"0s noauth", "1s noauth", "2s noauth", "3s noauth"}},
		"a number":       {ping(":1\r\n"), []string{"0s other", "1s other", "2s other", "3s other"}},
		"silence":        {always(""), []string{"3s connect-timeout"}},
		"closes":         {always(closeNow), []string{"0s closed", "1s closed", "2s closed", "3s closed"}},
		"speaks no RESP": {always("SSH-2.0-OpenSSH\r\n"), []string{"0s not-resp", "1s not-resp", "2s not-resp", "3s not-resp"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.house(addrOf(2), c.play)
				s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
				<-time.After(3500 * time.Millisecond)
				diff(t, "contacts", s.contacts(), c.want)
			})
		})
	}
}

func TestAPeerThatCannotBeReachedIsTriedEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		<-time.After(1500 * time.Millisecond)
		diff(t, "while nobody listens", s.contacts(), []string{"0s connection-refused", "1s connection-refused"})
		s.house(addrOf(2), picketOf(2))
		<-time.After(time.Second)
		diff(t, "once it listens", s.contacts(), []string{"2s pong"})
	})
}

func TestALostLinkIsReportedAndMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), picketOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		<-time.After(500 * time.Millisecond)
		peer.hangUp()
		<-time.After(2 * time.Second)
		diff(t, "contacts", s.contacts(), []string{"0s pong", "1s closed", "2s pong"})
	})
}

func TestReconcileEndsAndMovesLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		here, there := s.house(addrOf(2), picketOf(2)), s.house(addrOf(3), picketOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		synctest.Wait()
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2), Kind: quorum.KindPicket}})
		synctest.Wait()
		if here.dialled() != 1 {
			t.Errorf("dialled %d times although its address did not change", here.dialled())
		}
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(3)}})
		synctest.Wait()
		if here.connections() != 0 || there.connections() != 1 {
			t.Errorf("%d links to the old address, %d to the new", here.connections(), there.connections())
		}
		s.contacts()
		s.Reconcile(nil)
		<-time.After(time.Minute)
		if there.connections() != 0 {
			t.Errorf("%d links to a peer no longer wanted", there.connections())
		}
		diff(t, "contacts after the end", s.contacts(), []string(nil))
	})
}

// New credentials take links anew, at once and without a word of loss; a link that was
// busy then is not used again.
func TestRenewedLinksLogInAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), picketOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2), Kind: quorum.KindPicket}})
		<-time.After(500 * time.Millisecond)
		s.Ask(quorum.Question{Peer: idOf(2), Addr: addrOf(2), Kind: quorum.KindPicket, Group: "g"})
		synctest.Wait()
		before := peer.dialled()
		s.Renew()
		synctest.Wait()
		if got := peer.dialled() - before; got != 1 {
			t.Errorf("%d new links at once, want one to ping on", got)
		}
		s.Ask(quorum.Question{Peer: idOf(2), Addr: addrOf(2), Kind: quorum.KindPicket, Group: "g"})
		synctest.Wait()
		if got := peer.dialled() - before; got != 2 {
			t.Errorf("%d new links for a question, want another", got-1)
		}
		if got := peer.connections(); got != 2 {
			t.Errorf("%d links are open, want 2", got)
		}
		<-time.After(2 * time.Second)
		diff(t, "contacts", s.contacts(), []string{"0s pong", "500ms pong", "1s pong", "2s pong"})
	})
}
