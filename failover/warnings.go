package failover

import (
	"time"

	"picket/monitor"
)

// maxWarnings bounds how many different warnings are remembered for a group.
const maxWarnings = 256

// configWarning tells the operator once of something in the set-up that will
// hurt.
func (g *Group) configWarning(text string, reason monitor.Reason) {
	if g.isNew(text) {
		g.warn(EventConfigWarning, g.masterSubject().String()+" "+text, reason)
	}
}

// configNotice is a warning that calls no notification-script: it is true of many a
// sound set-up.
func (g *Group) configNotice(text string, reason monitor.Reason) {
	if g.isNew(text) {
		g.note(EventConfigWarning, g.masterSubject().String()+" "+text, reason)
	}
}

func (g *Group) isNew(text string) bool {
	if g.warned[text] || len(g.warned) >= maxWarnings {
		return false
	}
	g.warned[text] = true
	return true
}

// policyWarnings checks the settings against each other.
func (g *Group) policyWarnings() {
	if g.set.Busy == BusyKill && g.set.BusyKillAfter == 0 {
		g.configWarning("busy-policy is kill but busy-kill-after is 0: no script will be killed", ReasonPolicyIdle)
	}
	if g.set.Busy == BusyFailover && g.set.BusyFailoverAfter == 0 {
		g.configWarning("busy-policy is failover but busy-failover-after is 0: no script will cause a failover", ReasonPolicyIdle)
	}
}

// silenceWarnings checks down-after against the threshold that was learned.
func (g *Group) silenceWarnings() {
	m := g.master()
	if m.InfoAt == monitor.Never {
		return // the threshold comes with it, or is not permitted
	}
	limit := g.silence(m)
	if m.Threshold == 0 {
		g.configWarning("busy-reply-threshold is 0: the master never answers BUSY, so a script cannot be told from a hang", ReasonThresholdZero)
	}
	if !g.set.SilenceGrace {
		bound := monitor.SilenceLimit(time.Millisecond, m.Threshold)
		if g.set.DownAfter <= bound {
			g.configWarning("silence-grace is no and down-after "+millis(g.set.DownAfter)+" ms is not above "+millis(bound)+
				" ms: a script that is silent before its first BUSY will be taken for a hang", ReasonDownAfterLow)
		}
		return
	}
	if g.set.DownAfter < limit {
		g.configNotice("down-after "+millis(g.set.DownAfter)+" ms is below the silence limit: silence counts only after "+
			millis(limit)+" ms (busy-reply-threshold "+thresholdText(m.Threshold)+"); a dead process or host still counts after down-after", ReasonDownAfterLow)
	}
}

func thresholdText(t time.Duration) string {
	if t < 0 {
		return "unknown, 5000 ms assumed"
	}
	return millis(t) + " ms"
}
