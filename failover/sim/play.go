package sim

import (
	"time"

	"picket/monitor"
)

const settle = 20 * time.Second // until a new world knows itself

// play alternates faults and heals until the end.
func (w *World) play() {
	w.after(0, w.beat)
	w.runUntil(settle)
	for w.failure == "" && w.now < w.cfg.Length {
		w.chaos(time.Minute + time.Duration(w.rng.Int64N(int64(4*time.Minute))))
		w.heal()
	}
	w.stats.Simulated = w.now
}

// chaos plays faults for d, more than one a minute.
func (w *World) chaos(d time.Duration) {
	end := w.now + d
	for w.failure == "" && w.now < end {
		w.runUntil(w.now + time.Duration(w.rng.Int64N(int64(25*time.Second))))
		w.fault()
	}
}

// heal ends every fault and waits until the world has converged.
func (w *World) heal() {
	if w.failure != "" {
		return
	}
	w.logf("heal: every fault ends")
	w.healing = true
	w.net.heal()
	for _, s := range w.servers {
		s.heal()
	}
	for _, n := range w.nodes {
		n.disk.latency, n.disk.failing, n.lag = 0, false, 0
		n.start()
	}
	for _, r := range w.rivals {
		r.up = true
	}
	began, bound := w.now, 3*w.shape.set.FailoverTimeout+2*w.shape.set.DownAfter+90*time.Second
	why := ""
	for w.failure == "" && w.now-began < bound {
		w.runUntil(w.now + time.Second)
		if why = w.diverged(); why == "" {
			break
		}
	}
	if why != "" && w.failure == "" {
		w.explain()
		w.violate("%s after every fault ended: %s", bound, why)
		return
	}
	w.stats.Heals++
	w.stats.Slowest = max(w.stats.Slowest, w.now-began)
	w.logf("healed after %s", w.now-began)
	w.healing = false
}

// heal ends what afflicts a server.
func (s *server) heal() {
	s.blind, s.full = monitor.ReplyNone, false
	s.frozen, s.paused = 0, 0
	s.applying = min(s.applying, s.w.now+5*time.Second)
	s.until(s.applying)
	if s.script != nil {
		s.script.wrote = min(s.script.wrote, 100_000_000)
		s.killScript()
	}
	if !s.up {
		s.start(memoryWhole)
	}
	s.flush()
}

// diverged says in what the healed world has not converged yet, or "".
func (w *World) diverged() string {
	for _, g := range w.groups {
		if why := w.groupDiverged(g); why != "" {
			return g + ": " + why
		}
	}
	return ""
}

func (w *World) groupDiverged(name string) string {
	var master monitor.Addr
	for _, n := range w.nodes {
		g := n.groups[name]
		if g == nil {
			return n.name + " does not watch it"
		}
		m := g.group.Master()
		if master.IsZero() {
			master = m
		}
		if m != master {
			return n.name + " holds " + m.String() + ", another " + master.String()
		}
	}
	m := w.serverAt(master)
	switch {
	case m.home != name:
		return "the master is foreign: " + m.String()
	case !m.serving() || m.role != monitor.RoleMaster:
		return "the master does not serve: " + m.describe()
	case w.now < m.fenced:
		return "the master is fenced"
	}
	for _, s := range w.servers {
		if s.home == name && s != m && (!s.follows(m) || !s.repl.up) {
			return "not following: " + s.describe()
		}
	}
	return ""
}

// explain writes what everybody holds to the timeline.
func (w *World) explain() {
	if !w.tracing() {
		return
	}
	for _, s := range w.servers {
		w.logf("%s", s.describe())
	}
	for _, n := range w.nodes {
		for _, name := range n.order {
			w.logf("%s explains %s:", n, name)
			for _, line := range n.groups[name].group.Explain(n.clock()) {
				w.logf("    %s", w.short(line))
			}
		}
	}
}
