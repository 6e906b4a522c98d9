package failover

import (
	"time"

	"picket/monitor"
)

// killing is the one attempt to end the script that blocks the master.
type killing struct {
	spell  uint64 // the BUSY spell that it belongs to
	effect uint64 // 0 once answered
	tried  monitor.Instant
	others monitor.Instant // when it was last another monitor's to do
	ended  bool            // nothing more will be tried in this spell
}

// killStandIn is how long a script must still block the master after the monitor
// that was to kill it stopped seeing it, before another does.
const killStandIn = time.Second

// busyPolicy does what the operator chose about a script-blocked master.
// Failing over is part of judging: see rulesFor.
func (g *Group) busyPolicy() {
	m := g.master()
	if m.BlockedAt == monitor.Never || m.Evidence.BusyLast == monitor.Never {
		return
	}
	from := m.Evidence.BusyFrom
	if w := g.set.BusyWarnAfter; w > 0 && !m.WarnedBusy && g.after(from, w) {
		m.WarnedBusy = true
		g.warn(EventScriptBlocked, g.masterSubject().String()+" for-ms="+millis(g.now.Sub(from))+" reason="+string(ReasonBusyWarn), ReasonBusyWarn)
	}
	if g.set.Busy != BusyKill || g.set.BusyKillAfter <= 0 {
		return
	}
	if g.kill.spell != m.Evidence.BusySpell {
		g.kill = killing{spell: m.Evidence.BusySpell}
	}
	if g.kill.ended || g.kill.effect != 0 || !g.after(from, g.set.BusyKillAfter) || m.Verdict.State != monitor.StateScriptBlocked {
		return
	}
	if g.killIsOthers() {
		g.kill.others = g.now
	}
	if g.kill.others != monitor.Never && !g.after(g.kill.others, killStandIn) {
		return
	}
	if m.Evidence.Reply == monitor.ReplyBusyModule {
		g.kill.ended = true
		g.tellKill("not-killable", "a module command cannot be killed")
		return
	}
	if g.kill.tried != monitor.Never && !g.after(g.kill.tried, time.Second) {
		return
	}
	g.kill.tried = g.now
	g.kill.effect = g.do(Kill{Addr: m.Addr, Kind: m.Evidence.Reply})
}

// killIsOthers reports whether another monitor that sees the script too is to
// kill it: the one with the smallest id, so that it is done once.
func (g *Group) killIsOthers() bool {
	for _, v := range g.voters {
		if v.ID < g.self && g.usable(v) && g.mindOf(v).Busy {
			return true
		}
	}
	return false
}

// killDone takes the result of the kill. Only a kill that never reached the
// master is tried again.
func (g *Group) killDone(d Done) {
	g.kill.effect = 0
	switch d.Outcome {
	case OutcomeNotSent:
		return
	case OutcomeDone:
		g.tellKill("killed", "a transaction that ran it may be left half done")
	case OutcomeUnkillable:
		g.tellKill("unkillable", "it has written: waiting for its end")
	case OutcomeNotBusy:
		g.tellKill("not-busy", "it had ended")
	default:
		g.tellKill(d.Outcome.String(), d.Detail)
	}
	g.kill.ended = true
}

func (g *Group) tellKill(outcome, detail string) {
	g.warn(EventScriptKill, g.masterSubject().String()+" outcome="+outcome+" "+detail, ReasonKilled)
}
