package ask

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"picket/quorum"
)

// Headers that announce 64 MiB to go-redis, which would allocate them at once: much
// more than a peer may, and little enough for a test that fails.
var greedy = map[string]string{
	"string":     "$67108864\r\n",
	"blob error": "!67108864\r\n",
	"verbatim":   "=67108864\r\n",
	"array":      "*4194304\r\n",
	"map":        "%4194304\r\n",
	"attribute":  "|1\r\n+k\r\n$67108864\r\n",
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A peer, or whoever an invented address belongs to, that announces more than a
// reply may hold costs the link, not our memory.
func TestGreedyPeer(t *testing.T) {
	for name, header := range greedy {
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
					cost := allocated(func() { got = s.asked(t, question(vote)) })
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
		s.house(addrOf(2), func([]string) string { return greedy["string"] })
		cost := allocated(func() {
			s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
			synctest.Wait()
		})
		diff(t, "contacts", s.contacts(), []string{"0s not-resp"})
		if cost > 8<<20 {
			t.Errorf("it made us allocate %d bytes", cost)
		}
	})
}
