package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// validate says why an elected leader must not promote after all, or "".
// A serving reply from the process that we held stops it. Once that process was
// seen gone, LOADING does not, and a new process only if it has its data.
func (g *Group) validate(a *attempt) monitor.Reason {
	if a.forced || g.odownSince != monitor.Never {
		return ""
	}
	m := g.master()
	switch {
	case m.Down():
		return g.agreed.Reason // the others changed their minds
	case m.Evidence.Gone && m.Evidence.Reply == monitor.ReplyLoading:
		return ""
	case g.reborn(m) && !g.rebornWhole(m):
		return ""
	}
	return ReasonMasterAnswers
}

// reborn reports whether the master is a process other than the one we held.
func (g *Group) reborn(m *Instance) bool {
	return m.Info.RunID != "" && m.RunID != "" && m.Info.RunID != m.RunID
}

// rebornWhole reports whether a restarted master came back with the group's
// data: on the lineage, and not behind the best replica.
func (g *Group) rebornWhole(m *Instance) bool {
	if len(g.lineage) > 0 && !g.lineage.Accepts(m.Info) {
		return false
	}
	for _, i := range g.replicas() {
		if i.InfoAt != monitor.Never && !i.Down() && i.Info.ReplicaOffset > m.Info.Offset() && g.linkedOnce(i) {
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
	if reason := g.validate(a); reason != "" {
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
	list := g.candidates(since)
	if len(list) == 0 || list[0].Reason != ReasonElectable {
		g.abandon("-failover-abort-no-good-slave", ReasonNoReplica)
		return
	}
	g.order(a, g.instance(list[0].Addr))
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
	a.phase, a.entered = phasePromote, g.now
	g.do(TellConfig{quorum.Configuration{
		Author: g.self, Group: g.set.Name, Epoch: a.epoch, Leader: g.self, Master: i.Addr, Ordered: true,
	}})
	a.effect = g.do(Promote{Addr: i.Addr, Until: a.lease})
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
		if g.now.Since(i.InfoSent) > 100*time.Millisecond {
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
		g.abandon("-failover-abort-slave-timeout", ReasonLeaseOver)
	default:
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
	g.switchTo(quorum.Configuration{
		Author: g.self, Group: g.set.Name, Epoch: a.epoch, Leader: g.self, Master: i.Addr,
	}, nil)
}

// adoptable returns an instance that another leader promoted before it died: it
// serves as master, on our lineage, after a vote or an order of a newer epoch.
func (g *Group) adoptable() *Instance {
	for _, i := range g.replicas() {
		if g.mayAdopt(i) {
			return i
		}
	}
	return nil
}

func (g *Group) mayAdopt(i *Instance) bool {
	m := g.master()
	switch {
	case i.Info.Role != monitor.RoleMaster || i.Down() || i.InfoSent < m.Evidence.LastValid:
		return false
	case g.deposed != nil && g.deposed.Addr == i.Addr:
		return false
	case len(g.lineage) > 0 && g.lineage.Rank(i.Info.ReplID2) < 0 && g.lineage.Rank(i.Info.ReplID) < 0:
		return false
	}
	if o := g.ordered; o != nil && g.same(o.Master, i.Addr) && o.Epoch > g.config.Epoch {
		return true
	}
	return m.Down() && g.ballot.Epoch > g.config.Epoch
}

// adopt takes over a promotion whose leader did not live to tell of it.
func (g *Group) adopt(i *Instance) {
	c := quorum.Configuration{Author: g.self, Group: g.set.Name, Master: i.Addr, Epoch: g.ballot.Epoch, Leader: g.ballot.Leader}
	if o := g.ordered; o != nil && g.same(o.Master, i.Addr) && o.Epoch > g.config.Epoch {
		c.Epoch, c.Leader = o.Epoch, o.Leader
	}
	if c.Leader == g.self && g.attempt != nil || !c.Supersedes(g.config) {
		return
	}
	g.switchTo(c, nil)
}
