package failover

import (
	"slices"
	"strconv"
	"time"

	"picket/monitor"
	"picket/quorum"
)

const (
	// fenceFor is how long one fence stops writes; it is renewed at each poll and
	// ends by itself if this monitor dies.
	fenceFor = time.Second
	// deposedPoll is how often the return of a deposed master is worked on.
	deposedPoll = 50 * time.Millisecond
	// standInWait is how much longer each further monitor waits before it does a
	// repair that another should have done.
	standInWait = 300 * time.Millisecond
	// confirmFor is how long a confirmation of the switch, and the new master's
	// INFO, stand.
	confirmFor = 2 * time.Second
	// obeyWait is how long a deposed master that obeyed is given to show it in INFO.
	obeyWait = time.Second
	// maxRefusals is how often a deposed master may refuse our orders before
	// another one that is back has its turn.
	maxRefusals = 5
)

// deposition is the work on a deposed master, from the switch until it follows.
type deposition struct {
	Deposed
	awaited monitor.Instant // since the switch
	back    monitor.Instant // when it first answered again
	ready   monitor.Instant // since when it could obey: neither BUSY nor LOADING
	askedAt monitor.Instant // when the voters were last asked to confirm the switch
	tried   monitor.Instant
	settled monitor.Instant // when it obeyed; what it is then shows in the next INFO
	effect  uint64          // the Repoint under way
	fenced  bool            // a fence is in place that must be lifted
	told    bool            // +divergence was published
	refused int             // orders, one after the other
}

// advanceDeposed brings the deposed master back as a replica: confirmed by a
// majority, fenced, its divergence noted, repointed, unfenced.
func (g *Group) advanceDeposed() {
	d := g.deposed
	i := g.instance(d.Addr)
	if i == nil || i == g.master() {
		g.nextDeposed()
		return
	}
	g.learnBranch(d)
	if !i.Evidence.LinkUp || d.back == monitor.Never && i.Evidence.LastReply <= d.awaited {
		return
	}
	if d.back == monitor.Never {
		d.back = i.Evidence.LastReply
	}
	if i.Info.Role == monitor.RoleReplica && i.InfoSent >= d.back && g.follows(i, g.config.Master) {
		g.nextDeposed()
		return
	}
	d.look(g.now, i)
	if d.effect != 0 || len(g.fencing) > 0 || !g.myTurn(d) || g.electing() {
		return
	}
	if d.settled != monitor.Never && i.InfoSent <= d.settled && !g.after(d.settled, obeyWait) {
		return
	}
	if d.tried != monitor.Never && !g.after(d.tried, deposedPoll) {
		return
	}
	if g.switchConfirmed(d) && g.newMasterServes(d) {
		d.tried = g.now
		g.fencing[g.do(Fence{Addr: d.Addr, For: fenceFor})] = d.Addr
	}
}

// restartedAsMaster treats a replica that restarts as a master like a deposed one
// that returns: its configuration is older than our order, because Redis could
// not rewrite it or may not, and it takes writes.
func (g *Group) restartedAsMaster(i *Instance, before monitor.Info) {
	if before.Role != monitor.RoleReplica || i.Info.Role != monitor.RoleMaster {
		return
	}
	if g.deposed != nil || g.config.Epoch == 0 || g.electing() {
		return
	}
	if m := g.master(); m.newborn != monitor.Never && (m.Info.StartedEmpty() || m.Info.Keys == 0) && i.Info.Keys > 0 {
		return // both were restarted, and this one kept the data: Sentinel's 8 s for the operator
	}
	g.deposed = &deposition{Deposed: Deposed{Addr: i.Addr, RunID: before.RunID, Epoch: g.config.Epoch}, awaited: g.now, back: g.now}
	g.dirty, g.retarget = true, true
}

// maxOlder bounds how many masters of earlier switches are awaited.
const maxOlder = 8

// keepOlder keeps a master of an earlier switch that has not come back yet, when
// another is deposed.
func (g *Group) keepOlder(deposed, promoted monitor.Addr) {
	if g.deposed != nil {
		g.letGo(g.deposed)
		g.older = append(g.older, g.deposed)
	}
	g.older = slices.DeleteFunc(g.older, func(d *deposition) bool { return d.Addr == deposed || d.Addr == promoted })
	if len(g.older) > maxOlder {
		g.older = g.older[1:]
	}
}

// letGo stops working on a deposed master, for good or for now: its fence is
// lifted, and the result of an order under way is not waited for.
func (g *Group) letGo(d *deposition) {
	if d.fenced {
		g.do(Unfence{Addr: d.Addr})
	}
	d.fenced, d.effect = false, 0
}

// nextDeposed ends the work on a deposed master and turns to one of an earlier switch.
func (g *Group) nextDeposed() {
	g.letGo(g.deposed)
	g.deposed, g.dirty, g.retarget = nil, true, true
	if n := len(g.older); n > 0 {
		g.deposed, g.older = g.older[n-1], g.older[:n-1]
	}
}

// turnToReturned works on whichever deposed master is back and can obey. One that
// went away again, or refuses all we order, does not keep the others waiting.
func (g *Group) turnToReturned() {
	d := g.deposed
	at := d.back != monitor.Never && d.ready != monitor.Never && g.linked(d.Addr) && d.refused < maxRefusals
	if d.effect != 0 || len(g.fencing) > 0 || at {
		return
	}
	d.refused = 0
	for n, d := range g.older {
		if i := g.instance(d.Addr); i != nil && i.Evidence.LinkUp && i.Evidence.LastReply > d.awaited && !cannotObey(i) {
			g.older[n], g.deposed = g.deposed, d
			return
		}
	}
}

func (g *Group) linked(addr monitor.Addr) bool {
	i := g.instance(addr)
	return i != nil && i.Evidence.LinkUp
}

// learnBranch notes where the new master's history left the old one's, by which
// the old master's divergence is measured.
func (g *Group) learnBranch(d *deposition) {
	m := g.master()
	if d.ReplID == "" && m.Info.Role == monitor.RoleMaster && m.InfoSent > d.awaited && m.Info.ReplID2 != "" {
		d.ReplID, d.SecondOffset = m.Info.ReplID2, m.Info.SecondOffset
		g.dirty = true
	}
}

// look notes since when the deposed master could obey.
func (d *deposition) look(now monitor.Instant, i *Instance) {
	switch {
	case cannotObey(i):
		d.ready = monitor.Never
	case d.ready == monitor.Never:
		d.ready = now
	}
}

// cannotObey reports whether an instance refuses every order for the time being.
func cannotObey(i *Instance) bool {
	r := i.Evidence.Reply
	return r.Busy() || r.Blind() || r == monitor.ReplyLoading || r == monitor.ReplyOther
}

// myTurn reports whether this monitor should work on the deposed master: the
// leader of the configuration from its return on, each further usable voter a
// little after it could obey, so that one does it and another stands in.
func (g *Group) myTurn(d *deposition) bool {
	rank := g.rank()
	return rank == 0 || d.ready != monitor.Never && g.after(d.ready, time.Duration(rank)*standInWait)
}

// rank is this monitor's place among the usable voters: the configuration's
// leader first, then by id.
func (g *Group) rank() int {
	rank := 0
	for _, v := range g.voters {
		ahead := v.ID == g.config.Leader || v.ID < g.self && g.config.Leader != g.self
		if ahead && g.usable(v) {
			rank++
		}
	}
	return rank
}

// switchConfirmed reports whether a majority holds our configuration, in
// answers that were asked for after the deposed master came back; it asks them.
func (g *Group) switchConfirmed(d *deposition) bool {
	if g.confirmedSince(max(d.back, g.now.Add(-confirmFor))) {
		return true
	}
	if d.askedAt < d.back || g.after(d.askedAt, 4*deposedPoll) {
		d.askedAt = g.now
		g.lookAgain(g.now.Add(4 * deposedPoll))
		for _, v := range g.voters {
			g.ask(v, g.epochs.Current, "")
		}
	}
	return false
}

// confirmedSince reports whether a majority holds our configuration, in answers
// that were asked for at or after since.
func (g *Group) confirmedSince(since monitor.Instant) bool {
	n := 1
	for _, v := range g.voters {
		if v.ConfigAt >= since && v.Config.Epoch == g.config.Epoch && g.same(v.Config.Master, g.config.Master) {
			n++
		}
	}
	return n >= quorum.Majority(g.votersAll())
}

// electing reports whether a failover to a newer configuration may be under way
// with our vote. The leader may promote the very instance that we are bringing
// back: nothing is fenced or repointed until it has switched, given up or let
// its lease run out.
func (g *Group) electing() bool {
	end := monitor.Never
	if a := g.attempt; a != nil && a.epoch > g.config.Epoch {
		end = a.lease.Add(time.Second)
	}
	if g.ballot.Epoch > g.config.Epoch && g.ballot.Leased(g.now) {
		end = max(end, g.promotionEnd())
	}
	if g.now < end {
		g.lookAgain(end)
		return true
	}
	return false
}

// sentinelAttempt is how long a redis-sentinel with our vote may take until it
// promotes: 10 s until it is elected, and the choice.
const sentinelAttempt = 15 * time.Second

// promotionEnd is until when the leader with our vote may order a promotion. The
// vote for a redis-sentinel binds us longer, for it keeps that spacing itself.
func (g *Group) promotionEnd() monitor.Instant {
	end := g.ballot.LeaseEnd()
	if p := g.roster.Get(g.ballot.Leader); p != nil && p.Kind == quorum.KindSentinel {
		return min(end, end.Add(sentinelAttempt-2*g.set.FailoverTimeout))
	}
	return end
}

// newMasterServes reports whether the new master answers as master; it asks.
func (g *Group) newMasterServes(d *deposition) bool {
	m := g.master()
	if m.Verdict.State == monitor.StateUp && m.Info.Role == monitor.RoleMaster && m.InfoSent > max(d.awaited, g.now.Add(-confirmFor)) {
		return true
	}
	if g.after(max(d.tried, m.InfoSent, d.awaited), 4*deposedPoll) {
		d.tried = g.now
		g.do(Refresh{Addr: m.Addr})
	}
	g.lookAgain(g.now.Add(4 * deposedPoll))
	return false
}

// fenceDone takes what the fenced instance said. A fence that is no longer
// wanted is lifted.
func (g *Group) fenceDone(addr monitor.Addr, r Done) {
	d := g.deposed
	wanted := d != nil && d.Addr == addr
	switch {
	case r.Outcome == OutcomeUnknown:
		g.do(Unfence{Addr: addr}) // it may be paused, though its reply was lost
		g.lookAgain(g.now.Add(deposedPoll))
		return
	case r.Outcome != OutcomeDone:
		if wanted {
			d.refused++
		}
		g.lookAgain(g.now.Add(deposedPoll))
		return
	case !wanted || g.electing() || g.after(d.tried, fenceFor):
		// It is over, or we stood still since: what was confirmed then may not hold now.
		g.do(Unfence{Addr: addr})
		return
	}
	d.fenced = true
	for _, command := range r.Denied {
		g.configWarning("the ACL user may not run "+command+" on "+addr.String()+": add +"+command+
			"; without it a returned master keeps taking writes a moment longer", ReasonDenied)
	}
	if r.Info.Role == monitor.RoleMaster {
		g.tellDivergence(d, r.Info)
	}
	d.effect = g.do(Repoint{Addr: addr, To: g.config.Master})
}

// tellDivergence publishes what only the deposed master holds: the bytes past
// the offset at which the new master's history left it. It cannot be known
// once the process that was deposed is gone.
func (g *Group) tellDivergence(d *deposition, old monitor.Info) {
	if d.told {
		return
	}
	d.told = true
	payload, reason := g.subject(g.instance(d.Addr)).String(), ReasonDeposed
	bytes, known := Divergence(d.Deposed, old)
	if known {
		payload += " bytes=" + strconv.FormatInt(bytes, 10)
	} else {
		payload += " bytes=unknown reason=" + string(divergenceUnknown(d.Deposed, old))
	}
	g.warn(EventDivergence, payload, reason)
}

// Divergence is how many bytes of the replication stream only a deposed master
// holds: old.master_repl_offset - (new.second_repl_offset - 1), when
// old.replid = new.replid2. It is unknown after a restart.
func Divergence(d Deposed, old monitor.Info) (bytes int64, known bool) {
	if divergenceUnknown(d, old) != "" {
		return 0, false
	}
	return max(0, old.MasterOffset-(d.SecondOffset-1)), true
}

func divergenceUnknown(d Deposed, old monitor.Info) monitor.Reason {
	switch {
	case d.RunID != "" && old.RunID != "" && d.RunID != old.RunID:
		return ReasonRestarted
	case d.ReplID == "" || old.ReplID != d.ReplID:
		return ReasonForeign
	}
	return ""
}

// deposedDone takes the result of the deposed master's Repoint.
func (g *Group) deposedDone(r Done) {
	d := g.deposed
	g.letGo(d)
	if r.Outcome == OutcomeDone {
		i := g.instance(d.Addr)
		g.note("+convert-to-slave", g.subject(i).String(), ReasonDeposed)
		d.settled, d.refused = g.now, 0
		g.do(Refresh{Addr: d.Addr})
	} else {
		d.refused++
	}
	d.tried = g.now
	g.lookAgain(g.now.Add(4 * deposedPoll))
}

// repairAll brings back what returned or went astray.
func (g *Group) repairAll() {
	if g.deposed != nil {
		g.turnToReturned()
		g.advanceDeposed()
	}
	if g.attempt != nil || !g.masterSane() {
		return
	}
	busy := 0
	for _, i := range g.instances {
		if g.isReplica(i) && i.repairing != 0 {
			busy++
		}
	}
	for _, i := range g.instances {
		if busy < g.set.ParallelSyncs && g.isReplica(i) && g.repairReplica(i) {
			busy++
		}
	}
}

// masterSane is Sentinel's condition for any repair (sentinelMasterLooksSane).
func (g *Group) masterSane() bool {
	m := g.master()
	return !m.Down() && m.Verdict.State == monitor.StateUp && m.Info.Role == monitor.RoleMaster &&
		m.InfoAt != monitor.Never && g.now.Since(m.InfoAt) < 2*monitor.InfoPeriod
}
