package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// View is an immutable picture of one group, for the front doors. Instants are
// of the monitor's clock; a reader subtracts them from its own reading of it.
type View struct {
	Settings    Settings
	At          monitor.Instant
	ConfigEpoch uint64
	Leader      quorum.ID // who we voted for last
	LeaderEpoch uint64
	// Master is the instance held to be master, Replicas the others in the order
	// in which they became known, Peers the other monitors likewise.
	Master   InstanceView
	Replicas []InstanceView
	Peers    []PeerView
	// FailoverState is Sentinel's word for the phase, "" when none is in progress.
	FailoverState string
	Forced        bool // the failover was asked for by an operator
	Usable        int  // usable voters, this monitor included
	Voters        int  // all voters, this monitor included
	SilenceLimit  time.Duration
}

// InstanceView is what SENTINEL MASTER and SENTINEL REPLICAS tell of one instance.
type InstanceView struct {
	Addr    monitor.Addr
	Verdict monitor.Verdict
	Info    monitor.Info // zero until the first INFO
	InfoRaw string

	Connected     bool
	PendingSince  monitor.Instant // first unanswered PING, Never when none
	LastValid     monitor.Instant // last reply that Sentinel counts as valid
	LastReply     monitor.Instant // last reply of any kind
	InfoAt        monitor.Instant
	RoleReported  monitor.Role
	RoleSince     monitor.Instant
	Down          bool // sdown
	DownSince     monitor.Instant
	ODown         bool
	ODownSince    monitor.Instant
	BlockedSince  monitor.Instant // script-blocked since, Never when not
	RebootedSince monitor.Instant // flag master_reboot, Never when not
	ScriptKill    bool            // flag script_kill_sent
	Promoted      bool            // flag promoted
	Reconf        string          // "", "sent", "inprog" or "done"
	Reasons       []monitor.Reason
}

// PeerView is what SENTINEL SENTINELS tells of one other monitor.
type PeerView struct {
	ID          quorum.ID
	Addr        monitor.Addr
	Kind        quorum.Kind
	Gossip      monitor.Addr
	Connected   bool
	Pending     monitor.Instant
	LastValid   monitor.Instant
	LastReply   monitor.Instant
	Down        bool
	DownSince   monitor.Instant
	MasterDown  bool // flag master_down: it says that the master is sdown
	LastHello   monitor.Instant
	VotedFor    quorum.ID
	VotedEpoch  uint64
	GossipAlive bool
	Usable      bool          // it answers us, and could vote
	State       monitor.State // its opinion of the master
	Reason      monitor.Reason
}

// Lag is how far a replica's data are behind its master's, in bytes of the replication
// stream, each as its last INFO told. It cannot be told of the master itself, before
// both were asked, and of an instance that has another history.
func (v *View) Lag(i *InstanceView) (bytes int64, known bool) {
	if i == &v.Master || i.Info.Role != monitor.RoleReplica || i.InfoAt == monitor.Never || v.Master.InfoAt == monitor.Never {
		return 0, false
	}
	if i.Info.ReplID == "" || i.Info.ReplID != v.Master.Info.ReplID {
		return 0, false
	}
	return max(0, v.Master.Info.Offset()-i.Info.Offset()), true
}
