package quorum

import (
	"time"

	"picket/monitor"
)

// ID names a monitor: 40 hexadecimal digits, as Sentinel's myid.
type ID string

// Kind tells what program a peer runs.
type Kind uint8

// Kinds of peer.
const (
	KindUnknown  Kind = iota
	KindPicket        // answers SENTINEL PEER
	KindSentinel      // redis-sentinel or valkey-sentinel
)

func (k Kind) String() string { return [...]string{"unknown", "picket", "redis-sentinel"}[k] }

// Version orders what one author says: a higher boot wins, then a higher
// sequence number. Boot is durable and rises at every start.
type Version struct {
	Boot uint64
	Seq  uint64
}

// Newer reports whether v was said after u.
func (v Version) Newer(u Version) bool {
	return v.Boot > u.Boot || (v.Boot == u.Boot && v.Seq > u.Seq)
}

// Opinion is one monitor's verdict on one group's master, told to its peers.
// Age is how old the verdict was when it was sent; delivering it again does not
// make it younger.
type Opinion struct {
	Author  ID
	Version Version
	Group   string
	Master  monitor.Addr
	RunID   string        // the process that the verdict is about, "" when unknown
	State   monitor.State // the verdict
	Reason  monitor.Reason
	Down    bool          // the author holds the master to be sdown
	Age     time.Duration // since the evidence for State was last seen, at sending
	Epoch   uint64        // the author's configuration epoch of the group
}

// Configuration says which instance is a group's master. Configurations are
// ordered by epoch and then by leader: with equal epochs the smaller leader id
// stands.
type Configuration struct {
	Author ID // who told it
	Group  string
	Epoch  uint64
	Leader ID // who won the epoch
	Master monitor.Addr
	// Ordered marks a promotion that its leader is about to order: not yet a
	// fact, but whoever later sees Master serve as master may adopt it.
	Ordered bool
}

// Supersedes reports whether c replaces d.
func (c Configuration) Supersedes(d Configuration) bool {
	if c.Epoch != d.Epoch {
		return c.Epoch > d.Epoch
	}
	return c.Leader != "" && (d.Leader == "" || c.Leader < d.Leader)
}

// Release is a candidate telling its voters that it gave up an epoch, which
// ends the lease that their vote gave it.
type Release struct {
	Group     string
	Candidate ID
	Epoch     uint64
}

// Contact is one sign of life, or of its absence, from a peer over RESP. A peer
// is pinged once a second on a link of its own.
type Contact struct {
	Peer  ID
	Addr  monitor.Addr
	At    monitor.Instant
	Reply monitor.Reply // ReplyNone when the link was lost or could not be made
	Cause monitor.Cause
}

// Question is asked of one peer over RESP: SENTINEL IS-MASTER-DOWN-BY-ADDR, and
// beside it, of a picket, SENTINEL PEER <group>, of a redis-sentinel, SENTINEL
// MASTER <group>.
type Question struct {
	Effect    uint64 // returned in the Answer
	Peer      ID
	Addr      monitor.Addr
	Kind      Kind
	Group     string
	Master    monitor.Addr
	Epoch     uint64        // current epoch, or the epoch that a vote is asked for
	Candidate ID            // "" asks for no vote
	Deadline  time.Duration // how long to wait for the answer
}

// Answer is what one peer answered to a Question or a confirmation. When Err is
// not empty nothing else but Effect, Peer, Addr, Group, Sent and At is meaningful.
type Answer struct {
	Effect uint64
	Peer   ID // the id that the peer itself gave in a confirmation; else the one asked
	Addr   monitor.Addr
	Group  string
	Sent   monitor.Instant // when the question was written
	At     monitor.Instant
	Err    string

	Kind         Kind
	Down         bool
	Leader       ID // "" when it has not voted
	LeaderEpoch  uint64
	KnowsGroup   bool
	CurrentEpoch uint64 // pickets, and confirmations by a redis-sentinel's own hello only
	Config       Configuration
	Opinion      *Opinion     // pickets only
	Gossip       monitor.Addr // pickets only
	Boot         uint64       // pickets only
}

// Confirmation asks whoever answers at Addr who it is and whether it knows
// Group: SENTINEL PEER <group>, or SENTINEL MYID and SENTINEL MASTER <group> of
// a redis-sentinel. It is answered by an Answer.
type Confirmation struct {
	Effect uint64
	Addr   monitor.Addr
	Hinted ID // the id that the hint gave
	Group  string
}
