package failover

import (
	"math"
	"reflect"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// maxFuzzSteps bounds one run.
const maxFuzzSteps = 400

// FuzzStep: whatever happens, in whatever order and with whatever numbers in it,
// the core neither falls nor grows without bound, breaks no promise and decides
// the same again. What must hold of good inputs too is failover/sim's to check.
func FuzzStep(f *testing.F) {
	f.Add([]byte{})
	seed := make([]byte, 4096)
	for n := range uint64(8) {
		r := random{state: n}
		for i := range seed {
			seed[i] = byte(r.next())
		}
		f.Add(append([]byte(nil), seed...))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h := newHostile(t, in)
		twinFrom := h.tape.below(200)
		for n := 0; n < maxFuzzSteps && len(h.tape.rest) > 0; n++ {
			if n == twinFrom {
				h.twin = h.m.Clone()
			}
			h.step()
		}
		h.look()
	})
}

// hostile is a monitor of one group in a world that says anything.
type hostile struct {
	*testing.T
	tape    *tape
	m, twin *Monitor
	g       *Group
	now     monitor.Instant

	effects  []Effect // the newest
	promise  uint64   // the newest
	lastID   uint64
	votes    map[uint64]quorum.ID
	promoted map[uint64]monitor.Addr
	config   quorum.Configuration
}

func newHostile(t *testing.T, in []byte) *hostile {
	h := &hostile{T: t, tape: &tape{in}, now: monitor.Instant(time.Second), votes: map[uint64]quorum.ID{}, promoted: map[uint64]monitor.Addr{}}
	current := pick[uint64](h.tape, 5, 0, 1<<63-3, math.MaxUint64-2, math.MaxUint64)
	saved := Saved{
		Name: "main", Master: master, Replicas: []monitor.Addr{replicaA, replicaB}, Lineage: []Branch{{ReplID: mainID}},
		ConfigEpoch: min(current, h.tape.epoch(current)), LeaderEpoch: pick(h.tape, 0, current), CurrentEpoch: current,
		Peers: []SavedPeer{{ID: peer2, Addr: peerAddr(2)}, {ID: peer3, Addr: peerAddr(3)}},
	}
	if saved.LeaderEpoch > 0 {
		saved.Leader = peer2
	}
	if h.tape.coin() {
		saved.Deposed = &Deposed{Addr: h.tape.addr(), RunID: "r", Epoch: h.tape.epoch(current), ReplID: h.tape.replID(), SecondOffset: h.tape.count()}
	}
	h.m = NewMonitor(Identity{ID: me, Boot: 1, Epoch: current, Seed: 1})
	out := h.m.Start(h.now, h.tape.settings(), saved)
	h.g = h.m.Group("main")
	h.config = h.g.config
	h.check(out)
	return h
}

// step draws one input and gives it to the monitor and to its twin.
func (h *hostile) step() {
	switch t := h.tape; {
	case !t.seldom():
		h.now = h.now.Add(time.Duration(t.below(256)) * 4 * time.Millisecond)
	default:
		h.now = h.now.Add(pick(t, -time.Second, -time.Hour, time.Minute, 24*time.Hour, 0, 1e17))
	}
	if h.processWide() {
		return
	}
	in := h.input()
	out := h.g.Step(h.now, in)
	if h.twin != nil {
		if again := h.twin.Group("main").Step(h.now, in); !reflect.DeepEqual(out, again) {
			h.Fatalf("%#v gives %+v, its twin %+v", in, out, again)
		}
	}
	h.check(out)
}

// processWide draws, now and then, what concerns the whole monitor.
func (h *hostile) processWide() bool {
	t := h.tape
	if !t.seldom() {
		return false
	}
	var act func(m *Monitor)
	switch d, c := t.duration(), (quorum.Contact{Peer: t.id(), Addr: peerAddr(2 + t.below(2)), At: t.instant(h.now), Reply: monitor.Reply(t.below(14)), Cause: monitor.Cause(t.below(11))}); t.below(6) {
	case 0:
		act = func(m *Monitor) { m.Stalled(d) }
	case 1:
		act = func(m *Monitor) { m.PersistFailed("full") }
	case 2:
		act = func(m *Monitor) { m.PersistWorks() }
	case 3:
		act = func(m *Monitor) { m.Tidy() }
	case 4:
		at := t.inventedAddr()
		act = func(m *Monitor) { m.MemberChanged(h.now, MemberChanged{ID: c.Peer, Gossip: at, Alive: d > 0}) }
	default:
		act = func(m *Monitor) { m.Contacted(c); m.Warnings(h.now) }
	}
	for _, m := range []*Monitor{h.m, h.twin} {
		if m != nil {
			act(m)
		}
	}
	return true
}

func (h *hostile) input() Input {
	t, current := h.tape, h.m.CurrentEpoch()
	switch t.below(22) {
	case 0, 1, 2, 3:
		return Observed{t.report(h.now)}
	case 4, 5, 6:
		return Informed{monitor.InfoReport{Addr: t.addr(), At: t.instant(h.now), Sent: t.instant(h.now), Info: t.info(), Threshold: t.duration(), Denied: []string{"config|get"}}}
	case 7:
		peer := pick(t, peerAddr(2), t.inventedAddr())
		return Hinted{monitor.Hello{Peer: peer, ID: string(t.id()), CurrentEpoch: t.epoch(current), Group: "main", Master: t.addr(), ConfigEpoch: t.epoch(current)}}
	case 8, 9, 10, 11:
		return Answered{h.answer()}
	case 12:
		return OpinionHeard{t.opinion(current)}
	case 13:
		c := t.configuration(current)
		c.Ordered = t.coin()
		return ConfigHeard{c}
	case 14:
		return VoteAsked{Ticket: 1, Epoch: t.epoch(current), Candidate: t.id()}
	case 15, 16:
		return h.done()
	case 17:
		return Persisted{Promise: pick(t, h.promise, h.promise, 0, math.MaxUint64)}
	case 18:
		return Released{quorum.Release{Group: "main", Candidate: t.id(), Epoch: t.epoch(current)}}
	}
	return h.order()
}

// order draws what operators and the daemon ask for.
func (h *hostile) order() Input {
	t := h.tape
	switch t.below(8) {
	case 0:
		return FailoverAsked{Ticket: 1}
	case 1:
		return Reset{}
	case 2:
		return SettingsChanged{t.settings()}
	case 3:
		return Resolved{Host: t.addr().Host, IP: t.addr().Host}
	}
	return Tick{}
}

func (h *hostile) answer() quorum.Answer {
	t, current := h.tape, h.m.CurrentEpoch()
	a := quorum.Answer{
		Effect: t.epoch(current), Peer: t.id(), Addr: peerAddr(2), Group: "main", Sent: t.instant(h.now), At: t.instant(h.now), Kind: quorum.Kind(t.below(3)),
		Down: t.coin(), Leader: t.id(), LeaderEpoch: t.epoch(current), KnowsGroup: !t.seldom(), CurrentEpoch: t.epoch(current),
		Config: t.configuration(current), Gossip: t.inventedAddr(), Boot: t.epoch(1),
	}
	if t.coin() {
		o := t.opinion(current)
		a.Opinion = &o
	}
	if t.seldom() {
		a.Err = "timeout"
	}
	switch asked := h.someEffect().Action.(type) {
	case Ask:
		a.Effect, a.Peer, a.Addr = asked.Effect, asked.Peer, asked.Addr
		if asked.Candidate != "" && !t.seldom() {
			a.Leader, a.LeaderEpoch = asked.Candidate, asked.Epoch
		}
	case Confirm:
		a.Effect, a.Addr, a.Peer = asked.Effect, asked.Addr, pick(t, asked.Hinted, t.id())
	}
	return a
}

func (h *hostile) done() Done {
	t := h.tape
	return Done{Effect: h.someEffect().ID, Outcome: Outcome(1 + t.below(int(OutcomeNotBusy))), Detail: "ERR no", Info: t.info(), Denied: []string{"client|pause"}}
}

// someEffect draws one of those that may still be answered.
func (h *hostile) someEffect() Effect {
	if len(h.effects) == 0 {
		return Effect{}
	}
	return h.effects[len(h.effects)-1-h.tape.below(len(h.effects))]
}
