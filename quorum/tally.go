package quorum

import (
	"slices"

	"picket/monitor"
)

// Majority is how many of n voters are more than half.
func Majority(n int) int { return n/2 + 1 }

// Needed is how many votes elect a leader among n voters: the majority, or the
// quorum where that is larger (Sentinel: sentinelGetLeader).
func Needed(quorum, n int) int { return max(quorum, Majority(n)) }

// Ballots counts the votes for one candidate at one epoch.
type Ballots struct {
	Candidate ID
	Epoch     uint64
	voted     map[ID]bool
}

// NewBallots starts the count with the candidate's own vote.
func NewBallots(candidate ID, epoch uint64) *Ballots {
	return &Ballots{Candidate: candidate, Epoch: epoch, voted: map[ID]bool{candidate: true}}
}

// Count takes one voter's answer. Only a vote for this candidate at this very
// epoch counts; any other answer from that voter is a no.
func (b *Ballots) Count(voter, leader ID, epoch uint64) {
	if voter == b.Candidate {
		return
	}
	b.voted[voter] = leader == b.Candidate && epoch == b.Epoch
}

// For returns how many voted for the candidate, itself included.
func (b *Ballots) For() int {
	n := 0
	for _, yes := range b.voted {
		if yes {
			n++
		}
	}
	return n
}

// Answered returns how many answered, the candidate included.
func (b *Ballots) Answered() int { return len(b.voted) }

// Sides returns who voted for the candidate and who answered otherwise, sorted.
func (b *Ballots) Sides() (yes, no []ID) {
	for id, agreed := range b.voted {
		if agreed {
			yes = append(yes, id)
		} else {
			no = append(no, id)
		}
	}
	slices.Sort(yes)
	slices.Sort(no)
	return yes, no
}

// Clone returns an independent copy.
func (b *Ballots) Clone() *Ballots {
	c := NewBallots(b.Candidate, b.Epoch)
	for id, yes := range b.voted {
		c.voted[id] = yes
	}
	return c
}

// Mind is what one voter, this monitor included, holds of a master now.
type Mind struct {
	Voter ID
	Down  bool
	State monitor.State // StateUnknown for a redis-sentinel: it says only yes or no
	RunID string
	Busy  bool // fresh evidence of a running script
}

// Verdict of the voters on a master.
type Verdict struct {
	ODown  bool
	Down   int // how many count as holding it down
	Quorum int
	Reason monitor.Reason
}

// Reasons of the voters' verdict.
const (
	ReasonQuorum      monitor.Reason = "quorum-holds-it-down"
	ReasonNoQuorum    monitor.Reason = "too-few-hold-it-down"
	ReasonBusySeen    monitor.Reason = "a-voter-sees-it-script-blocked"
	ReasonGoneDespite monitor.Reason = "quorum-and-majority-see-it-gone"
	ReasonNotDownHere monitor.Reason = "not-sdown-here"
)

// Agree concludes from what the voters hold. voters is how many there are in
// all. A fresh sight of BUSY explains everyone's silence, so while there is one
// only those count who see the process gone or its host unreachable, and then a
// majority must. runID is the process that we hold to be master; a sight of
// another process explains nothing.
func Agree(minds []Mind, runID string, quorum, voters int) Verdict {
	v := Verdict{Quorum: quorum, Reason: ReasonNoQuorum}
	down, gone, busy := 0, 0, false
	for _, m := range minds {
		if m.Busy && (m.RunID == runID || m.RunID == "" || runID == "") {
			busy = true
		}
		if !m.Down {
			continue
		}
		down++
		if m.State == monitor.StateGone || m.State == monitor.StateUnreachable {
			gone++
		}
	}
	v.Down = down
	switch {
	case busy && gone >= Needed(quorum, voters):
		v.ODown, v.Reason, v.Down = true, ReasonGoneDespite, gone
	case busy:
		v.Reason, v.Down = ReasonBusySeen, gone
	case down >= quorum:
		v.ODown, v.Reason = true, ReasonQuorum
	}
	return v
}
