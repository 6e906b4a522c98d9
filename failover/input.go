package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Input is one thing that happened, stepped into a [Group] or a [Monitor].
type Input interface{ input() }

// The inputs of a group.
type (
	// Observed is what a probe saw of an instance.
	Observed struct{ monitor.Report }
	// Informed is an instance's reply to INFO.
	Informed struct{ monitor.InfoReport }
	// Hinted says that a monitor may be at an address: a hello, a caller of
	// SENTINEL PEER. Nothing in it is taken before that monitor confirmed it.
	Hinted struct{ monitor.Hello }
	// Answered is a peer's answer to a question or a confirmation.
	Answered struct{ quorum.Answer }
	// OpinionHeard is a peer's opinion, by gossip.
	OpinionHeard struct{ quorum.Opinion }
	// ConfigHeard is a peer's configuration, by gossip.
	ConfigHeard struct{ quorum.Configuration }
	// Released is a candidate giving up an epoch.
	Released struct{ quorum.Release }
	// VoteAsked is a request for our vote; the answer is an AnswerVote effect
	// with the same ticket.
	VoteAsked struct {
		Ticket    uint64
		Epoch     uint64
		Candidate quorum.ID
	}
	// Done is the result of an effect.
	Done struct {
		Effect  uint64
		Outcome Outcome
		Detail  string       // a refusal's text, for people
		Info    monitor.Info // of a Fence
		Reply   monitor.Reply
		Denied  []string // commands that the ACL user lacks
	}
	// FailoverAsked is SENTINEL FAILOVER; the answer is an AnswerFailover effect. To
	// is the replica that shall be promoted, zero: the best.
	FailoverAsked struct {
		Ticket uint64
		To     monitor.Addr
	}
	// Forget drops a replica, or another monitor, for good (SENTINEL FORGET); the
	// answer is an AnswerForget effect.
	Forget struct{ Addr monitor.Addr }
	// SettingsChanged carries the new settings of the group (SENTINEL SET).
	SettingsChanged struct{ Settings }
	// Reset forgets replicas, peers and any failover (SENTINEL RESET).
	Reset struct{}
	// Resolved says which numeric address a host name has now.
	Resolved struct {
		Host string
		IP   string
	}
	// Persisted says that the promise with that number, and all before it, are durable.
	Persisted struct{ Promise uint64 }
	// PersistFailed says that the last promise could not be saved; PersistWorks
	// that a save succeeded after one failed.
	PersistFailed struct{ Cause string }
	// PersistWorks ends what PersistFailed began.
	PersistWorks struct{}
	// Stalled says that our own process stood still for a while.
	Stalled struct{ For time.Duration }
	// Tick asks for nothing but a look at the clock.
	Tick struct{}
)

// The inputs that concern the whole monitor, not one group.
type (
	// Contacted is a sign of a peer's life, or of its absence.
	Contacted struct{ quorum.Contact }
	// MemberChanged is the gossip pool's word on a peer.
	MemberChanged struct {
		ID     quorum.ID
		Gossip monitor.Addr
		Alive  bool
	}
)

func (Observed) input()        {}
func (Informed) input()        {}
func (Hinted) input()          {}
func (Answered) input()        {}
func (OpinionHeard) input()    {}
func (ConfigHeard) input()     {}
func (Released) input()        {}
func (VoteAsked) input()       {}
func (Done) input()            {}
func (FailoverAsked) input()   {}
func (SettingsChanged) input() {}
func (Reset) input()           {}
func (Forget) input()          {}
func (Resolved) input()        {}
func (Persisted) input()       {}
func (PersistFailed) input()   {}
func (PersistWorks) input()    {}
func (Stalled) input()         {}
func (Tick) input()            {}
func (Contacted) input()       {}
func (MemberChanged) input()   {}

// Outcome is how an effect on an instance ended.
type Outcome uint8

// Outcomes of an effect.
const (
	OutcomeDone       Outcome = iota + 1 // carried out and proven
	OutcomeNotSent                       // nothing reached the instance
	OutcomeRefused                       // the instance refused, and nothing happened
	OutcomeUnknown                       // sent, and the reply was lost
	OutcomeLeaseOver                     // not sent: the leader's lease had run out
	OutcomeUnkillable                    // the script has written and cannot be killed
	OutcomeNotBusy                       // no script was running any more
)

func (o Outcome) String() string {
	return [...]string{"none", "done", "not-sent", "refused", "unknown", "lease-over", "unkillable", "not-busy"}[o]
}
