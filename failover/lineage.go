package failover

import (
	"slices"

	"picket/monitor"
)

// Lineage is a group's chain of replication ids, oldest first, each with the
// offset in bytes at which it left the one before it. It tells a replica of this
// group from one that followed somebody else, and the newer of two histories.
type Lineage []Branch

// maxLineage is how many of the newest ids are kept.
const maxLineage = 16

// Rank returns the position of a replication id, higher is newer, or -1.
func (l Lineage) Rank(id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(l, func(b Branch) bool { return b.ReplID == id })
}

func (l Lineage) newest() string {
	if len(l) == 0 {
		return ""
	}
	return l[len(l)-1].ReplID
}

// Standing says how an instance's data relate to the lineage.
type Standing uint8

// Standings, best first.
const (
	OnLineage Standing = iota // its replication id is one of ours
	Unproven                  // nothing is known of its data, neither for nor against
	Foreign                   // its data come from elsewhere
)

// restartedOffset is the most that a replica says of its offset when it has
// read nothing from anybody since it started without a replication id of its
// own (Redis: slave_repl_offset is 1 without a master, cached or linked).
const restartedOffset = 1

// Standing judges an instance by its INFO. known reports whether an address
// belongs to the group. An id that is not ours, with an offset in it, is proof
// of another history; without one it is a restart that kept the data and lost
// the id (an append-only file).
func (l Lineage) Standing(info monitor.Info, known func(monitor.Addr) bool) Standing {
	switch {
	case l.Rank(info.ReplID) >= 0:
		return OnLineage
	case info.Role == monitor.RoleReplica && !known(monitor.Addr{Host: info.MasterHost, Port: info.MasterPort}):
		return Foreign
	case l.Rank(info.ReplID2) >= 0:
		return OnLineage // branched off one of ours
	case len(l) == 0 || !info.LinkUp && info.ReplicaOffset <= restartedOffset:
		return Unproven
	}
	return Foreign
}

// Accepts reports whether a master's history continues ours: one of its two
// ids is on the lineage. An empty lineage knows nothing against it.
func (l Lineage) Accepts(info monitor.Info) bool {
	return len(l) == 0 || l.Rank(info.ReplID) >= 0 || l.Rank(info.ReplID2) >= 0
}

// grow appends the history of an instance that is known to be on the lineage:
// a new id that left one of ours at SecondOffset. It reports whether it grew.
func (l *Lineage) grow(info monitor.Info) bool {
	if info.ReplID == "" || l.Rank(info.ReplID) >= 0 {
		return false
	}
	from := int64(0)
	if info.ReplID2 != "" {
		from = info.SecondOffset
		if len(*l) == 0 {
			*l = append(*l, Branch{ReplID: info.ReplID2})
		}
	}
	*l = append(*l, Branch{ReplID: info.ReplID, From: from})
	if n := len(*l); n > maxLineage {
		*l = slices.Clone((*l)[n-maxLineage:])
	}
	return true
}

// learnLineage lets the lineage grow from a replica whose link to the configured
// master is up, and from the master itself when it continues the lineage or
// when one of its replicas shares its id.
func (g *Group) learnLineage(i *Instance) {
	m := g.master()
	switch {
	case g.bereft(m): // who has synced with it has lost its data too
		return
	case i != m && g.linkedToMaster(i) && !i.Info.SyncInProgress:
		// A replica with a working link has the master's data.
	case i == m && i.Info.Role == monitor.RoleMaster && len(g.lineage) > 0 && g.lineage.Rank(i.Info.ReplID2) >= 0:
	default:
		return
	}
	if g.lineage.grow(i.Info) {
		g.dirty = true
	}
}

// coldLineage is what the replicas of a master that nobody has seen yet share:
// the id that most of those with data have; with equal counts, the furthest.
func coldLineage(replicas []*Instance) Lineage {
	count, furthest := map[string]int{}, map[string]int64{}
	for _, i := range replicas {
		if i.Info.ReplID == "" || i.Info.Keys == 0 && i.Info.Offset() == 0 {
			continue
		}
		count[i.Info.ReplID]++
		furthest[i.Info.ReplID] = max(furthest[i.Info.ReplID], i.Info.Offset())
	}
	best := ""
	for _, i := range replicas {
		id := i.Info.ReplID
		if count[id] == 0 {
			continue
		}
		if best == "" || count[id] > count[best] || count[id] == count[best] && furthest[id] > furthest[best] {
			best = id
		}
	}
	if best == "" {
		return nil
	}
	return Lineage{{ReplID: best}}
}
