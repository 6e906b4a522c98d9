package failover

import (
	"time"

	"picket/monitor"
)

const (
	// convertWait is how long an unexpected master is left alone (Sentinel: four
	// publish periods).
	convertWait = 8 * time.Second
	// strayWait is how long a replica that still follows a former master of the
	// group is left to the leader.
	strayWait = time.Second
)

// repairReplica orders a replica that reports master, or follows somebody else,
// to follow the master, when that is due here. It reports whether it did.
func (g *Group) repairReplica(i *Instance) bool {
	if i.repairing != 0 || i.Down() || i.Verdict.State != monitor.StateUp || g.isDeposed(i) {
		return false
	}
	if i.InfoAt == monitor.Never || i.repair != monitor.Never && !g.after(i.repair, 2*time.Second) {
		return false
	}
	switch i.Info.Role {
	case monitor.RoleMaster:
		return g.convert(i)
	case monitor.RoleReplica:
		if !g.follows(i, g.config.Master) {
			return g.fixStray(i)
		}
	}
	return false
}

func (g *Group) convert(i *Instance) bool {
	if !g.after(i.RoleSince, convertWait+time.Duration(g.rank())*convertWait/4) || i.InfoSent <= i.RoleSince {
		return false
	}
	if !g.mayRepair() {
		return false
	}
	g.note("+convert-to-slave", g.subject(i).String(), ReasonUnexpectedMain)
	g.repoint(i)
	return true
}

// fixStray repairs a replica that follows another master. One that follows a
// member of this group was missed by a failover; a foreign one is given
// Sentinel's failover-timeout, for an operator may be moving it. One that follows
// the master of another group of this name was moved there: two pools that each
// call it back would do so forever.
func (g *Group) fixStray(i *Instance) bool {
	wait := g.set.FailoverTimeout
	followed := monitor.Addr{Host: i.Info.MasterHost, Port: i.Info.MasterPort}
	if g.watchedElsewhere(followed) {
		return false
	}
	if g.known(followed) {
		wait = strayWait
		if rank := g.rank(); rank > 0 {
			wait = max(g.set.FailoverTimeout, strayWait) + time.Duration(rank)*standInWait
		}
	}
	if !g.after(max(i.HostSince, g.configSince), wait) || !g.mayRepair() {
		return false
	}
	g.note("+fix-slave-config", g.subject(i).String(), ReasonWrongMaster)
	g.repoint(i)
	return true
}

// mayRepair reports whether a majority has just confirmed our configuration, and
// asks for that. A monitor that was cut off while the others failed over takes
// the new master for an unexpected one: it would make it follow the old, and
// what clients had written to it would be gone.
func (g *Group) mayRepair() bool {
	if g.electing() {
		return false
	}
	if g.confirmedSince(g.now.Add(-confirmFor)) {
		return true
	}
	if g.repairAsked == monitor.Never || g.after(g.repairAsked, time.Second) {
		g.repairAsked = g.now
		g.lookAgain(g.now.Add(time.Second))
		for _, v := range g.voters {
			g.ask(v, g.epochs.Current, "")
		}
	}
	return false
}

func (g *Group) repoint(i *Instance) {
	i.repair = g.now
	i.repairing = g.do(Repoint{Addr: i.Addr, To: g.config.Master})
}
