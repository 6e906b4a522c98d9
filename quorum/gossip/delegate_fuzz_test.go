package gossip

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// unopened is a station whose pool has no library below it: what memberlist would
// call is called by the test.
func unopened(t *testing.T, number int) *station {
	s := &station{id: idOf(number)}
	cfg := Config{ID: s.id, Boot: 2, Sink: s, Watcher: s, State: s}
	s.pool = &Pool{cfg: cfg, name: nodeName(cfg.ID, cfg.Boot), log: zap.NewNop(), clock: func() monitor.Instant { return 1 }, opened: make(chan struct{})}
	s.pool.ctx, s.pool.cancel = context.WithCancel(context.Background())
	s.pool.roster.couriers = map[string]*courier{}
	t.Cleanup(func() {
		s.pool.cancel()
		s.pool.roster.close()
		close(s.pool.opened)
		s.pool.running.Wait()
	})
	return s
}

// Whatever another member sends or calls itself: what is heard of a message is heard
// of the same bytes in an exchange of states, what we know is told whole, and no
// stranger makes us remember more members than a pool may have.
func FuzzDelegate(f *testing.F) {
	o, c := someOpinion(), someConfig()
	r := quorum.Release{Group: "mymaster", Candidate: idOf(1), Epoch: 9}
	whole := frameOf(message{opinion: &o}, message{config: &c}, message{release: &r})
	f.Add(whole, nodeName(idOf(2), 7), []byte("ajlucajl"))
	f.Add(whole[:60], string(idOf(1))+".18446744073709551616", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{frameVersion}, nodeName(idOf(1), 2), []byte(strings.Repeat("\x05\x00\x01", 200)))
	f.Add([]byte{}, "\x00."+strings.Repeat("9", 99), []byte("uuuullllaaaa"))
	f.Fuzz(func(t *testing.T, frame []byte, name string, calls []byte) {
		by, merging := unopened(t, 1), unopened(t, 1)
		delegate{by.pool}.NotifyMsg(frame)
		delegate{merging.pool}.MergeRemoteState(frame, len(name) > 9)
		o, c, r := by.heard()
		o2, c2, r2 := merging.heard()
		diff(t, "opinions of a message and of a state", o2, o)
		diff(t, "configurations of a message and of a state", c2, c)
		diff(t, "releases of a message and of a state", r2, r)
		mustTellWhatItKnows(t, o, c)
		callHome(t, by, name, calls)
	})
}

// mustTellWhatItKnows: a member that joins learns all opinions and configurations.
func mustTellWhatItKnows(t *testing.T, o []quorum.Opinion, c []quorum.Configuration) {
	facts := make([]quorum.Configuration, 0, len(c))
	for _, known := range c {
		known.Ordered = false // an order is no fact and is never held as one
		facts = append(facts, known)
	}
	from, to := unopened(t, 1), unopened(t, 2)
	from.knownOpinions, from.knownConfigs = o, facts
	delegate{to.pool}.MergeRemoteState(delegate{from.pool}.LocalState(true), true)
	o2, c2, _ := to.heard()
	if diff := cmp.Diff(o, o2, cmpopts.EquateEmpty()) + cmp.Diff(facts, c2, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("who joins learns\n%s", diff)
	}
}

// callHome makes the calls that memberlist makes when members come, move, clash and go.
func callHome(t *testing.T, s *station, name string, calls []byte) {
	d := delegate{s.pool}
	for i, call := range calls[:min(len(calls), 2000)] {
		n := &memberlist.Node{Name: name, Addr: net.IP{10, 0, byte(i), call}, Port: uint16(call) << 8}
		if call%4 == 3 { // one of many
			n.Name = nodeName(idOf(i), uint64(call))
		}
		switch call % 6 {
		case 0:
			d.NotifyLeave(n)
		case 1:
			d.NotifyConflict(n, n)
		case 2:
			d.NotifyUpdate(n)
		default:
			if d.NotifyAlive(n) == nil {
				d.NotifyJoin(n)
			}
		}
	}
	if len(s.pool.roster.couriers) > memberLimit {
		t.Fatalf("%d members", len(s.pool.roster.couriers))
	}
	mustHaveToldWhoLives(t, s)
}

// mustHaveToldWhoLives: the last that was said of each monitor is true, but for
// former lives of ourselves.
func mustHaveToldWhoLives(t *testing.T, s *station) {
	last := map[quorum.ID]Member{}
	for _, m := range s.changes {
		if m.ID != s.id {
			last[m.ID] = m
		}
	}
	for id, m := range last {
		if got, lives := s.pool.roster.latest(id); lives != m.Alive || lives && got != m {
			t.Fatalf("told of %+v, holds %+v", m, got)
		}
	}
	for node, c := range s.pool.roster.couriers {
		if id := c.member.ID; !monitor.ValidID(string(id)) || id != s.id && !last[id].Alive {
			t.Fatalf("holds %s as %+v and told %+v", node, c.member, last[id])
		}
	}
}
