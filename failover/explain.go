package failover

import (
	"fmt"
	"strings"

	"picket/monitor"
	"picket/quorum"
)

// Explain says, a finding a line, why the group is or is not failing over now:
// who saw what, which timers run, which replica would be chosen and why not the
// others.
func (g *Group) Explain(now monitor.Instant) []string {
	e := explanation{g: g, now: now}
	e.master()
	e.voters()
	e.failover()
	e.choice()
	e.repairs()
	return e.lines
}

type explanation struct {
	g     *Group
	now   monitor.Instant
	lines []string
}

func (e *explanation) say(format string, args ...any) {
	e.lines = append(e.lines, fmt.Sprintf(format, args...))
}

func (e *explanation) ago(t monitor.Instant) string {
	if t == monitor.Never {
		return "never"
	}
	return millis(e.now.Since(t)) + " ms ago"
}

func (e *explanation) master() {
	g, m := e.g, e.g.master()
	e.say("master %s: %s, reason %s, since %s", m.Addr, m.Verdict.State, m.Verdict.Reason, e.ago(m.Verdict.Since))
	e.say("last valid reply %s, last reply %s, last INFO %s", e.ago(m.Evidence.LastValid), e.ago(m.Evidence.LastReply), e.ago(m.InfoAt))
	e.say("down-after %s ms, silence limit %s ms (busy-reply-threshold %s), busy-policy %s",
		millis(g.set.DownAfter), millis(g.silence(m)), thresholdText(m.Threshold), g.set.Busy)
	if m.Evidence.Unanswered != monitor.Never {
		e.say("unanswered for %s ms", millis(e.now.Since(m.Evidence.Unanswered)))
	}
	if m.BlockedAt != monitor.Never {
		e.say("script-blocked for %s ms: waiting, this is not death", millis(e.now.Since(m.Evidence.BusyFrom)))
	}
}

func (e *explanation) voters() {
	g := e.g
	e.say("voters %d, usable %d, quorum %d, votes needed to lead %d", g.votersAll(), g.votersUsable(), g.set.Quorum, g.needed())
	e.say("this monitor %s: sdown=%t", g.self, g.master().Down())
	for _, v := range g.voters {
		mind := g.mindOf(v)
		p := g.roster.Get(v.ID)
		kind, contact := quorum.KindUnknown, "never"
		if p != nil {
			kind, contact = p.Kind, e.ago(p.LastReply)
		}
		e.say("monitor %s at %s (%s): usable=%t, last reply %s, sdown=%t, state %s, reason %s, busy=%t",
			v.ID, v.Addr, kind, g.usable(v), contact, mind.Down, mind.State, v.Opinion.Reason, mind.Busy)
	}
	e.say("agreement: odown=%t, %d of quorum %d, reason %s", g.agreed.ODown, g.agreed.Down, g.agreed.Quorum, g.agreed.Reason)
}

func (e *explanation) failover() {
	g := e.g
	e.say("configuration epoch %d, current epoch %d, last vote for %s in epoch %d", g.config.Epoch, g.epochs.Current, orNobody(g.ballot.Leader), g.ballot.Epoch)
	switch {
	case g.attempt != nil:
		e.say("failover in progress: %s, epoch %d, since %s, forced=%t", g.attempt.word(), g.attempt.epoch, e.ago(g.attempt.started), g.attempt.forced)
	case g.odownSince == monitor.Never && g.master().Down():
		e.say("no failover: %s", g.agreed.Reason)
	case g.odownSince == monitor.Never:
		e.say("no failover: the master is not down")
	default:
		e.say("failover held: %s", g.held)
	}
	if g.ballot.Leased(e.now) {
		e.say("our vote binds us for another %s ms", millis(g.ballot.LeaseEnd().Sub(e.now)))
	}
	if e.now < g.retryAt {
		e.say("next attempt in %s ms", millis(g.retryAt.Sub(e.now)))
	}
	if g.shared.unsaved != "" {
		e.say("this monitor neither votes nor leads: state cannot be saved: %s", g.shared.unsaved)
	}
	if !g.impostor.IsZero() {
		e.say("this monitor neither votes nor leads: the monitor at %s has its id", g.impostor)
	}
}

func (e *explanation) choice() {
	g := e.g
	for n, c := range g.candidates(g.odownSince) {
		verb := "not "
		switch {
		case c.Reason == ReasonElectable && n == 0:
			verb = "would promote "
		case c.Reason == ReasonElectable:
			verb = "then "
		}
		e.say("%s%s: %s, lineage rank %d, priority %d, offset %d", verb, c.Addr, c.Reason, c.Rank, c.Priority, c.Offset)
	}
	for _, i := range g.replicas() {
		e.say("replica %s: %s, reason %s, link to master up=%t", i.Addr, i.Verdict.State, i.Verdict.Reason, i.Info.LinkUp)
	}
}

func (e *explanation) repairs() {
	if d := e.g.deposed; d != nil {
		e.say("deposed master %s of epoch %d: awaited since %s, back %s", d.Addr, d.Epoch, e.ago(d.awaited), e.ago(d.back))
	}
}

func orNobody(id quorum.ID) string {
	return strings.TrimSpace(string(id) + map[bool]string{true: "nobody"}[id == ""])
}
