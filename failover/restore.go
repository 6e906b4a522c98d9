package failover

import "picket/monitor"

// restorable reports whether the configured master is a replica that replicates
// from nobody, and may be made a master again when no replica can take its
// place. A late order of an older configuration can leave a group so: the master
// follows a replica, the replica follows the master, and each waits for the other.
// One whose link is up was moved on purpose.
func (g *Group) restorable() bool {
	m := g.master()
	return m.Verdict.State == monitor.StateRoleMismatch && m.Info.Role == monitor.RoleReplica && !m.Info.LinkUp &&
		!m.Info.SyncInProgress && m.Info.Keys > 0 && g.lineage.Accepts(m.Info)
}
