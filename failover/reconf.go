package failover

import (
	"slices"
	"time"

	"picket/monitor"
)

// reconfTimeout is how long a replica that was told to follow the new master may
// take to start (Sentinel's slave_reconf_timeout).
const reconfTimeout = 10 * time.Second

// advanceReconf makes the replicas follow the new master, parallel-syncs at a
// time. One that is stuck gives its place to the next.
func (g *Group) advanceReconf(a *attempt) {
	m := g.master()
	if g.after(a.entered, g.set.FailoverTimeout) && (g.stillLeads(a) || g.after(a.entered, g.set.FailoverTimeout+confirmFor)) {
		g.warn("+failover-end-for-timeout", g.formerSubject().String(), "")
		var late []*Instance
		for _, i := range g.replicas() {
			if i.Reconf == reconfNone && !g.isDeposed(i) && i.Evidence.LinkUp && g.stillLeads(a) {
				late = append(late, i)
			}
		}
		g.endReconf()
		for _, i := range late {
			g.note("+slave-reconf-sent-be", g.subject(i).String(), "")
			g.do(Repoint{Addr: i.Addr, To: m.Addr})
		}
		return
	}
	busy, waiting := 0, 0
	for _, i := range g.replicas() {
		g.expireReconf(i)
		switch {
		case i.Reconf == reconfSent || i.Reconf == reconfInProgress:
			busy++
		case g.needsReconf(i):
			waiting++
		}
	}
	for _, i := range g.replicas() {
		if busy >= g.set.ParallelSyncs || waiting > 0 && !g.stillLeads(a) {
			break
		}
		if g.needsReconf(i) {
			g.sendReconf(i)
			busy++
			waiting--
		}
	}
	if busy == 0 && waiting == 0 {
		g.endReconf()
	}
}

// stillLeads reports whether the configuration that we won is still the newest,
// as far as can be known: within the lease nobody else can have been elected;
// later a majority must have said so. A leader that stood still in between may
// wake to a newer master, which it must not repoint.
func (g *Group) stillLeads(a *attempt) bool { return g.now < a.lease || g.mayRepair() }

// isDeposed reports whether an instance is a master that a switch left behind
// and that has not followed since. The work on deposed masters alone repoints it.
func (g *Group) isDeposed(i *Instance) bool {
	if g.deposed == nil {
		return false
	}
	return g.deposed.Addr == i.Addr || slices.ContainsFunc(g.older, func(d *deposition) bool { return d.Addr == i.Addr })
}

func (g *Group) needsReconf(i *Instance) bool {
	return i.Reconf == reconfNone && !g.isDeposed(i) && !i.Down() && i.Evidence.LastReply != monitor.Never
}

func (g *Group) sendReconf(i *Instance) {
	i.Reconf, i.ReconfAt = reconfSent, g.now
	i.repairing = g.do(Repoint{Addr: i.Addr, To: g.config.Master})
	g.note("+slave-reconf-sent", g.subject(i).String(), "")
	g.lookAgain(g.now.Add(reconfTimeout))
}

func (g *Group) expireReconf(i *Instance) {
	if i.Reconf == reconfSent || i.Reconf == reconfInProgress {
		if i.Down() {
			i.Reconf = reconfDone // Sentinel: a replica that is sdown is not waited for
			return
		}
	}
	if i.Reconf == reconfSent && g.after(i.ReconfAt, reconfTimeout) {
		g.note("-slave-reconf-sent-timeout", g.subject(i).String(), "")
		i.Reconf = reconfDone
	}
}

// reconfSeen follows a replica's progress by its INFO.
func (g *Group) reconfSeen(i *Instance) {
	if i.InfoSent < i.ReconfAt {
		return
	}
	if i.Reconf == reconfSent && g.follows(i, g.config.Master) {
		i.Reconf = reconfInProgress
		g.note("+slave-reconf-inprog", g.subject(i).String(), "")
	}
	if i.Reconf == reconfInProgress && i.Info.LinkUp {
		i.Reconf = reconfDone
		g.note("+slave-reconf-done", g.subject(i).String(), "")
	}
}

// endReconf completes the failover.
func (g *Group) endReconf() {
	g.warn("+failover-end", g.formerSubject().String(), "")
	for _, i := range g.instances {
		i.Reconf = reconfNone
	}
	g.attempt, g.retarget = nil, true
}

// formerSubject is the master that the failover left: Sentinel names it in the
// events that end a failover.
func (g *Group) formerSubject() monitor.Subject {
	s := g.masterSubject()
	if g.attempt != nil {
		s.Addr = g.shown(g.attempt.oldOwner)
	}
	return s
}

// done takes the result of an effect.
func (g *Group) done(d Done) {
	if a := g.attempt; a.ordering() && d.Effect == a.effect {
		g.promoteDone(a, d)
		return
	}
	if g.kill.effect != 0 && d.Effect == g.kill.effect {
		g.killDone(d)
		return
	}
	if addr, ok := g.fencing[d.Effect]; ok {
		delete(g.fencing, d.Effect)
		g.fenceDone(addr, d)
		return
	}
	if g.deposed != nil && d.Effect == g.deposed.effect {
		g.deposedDone(d)
		return
	}
	for _, i := range g.instances {
		if i.repairing != 0 && i.repairing == d.Effect {
			g.repairDone(i, d)
			return
		}
	}
}

// repairDone takes the result of a Repoint of a replica.
func (g *Group) repairDone(i *Instance, d Done) {
	i.repairing = 0
	if d.Outcome == OutcomeDone || d.Outcome == OutcomeUnknown {
		g.do(Refresh{Addr: i.Addr})
		return
	}
	if i.Reconf == reconfSent {
		i.Reconf = reconfDone // its place is free; repairReplica tries it again after the failover
	}
}
