package failover

import (
	"cmp"
	"slices"
	"time"

	"picket/monitor"
)

// Timer is something that happens at a known time unless something else happens before.
type Timer struct {
	What string
	In   time.Duration
}

// timers lists what runs now, soonest first.
func (g *Group) timers() []Timer {
	t := timerList{g: g}
	t.master()
	t.busy()
	t.failover()
	slices.SortStableFunc(t.list, func(a, b Timer) int { return cmp.Compare(a.In, b.In) })
	return t.list
}

type timerList struct {
	g    *Group
	list []Timer
}

// at notes a timer that ends at t, if that lies ahead.
func (t *timerList) at(at monitor.Instant, what string) {
	if at > t.g.now {
		t.list = append(t.list, Timer{What: what, In: at.Sub(t.g.now)})
	}
}

// master notes when the master's present state would count as down.
func (t *timerList) master() {
	m, set := t.g.master(), t.g.set
	if m.Down() || m.Evidence.Unanswered == monitor.Never {
		return
	}
	switch m.Verdict.State {
	case monitor.StateSilent:
		t.at(m.Evidence.Unanswered.Add(t.g.silence(m)), "the master counts as down, unless it answers (silence limit)")
	case monitor.StateGone, monitor.StateUnreachable, monitor.StateUnknown:
		t.at(m.Evidence.Unanswered.Add(set.DownAfter), "the master counts as down, unless it answers (down-after)")
	}
}

// busy notes what the policy does about a script that goes on.
func (t *timerList) busy() {
	m, set := t.g.master(), t.g.set
	if m.BlockedAt == monitor.Never {
		return
	}
	from := m.Evidence.BusyFrom
	if set.BusyWarnAfter > 0 && !m.WarnedBusy {
		t.at(from.Add(set.BusyWarnAfter), "the script is warned of (busy-warn-after)")
	}
	if set.Busy == BusyKill && set.BusyKillAfter > 0 && !t.g.kill.ended {
		t.at(from.Add(set.BusyKillAfter), "the script is killed (busy-kill-after)")
	}
	if set.Busy == BusyFailover && set.BusyFailoverAfter > 0 && !m.Down() {
		t.at(from.Add(set.BusyFailoverAfter), "the master counts as down (busy-failover-after)")
	}
}

// failover notes what binds votes and attempts.
func (t *timerList) failover() {
	g := t.g
	if g.ballot.Leased(g.now) {
		t.at(g.ballot.LeaseEnd(), "our vote for "+orNobody(g.ballot.Leader)+" binds us no longer")
	}
	t.at(g.retryAt, "the next attempt at a failover may start")
	a := g.attempt
	if a == nil || a.renewal {
		return
	}
	switch a.phase {
	case phaseJitter:
		t.at(a.until, "we ask for votes")
	case phaseVoting:
		t.at(a.until, "the election ends without a leader")
	case phaseSelect:
		t.at(a.lease, "our lease ends, and nobody may be promoted in this epoch")
	case phasePromote, phaseReconf:
		t.at(a.entered.Add(g.set.FailoverTimeout), "this phase ends (failover-timeout)")
	}
}
