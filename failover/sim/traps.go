package sim

import "time"

// moment is a critical step of a failover, at which a fault hurts most.
type moment uint8

const (
	momentVote   moment = iota // a vote leaves its monitor
	momentOrder                // an elected leader asks for a promotion
	momentWrite                // the promotion is written
	momentSwitch               // a monitor takes a configuration
	momentFence                // a fence is written
	moments
)

func (m moment) String() string {
	return [...]string{"vote", "order of a promotion", "promotion", "switch", "fence"}[m]
}

// trap waits for a moment and then strikes.
type trap struct {
	at     moment
	name   string
	server bool // it needs one
	strike func(w *World, n *node, s *server)
}

// strikes are what a trap may do to the monitor that acts and to the server that
// it acts on. A server is missing where the moment concerns none.
var strikes = []trap{
	{name: "the monitor crashes", strike: func(w *World, n *node, _ *server) { w.crashFor(n, w.anyLength()) }},
	{name: "the monitor stands still", strike: func(w *World, n *node, _ *server) { n.stall(w.span(100*time.Millisecond, 6*time.Second)) }},
	{name: "the monitor's clock jumps", strike: func(w *World, n *node, _ *server) { n.jump(w.span(100*time.Millisecond, 6*time.Second)) }},
	{name: "the monitor is isolated", strike: func(w *World, n *node, _ *server) { w.isolateHost(n.host, w.anyLength()) }},
	{name: "the monitor cannot gossip", strike: func(w *World, n *node, _ *server) {
		for _, other := range w.nodes {
			w.cutPath(gossip, n.host, other.host, w.anyLength())
		}
	}},
	{name: "every monitor crashes", strike: func(w *World, _ *node, _ *server) { w.crashAll() }},
	{name: "another monitor crashes", strike: func(w *World, _ *node, _ *server) { w.crashFor(w.anyNode(), w.anyLength()) }},
	{name: "the dead return", strike: func(w *World, _ *node, _ *server) {
		for _, s := range w.servers {
			s.start(pick(w.rng, memoryLost, memorySnapshot, memoryWhole))
		}
	}},
	{name: "the silent speak", strike: func(w *World, _ *node, _ *server) {
		for _, s := range w.servers {
			s.frozen, s.paused = min(s.frozen, w.now), min(s.paused, w.now)
			s.flush()
		}
	}},
	{name: "an operator wants a failover", strike: func(w *World, _ *node, _ *server) { w.operatorFailover() }},
	{name: "an operator resets", strike: func(w *World, _ *node, _ *server) { w.operatorReset() }},
	{name: "the server dies", server: true, strike: func(w *World, _ *node, s *server) { w.killFor(s) }},
	{name: "the server freezes", server: true, strike: func(w *World, _ *node, s *server) { s.freeze(w.anyLength()) }},
	{name: "the server's answers are lost", server: true, strike: func(w *World, n *node, s *server) { w.cutPath(resp, s.host, n.host, w.anyLength()) }},
	{name: "the server is not reached any more", server: true, strike: func(w *World, n *node, s *server) { w.cutPath(resp, n.host, s.host, w.anyLength()) }},
}

// setTrap is a fault that waits for its moment. What may bring the moment about
// is struck at once.
func (w *World) setTrap() {
	t := pick(w.rng, strikes...)
	t.at = moment(w.rng.IntN(int(moments)))
	w.logf("a trap is set for the next %s: %s", t.at, t.name)
	w.traps = append(w.traps, t)
	if w.rng.Float64() < 0.7 {
		w.killFor(w.aMaster())
	}
}

// sprung strikes with the traps that are set for a moment, just after it.
func (w *World) sprung(at moment, n *node, s *server) {
	for i, t := range w.traps {
		if t.at != at || s == nil && t.server {
			continue
		}
		w.traps = append(w.traps[:i:i], w.traps[i+1:]...)
		w.reach("trap " + at.String() + ": " + t.name)
		w.later(w.span(0, 3*time.Millisecond), func() {
			w.logf("trap at a %s of %s: %s", at, n, t.name)
			t.strike(w, n, s)
		})
		return
	}
}
