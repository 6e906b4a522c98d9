package sim

import (
	"time"
)

func (w *World) anyHost() int { return w.rng.IntN(w.net.hosts) }

// cutPath cuts one direction for d.
func (w *World) cutPath(k traffic, from, to int, d time.Duration) {
	w.net.change(k, from, to, func(p *path) { p.cut = true })
	w.later(d, func() {
		if w.net.path(k, from, to).cut {
			w.net.change(k, from, to, func(p *path) { p.cut = false })
		}
	})
}

func (w *World) cutOneWay() {
	a, b, d := w.anyHost(), w.anyHost(), w.anyLength()
	w.logf("RESP from %s to %s is cut for %s", w.host(a), w.host(b), d)
	w.cutPath(resp, a, b, d)
}

func (w *World) cutBothWays() {
	a, b, d := w.anyHost(), w.anyHost(), w.anyLength()
	w.logf("RESP between %s and %s is cut for %s", w.host(a), w.host(b), d)
	w.cutPath(resp, a, b, d)
	w.cutPath(resp, b, a, d)
}

func (w *World) cutGossip() {
	a, b, d := w.anyNode().host, w.anyNode().host, w.anyLength()
	w.logf("gossip between %s and %s is cut for %s", w.host(a), w.host(b), d)
	w.cutPath(gossip, a, b, d)
	if w.rng.Float64() < 0.7 {
		w.cutPath(gossip, b, a, d)
	}
}

// isolate cuts a host off from everyone.
func (w *World) isolate() {
	a, d := w.anyHost(), w.anyLength()
	if w.rng.Float64() < 0.5 {
		a = w.aMaster().host
	}
	w.isolateHost(a, d)
}

func (w *World) isolateHost(a int, d time.Duration) {
	w.logf("%s is isolated for %s", w.host(a), d)
	for b := range w.net.hosts {
		if b != a {
			for k := range kinds {
				w.cutPath(k, a, b, d)
				w.cutPath(k, b, a, d)
			}
		}
	}
}

// split cuts the world in two.
func (w *World) split() {
	d := w.anyLength()
	side := make([]bool, w.net.hosts)
	for i := range side {
		side[i] = w.rng.Float64() < 0.5
	}
	w.logf("the world is split for %s: %s against the others", d, w.hostsOf(side))
	for a := range side {
		for b := range side {
			if side[a] != side[b] {
				w.cutPath(resp, a, b, d)
				w.cutPath(gossip, a, b, d)
			}
		}
	}
}

// degrade makes many paths slow, lossy and repeating for a while.
func (w *World) degrade() {
	d, slow, loss := w.anyLength(), w.span(0, 400*time.Millisecond), w.rng.Float64()*0.3
	w.logf("paths are slower by %s and lose %.2f for %s", slow, loss, d)
	for k := range kinds {
		for a := range w.net.hosts {
			for b := range w.net.hosts {
				if a == b || w.rng.Float64() < 0.5 {
					continue
				}
				w.net.change(k, a, b, func(p *path) { p.slow, p.loss, p.doubled = slow, loss, loss })
				w.later(d, func() { w.net.change(k, a, b, func(p *path) { p.slow, p.loss, p.doubled = 0, 0, 0 }) })
			}
		}
	}
}

func (w *World) host(h int) string {
	for _, s := range w.servers {
		if s.host == h {
			return s.String()
		}
	}
	for _, n := range w.nodes {
		if n.host == h {
			return n.name
		}
	}
	for _, r := range w.rivals {
		if r.host == h {
			return r.name
		}
	}
	return "nobody"
}

func (w *World) hostsOf(side []bool) string {
	text := ""
	for i, in := range side {
		if in {
			text += " " + w.host(i)
		}
	}
	return text
}

func (w *World) crashMonitor() {
	if len(w.rivals) > 0 && w.rng.Float64() < 0.25 {
		pick(w.rng, w.rivals...).crash(w.anyLength())
		return
	}
	w.crashFor(w.anyNode(), w.anyLength())
}

func (w *World) crashFor(n *node, d time.Duration) {
	if !n.up {
		return
	}
	n.crash()
	w.later(d, n.start)
}

func (w *World) crashAll() {
	for _, n := range w.nodes {
		w.crashFor(n, w.span(100*time.Millisecond, 5*time.Second))
	}
}

// moveMonitor restarts a monitor at another address.
func (w *World) moveMonitor() {
	n := w.anyNode()
	n.crash()
	n.moves++
	n.addr.Port, n.gossip.Port = 26379+n.moves, 27379+n.moves
	w.logf("%s: moves to %s", n, n.addr)
	w.later(w.anyLength(), n.start)
}

func (w *World) stallMonitor() {
	w.anyNode().stall(pick(w.rng, w.span(50*time.Millisecond, time.Second), w.span(time.Second, 4*time.Second), w.anyLength()))
}

func (w *World) jumpClock() {
	w.anyNode().jump(pick(w.rng, w.span(50*time.Millisecond, time.Second), w.anyLength()))
}

func (w *World) starve() {
	n, d := w.anyNode(), w.anyLength()
	n.lag = w.span(time.Millisecond, 300*time.Millisecond)
	w.logf("%s: each thing waits up to %s for the processor, for %s", n, n.lag, d)
	w.later(d, func() { n.lag = 0 })
}

func (w *World) slowDisk() {
	n, d := w.anyNode(), w.anyLength()
	n.disk.latency = w.span(10*time.Millisecond, 4*time.Second)
	w.logf("%s: writes take about %s, for %s", n, n.disk.latency, d)
	w.later(d, func() { n.disk.latency = 0 })
}

func (w *World) failingDisk() {
	n, d := w.anyNode(), w.anyLength()
	n.disk.failing = true
	w.logf("%s: writes fail for %s", n, d)
	w.later(d, func() { n.disk.failing = false })
}
