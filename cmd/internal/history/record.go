package history

import (
	"time"

	"picket/failover"
	"picket/monitor"
)

// Kind is what a record is of.
type Kind string

// The kinds of records.
const (
	KindFailover      Kind = "failover"       // another instance is master now
	KindRefused       Kind = "refused"        // a failover was due or asked for, and none took place
	KindScriptBlocked Kind = "script-blocked" // a script, function or module command blocked the master
)

// Outcome is how it ended.
type Outcome string

// The outcomes.
const (
	OutcomeRunning     Outcome = "running"
	OutcomeSwitched    Outcome = "switched"    // of a failover
	OutcomeRecovered   Outcome = "recovered"   // the master answers again, or fewer hold it down
	OutcomeNotAllowed  Outcome = "not-allowed" // an operator's failover was refused or came to nothing
	OutcomeEnded       Outcome = "ended"       // of a script: it came to its end
	OutcomeKilled      Outcome = "killed"      // of a script: SCRIPT KILL or FUNCTION KILL ended it
	OutcomeLeftBehind  Outcome = "left-behind" // of a script: the group has another master now
	OutcomeInterrupted Outcome = "interrupted" // this monitor ended, or stopped watching the group, before it was over
)

// Unknown stands for an outage or a divergence that nobody can know.
const Unknown = -1

// Record is one thing that happened to a group, as this monitor saw it. It is
// what SENTINEL HISTORY, the HTTP door and the file hold, as JSON.
type Record struct {
	ID      string    `json:"id"` // of this monitor: "<boot>-<number>"
	Monitor string    `json:"monitor"`
	Kind    Kind      `json:"kind"`
	Group   string    `json:"group"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end,omitzero"` // zero while it goes on
	Outcome Outcome   `json:"outcome"`
	Reason  string    `json:"reason"` // why it began, or for a refusal what stood against it
	Planned bool      `json:"planned"`
	Unseen  bool      `json:"unseen,omitempty"` // another monitor's failover: no more than the switch was seen here, so neither planned nor not

	From   string `json:"from"` // the master when it began
	To     string `json:"to,omitempty"`
	Epoch  uint64 `json:"epoch,omitempty"`
	Leader string `json:"leader,omitempty"` // id of the monitor that led it

	// OutageMillis is from the old master's last valid reply (a planned failover:
	// from the order to promote) until the new one was known here.
	OutageMillis int64 `json:"outage-ms"`
	// DivergenceBytes are bytes of the replication stream that only the deposed
	// master held when it came back; Unknown until then, or where it cannot be told.
	DivergenceBytes int64 `json:"divergence-bytes"`

	Votes      []string    `json:"votes,omitempty"`      // who voted for this monitor
	VotesNot   []string    `json:"votes-not,omitempty"`  // who answered, and did not
	Candidates []Candidate `json:"candidates,omitempty"` // best first, as judged for the choice
	Evidence   []Finding   `json:"evidence,omitempty"`   // what was known at each turn
	Timeline   []Moment    `json:"timeline"`             // events of the group meanwhile
	Omitted    int         `json:"omitted,omitempty"`    // events that found no room
}

// Candidate is one replica as a choice for promotion.
type Candidate struct {
	Address  string `json:"address"`
	Reason   string `json:"reason"` // "electable", or why it was refused
	Rank     int    `json:"lineage-rank"`
	Priority int    `json:"priority"`
	Offset   int64  `json:"offset"` // bytes
}

// Finding is what the monitor knew at one moment, a finding a line, as SENTINEL
// EXPLAIN tells it.
type Finding struct {
	At    time.Time `json:"at"`
	When  string    `json:"when"` // the event that it was taken at
	Lines []string  `json:"lines"`
}

// Moment is one event.
type Moment struct {
	At     time.Time `json:"at"`
	Event  string    `json:"event"`
	Text   string    `json:"text"`
	Reason string    `json:"reason,omitempty"`
}

// Bounds of one record, so that a fault that repeats for days fills nothing.
const (
	maxMoments  = 100
	maxFindings = 8
	maxText     = 256 // bytes
)

// clone returns a copy that later changes of r do not reach.
func (r *Record) clone() Record {
	c := *r
	c.Votes, c.VotesNot = append([]string(nil), r.Votes...), append([]string(nil), r.VotesNot...)
	c.Candidates = append([]Candidate(nil), r.Candidates...)
	c.Evidence = append([]Finding(nil), r.Evidence...)
	c.Timeline = append([]Moment(nil), r.Timeline...)
	return c
}

func (r *Record) note(now time.Time, e monitor.Event) {
	if len(r.Timeline) >= maxMoments {
		r.Omitted++
		return
	}
	r.Timeline = append(r.Timeline, Moment{At: now, Event: e.Name, Text: e.Payload[:min(len(e.Payload), maxText)], Reason: string(e.Reason)})
}

// find keeps what was known at an event.
func (r *Record) find(now time.Time, when string, a failover.Account) {
	if len(r.Evidence) >= maxFindings {
		return
	}
	r.Evidence = append(r.Evidence, Finding{At: now, When: when, Lines: a.Lines()})
}

// choose keeps how the replicas were judged.
func (r *Record) choose(list []failover.Candidate) {
	r.Candidates = nil
	for _, c := range list {
		r.Candidates = append(r.Candidates, Candidate{
			Address: c.Addr.String(), Reason: string(c.Reason), Rank: c.Rank, Priority: c.Priority, Offset: c.Offset,
		})
	}
}
