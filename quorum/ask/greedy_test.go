package ask

import (
	"strings"
	"testing"
	"testing/synctest"

	"picket/monitor/resp/resptest"
	"picket/quorum"
)

// A peer, or whoever an invented address belongs to, that announces more than a
// reply may hold costs the link, not our memory.
func TestGreedyPeer(t *testing.T) {
	for name, header := range resptest.Greedy {
		for at, play := range map[string]script{
			"everything": func([]string) string { return header },
			"a vote":     isDown(header),
			"a field":    peerReply("*2\r\n+id\r\n" + header),
			"MYID":       sentinel("MYID", header),
		} {
			t.Run(name+" at "+at, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStage(t)
					s.house(addrOf(2), play)
					var got quorum.Answer
					cost := resptest.Allocated(func() { got = s.asked(t, question(vote)) })
					if !strings.Contains(got.Err, "Protocol error") {
						t.Errorf("answer %+v, want a protocol error", got)
					}
					if cost > 8<<20 {
						t.Errorf("it made us allocate %d bytes", cost)
					}
				})
			})
		}
	}
}

func TestAGreedyPingIsLostContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), func([]string) string { return resptest.Greedy["string"] })
		cost := resptest.Allocated(func() {
			s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
			synctest.Wait()
		})
		diff(t, "contacts", s.contacts(), []string{"0s not-resp"})
		if cost > 8<<20 {
			t.Errorf("it made us allocate %d bytes", cost)
		}
	})
}
