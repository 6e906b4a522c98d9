package sim

import (
	"slices"
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
		if w.failure == "" && w.rng.Float64() < 0.6 {
			w.deadForGood()
		}
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
	w.round++
	w.traps = nil
	w.net.heal()
	for _, s := range w.servers {
		s.heal()
	}
	for _, n := range w.nodes {
		n.disk.latency, n.disk.failing, n.lag = 0, false, 0
		n.start()
		n.resume()
	}
	for _, r := range w.rivals {
		r.start()
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
}

// heal ends what afflicts a server.
func (s *server) heal() {
	s.blind, s.full, s.calmSince = monitor.ReplyNone, false, s.w.now
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
	for _, r := range w.rivals {
		if m := r.group(name).master; m != master {
			return r.name + " holds " + m.String() + ", the pickets " + master.String()
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
		if s.home == name && s != m && w.known(name, s) && (!s.follows(m) || !s.repl.up) {
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

// deadForGood kills the master of a group at rest, and perhaps a minority of
// the monitors, and demands a failover within a bounded time.
func (w *World) deadForGood() {
	w.runUntil(w.now + monitor.InfoPeriod + 3*time.Second) // a RESET is over: everybody has seen INFO
	name := pick(w.rng, w.groups...)
	m := w.serverAt(w.nodes[0].groups[name].group.Master())
	if w.failure != "" || w.groupDiverged(name) != "" || !w.someElectable(m) {
		return
	}
	down := time.Duration(0)
	for _, n := range w.nodes {
		down = max(down, n.groups[name].set.DownAfter)
	}
	if w.rng.Float64() < 0.5 {
		for i := range (len(w.nodes) - 1) / 2 {
			w.nodes[i].crash()
		}
	}
	w.logf("dead for good: the master %s of %s", m, name)
	m.kill()
	if w.rng.Float64() < 0.3 {
		w.net.power(m.host, false)
	}
	if w.rng.Float64() < 0.4 {
		w.temptWithEmpty(m)
	}
	bound := down + 20*time.Second
	if !w.pure() { // a redis-sentinel waits twice failover-timeout after every vote and attempt
		bound += 4 * w.shape.set.FailoverTimeout
	}
	began := w.now
	for w.failure == "" && w.now-began < bound && !w.failedOver(name, m) {
		w.runUntil(w.now + 500*time.Millisecond)
	}
	if w.failure == "" && !w.failedOver(name, m) {
		w.explain()
		w.violate("%s after the death of %s nobody was promoted in %s", bound, m, name)
	}
	w.stats.Deaths++
	w.net.power(m.host, true)
	m.start(memoryWhole)
	for _, n := range w.nodes {
		n.start()
	}
}

// temptWithEmpty restarts a replica of the dead master with an empty data folder
// and the best priority of all, while another could be promoted.
func (w *World) temptWithEmpty(m *server) {
	for _, s := range w.servers {
		if s.follows(m) && s.repl.up {
			s.kill()
			if !w.someElectable(m) {
				s.start(memoryWhole)
				continue
			}
			s.priority = 10
			s.start(memoryLost)
			w.after(time.Minute, func() { s.priority = 100 })
			return
		}
	}
}

// someElectable reports whether a replica of m could be promoted.
func (w *World) someElectable(m *server) bool {
	for _, s := range w.servers {
		if s.follows(m) && s.repl.up && s.serving() && s.priority > 0 && s.data.keys > 0 {
			return true
		}
	}
	return false
}

// failedOver reports whether every monitor that runs holds one other master, which serves.
func (w *World) failedOver(name string, old *server) bool {
	var to monitor.Addr
	for _, n := range w.nodes {
		if !n.up {
			continue
		}
		master := n.groups[name].group.Master()
		if master == old.addr || !to.IsZero() && master != to {
			return false
		}
		to = master
	}
	s := w.serverAt(to)
	return s != nil && s.serving() && s.role == monitor.RoleMaster
}

// later plans the end of a fault. Healing the world ends every fault at once, so
// that what was planned before it does not happen.
func (w *World) later(d time.Duration, f func()) {
	round := w.round
	w.after(d, func() {
		if w.round == round {
			f()
		}
	})
}

// known reports whether some monitor knows the server: a RESET forgets one that
// does not follow the master.
func (w *World) known(group string, s *server) bool {
	for _, n := range w.nodes {
		if g := n.groups[group]; g != nil && slices.Contains(g.group.Saved().Replicas, s.addr) {
			return true
		}
	}
	return false
}
