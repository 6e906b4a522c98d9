package failover

import (
	"math"
	"testing"

	"picket/monitor"
	"picket/quorum"
)

func (b *bench) askVote(candidate quorum.ID, epoch uint64) AnswerVote {
	b.Helper()
	b.step(VoteAsked{Ticket: epoch, Epoch: epoch, Candidate: candidate})
	b.disk()
	a, _ := action[AnswerVote](b)
	return a
}

func TestVoting(t *testing.T) {
	tests := []struct {
		name  string
		do    func(*bench)
		ask   quorum.ID
		epoch uint64
		want  quorum.ID // whom the answer names
	}{
		{"a known voter gets it", func(*bench) {}, peer2, 5, peer2},
		{"a stranger does not", func(*bench) {}, id('9'), 5, ""},
		{"one with our own id does not", func(*bench) {}, me, 5, ""},
		{"nobody gets a second one in an epoch", func(b *bench) { b.askVote(peer2, 5) }, peer3, 5, peer2},
		{"nor while the lease of the first runs", func(b *bench) { b.askVote(peer2, 5) }, peer3, 6, peer2},
		{"but after the lease", func(b *bench) { b.askVote(peer2, 5); b.pass(quorum.LeaseLength) }, peer3, 6, peer3},
		{"and at once when the first gave up", func(b *bench) {
			b.askVote(peer2, 5)
			b.step(Released{quorum.Release{Group: "main", Candidate: peer2, Epoch: 5}})
		}, peer3, 6, peer3},
		{"a release of another epoch frees nothing", func(b *bench) {
			b.askVote(peer2, 5)
			b.step(Released{quorum.Release{Group: "main", Candidate: peer2, Epoch: 4}})
		}, peer3, 6, peer2},
		{"an absurd epoch is refused", func(*bench) {}, peer2, 1<<63 + 5, ""},
		{"not while a script blocks the master and we wait", func(b *bench) { b.replies(master, monitor.ReplyBusyScript) }, peer2, 5, ""},
		{"not while state cannot be saved", func(b *bench) { b.m.PersistFailed("disk full") }, peer2, 5, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			tt.do(b)
			if got := b.askVote(tt.ask, tt.epoch); got.Leader != tt.want {
				t.Errorf("voted for %.4s in epoch %d, want %.4s", got.Leader, got.Epoch, tt.want)
			}
		})
	}
}

func TestAVoteIsAnsweredAfterItIsDurableAlsoWhenAskedAgain(t *testing.T) {
	b := newBench(t, setup{})
	b.diskBad = true
	for range 2 {
		b.step(VoteAsked{Ticket: 1, Epoch: 5, Candidate: peer2})
		if hasAction[AnswerVote](b) {
			t.Fatal("answered before it was durable")
		}
	}
	b.diskBad = false
	b.disk()
	action[AnswerVote](b)
}

func TestAfterARestartTheLastVotesLeaseRunsAnew(t *testing.T) {
	b := newBench(t, setup{saved: func(s *Saved) { s.Leader, s.LeaderEpoch, s.CurrentEpoch = peer2, 5, 5 }})
	if a := b.askVote(peer3, 6); a.Leader != peer2 {
		t.Errorf("voted for %.4s although peer2 may be promoting", a.Leader)
	}
	if a := b.askVote(peer3, 5); a.Leader != peer2 || a.Epoch != 5 {
		t.Errorf("a second vote in epoch 5: %+v", a)
	}
	b.pass(quorum.LeaseLength)
	if a := b.askVote(peer3, 7); a.Leader != peer3 {
		t.Errorf("voted for %.4s after the lease", a.Leader)
	}
}

func TestAVoteForAnotherHoldsOurOwnCampaign(t *testing.T) {
	b := newBench(t, setup{})
	b.askVote(peer2, 5)
	b.forget()
	b.kill(master)
	b.pass(1200 * ms)
	b.want("+odown")
	b.wantNone("+try-failover")
	b.pass(quorum.LeaseLength)
	b.want("+try-failover")
}

func TestARedisSentinelsLeaseIsSentinelsSpacing(t *testing.T) {
	b := newBench(t, setup{})
	b.g.roster.Get(peer2).Kind = quorum.KindSentinel
	b.askVote(peer2, 5)
	b.pass(quorum.LeaseLength * 3)
	if a := b.askVote(peer3, 6); a.Leader != peer2 {
		t.Errorf("voted for %.4s before 2 x failover-timeout", a.Leader)
	}
	b.vote[peer2] = dead
	b.g.roster.Get(peer2).Unanswered = b.now
	b.pass(2500 * ms)
	if a := b.askVote(peer3, 7); a.Leader != peer3 {
		t.Errorf("voted for %.4s although the redis-sentinel is down", a.Leader)
	}
}

// A file may hold the last epoch there is: one more would start again at 0, in
// which votes were given before.
func TestPastTheLastEpochNobodyCampaigns(t *testing.T) {
	b := newBench(t, setup{saved: func(s *Saved) { s.CurrentEpoch, s.LeaderEpoch = math.MaxUint64, 7 }})
	b.g.epochs.Current = math.MaxUint64 // the daemon takes it from the file
	b.kill(master)
	b.pass(2000 * ms)
	b.wantReason(EventFailoverHeld, quorum.ReasonNoEpochs)
	b.wantNone("+try-failover", "+vote-for-leader")
	b.step(FailoverAsked{Ticket: 3})
	if a, _ := action[AnswerFailover](b); a.Refusal == "" || b.g.ballot.Epoch != 7 || b.m.CurrentEpoch() != math.MaxUint64 {
		t.Errorf("refusal %q, vote in epoch %d, current %d", a.Refusal, b.g.ballot.Epoch, b.m.CurrentEpoch())
	}
}

// Found by FuzzStep: a newer epoch for the master that we hold came while our own
// campaign was waiting for votes, and winning that took the configuration back.
func TestACampaignThatANewerConfigurationOvertookWinsNothing(t *testing.T) {
	b := newBench(t, setup{})
	const mine, asked = 8, 1 << 40
	b.g.epochs.Current = mine
	b.g.ballot.Cast(me, mine, monitor.Never)
	b.g.renew = true
	b.g.attempt = &attempt{renewal: true, phase: phaseVoting, started: b.now, entered: b.now, until: b.now.Add(1000 * ms), lease: b.now.Add(2500 * ms),
		epoch: mine, ballots: quorum.NewBallots(me, mine), pending: map[uint64]quorum.ID{asked: peer2, asked + 1: peer3}, durable: true, oldOwner: master}
	newer := quorum.Configuration{Author: peer3, Group: "main", Epoch: mine + 3, Leader: peer3, Master: master}
	b.step(ConfigHeard{newer})
	b.step(Answered{quorum.Answer{Effect: asked, Peer: peer2, Addr: peerAddr(2), Group: "main", Sent: b.now, At: b.now, Kind: quorum.KindPicket,
		KnowsGroup: true, Down: true, Leader: me, LeaderEpoch: mine}})
	if c := b.g.config; c.Epoch != newer.Epoch || c.Leader != peer3 {
		t.Errorf("holds %+v", c)
	}
}
