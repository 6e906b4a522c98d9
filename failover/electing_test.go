package failover

import (
	"testing"

	"picket/quorum"
)

func TestNothingIsFencedWhileAnotherLeaderWeElectedMayPromoteIt(t *testing.T) {
	b, _ := switched(t)
	b.step(VoteAsked{Ticket: 1, Epoch: 9, Candidate: peer2})
	b.disk()
	b.pass(2000 * ms)
	if hasAction[Fence](b) {
		t.Fatal("fenced what the leader of epoch 9 may be promoting")
	}
	b.pass(quorum.LeaseLength)
	action[Fence](b) // it gave up without a word
}

func TestAFenceIsLiftedWhenWeVotedMeanwhile(t *testing.T) {
	b, _ := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(VoteAsked{Ticket: 1, Epoch: 9, Candidate: peer2})
	b.disk()
	b.forget()
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	action[Unfence](b)
	if hasAction[Repoint](b) {
		t.Error("repointed what the leader of epoch 9 may be promoting")
	}
}
