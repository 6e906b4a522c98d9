package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Output is what a step asks of the outside.
type Output struct {
	// Persist is a promise (a vote, the epoch of our own campaign). It must be
	// durable before those Effects start that tell of it or act on it (see
	// NeedsPromise); if it cannot be saved they are dropped and
	// [Monitor.PersistFailed] is called.
	Persist *Saved
	Effects []Effect
	Events  []monitor.Event
	// Wake is when the next Tick is wanted; Never: only with the next input.
	Wake monitor.Instant
	// Dirty says that facts changed which are worth saving, lazily.
	Dirty bool
	// Targets, when Retarget is set, is the whole set of instances to probe.
	Retarget bool
	Targets  []Target
}

// Target is an instance to probe and how closely.
type Target struct {
	Addr      monitor.Addr
	PingEvery time.Duration
	InfoEvery time.Duration
	DialEvery time.Duration
	// PublishEvery is the pace of our hello there; Announce comes beside it.
	PublishEvery time.Duration
	Listen       bool // hear the hellos that others publish there
}

// Effect is a request to a shell. Its result comes back as an Input that
// carries ID, where the action has a result.
type Effect struct {
	ID     uint64
	Group  string
	Action Action
}

// NeedsPromise reports whether an action tells others of a vote or of our own
// campaign, or acts on it, so that it must wait until the promise made in the
// same step is durable. All others start at once, whatever the disk does.
func NeedsPromise(a Action) bool {
	switch a := a.(type) {
	case AnswerVote, AnswerFailover, Promote:
		return true
	case TellConfig:
		return a.Ordered
	case Ask:
		return a.Candidate != ""
	}
	return false
}

// Action is what an effect asks for.
type Action interface{ action() }

// The actions.
type (
	// Promote orders an instance to become master (result: Done). It must not be
	// written after Until, nor to another process than RunID ("": unknown): it was
	// chosen for the data that it holds.
	Promote struct {
		Addr  monitor.Addr
		RunID string
		Until monitor.Instant
	}
	// Repoint orders an instance to replicate from To (result: Done).
	Repoint struct{ Addr, To monitor.Addr }
	// Fence stops writes on a deposed master for a while and reads its INFO (result: Done).
	Fence struct {
		Addr monitor.Addr
		For  time.Duration
	}
	// Unfence lifts a fence (result: Done).
	Unfence struct{ Addr monitor.Addr }
	// Kill ends the running script with the command that its BUSY named (result: Done).
	Kill struct {
		Addr monitor.Addr
		Kind monitor.Reply
	}
	// Refresh asks an instance for INFO at once (result: Informed, if it answers).
	Refresh struct{ Addr monitor.Addr }
	// Ask asks a peer a question (result: Answered).
	Ask struct{ quorum.Question }
	// Confirm asks who is at an address (result: Answered).
	Confirm struct{ quorum.Confirmation }
	// TellOpinion and TellConfig send to every peer by gossip.
	TellOpinion struct{ quorum.Opinion }
	// TellConfig tells a configuration to every peer.
	TellConfig struct{ quorum.Configuration }
	// TellRelease frees the voters of an epoch that we gave up, by gossip and RESP.
	TellRelease struct{ quorum.Release }
	// Announce publishes the hello on every instance and peer at once.
	Announce struct{}
	// JoinGossip says where peers of the pool are.
	JoinGossip struct{ Addr monitor.Addr }
	// Repeer says that the set of peers to keep links with changed.
	Repeer struct{}
	// AnswerVote answers VoteAsked: whom we voted for last, and in which epoch.
	AnswerVote struct {
		Ticket uint64
		Leader quorum.ID
		Epoch  uint64
	}
	// AnswerFailover answers FailoverAsked: "" or Sentinel's error.
	AnswerFailover struct {
		Ticket  uint64
		Refusal string
	}
	// AnswerForget answers Forget: "" or why the address is not forgotten.
	AnswerForget struct{ Refusal string }
	// RunScript asks for the group's client-reconfig-script.
	RunScript struct {
		Role     string // leader or observer
		From, To monitor.Addr
	}
)

func (Promote) action()        {}
func (Repoint) action()        {}
func (Fence) action()          {}
func (Unfence) action()        {}
func (Kill) action()           {}
func (Refresh) action()        {}
func (Ask) action()            {}
func (Confirm) action()        {}
func (TellOpinion) action()    {}
func (TellConfig) action()     {}
func (TellRelease) action()    {}
func (Announce) action()       {}
func (JoinGossip) action()     {}
func (Repeer) action()         {}
func (AnswerVote) action()     {}
func (AnswerFailover) action() {}
func (AnswerForget) action()   {}
func (RunScript) action()      {}
