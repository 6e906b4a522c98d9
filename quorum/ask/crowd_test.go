package ask

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// A hundred masters die at once, and every vote waits for the peer's disk.
func TestManyVotesDoNotQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), func(args []string) string {
			if args[0] == "SENTINEL" {
				<-time.After(20 * time.Millisecond)
			}
			return picketOf(2)(args)
		})
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		synctest.Wait()
		for range 100 {
			s.Ask(question(vote))
		}
		synctest.Wait()
		if got := peer.connections(); got != 1+voteWidth {
			t.Errorf("%d connections, want one ping link and %d for votes", got, voteWidth)
		}
		<-time.After(80*time.Millisecond + time.Millisecond) // two turns, of two commands each
		synctest.Wait()
		_, answers := s.notes.take()
		for _, a := range answers {
			if a.Err != "" {
				t.Errorf("answer: %s", a.Err)
			}
		}
		if len(answers) != 100 || peer.dialled() != 1+voteWidth {
			t.Errorf("%d of 100 votes in two turns, over %d connections", len(answers), peer.dialled())
		}
		<-time.After(time.Second)
		synctest.Wait()
		if got := peer.connections(); got > 1+idleLimit {
			t.Errorf("%d connections a second later, want %d at most", got, 1+idleLimit)
		}
	})
}

// invent fills the workers and the queue with addresses from which nothing comes back.
func (s *stage) invent() {
	for i := range 1000 {
		s.Confirm(quorum.Confirmation{
			Effect: uint64(1000 + i), Addr: monitor.Addr{Host: "203.0.113.1", Port: i + 1}, Hinted: idOf(i), Group: "mymaster",
		})
	}
}

func TestNewsOfAKnownPeerWaitsForNoStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), picketOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		s.invent()
		s.Confirm(quorum.Confirmation{Effect: 1, Addr: addrOf(2), Hinted: idOf(2), Group: "mymaster"})
		synctest.Wait()
		_, answers := s.notes.take()
		for _, a := range answers {
			if a.Effect == 1 && a.Err == "" && a.Peer == idOf(2) {
				return
			}
		}
		t.Errorf("no answer of the known peer at once, among %d", len(answers))
	})
}

// A known peer that is silent, or whose hellos somebody forges, holds up nobody
// else's news, nor the questions to itself.
func TestNewsOfASilentPeerHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), func(args []string) string {
			if len(args) > 2 && args[2] == "forged" {
				return "" // no word
			}
			return picketOf(2)(args)
		})
		s.house(addrOf(3), picketOf(3))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}, {ID: idOf(3), Addr: addrOf(3)}})
		for range 3 * confirmsPerPeer {
			s.Confirm(quorum.Confirmation{Addr: addrOf(2), Hinted: idOf(2), Group: "forged"})
		}
		synctest.Wait()
		if _, refused := s.notes.take(); len(refused) != 2*confirmsPerPeer || refused[0].Err != errTooManyWaiting.Error() {
			t.Errorf("%d refused at once, want %d", len(refused), 2*confirmsPerPeer)
		}
		s.Confirm(quorum.Confirmation{Effect: 3, Addr: addrOf(3), Hinted: idOf(3), Group: "mymaster"})
		s.Ask(question())
		synctest.Wait()
		_, answers := s.notes.take()
		if len(answers) != 2 || answers[0].Err != "" || answers[1].Err != "" {
			t.Errorf("at once: %+v, want the other peer's news and the answer of this one", answers)
		}
		<-time.After(confirmDeadline)
		synctest.Wait()
		if _, late := s.notes.take(); len(late) != confirmsPerPeer {
			t.Errorf("%d errors at the deadline, want %d", len(late), confirmsPerPeer)
		}
		s.Confirm(quorum.Confirmation{Addr: addrOf(2), Hinted: idOf(2), Group: "mymaster"})
		synctest.Wait()
		if _, again := s.notes.take(); len(again) != 1 || again[0].Err != "" {
			t.Errorf("after that: %+v, want an answer", again)
		}
	})
}

func TestStrangersAreGivenUpSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.Confirm(quorum.Confirmation{Addr: monitor.Addr{Host: "203.0.113.1", Port: 1}, Hinted: idOf(2), Group: "mymaster"})
		if got := s.only(t, 700*time.Millisecond); got.Err == "" {
			t.Errorf("answer %+v", got)
		}
		slow := s.house(addrOf(2), func(args []string) string {
			<-time.After(500 * time.Millisecond) // in its words, not in answering the door
			return picketOf(2)(args)
		})
		s.Confirm(quorum.Confirmation{Addr: addrOf(2), Hinted: idOf(2), Group: "mymaster"})
		if got := s.only(t, confirmDeadline); got.Err != "" || slow.dialled() != 1 {
			t.Errorf("a stranger that answered the dial: %+v", got)
		}
	})
}

// At the start of a thousand groups each asks every peer who it is.
func TestConfirmationsOfManyGroupsShareTheirTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), func(args []string) string {
			if len(args) > 2 && args[2] == "group-0000" {
				return "-ERR not for you\r\n"
			}
			return picketOf(2)(args)
		})
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		synctest.Wait()
		before := s.street.writes.Load()
		for n := range 1000 {
			s.Confirm(quorum.Confirmation{Effect: uint64(n), Addr: addrOf(2), Hinted: idOf(2), Group: fmt.Sprintf("group-%04d", n)})
		}
		synctest.Wait()
		_, answers := s.notes.take()
		for _, a := range answers {
			if refused := a.Group == "group-0000"; refused != (a.Err != "") || a.Group != fmt.Sprintf("group-%04d", a.Effect) {
				t.Errorf("answer of %s: %+v", a.Group, a)
			}
		}
		if len(answers) != 1000 {
			t.Errorf("%d answers of 1000", len(answers))
		}
		if writes := s.street.writes.Load() - before; writes > 100 {
			t.Errorf("%d writes for a thousand groups", writes)
		}
	})
}
