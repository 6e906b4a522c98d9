package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// validate says why an elected leader must not promote after all, or "".
// A serving reply from the process that we held stops it. Once that process was
// seen gone, LOADING does not, and a new process only if it has its data; for
// that, replicas count by what they answered at or after since.
func (g *Group) validate(a *attempt, since monitor.Instant) monitor.Reason {
	if a.forced || g.odownSince != monitor.Never {
		return ""
	}
	m := g.master()
	switch {
	case m.Down():
		return g.agreed.Reason // the others changed their minds
	case m.Evidence.Gone && m.Evidence.Reply == monitor.ReplyLoading:
		return ""
	case g.reborn(m) && !g.rebornWhole(m, since):
		return ""
	}
	return ReasonMasterAnswers
}

// reborn reports whether the master is a process other than the one we held.
func (g *Group) reborn(m *Instance) bool {
	return m.Info.RunID != "" && m.RunID != "" && m.Info.RunID != m.RunID
}

// rebornWhole reports whether a restarted master came back with the group's
// data: on the lineage, and not behind a replica that could be promoted. One that
// has taken over its history cannot be ahead of it, whenever each was asked.
func (g *Group) rebornWhole(m *Instance, since monitor.Instant) bool {
	if len(g.lineage) > 0 && !g.lineage.Accepts(m.Info) {
		return false
	}
	for _, c := range g.candidates(since) {
		i := g.instance(c.Addr)
		if c.Reason == ReasonElectable && c.Offset > m.Info.Offset() && i.Info.ReplID != m.Info.ReplID && g.linkedOnce(i) {
			return false
		}
	}
	return true
}

func (g *Group) linkedOnce(i *Instance) bool { return i.LinkedSeen != monitor.Never }

// unidentified reports whether the master answers again after its process was
// seen gone, and has not told us yet who it is. It is given a moment to.
func (g *Group) unidentified(m *Instance) bool {
	return m.Evidence.Gone && !m.Down() && m.InfoSent < m.Evidence.Back && !g.after(m.Evidence.Back, chooseWait)
}

func (g *Group) advanceSelect(a *attempt) {
	if !a.forced && g.unidentified(g.master()) {
		return
	}
	if reason := g.validate(a, monitor.Never); reason != "" {
		g.abandonSelect(a, reason)
		return
	}
	if g.now >= a.lease {
		g.abandonSelect(a, ReasonLeaseOver)
		return
	}
	g.lookAgain(a.lease)
	if i := g.adoptable(); i != nil {
		g.chooseFor(a, i, ReasonAdopted)
		g.promoted(a, ReasonAdopted)
		return
	}
	since := g.newsSince(a)
	if g.awaitsBetter(since, a.entered) {
		return
	}
	if reason := g.validate(a, since); reason != "" {
		g.abandonSelect(a, reason) // what seemed ahead of a reborn master is not any more
		return
	}
	switch list := g.wished(a.wish, since); {
	case len(list) > 0 && list[0].Reason == ReasonElectable:
		g.order(a, g.instance(list[0].Addr))
	case g.restorable() && a.wish.IsZero():
		g.order(a, g.master())
	default:
		g.abandon("-failover-abort-no-good-slave", ReasonNoReplica)
	}
}

func (g *Group) abandonSelect(a *attempt, reason monitor.Reason) {
	g.warn(EventFailoverHeld, g.masterSubject().String()+" reason="+string(reason), reason)
	g.warn("-failover-abort-not-elected", g.masterSubject().String(), reason)
	g.retryLater(a)
}

func (g *Group) chooseFor(a *attempt, i *Instance, reason monitor.Reason) {
	a.chosen = i.Addr
	g.warn("+selected-slave", g.subject(i).String(), reason)
	g.note("+failover-state-send-slaveof-noone", g.subject(i).String(), reason)
}

// order tells the peers whom we are about to promote and orders it, within the
// lease. At most one instance is ever ordered in one epoch.
func (g *Group) order(a *attempt, i *Instance) {
	g.chooseFor(a, i, ReasonElectable)
	a.phase, a.entered, a.inDoubt = phasePromote, g.now, true
	g.ordered = &quorum.Configuration{
		Author: g.self, Group: g.set.Name, Epoch: a.epoch, Leader: g.self, Master: i.Addr, Ordered: true,
	}
	g.orderedAt = g.now
	g.do(TellConfig{*g.ordered})
	a.effect = g.do(Promote{Addr: i.Addr, RunID: i.Info.RunID, Until: a.lease})
	g.note("+failover-state-wait-promotion", g.subject(i).String(), ReasonElectable)
	g.retarget = true
}

// advancePromote waits for the proof of the promotion. When the reply was lost,
// INFO is the proof; the same instance may be ordered again within the lease,
// another never.
func (g *Group) advancePromote(a *attempt) {
	i := g.instance(a.chosen)
	switch {
	case i == nil:
		g.abandon("-failover-abort-slave-timeout", ReasonPromoteUnknown)
	case i.Info.Role == monitor.RoleMaster && i.InfoSent > a.entered:
		g.promoted(a, ReasonPromoted)
	case a.unknown && i.Down():
		g.abandon("-failover-abort-slave-timeout", ReasonReplicaDown)
	case a.unknown && g.now > a.lease.Add(time.Second) && i.InfoSent > a.lease.Add(time.Second):
		g.abandon("-failover-abort-slave-timeout", ReasonPromoteUnknown) // it answers, and is still a replica
	case g.after(a.entered, g.set.FailoverTimeout):
		g.abandon("-failover-abort-slave-timeout", ReasonPromoteUnknown)
	case a.unknown:
		g.lookAgain(g.now.Add(100 * time.Millisecond))
		if g.after(a.asked, 100*time.Millisecond) {
			a.asked = g.now
			g.do(Refresh{Addr: i.Addr})
		}
	}
}

// promoteDone takes the result of the promotion that we ordered.
func (g *Group) promoteDone(a *attempt, d Done) {
	switch d.Outcome {
	case OutcomeDone:
		for _, command := range d.Denied {
			g.configWarning("the ACL user may not run "+command+" on "+a.chosen.String()+": add +"+command, ReasonDenied)
		}
		g.promoted(a, ReasonPromoted)
	case OutcomeUnknown:
		a.unknown = true
		g.do(Refresh{Addr: a.chosen})
	case OutcomeLeaseOver:
		a.inDoubt = false
		g.abandon("-failover-abort-slave-timeout", ReasonLeaseOver)
	default:
		a.inDoubt = false
		g.abandon("-failover-abort-slave-timeout", ReasonRefusedPromote)
	}
}

// promoted makes the chosen instance the master here and tells everyone at
// once; the replicas are repointed afterwards.
func (g *Group) promoted(a *attempt, reason monitor.Reason) {
	i := g.instance(a.chosen)
	g.warn("+promoted-slave", g.subject(i).String(), reason)
	g.warn("+failover-state-reconf-slaves", g.masterSubject().String(), reason)
	a.phase, a.entered = phaseReconf, g.now
	if i == g.master() {
		g.configSince = g.now // what it reported before is over
		g.do(Refresh{Addr: i.Addr})
	}
	g.switchTo(quorum.Configuration{
		Author: g.self, Group: g.set.Name, Epoch: a.epoch, Leader: g.self, Master: i.Addr,
	}, nil)
}

// adoptable returns an instance that another leader promoted before it died,
// for an elected leader to take under its own epoch. Where no order of it was
// heard and nobody saw it turn master, as after a restart of the monitors, no
// electable replica may have newer data: a former master can look the same.
func (g *Group) adoptable() *Instance {
	for _, i := range g.replicas() {
		if g.followedByMaster(i) || g.serves(i) && (g.orderOf(i) != nil || g.master().Down() && (i.turned || !g.someNewer(i))) {
			return i
		}
	}
	return nil
}

// serves reports whether a replica now serves as master on our lineage, since
// the configured master was last heard.
func (g *Group) serves(i *Instance) bool {
	switch {
	case i.Info.Role != monitor.RoleMaster || i.Down() || i.InfoSent < g.master().Evidence.LastValid:
		return false
	case g.deposed != nil && g.deposed.Addr == i.Addr:
		return false
	}
	return len(g.lineage) == 0 || g.lineage.Rank(i.Info.ReplID2) >= 0 || g.lineage.Rank(i.Info.ReplID) >= 0
}

// orderStands is how long an order that was heard explains that its instance is
// master: longer than the leader's lease and a lost INFO, not for ever.
const orderStands = 10 * time.Second

// followedByMaster reports whether the configured master itself replicates from
// i, which serves as master: somebody has exchanged the two, and all data are there.
func (g *Group) followedByMaster(i *Instance) bool {
	m := g.master()
	return !i.Down() && i.Info.Role == monitor.RoleMaster && m.Info.Role == monitor.RoleReplica && m.Info.LinkUp && g.follows(m, i.Addr)
}

// orderOf returns the order to promote an instance, if one of a newer epoch than
// our configuration's was heard.
func (g *Group) orderOf(i *Instance) *quorum.Configuration {
	if o := g.ordered; o != nil && g.same(o.Master, i.Addr) && o.Epoch > g.config.Epoch && g.now.Since(g.orderedAt) < orderStands {
		return o
	}
	return nil
}

// someNewer reports whether an electable replica has newer data than i.
func (g *Group) someNewer(i *Instance) bool {
	rank := max(g.lineage.Rank(i.Info.ReplID), g.lineage.Rank(i.Info.ReplID2))
	for _, c := range g.candidates(monitor.Never) {
		if c.Reason == ReasonElectable && (c.Rank > rank || c.Rank == rank && c.Offset > i.Info.Offset()) {
			return true
		}
	}
	return false
}

// adopt takes over a promotion whose leader did not live to tell of it: the one
// that was ordered, or, once the lease of our vote for another is over, what
// turned from replica to master meanwhile. An epoch may name one master only.
func (g *Group) adopt(i *Instance) {
	c := quorum.Configuration{Author: g.self, Group: g.set.Name, Master: i.Addr, Epoch: g.ballot.Epoch, Leader: g.ballot.Leader}
	switch o := g.orderOf(i); {
	case !g.serves(i):
		return
	case o != nil:
		c.Epoch, c.Leader = o.Epoch, o.Leader
	case g.ordered != nil && g.ordered.Epoch >= g.ballot.Epoch && g.now.Since(g.orderedAt) < orderStands:
		return // that epoch's order names another
	case !g.master().Down() || !i.turned || g.ballot.Leader == g.self || g.ballot.Leased(g.now):
		return
	}
	if c.Leader == g.self && g.attempt != nil || c.Epoch <= g.config.Epoch {
		return
	}
	g.switchTo(c, nil)
}
