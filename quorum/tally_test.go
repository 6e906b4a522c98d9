package quorum_test

import (
	"testing"

	"picket/monitor"
	"picket/quorum"
)

func TestMajority(t *testing.T) {
	for n, want := range []int{1, 1, 2, 2, 3, 3, 4, 4} {
		if got := quorum.Majority(n); got != want {
			t.Errorf("of %d: %d, want %d", n, got, want)
		}
		if 2*want <= n {
			t.Errorf("two majorities of %d fit side by side", n)
		}
	}
}

// A leader needs the majority, and the quorum where that is larger.
func TestNeeded(t *testing.T) {
	for _, tc := range []struct{ quorum, voters, want int }{
		{1, 1, 1}, {1, 3, 2}, {2, 3, 2}, {3, 3, 3}, {2, 5, 3}, {4, 5, 4}, {5, 3, 5}, {1, 2, 2}, {2, 4, 3},
	} {
		if got := quorum.Needed(tc.quorum, tc.voters); got != tc.want {
			t.Errorf("quorum %d of %d voters: %d, want %d", tc.quorum, tc.voters, got, tc.want)
		}
	}
}

func TestBallots(t *testing.T) {
	type answer struct {
		voter, leader quorum.ID
		epoch         uint64
	}
	for _, tc := range []struct {
		name          string
		answers       []answer
		votes, voters int
	}{
		{"nobody answered", nil, 1, 1},
		{"a vote", []answer{{bob, alice, 7}}, 2, 2},
		{"two votes", []answer{{bob, alice, 7}, {carol, alice, 7}}, 3, 3},
		{"the same vote twice", []answer{{bob, alice, 7}, {bob, alice, 7}}, 2, 2},
		{"for another", []answer{{bob, carol, 7}}, 1, 2},
		{"for us, in the epoch before", []answer{{bob, alice, 6}}, 1, 2},
		{"for us, in an epoch to come", []answer{{bob, alice, 8}}, 1, 2},
		{"has not voted", []answer{{bob, "", 0}}, 1, 2},
		{"a vote asked for twice, given the second time", []answer{{bob, carol, 6}, {bob, alice, 7}}, 2, 2},
		{"the last answer counts", []answer{{bob, alice, 7}, {bob, carol, 8}}, 1, 2},
		{"our own vote is ours", []answer{{alice, bob, 7}}, 1, 1},
		{"our own vote, told again", []answer{{alice, alice, 7}}, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := quorum.NewBallots(alice, 7)
			for _, a := range tc.answers {
				b.Count(a.voter, a.leader, a.epoch)
			}
			if b.For() != tc.votes || b.Answered() != tc.voters {
				t.Errorf("%d votes of %d, want %d of %d", b.For(), b.Answered(), tc.votes, tc.voters)
			}
		})
	}
}

func TestBallotsClone(t *testing.T) {
	b := quorum.NewBallots(alice, 7)
	b.Count(bob, alice, 7)
	c := b.Clone()
	c.Count(carol, alice, 7)
	b.Count(bob, carol, 7)
	if b.For() != 1 || c.For() != 3 || c.Candidate != alice || c.Epoch != 7 {
		t.Errorf("%d and %d votes, want 1 and 3", b.For(), c.For())
	}
}

const (
	ours   = "1111111111111111111111111111111111111111"
	theirs = "2222222222222222222222222222222222222222"
)

func mind(s monitor.State) quorum.Mind { return quorum.Mind{Down: true, State: s, RunID: ours} }

func TestAgree(t *testing.T) {
	var (
		up          = quorum.Mind{State: monitor.StateUp, RunID: ours}
		busy        = quorum.Mind{State: monitor.StateScriptBlocked, RunID: ours, Busy: true}
		hung        = mind(monitor.StateHung)
		gone        = mind(monitor.StateGone)
		unreachable = mind(monitor.StateUnreachable)
		sentinel    = quorum.Mind{Down: true} // says only yes or no
		notYet      = quorum.Mind{State: monitor.StateGone, RunID: ours}
		silent      = quorum.Mind{State: monitor.StateSilent, RunID: ours}
		another     = quorum.Mind{State: monitor.StateScriptBlocked, RunID: theirs, Busy: true}
		nameless    = quorum.Mind{State: monitor.StateScriptBlocked, Busy: true}
		busyDown    = quorum.Mind{Down: true, State: monitor.StateScriptBlocked, RunID: ours, Busy: true}
	)
	type minds []quorum.Mind
	for _, tc := range []struct {
		name           string
		minds          minds
		quorum, voters int
		odown          bool
		down           int
		reason         monitor.Reason
	}{
		{"nobody knows anything", nil, 2, 3, false, 0, quorum.ReasonNoQuorum},
		{"all see it up", minds{up, up, up}, 2, 3, false, 0, quorum.ReasonNoQuorum},
		{"one of two needed", minds{hung, up, up}, 2, 3, false, 1, quorum.ReasonNoQuorum},
		{"two of two needed", minds{hung, gone, up}, 2, 3, true, 2, quorum.ReasonQuorum},
		{"gone for too short a time does not count", minds{gone, notYet, up}, 2, 3, false, 1, quorum.ReasonNoQuorum},
		{"silent within the limit does not count", minds{hung, silent, silent}, 2, 3, false, 1, quorum.ReasonNoQuorum},
		{"quorum 1 needs one", minds{hung, up, up}, 1, 3, true, 1, quorum.ReasonQuorum},
		{"quorum 3 of 3 needs all", minds{gone, gone, up}, 3, 3, false, 2, quorum.ReasonNoQuorum},
		{"a quorum below the majority is enough to call it down", minds{gone, gone}, 2, 5, true, 2, quorum.ReasonQuorum},
		{"a sentinel's yes counts", minds{hung, sentinel, up}, 2, 3, true, 2, quorum.ReasonQuorum},

		{"BUSY explains the others' silence", minds{hung, hung, busy}, 2, 3, false, 0, quorum.ReasonBusySeen},
		{"also for quorum 1", minds{hung, busy}, 1, 2, false, 0, quorum.ReasonBusySeen},
		{"also a sentinel's yes, which tells no reason", minds{sentinel, sentinel, busy}, 2, 3, false, 0, quorum.ReasonBusySeen},
		{"also four of five hung", minds{hung, hung, hung, hung, busy}, 2, 5, false, 0, quorum.ReasonBusySeen},
		{"not gone, held by quorum and majority", minds{gone, gone, busy}, 2, 3, true, 2, quorum.ReasonGoneDespite},
		{"nor unreachable", minds{unreachable, gone, busy}, 2, 3, true, 2, quorum.ReasonGoneDespite},
		{"gone by the quorum without a majority", minds{gone, gone, busy}, 2, 5, false, 2, quorum.ReasonBusySeen},
		{"gone by the majority without the quorum", minds{gone, gone, busy}, 3, 3, false, 2, quorum.ReasonBusySeen},
		{"quorum 1 still needs the majority", minds{gone, busy, up}, 1, 3, false, 1, quorum.ReasonBusySeen},
		{"hung ones add nothing to the gone", minds{gone, hung, busy}, 2, 3, false, 1, quorum.ReasonBusySeen},
		{"gone for too short a time adds nothing", minds{gone, notYet, busy}, 2, 3, false, 1, quorum.ReasonBusySeen},
		{"one alone with BUSY", minds{busy}, 1, 1, false, 0, quorum.ReasonBusySeen},
		{"BUSY that is held to be down is still BUSY", minds{busyDown, hung, hung}, 2, 3, false, 0, quorum.ReasonBusySeen},

		{"another process's BUSY explains nothing", minds{hung, hung, another}, 2, 3, true, 2, quorum.ReasonQuorum},
		{"BUSY of a process unnamed explains", minds{hung, hung, nameless}, 2, 3, false, 0, quorum.ReasonBusySeen},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := quorum.Agree(tc.minds, ours, tc.quorum, tc.voters)
			want := quorum.Verdict{ODown: tc.odown, Down: tc.down, Quorum: tc.quorum, Reason: tc.reason}
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// Before we learned the master's run id, any BUSY may be its.
func TestAgreeWithoutARunID(t *testing.T) {
	minds := []quorum.Mind{mind(monitor.StateHung), mind(monitor.StateHung), {RunID: theirs, Busy: true}}
	if got := quorum.Agree(minds, "", 2, 3); got.ODown {
		t.Errorf("%+v", got)
	}
}
