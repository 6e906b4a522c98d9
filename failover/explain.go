package failover

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Explain says, a finding a line, why the group is or is not failing over now:
// who saw what, which timers run, which replica would be chosen and why not the
// others, and what would follow if the master died now.
func (g *Group) Explain(now monitor.Instant) []string { return g.Account(now).Lines() }

// Lines renders the account for people, a finding a line.
func (a Account) Lines() []string {
	e := explanation{Account: a}
	e.master()
	e.voters()
	e.failover()
	e.choice()
	e.repairs()
	e.ahead()
	return e.lines
}

type explanation struct {
	Account
	lines []string
}

func (e *explanation) say(format string, args ...any) {
	e.lines = append(e.lines, fmt.Sprintf(format, args...))
}

func ago(d time.Duration) string {
	if d == Unheard {
		return "never"
	}
	return millis(d) + " ms ago"
}

func (e *explanation) master() {
	m := e.Master
	e.say("master %s: %s, reason %s, since %s", m.Addr, m.Verdict.State, m.Verdict.Reason, ago(m.For))
	e.say("last valid reply %s, last reply %s, last INFO %s", ago(m.LastValid), ago(m.LastReply), ago(m.LastInfo))
	e.say("down-after %s ms, silence limit %s ms (busy-reply-threshold %s), busy-policy %s",
		millis(e.Limits.DownAfter), millis(e.Limits.Silence), thresholdText(e.Threshold), e.Limits.Policy)
	if e.Pending != Unheard {
		e.say("unanswered for %s ms", millis(e.Pending))
	}
	switch {
	case e.Blocked == Unheard:
	case m.Down:
		e.say("script-blocked for %s ms: longer than busy-failover-after, so it counts as down", millis(e.Blocked))
	default:
		e.say("script-blocked for %s ms: waiting, this is not death", millis(e.Blocked))
	}
}

func (e *explanation) voters() {
	e.say("voters %d, usable %d, quorum %d, votes needed to lead %d", e.Voters, e.Usable, e.Limits.Quorum, e.Needed)
	for n, w := range e.Witnesses {
		if n == 0 {
			e.say("this monitor %s: sdown=%t, %s", w.Monitor, w.Down, w.sight())
			continue
		}
		e.say("monitor %s at %s (%s): usable=%t, last reply %s, sdown=%t, %s",
			w.Monitor, w.Addr, w.Kind, w.Usable, ago(w.LastReply), w.Down, w.sight())
	}
	e.say("agreement: odown=%t, %d of quorum %d, reason %s", e.Agreed.ODown, e.Agreed.Down, e.Agreed.Quorum, e.Agreed.Reason)
}

// sight is what a voter sees. A redis-sentinel says sdown and no more; a monitor that
// sees nothing unusual may not have said anything yet.
func (w Witness) sight() string {
	if w.State == monitor.StateUnknown && w.Reason == "" {
		return "has not said what it sees"
	}
	return fmt.Sprintf("state %s, reason %s, busy=%t", w.State, w.Reason, w.Busy)
}

func (e *explanation) failover() {
	e.say("configuration epoch %d, current epoch %d, last vote for %s in epoch %d", e.Configuration.Epoch, e.CurrentEpoch, orNobody(e.VotedFor), e.VotedEpoch)
	if e.Configuration.Epoch > 0 {
		e.say("master since %s, by the failover that %s led in epoch %d", ago(e.MasterSince), orNobody(e.Configuration.Leader), e.Configuration.Epoch)
	}
	switch a := e.Attempt; {
	case a != nil:
		e.say("failover in progress: %s, epoch %d, since %s, forced=%t, votes %s", a.Phase, a.Epoch, ago(a.For), a.Forced, ids(a.Votes))
	case e.Agreed.ODown && e.Held != "":
		e.say("failover held: %s", e.Held)
	case e.Agreed.ODown:
		e.say("failover due: another monitor leads it, or this one starts in a moment")
	case e.Master.Down:
		e.say("no failover: %s", e.Agreed.Reason)
	default:
		e.say("no failover: the master is not down")
	}
	if e.Unsaved != "" {
		e.say("this monitor neither votes nor leads: state cannot be saved: %s", e.Unsaved)
	}
	if !e.Impostor.IsZero() {
		e.say("this monitor neither votes nor leads: the monitor at %s has its id", e.Impostor)
	}
}

func (e *explanation) choice() {
	for n, c := range e.Candidates {
		e.say("%s%s: %s, lineage rank %d, priority %d, offset %d", e.verb(n, c), c.Addr, c.Reason, c.Rank, c.Priority, c.Offset)
	}
	for _, i := range e.Replicas {
		e.say("replica %s: %s, reason %s, link to master up=%t", i.Addr, i.Verdict.State, i.Verdict.Reason, i.LinkUp)
	}
}

// verb says what becomes of a candidate: the n-th best, unless somebody is chosen or
// asked for.
func (e *explanation) verb(n int, c Candidate) string {
	a := e.Attempt
	switch {
	case a != nil && a.Chosen == c.Addr:
		return "chosen "
	case c.Reason != ReasonElectable:
		return "not "
	case a != nil && !a.Chosen.IsZero():
		return "not chosen "
	case a != nil && a.Wish == c.Addr:
		return "would promote, as asked for, "
	case a != nil && !a.Wish.IsZero():
		return "not asked for "
	case n == 0:
		return "would promote "
	}
	return "then "
}

func (e *explanation) repairs() {
	if d := e.Deposed; d != nil {
		e.say("deposed master %s of epoch %d: awaited since %s, back %s", d.Addr, d.Epoch, ago(d.Awaited), ago(d.Back))
	}
}

// ahead says what would follow.
func (e *explanation) ahead() {
	for _, t := range e.Timers {
		e.say("in %s ms: %s", millis(t.In), t.What)
	}
	if o := e.Outlook; !o.Running {
		e.say("%s", o)
	}
}

// String says what would follow, in one line.
func (o Outlook) String() string {
	if o.DownIn == 0 {
		return "as things stand: " + o.follows()
	}
	return "if the master died now: " + o.follows()
}

func (o Outlook) follows() string {
	text := "a failover"
	switch {
	case o.Held != "":
		return "no failover, " + string(o.Held)
	case o.DownIn > 0:
		text += " after " + millis(o.DownIn) + " ms (down-after)"
	}
	if o.Choice.IsZero() {
		return text
	}
	return text + ", " + o.Choice.String() + " would be promoted"
}

func ids(list []quorum.ID) string {
	var words []string
	for _, id := range list {
		words = append(words, string(id))
	}
	return cmp.Or(strings.Join(words, " "), "none")
}

func orNobody(id quorum.ID) string { return cmp.Or(string(id), "nobody") }
