package failover

// Defects that a review of the core found, each as the test that showed it.

import (
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

func TestAnElectedLeaderVotesForNobodyElse(t *testing.T) {
	b := newBench(t, setup{})
	b.silent[replicaA], b.silent[replicaB] = true, true
	b.kill(master)
	b.pass(1100 * ms)
	b.want("+elected-leader")
	a := b.askVote(peer3, 2)
	delete(b.silent, replicaA)
	delete(b.silent, replicaB)
	b.inform(replicaA)
	b.inform(replicaB)
	b.pass(20 * ms)
	if a.Leader == peer3 && hasAction[Promote](b) {
		p, _ := action[Promote](b)
		t.Errorf("voted for peer3@2 and still ordered %+v", p)
	}
}

func TestAnEpochWhoseOrderNamesOneInstanceAdoptsNoOther(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1005 * ms)
	b.g.attempt = nil
	b.step(VoteAsked{Ticket: 1, Epoch: 6, Candidate: peer3})
	b.step(ConfigHeard{quorum.Configuration{Author: peer3, Leader: peer3, Group: "main", Epoch: 6, Master: replicaB, Ordered: true}})
	b.info[replicaA].Role, b.info[replicaA].ReplID2 = monitor.RoleMaster, mainID
	b.inform(replicaA)
	b.step(ConfigHeard{quorum.Configuration{Author: peer3, Leader: peer3, Group: "main", Epoch: 6, Master: replicaB}})
	if b.g.Master() != replicaB {
		t.Errorf("stuck at %+v renew=%t", b.g.config, b.g.renew)
	}
}

func TestAnOrderThatWasGivenUpExplainsNothingLater(t *testing.T) {
	b := newBench(t, setup{})
	b.step(VoteAsked{Ticket: 1, Epoch: 5, Candidate: peer2})
	b.step(ConfigHeard{quorum.Configuration{Author: peer2, Leader: peer2, Group: "main", Epoch: 5, Master: replicaB, Ordered: true}})
	b.step(Released{quorum.Release{Group: "main", Candidate: peer2, Epoch: 5}})
	b.pass(60 * time.Second)
	b.info[replicaB].Role, b.info[replicaB].ReplID2 = monitor.RoleMaster, mainID
	b.inform(replicaB)
	if b.g.Master() != master {
		t.Errorf("master up, switched to %s", b.g.Master())
	}
}

func TestAnEmptyReplicaOnTheLineageIsNotChosenBeforeOneThatHoldsKeys(t *testing.T) {
	b := newBench(t, setup{})
	b.info[replicaA].Keys, b.info[replicaA].ReplicaOffset, b.info[replicaA].LinkUp, b.info[replicaA].LinkDown = 0, 0, false, 0
	b.info[replicaA].Priority = 10
	b.inform(replicaA)
	b.kill(master)
	b.pass(1100 * ms)
	p, _ := action[Promote](b)
	if p.Addr == replicaA {
		t.Errorf("empty replica ordered though B holds keys")
	}
}

func TestAResetKeepsTheEvidenceOfTheMaster(t *testing.T) {
	b := newBench(t, setup{})
	sent := b.now
	delete(b.info, master)
	pend := func() {
		b.step(Observed{monitor.Report{Addr: master, Link: b.link, Kind: monitor.ReportPending, At: b.now, Sent: sent, Ack: monitor.AckAcked}})
	}
	for range 5 {
		b.pass(100 * ms)
		pend()
	}
	b.step(Reset{})
	for range 20 {
		b.pass(100 * ms)
		pend()
	}
	if b.g.master().Down() {
		t.Errorf("sdown %v %v at age %v, silence limit %v", b.g.master().Verdict.State, b.g.master().Verdict.Reason, b.now.Since(sent), b.g.silence(b.g.master()))
	}
}

func TestAPendingReportDoesNotUndoAStall(t *testing.T) {
	b := newBench(t, setup{})
	sent := b.now
	delete(b.info, master)
	pend := func() {
		b.step(Observed{monitor.Report{Addr: master, Link: b.link, Kind: monitor.ReportPending, At: b.now, Sent: sent, Ack: monitor.AckAcked}})
	}
	b.pass(50 * ms)
	pend()
	b.now = b.now.Add(60 * time.Second)
	b.m.Stalled(60 * time.Second)
	b.step(Tick{})
	pend()
	if b.g.master().Down() {
		t.Errorf("%v %v: stall undone", b.g.master().Verdict.State, b.g.master().Verdict.Reason)
	}
}

func TestASlowDiskDelaysAFailoverAndDoesNotPreventIt(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.diskBad = true
	var due []monitor.Instant
	for range 6000 {
		b.pass(10 * ms)
		for len(due) < len(b.promise) {
			due = append(due, b.now.Add(1200*ms))
		}
		for len(due) > 0 && b.now >= due[0] {
			p, effects := b.promise[0], b.gated[0]
			b.promise, b.gated, due = b.promise[1:], b.gated[1:], due[1:]
			b.effects = append(b.effects, effects...)
			b.step(Persisted{Promise: p})
		}
	}
	if b.event("+elected-leader") == nil {
		t.Errorf("every save takes 1.2 s: no leader in 60 s")
	}
}

func TestAGroupMonitoredAgainKeepsTheLeaseOfItsLastVote(t *testing.T) {
	b := newBench(t, setup{saved: func(s *Saved) { s.LeaderEpoch, s.CurrentEpoch = 5, 5 }})
	a := b.askVote(peer3, 6)
	if a.Leader == peer3 {
		t.Errorf("voted %.4s@6 at once, the vote of 5 may hold a lease", a.Leader)
	}
}

func TestABlindMasterIsDownOnlyOnceItsReplicasWereCutForDownAfter(t *testing.T) {
	b := newBench(t, setup{})
	// blind for long, replicas linked
	for range 80 {
		b.now = b.now.Add(100 * ms)
		b.replies(master, monitor.ReplyNoAuth)
		for _, a := range []monitor.Addr{replicaA, replicaB} {
			b.replies(a, monitor.ReplyPong)
		}
	}
	if b.g.master().Down() {
		t.Fatal("down already")
	}
	for _, a := range []monitor.Addr{replicaA, replicaB} {
		b.info[a].LinkUp, b.info[a].LinkDown = false, 0
		b.inform(a)
	}
	if b.g.master().Down() {
		t.Errorf("sdown %v: links down for 0 s, down-after %v", b.g.master().Verdict.Reason, b.g.set.DownAfter)
	}
}

func TestAFenceNeedsFreshConfirmations(t *testing.T) {
	b, _ := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(Done{Effect: effect, Outcome: OutcomeUnknown})
	// it goes again; we are cut off from the other monitors; it returns a minute later
	old := b.info[master]
	delete(b.info, master)
	b.lose(master, monitor.CauseNoRoute)
	b.vote[peer2], b.vote[peer3] = dead, dead
	b.pass(60 * time.Second)
	b.forget()
	b.info[master] = old
	b.pass(100 * ms)
	if hasAction[Fence](b) {
		t.Errorf("fenced on confirmations of a minute ago; usable voters %d", b.g.votersUsable())
	}
}

func TestAMasterOfAnEarlierSwitchIsDemotedAsFast(t *testing.T) {
	b, winner := switched(t)
	old := b.info[master]
	delete(b.info, master)
	b.step(Observed{monitor.Report{Addr: master, Link: b.link, Kind: monitor.ReportLinkLost, At: b.now, Cause: monitor.CauseNoRoute}})
	b.pass(500 * ms)
	other := replicaA
	if winner == replicaA {
		other = replicaB
	}
	b.kill(winner)
	b.step(ConfigHeard{quorum.Configuration{Author: peer2, Leader: peer2, Epoch: 9, Group: "main", Master: other}})
	b.info[other].Role = monitor.RoleMaster
	b.pass(500 * ms)
	b.inform(other)
	b.forget()
	b.info[master] = old
	b.pass(standInWait + 300*ms) // another leads: we stand in
	if f, _ := action[Fence](b); f.Addr != master {
		t.Errorf("fenced %s, want %s", f.Addr, master)
	}
}

func TestADeposedMasterThatIsBusyIsLeftToTheLeader(t *testing.T) {
	b, _ := switched(t)
	b.g.config.Leader = peer2 // another monitor leads
	info := b.info[master]
	delete(b.info, master)
	for range 20 {
		b.replies(master, monitor.ReplyBusyScript)
		b.pass(50 * ms)
	}
	if hasAction[Fence](b) {
		t.Error("fenced beside the leader, while nobody can be obeyed")
	}
	b.info[master] = info
	b.pass(standInWait + 300*ms)
	if !hasAction[Fence](b) {
		t.Error("did not stand in once it could obey")
	}
}

func TestAGroupThatIsMonitoredAgainKeepsItsEpochWithItsMaster(t *testing.T) {
	tests := []struct {
		name  string
		addr  monitor.Addr
		epoch uint64
	}{
		{"the same master", master, 7},
		{"another master: the operator's wish", replicaA, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{saved: func(s *Saved) { s.ConfigEpoch, s.ConfigLeader, s.CurrentEpoch = 7, peer2, 7 }})
			set := b.g.set
			b.m.Remove("main")
			b.m.Start(b.now, set, Saved{Name: "main", Master: tt.addr, LeaderEpoch: 7})
			if c := b.m.Group("main").Configuration(); c.Epoch != tt.epoch || c.Master != tt.addr {
				t.Errorf("holds %s at epoch %d, want epoch %d", c.Master, c.Epoch, tt.epoch)
			}
		})
	}
}

func TestRemovedGroupsAreRememberedInBoundedMemory(t *testing.T) {
	b := newBench(t, setup{})
	for n := range uint64(2 * maxFormer) {
		b.m.remember(quorum.Configuration{Group: "g" + itoa(int(n)), Master: master, Epoch: n})
	}
	if len(b.m.former) != maxFormer || b.m.former[maxFormer-1].Epoch != 2*maxFormer-1 {
		t.Errorf("remembers %d groups", len(b.m.former))
	}
}

// The work on an older deposed master must not expose the newest one to the
// common repointing of replicas, which asks nobody for confirmation.
func TestEveryAwaitedMasterIsLeftToTheWorkOnDeposedOnes(t *testing.T) {
	b, winner := switched(t)
	other := replicaA
	if other == winner {
		other = replicaB
	}
	b.g.older = append(b.g.older, &deposition{Deposed: Deposed{Addr: other}, awaited: b.now})
	b.g.deposed, b.g.older[0] = b.g.older[0], b.g.deposed
	for _, a := range []monitor.Addr{master, other} {
		if !b.g.isDeposed(b.g.instance(a)) {
			t.Errorf("%s is repointed like any replica", a)
		}
	}
}

// A leader that stood still past its lease asks before it repoints anybody: the
// newer master may be among those it would send away (seed 2702000036).
func TestALeaderThatStoodStillAsksBeforeItRepoints(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1300 * ms)
	_, effect := action[Promote](b)
	newer := replicaA
	if p, _ := action[Promote](b); p.Addr == replicaA {
		newer = replicaB
	}
	b.now = b.now.Add(20 * time.Second)
	held := quorum.Configuration{Author: peer2, Leader: peer2, Group: "main", Epoch: 90, Master: newer}
	says := func(q quorum.Question) quorum.Answer { a := abstains(q); a.Config = held; return a }
	b.vote[peer2], b.vote[peer3] = says, says
	b.step(Done{Effect: effect, Outcome: OutcomeDone})
	if hasAction[Repoint](b) {
		r, _ := action[Repoint](b)
		t.Fatalf("repoints %s to %s long after its lease", r.Addr, r.To)
	}
	b.pass(300 * ms)
	if hasAction[Repoint](b) {
		r, _ := action[Repoint](b)
		if r.Addr == newer {
			t.Errorf("repoints the newer master to %s", r.To)
		}
	}
	if b.g.Master() != newer {
		t.Errorf("holds %s, want %s, which a majority holds", b.g.Master(), newer)
	}
}
