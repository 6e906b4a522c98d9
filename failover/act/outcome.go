package act

import (
	"errors"

	"picket/monitor"
)

// ErrLeaseOver is returned by Promote when the lease ended before the order could be written.
var ErrLeaseOver = errors.New("the lease ended before the order could be written")

// Outcome says what is known of an order. It is what a caller must branch on:
// only NotSent and Refused prove that nothing happened.
type Outcome uint8

// The outcomes of an order.
const (
	NotSent Outcome = iota // nothing of the order was written
	Refused                // the instance refused it: Reply says how
	Done                   // the instance carried it out
	Unknown                // it was written, and the reply was lost
)

var outcomeNames = [...]string{"not-sent", "refused", "done", "unknown"}

func (o Outcome) String() string { return outcomeNames[o] }

// Result is what came of Promote or Repoint.
type Result struct {
	Outcome Outcome
	// Reply is the error with which the instance refused, without its type byte;
	// [monitor.ClassifyReply] knows its class. Empty unless Refused.
	Reply string
	// Rewrite is the error of CONFIG REWRITE when the order itself was carried out:
	// the instance has no configuration file, or cannot write it. After a restart it
	// will be what it was.
	Rewrite string
	// Denied names optional members of the transaction that the ACL user or the
	// server does not allow, such as "config|rewrite". They were left out.
	Denied []string
	// At is when the outcome was known.
	At monitor.Instant
}

// FenceResult is what came of Fence.
type FenceResult struct {
	// Reply is the class of the answer to INFO: ReplyPong when INFO was given,
	// ReplyNone when nothing was answered.
	Reply  monitor.Reply
	Text   string          // the error reply to INFO, without its type byte; empty when INFO was given
	Info   monitor.Info    // zero unless Reply is ReplyPong
	Paused bool            // writes are held back from now on
	Pause  string          // the error reply to CLIENT PAUSE; empty when Paused
	Denied string          // "client|pause" when the ACL user lacks it, else empty
	Sent   monitor.Instant // when the packet was written; Never when it was not
	At     monitor.Instant // when the answer came
}

// KillKind says what to kill.
type KillKind uint8

// What BUSY names.
const (
	KillScript   KillKind = iota + 1 // SCRIPT KILL: a script run by EVAL
	KillFunction                     // FUNCTION KILL: a function run by FCALL
)

func (k KillKind) String() string { return [...]string{"none", "script", "function"}[k] }

// KillOutcome is what came of a kill.
type KillOutcome uint8

// The outcomes of a kill.
const (
	KillUnknown    KillOutcome = iota // no answer: not sent, or the reply was lost; see the error
	Killed                            // the script is dead
	KillUnkillable                    // -UNKILLABLE: it has written
	KillNotBusy                       // -NOTBUSY: nothing runs, or a module command does
	KillDenied                        // -NOPERM and its kin: the ACL user may not
	KillRefused                       // any other error, such as -BUSY naming the other command
)

var killNames = [...]string{"unknown", "killed", "unkillable", "not-busy", "denied", "refused"}

func (o KillOutcome) String() string { return killNames[o] }

// KillResult is what came of Kill.
type KillResult struct {
	Outcome KillOutcome
	Reply   string // the error reply, without its type byte; empty when Killed or Unknown
	At      monitor.Instant
}
