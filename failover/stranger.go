package failover

import (
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// ourGroup reports whether a monitor that holds c watches this group, and not
// another one of the same name: it names a master that we know, or that our own
// master says it follows, or we know no history yet and have nothing to compare.
func (g *Group) ourGroup(c quorum.Configuration) bool {
	if c.Master.IsZero() || len(g.lineage) == 0 {
		return true
	}
	if i := g.instance(c.Master); i != nil && !i.prospect {
		return true
	}
	return g.follows(g.master(), c.Master)
}

// droppedStands is how long a voter that a RESET dropped is still no stranger.
const droppedStands = time.Minute

// justDropped reports whether a monitor was a voter until a RESET a moment ago.
// A RESET in the middle of a failover forgets the replica that is just being
// promoted, and the monitors that switched to it must not be strangers for that
// (seed 4100000429: two masters for ever, each with half of the monitors).
func (g *Group) justDropped(id quorum.ID) bool {
	return g.resetAt != monitor.Never && g.now.Since(g.resetAt) < droppedStands && slices.Contains(g.dropped, id)
}

// strangerMet takes what a monitor holds that names a master unknown to us. It
// is no voter: majorities would be counted over two pools. The address is
// looked at, though, unless our own master serves or a voter's word is pending:
// should it answer as master on our lineage, then we missed a failover and its
// monitors are ours. While our master serves, the other is a clone of it.
func (g *Group) strangerMet(a quorum.Answer) {
	g.configWarning("the monitor "+string(a.Peer)+" at "+a.Addr.String()+" holds a master of "+g.set.Name+
		" that is no instance of this group: it is no voter here; if it watches another group, give one of the two another name", ReasonForeignGroup)
	g.sighted(a.Config.Master)
	c := a.Config
	c.Author, c.Group = a.Peer, g.set.Name
	if c.Supersedes(g.config) && g.epochs.Plausible(c.Epoch) && monitor.ValidHost(c.Master.Host) && g.prospect == nil && !g.masterSane() {
		g.look(c)
	}
}

// sighting is when a monitor last confirmed that it watches another group of
// our name, with that master.
type sighting struct {
	master monitor.Addr
	at     monitor.Instant
}

const (
	// sightingStands is how long a sighting holds: monitors say hello every 2 s.
	sightingStands = 10 * time.Second
	maxSightings   = 16
)

func (g *Group) sighted(master monitor.Addr) {
	g.theirs = slices.DeleteFunc(g.theirs, func(s sighting) bool {
		return s.master == master || g.now.Since(s.at) > sightingStands
	})
	if len(g.theirs) < maxSightings {
		g.theirs = append(g.theirs, sighting{master, g.now})
	}
}

// watchedElsewhere reports whether another pool watches that master under our name.
func (g *Group) watchedElsewhere(master monitor.Addr) bool {
	return slices.ContainsFunc(g.theirs, func(s sighting) bool {
		return g.same(s.master, master) && g.fresh(s.at, 0, sightingStands)
	})
}
