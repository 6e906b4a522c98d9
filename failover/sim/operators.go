package sim

import (
	"time"

	"picket/failover"
)

// someGroup returns a group of a monitor that runs, or nil.
func (w *World) someGroup() (*node, *watched) {
	n := w.anyNode()
	if !n.up || w.now < n.stalled || len(n.order) == 0 {
		return n, nil
	}
	return n, n.groups[pick(w.rng, n.order...)]
}

func (w *World) operatorFailover() {
	n, g := w.someGroup()
	if g == nil {
		return
	}
	w.logf("%s: SENTINEL FAILOVER %s", n, g.set.Name)
	n.lastTicket++
	n.input(g.set.Name, failover.FailoverAsked{Ticket: n.lastTicket})
}

func (w *World) operatorSet() {
	n, g := w.someGroup()
	if g == nil {
		return
	}
	g.set.DownAfter = pick(w.rng, time.Second, 2*time.Second, 5*time.Second)
	g.set.ParallelSyncs = pick(w.rng, 1, 2)
	g.set.Busy = pick(w.rng, failover.BusyWait, failover.BusyWait, failover.BusyKill, failover.BusyFailover)
	g.set.BusyKillAfter = pick(w.rng, 8*time.Second, 2*time.Second, 0)
	g.set.SilenceGrace = w.rng.Float64() < 0.9
	w.logf("%s: SENTINEL SET %s down-after %s busy-policy %s", n, g.set.Name, g.set.DownAfter, g.set.Busy)
	n.input(g.set.Name, failover.SettingsChanged{Settings: g.set})
	n.save.wanted = true
	n.startSave()
}

func (w *World) operatorReset() {
	n, g := w.someGroup()
	if g == nil {
		return
	}
	w.logf("%s: SENTINEL RESET %s", n, g.set.Name)
	g.reset = true
	n.input(g.set.Name, failover.Reset{})
	n.repeer()
	n.save.wanted = true
	n.startSave()
}

// operatorRemove removes a group and monitors it again, as the monitor knows it.
func (w *World) operatorRemove() {
	n, g := w.someGroup()
	if g == nil {
		return
	}
	set, master := g.set, g.group.Master()
	w.logf("%s: SENTINEL REMOVE %s, SENTINEL MONITOR %s %s", n, set.Name, set.Name, master)
	n.unwatch(set.Name)
	again := func() {
		if n.groups[set.Name] == nil {
			n.watch(set, failover.Saved{Name: set.Name, Master: master, LeaderEpoch: n.mon.CurrentEpoch()})
			n.save.wanted = true
			n.startSave()
		}
	}
	if w.rng.Float64() < 0.5 {
		again()
		return
	}
	w.after(w.span(0, 3*time.Second), n.untilUp(again))
}

// untilUp returns f for an operator who does not give up: while the monitor is
// down he tries again.
func (n *node) untilUp(f func()) func() {
	var try func()
	try = func() {
		if !n.up {
			n.w.after(time.Second, try)
			return
		}
		n.run(f)
	}
	return try
}
