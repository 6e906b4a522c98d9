package failover

import (
	"picket/monitor"
	"picket/quorum"
)

// switchTo takes a configuration: its master is answered, told and published
// at once, on every monitor. from is the voter who told it, nil when it is our own.
func (g *Group) switchTo(c quorum.Configuration, from *Voter) {
	if g.same(c.Master, g.config.Master) {
		g.sameMaster(c)
		return
	}
	if from != nil {
		g.warn("+config-update-from", g.peerSubject(from).String(), ReasonSuperseded)
	}
	if a := g.attempt; a != nil && !g.wonBy(a, c) {
		g.release(a)
		g.attempt = nil // superseded, silently, as in Sentinel
	}
	old := g.master()
	i, _ := g.member(c.Master)
	g.warn("+switch-master", g.set.Name+" "+g.shown(old.Addr).Fields()+" "+g.shown(c.Master).Fields(), ReasonPromoted)
	role := "leader"
	if c.Leader != g.self {
		role = "observer"
	}
	g.do(RunScript{Role: role, From: old.Addr, To: c.Master})
	g.keepOlder(old.Addr, c.Master)
	g.deposed = &deposition{Deposed: Deposed{Addr: old.Addr, RunID: old.RunID, Epoch: c.Epoch}, awaited: g.now}
	if e := old.Evidence; e.LinkUp && e.Unanswered == monitor.Never {
		g.deposed.back = g.now // it never went away: an operator's failover
	}
	g.install(c, i)
	for _, r := range g.replicas() {
		if r.Addr != old.Addr {
			g.note("+slave", g.subject(r).String(), "")
		}
	}
	g.note("+slave", g.subject(old).String(), "")
	g.epochs.Observe(c.Epoch)
	g.announceConfig()
	g.do(Refresh{Addr: c.Master})
}

// install makes i the master and wipes what was held of the one before.
func (g *Group) install(c quorum.Configuration, i *Instance) {
	g.renew = c.Epoch == g.config.Epoch
	g.config = c
	g.config.Author, g.configSince = g.self, g.now
	g.odownSince, g.askedAt = monitor.Never, monitor.Never
	g.held, g.heldTold, g.backoff, g.retryAt = "", "", 0, monitor.Never
	g.prospect, g.ordered = nil, nil
	g.dropProspects()
	g.kill = killing{}
	for _, other := range g.instances {
		other.DownSince, other.Reconf, other.RebootSince = monitor.Never, reconfNone, monitor.Never
		other.repairing, other.newborn = 0, monitor.Never
	}
	i.RunID, i.RoleSince = i.Info.RunID, g.now
	g.ballot.Free(c.Leader, c.Epoch) // the failover is complete: the next may follow at once
	g.toldAt, g.opinion = monitor.Never, quorum.Opinion{}
	g.dirty, g.retarget = true, true
}

// wonBy reports whether c is what an attempt of ours won.
func (g *Group) wonBy(a *attempt, c quorum.Configuration) bool {
	return a.epoch == c.Epoch && c.Leader == g.self
}

// sameMaster takes a newer epoch for the master that we have.
func (g *Group) sameMaster(c quorum.Configuration) {
	if c.Epoch == g.config.Epoch && c.Leader == g.config.Leader {
		return
	}
	if a := g.attempt; a != nil && a.epoch != 0 && a.phase < phaseReconf && a.epoch <= c.Epoch && !g.wonBy(a, c) {
		g.release(a)
		g.attempt, g.retarget = nil, true // what it would win is older than what we hold now
	}
	g.renew = g.renew && c.Epoch == g.config.Epoch
	g.ballot.Free(c.Leader, c.Epoch)
	g.config.Epoch, g.config.Leader = c.Epoch, c.Leader
	g.epochs.Observe(c.Epoch)
	g.dirty = true
	if m := g.master(); m.Info.Role == monitor.RoleReplica {
		g.configSince = g.now // its leader has restored it: what it said before counts no more
		g.do(Refresh{Addr: m.Addr})
	}
	g.announceConfig()
}

// announceConfig tells the configuration to every peer, by gossip and by hello.
func (g *Group) announceConfig() {
	g.do(TellConfig{g.config})
	g.do(Announce{})
}

// advanceRenewal gives a configuration that met another in its own epoch a new,
// voted one, so that monitors that know only one of the two agree as well. The
// leader of the one that stands does it.
func (g *Group) advanceRenewal() {
	if !g.renew || g.attempt != nil || g.odownSince != monitor.Never || g.config.Leader != g.self || g.shared.unsaved != "" || !g.impostor.IsZero() || g.epochs.Exhausted() {
		return
	}
	if g.now < g.retryAt {
		g.lookAgain(g.retryAt)
		return
	}
	g.attempt = &attempt{
		renewal: true, started: g.now, entered: g.now, oldOwner: g.config.Master,
		until: g.now.Add(g.jitter()),
	}
}

// renewed ends a renewal that was voted for.
func (g *Group) renewed(a *attempt) {
	g.renew, g.attempt = false, nil
	c := g.config
	c.Epoch, c.Leader = a.epoch, g.self
	g.sameMaster(c)
	g.ballot.Free(g.self, a.epoch)
}
