package failover

import (
	"time"

	"picket/monitor"
)

// Outlook is what would happen if the master's process died now.
type Outlook struct {
	// Held is why no failover would follow; "" when one would.
	Held monitor.Reason
	// DownIn is when the master would count as down here: 0 when it does already. What
	// it has left unanswered until now counts.
	DownIn time.Duration
	// Choice is the replica that would be promoted, zero when Held.
	Choice monitor.Addr
	// Running says that a failover is under way, and the question is idle.
	Running bool
}

// outlook judges by the rules of a failover that is due, as things stand.
func (g *Group) outlook() Outlook {
	m := g.master()
	o := Outlook{DownIn: max(0, g.set.DownAfter-g.now.Since(m.Evidence.Unanswered)), Running: g.attempt != nil && g.attempt.word() != ""}
	if m.Down() {
		o.DownIn = 0
	}
	switch o.Held = g.holdReason(); {
	case o.Held == ReasonRetryWait:
		o.Held = "" // over before the master would be down for long
	case o.Held == ReasonLeaseHeld && g.ballot.LeaseEnd() <= g.now.Add(o.DownIn):
		o.Held = "" // over by then
	}
	if o.Held != "" {
		return o
	}
	for _, c := range g.candidates(g.odownSince) {
		if c.Reason == ReasonElectable || c.Reason == ReasonNoInfo {
			o.Choice = c.Addr
			break
		}
	}
	return o
}
