package failover

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/monitor"
	"picket/quorum"
)

func TestADeadMasterIsFailedOverInSentinelsOrder(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1100 * ms)
	winner := b.promoteDone()
	b.pass(10 * ms)
	got := slices.DeleteFunc(b.happened(), func(n string) bool { return n == "+slave" })
	want := []string{
		"+sdown", "+odown", "+new-epoch", "+try-failover", "+vote-for-leader", "+elected-leader", "+failover-state-select-slave",
		"+selected-slave", "+failover-state-send-slaveof-noone", "+failover-state-wait-promotion",
		"+promoted-slave", "+failover-state-reconf-slaves", "+switch-master", "+sdown", "+slave-reconf-sent", "+role-change",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if b.g.Master() != winner {
		t.Errorf("the answer is %s, want %s, as soon as EXEC proved it", b.g.Master(), winner)
	}
	if e := b.event("+switch-master"); e.Payload != "main 10.0.0.1 6379 "+winner.Fields() {
		t.Errorf("+switch-master %q", e.Payload)
	}
}

func TestTheOtherReplicasFollowParallelSyncsAtATime(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1100 * ms)
	winner := b.promoteDone()
	b.pass(10 * ms)
	r, effect := action[Repoint](b)
	if r.To != winner || r.Addr == winner || r.Addr == master {
		t.Fatalf("repoint %+v after promoting %s", r, winner)
	}
	b.info[r.Addr].MasterHost = winner.Host
	b.step(Done{Effect: effect, Outcome: OutcomeDone})
	b.pass(20 * ms)
	b.want("+slave-reconf-inprog", "+slave-reconf-done", "+failover-end")
}

func TestNoPromotionLeavesWithoutADurableVote(t *testing.T) {
	b := newBench(t, setup{})
	b.diskBad = true
	b.kill(master)
	b.pass(1500 * ms)
	b.want("+try-failover")
	for _, e := range b.effects {
		if _, asks := e.Action.(Ask); asks {
			t.Fatal("a vote was asked before our own was durable")
		}
	}
	b.wantNone("+elected-leader")
	b.m.PersistFailed("no space left on device")
	b.promise, b.gated = nil, nil
	b.pass(2000 * ms)
	b.wantReason(EventFailoverHeld, quorum.ReasonUnsaved)
	b.m.PersistWorks()
	b.diskBad = false
	b.pass(1500 * ms)
	action[Promote](b)
}

func TestAloneInAGroupOfOneMonitorThePromotionWaitsForTheDiskToo(t *testing.T) {
	b := newBench(t, setup{quorum: 1, peers: []quorum.ID{}})
	b.diskBad = true
	b.kill(master)
	b.pass(1100 * ms)
	b.wantNone("+elected-leader")
	b.diskBad = false
	b.pass(50 * ms)
	action[Promote](b)
}

func TestAMinorityNeverFailsOverAndSaysWhy(t *testing.T) {
	b := newBench(t, setup{})
	b.vote[peer2], b.vote[peer3] = dead, dead
	b.pass(4000 * ms)
	b.forget()
	b.kill(master)
	b.pass(5000 * ms)
	b.wantNone("+odown", "+try-failover")
	if text := strings.Join(b.g.Explain(b.now), "\n"); !strings.Contains(text, "no failover: too-few-hold-it-down") {
		t.Errorf("EXPLAIN does not say why:\n%s", text)
	}
}

func TestAQuorumOfOneStillNeedsTheMajority(t *testing.T) {
	b := newBench(t, setup{quorum: 1})
	b.vote[peer2], b.vote[peer3] = dead, dead
	b.pass(4000 * ms)
	b.forget()
	b.kill(master)
	b.pass(5000 * ms)
	b.want("+odown")
	b.wantReason(EventFailoverHeld, ReasonNoMajority)
	b.wantNone("+try-failover")
}

func TestVotesOfAnotherEpochDoNotCount(t *testing.T) {
	b := newBench(t, setup{})
	stale := func(q quorum.Question) quorum.Answer {
		a := agrees(q)
		a.LeaderEpoch = q.Epoch - 1
		return a
	}
	b.vote[peer2], b.vote[peer3] = stale, stale
	b.kill(master)
	b.pass(1200 * ms)
	b.wantReason("-failover-abort-not-elected", ReasonNotElected)
	b.wantNone("+elected-leader")
	if !hasAction[TellRelease](b) {
		t.Error("the voters of the lost epoch are not freed")
	}
}

func TestAnAttemptWithoutAMajorityIsRepeatedEverLater(t *testing.T) {
	b := newBench(t, setup{})
	b.vote[peer2] = func(q quorum.Question) quorum.Answer { return quorum.Answer{Down: true, Kind: quorum.KindPicket} }
	b.vote[peer3] = abstains
	b.kill(master)
	b.pass(60 * time.Second)
	n := 0
	for _, e := range b.events {
		if e.Name == "+try-failover" {
			n++
		}
	}
	if n < 5 || n > 15 {
		t.Errorf("%d attempts in a minute, want a handful: back-off doubles from under a second to ten", n)
	}
}

func TestAMasterThatAnswersInTheLastMomentIsNotReplaced(t *testing.T) {
	b := newBench(t, setup{})
	b.silent[replicaA], b.silent[replicaB] = true, true // the choice waits for their INFO
	b.lose(master, monitor.CauseNoRoute)
	info := b.info[master]
	delete(b.info, master)
	b.pass(1100 * ms)
	b.want("+elected-leader")
	b.info[master] = info
	b.pass(20 * ms)
	b.wantReason(EventFailoverHeld, ReasonMasterAnswers)
	if hasAction[Promote](b) {
		t.Error("a promotion was ordered although the master answers")
	}
}

func TestAMasterRebornEmptyDoesNotCountAsHealed(t *testing.T) {
	b := newBench(t, setup{})
	b.silent[replicaA], b.silent[replicaB] = true, true
	b.kill(master)
	b.pass(1100 * ms)
	b.want("+elected-leader")
	b.info[master] = &monitor.Info{Role: monitor.RoleMaster, RunID: strings.Repeat("9", 40), ReplID: strings.Repeat("9", 40), Priority: 100}
	b.replies(master, monitor.ReplyPong)
	b.inform(master)
	delete(b.silent, replicaA)
	delete(b.silent, replicaB)
	b.inform(replicaA)
	b.inform(replicaB)
	b.pass(50 * ms)
	action[Promote](b)
}

func TestOneInstancePerEpochEvenWhenTheReplyIsLost(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1100 * ms)
	first, effect := action[Promote](b)
	b.silent[first.Addr] = true
	b.step(Done{Effect: effect, Outcome: OutcomeUnknown})
	b.effects = nil
	b.pass(2000 * ms)
	if hasAction[Promote](b) {
		second, _ := action[Promote](b)
		t.Fatalf("%s was ordered after %s in one epoch", second.Addr, first.Addr)
	}
	info := *b.info[first.Addr]
	info.Role, info.ReplID2 = monitor.RoleMaster, mainID
	b.info[first.Addr] = &info
	delete(b.silent, first.Addr)
	b.inform(first.Addr)
	b.want("+promoted-slave", "+switch-master")
}

func TestARefusedPromotionIsTriedAgainUnderANewEpoch(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1100 * ms)
	first, effect := action[Promote](b)
	b.step(Done{Effect: effect, Outcome: OutcomeNotSent})
	b.wantReason("-failover-abort-slave-timeout", ReasonRefusedPromote)
	b.kill(first.Addr)
	b.effects = nil
	b.pass(3000 * ms)
	second, _ := action[Promote](b)
	if second.Addr == first.Addr || b.g.attempt.epoch != 2 {
		t.Errorf("ordered %s in epoch %d after %s in epoch 1", second.Addr, b.g.attempt.epoch, first.Addr)
	}
}

func TestAnOperatorsFailoverNeedsVotesAndAReplica(t *testing.T) {
	b := newBench(t, setup{})
	b.step(FailoverAsked{Ticket: 7})
	b.pass(10 * ms) // the answer waits for our own vote to be durable
	if a, _ := action[AnswerFailover](b); a != (AnswerFailover{Ticket: 7}) {
		t.Errorf("answered %+v", a)
	}
	b.step(FailoverAsked{Ticket: 8})
	if a, _ := action[AnswerFailover](b); a.Refusal != "INPROG Failover already in progress" {
		t.Errorf("answered %+v", a)
	}
	b.pass(50 * ms)
	b.want("+vote-for-leader", "+elected-leader")
	winner := b.promoteDone()
	b.pass(20 * ms)
	if b.g.Master() != winner {
		t.Errorf("master %s, want %s", b.g.Master(), winner)
	}

	c := newBench(t, setup{})
	c.info[replicaA].Priority, c.info[replicaB].Priority = 0, 0
	c.inform(replicaA)
	c.inform(replicaB)
	c.step(FailoverAsked{Ticket: 9})
	if a, _ := action[AnswerFailover](c); a.Refusal != "NOGOODSLAVE No suitable replica to promote" {
		t.Errorf("answered %+v", a)
	}
}

// redis-sentinel would promote without asking anybody; OK for what cannot be done helps nobody.
func TestAnOperatorsFailoverWithoutAMajorityIsRefusedAloud(t *testing.T) {
	b := newBench(t, setup{})
	b.vote[peer2], b.vote[peer3] = dead, dead
	b.pass(5000 * ms)
	b.forget()
	b.step(FailoverAsked{Ticket: 7})
	if a, _ := action[AnswerFailover](b); !strings.HasPrefix(a.Refusal, "NOQUORUM 1 usable Sentinels, 2 votes are needed") {
		t.Errorf("answered %+v", a)
	}
	b.wantNone("+try-failover", "+new-epoch")
}

// The warning about down-after waits until the master has told its threshold: the one
// that is assumed before may be wrong.
func TestDownAfterIsJudgedOnceTheThresholdIsKnown(t *testing.T) {
	set := DefaultSettings("main", 2)
	set.DownAfter = time.Second
	m := NewMonitor(Identity{ID: peer2})
	told := m.Start(100, set, Saved{Name: "main", Master: master}).Events
	g := m.Group("main")
	told = append(told, g.Step(200, Informed{monitor.InfoReport{Addr: master, At: 200, Sent: 150, Threshold: 5 * time.Second,
		Info: monitor.Info{Role: monitor.RoleMaster}}}).Events...)
	var warnings []string
	for _, e := range told {
		if e.Name == EventConfigWarning {
			warnings = append(warnings, e.Payload)
			if e.Level != monitor.LevelNotice {
				t.Errorf("it calls the notification-script: %s", e.Payload)
			}
		}
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "busy-reply-threshold 5000 ms") {
		t.Errorf("warnings: %q", warnings)
	}
}

func TestANewMasterThatDiesAtOnceIsFailedOverAtOnce(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(1100 * ms)
	winner := b.promoteDone()
	for _, a := range []monitor.Addr{replicaA, replicaB} {
		if a != winner {
			b.info[a].MasterHost, b.info[a].ReplID, b.info[a].ReplID2 = winner.Host, strings.Repeat("b", 40), mainID
		}
	}
	b.pass(300 * ms)
	b.forget()
	b.kill(winner)
	b.pass(1150 * ms)
	b.want("+sdown", "+odown", "+elected-leader")
	if p, _ := action[Promote](b); p.Addr == winner || p.Addr == master {
		t.Errorf("ordered %s", p.Addr)
	}
}
