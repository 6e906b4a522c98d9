package failover

import (
	"time"

	"picket/monitor"
)

// bereftFor is how long after its restart a master may be held to lack data:
// its replicas sync with it meanwhile, and then there is nothing left to save.
const bereftFor = 15 * time.Second

// bereft reports whether a master that answers is a new process that lacks what
// a replica of the old one still holds: it began with nothing, or with a
// snapshot older than the replica. It would give that loss to every replica, so
// it is as gone as if it had not come back, and there is no time to wait: Redis
// lets replicas sync after repl-diskless-sync-delay, 5 s by default.
func (g *Group) bereft(m *Instance) bool {
	if m.newborn == monitor.Never || m.Info.Role != monitor.RoleMaster || m.Info.Loading {
		return false
	}
	if end := m.newborn.Add(bereftFor); g.now < end {
		g.lookAgain(end)
	} else {
		return false
	}
	for _, r := range g.replicas() {
		if g.holdsMore(r, m) {
			return true
		}
	}
	return false
}

// holdsMore reports whether a replica of the process that was, not synced with
// the one that is, has more of the group's data. One that is syncing keeps its own
// until the transfer is complete, and a promotion ends the transfer.
func (g *Group) holdsMore(r, m *Instance) bool {
	if r.Down() || !g.linkedOnce(r) || r.Info.Role != monitor.RoleReplica || r.Info.Keys <= 0 ||
		r.Info.ReplID == m.Info.ReplID {
		return false
	}
	// Redis takes another id once its first replica attaches: an id that became
	// ours since the restart is the new process's, whatever its last INFO said.
	if rank := g.lineage.Rank(r.Info.ReplID); rank < 0 || rank > g.lineage.Rank(m.former) {
		return false
	}
	if r.Info.ReplID == m.Info.ReplID2 { // it read a snapshot of that history, up to there
		return r.Info.ReplicaOffset > m.Info.SecondOffset-1
	}
	return m.Info.StartedEmpty() || m.Info.Keys == 0
}
