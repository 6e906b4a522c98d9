package failover

import (
	"picket/monitor"
	"picket/quorum"
)

// Saved is what must survive a restart of one group. The daemon adds what
// belongs to the whole monitor: its id, its boot number and the current epoch.
type Saved struct {
	Name         string
	Master       monitor.Addr
	ConfigEpoch  uint64
	ConfigLeader quorum.ID // who won ConfigEpoch, "" when unknown
	LeaderEpoch  uint64    // the newest epoch in which we voted
	Leader       quorum.ID // for whom
	CurrentEpoch uint64    // the monitor's current epoch when this was taken
	Replicas     []monitor.Addr
	Peers        []SavedPeer
	Lineage      []Branch
	Promise      uint64   // numbers the promise in an Output; not itself saved
	Deposed      *Deposed // the master left behind by the last switch, until it follows
}

// SavedPeer is another monitor that counts as a voter of the group.
type SavedPeer struct {
	ID   quorum.ID
	Addr monitor.Addr
}

// Branch is one replication id in a group's lineage, with the offset in bytes
// at which it left the one before it.
type Branch struct {
	ReplID string
	From   int64
}

// Deposed is the master that a switch left behind.
type Deposed struct {
	Addr         monitor.Addr
	RunID        string
	Epoch        uint64 // of the switch
	ReplID       string // its replication id, now the new master's master_replid2
	SecondOffset int64  // the new master's second_repl_offset
}
