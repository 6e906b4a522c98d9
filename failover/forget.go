package failover

import (
	"slices"

	"picket/monitor"
)

// forget drops a replica or another monitor that is gone for good, and says why
// not otherwise. What still lives is refused: it would be found again at once, by
// the master's INFO or by its hello.
func (g *Group) forget(addr monitor.Addr) (refusal string) {
	if v := g.voterAt(addr); v != nil {
		return g.forgetVoter(v)
	}
	i := g.instance(addr)
	switch {
	case i == nil || i.prospect:
		return "ERR " + addr.String() + " is neither a replica nor a monitor of this group"
	case i == g.master():
		return "ERR " + addr.String() + " is the master. SENTINEL FAILOVER replaces it, SENTINEL REMOVE ends the group"
	case g.attempt != nil:
		return "INPROG Failover already in progress"
	case !i.Down():
		return "ERR " + addr.String() + " is alive (" + i.Verdict.State.String() + "), it would be found again. Stop it first"
	}
	g.forgetReplica(i)
	return ""
}

// forgetReplica drops a replica that is down. A deposed master is awaited no longer:
// should it ever come back with its data as they are, it is a stranger.
func (g *Group) forgetReplica(i *Instance) {
	if g.deposed != nil && g.deposed.Addr == i.Addr {
		g.nextDeposed()
	}
	g.older = slices.DeleteFunc(g.older, func(d *deposition) bool { return d.Addr == i.Addr })
	g.instances = slices.DeleteFunc(g.instances, func(o *Instance) bool { return o == i })
	g.retarget, g.dirty = true, true
	g.warn(EventForgotten, g.subject(i).String(), ReasonForgotten)
}

func (g *Group) voterAt(addr monitor.Addr) *Voter {
	for _, v := range g.voters {
		if g.same(v.Addr, addr) {
			return v
		}
	}
	return nil
}

// heardOf reports whether a voter lives, though it does not answer us: the pool says so.
func (g *Group) heardOf(v *Voter) bool {
	p := g.roster.Get(v.ID)
	return p != nil && p.GossipAlive
}

// forgetVoter drops another monitor. The majority counts without it from now on,
// so one that may still be alive for others is the operator's to know.
func (g *Group) forgetVoter(v *Voter) (refusal string) {
	switch {
	case g.attempt != nil:
		return "INPROG Failover already in progress"
	case v.DownSince == monitor.Never || g.heardOf(v):
		return "ERR the monitor at " + v.Addr.String() + " is not sdown here, or others hear of it: it would be found again. Stop it first"
	}
	g.voters = slices.DeleteFunc(g.voters, func(o *Voter) bool { return o == v })
	g.dirty = true
	g.do(Repeer{})
	g.warn(EventForgotten, g.peerSubject(v).String(), ReasonForgotten)
	return ""
}
