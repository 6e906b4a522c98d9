package failover

import (
	"strings"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// switched returns a bench in which this monitor has replaced the master.
func switched(t *testing.T) (b *bench, winner monitor.Addr) {
	b = newBench(t, setup{})
	b.lose(master, monitor.CauseNoRoute)
	old := b.info[master]
	delete(b.info, master)
	b.pass(1100 * ms)
	winner = b.promoteDone()
	for _, a := range []monitor.Addr{replicaA, replicaB} {
		if a != winner {
			b.info[a].MasterHost = winner.Host
		}
	}
	b.pass(500 * ms)
	b.info[master] = old
	b.forget()
	return b, winner
}

func TestADeposedMasterIsConfirmedFencedCountedAndDemoted(t *testing.T) {
	b, winner := switched(t)
	b.info[master].MasterOffset = 1072 // 72 bytes past where the new master branched off
	b.pass(30 * ms)
	f, effect := action[Fence](b)
	if f.Addr != master {
		t.Fatalf("fenced %s", f.Addr)
	}
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	b.want(EventDivergence)
	if p := b.event(EventDivergence).Payload; !strings.HasSuffix(p, " bytes=72") {
		t.Errorf("%s %s", EventDivergence, p)
	}
	r, effect := action[Repoint](b)
	if r != (Repoint{Addr: master, To: winner}) {
		t.Fatalf("repointed %+v", r)
	}
	b.step(Done{Effect: effect, Outcome: OutcomeDone})
	b.want("+convert-to-slave")
	if u, _ := action[Unfence](b); u.Addr != master {
		t.Errorf("unfenced %s", u.Addr)
	}
	b.info[master] = replicaInfo(master, 1000)
	b.info[master].MasterHost = winner.Host
	b.inform(master)
	b.pass(20 * ms)
	if b.g.deposed != nil {
		t.Error("a master that follows is still awaited")
	}
}

func TestADeposedMasterIsUnfencedWhenItCannotBeRepointed(t *testing.T) {
	b, _ := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	_, effect = action[Repoint](b)
	b.step(Done{Effect: effect, Outcome: OutcomeRefused})
	action[Unfence](b)
	b.forget()
	b.pass(500 * ms)
	action[Fence](b) // and tried again
}

func TestAFenceThatIsNoLongerWantedIsLifted(t *testing.T) {
	b, _ := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(Reset{})
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	if u, _ := action[Unfence](b); u.Addr != master {
		t.Errorf("unfenced %s", u.Addr)
	}
}

func TestNoFenceWithoutAMajorityThatConfirmsTheSwitch(t *testing.T) {
	b, _ := switched(t)
	elsewhere := func(q quorum.Question) quorum.Answer {
		a := agrees(q)
		a.Config = quorum.Configuration{Epoch: 0, Master: master}
		return a
	}
	b.vote[peer2], b.vote[peer3] = elsewhere, elsewhere
	b.pass(2000 * ms)
	if hasAction[Fence](b) {
		t.Error("fenced on our own word")
	}
}

func TestNoFenceWhileTheNewMasterDoesNotServe(t *testing.T) {
	b, winner := switched(t)
	b.silent[winner] = true
	b.step(Observed{monitor.Report{Addr: winner, Link: b.link, Kind: monitor.ReportPending, At: b.now, Sent: b.now - 1, Ack: monitor.AckAcked}})
	b.pass(700 * ms)
	b.forget()
	b.pass(200 * ms)
	if hasAction[Fence](b) {
		t.Error("fenced the old master while the new one is silent: nobody would take writes")
	}
}

func TestARestartedMastersDivergenceIsUnknown(t *testing.T) {
	b, _ := switched(t)
	b.info[master].RunID = strings.Repeat("8", 40)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	b.want(EventDivergence)
	if p := b.event(EventDivergence).Payload; !strings.HasSuffix(p, " bytes=unknown reason=restarted") {
		t.Errorf("%s %s", EventDivergence, p)
	}
}

func TestDivergence(t *testing.T) {
	d := Deposed{RunID: "r", ReplID: mainID, SecondOffset: 1001}
	tests := []struct {
		name  string
		old   monitor.Info
		bytes int64
		known bool
	}{
		{"nothing more than the new master has", monitor.Info{RunID: "r", ReplID: mainID, MasterOffset: 1000}, 0, true},
		{"a script's effects", monitor.Info{RunID: "r", ReplID: mainID, MasterOffset: 85860}, 84860, true},
		{"behind: never negative", monitor.Info{RunID: "r", ReplID: mainID, MasterOffset: 900}, 0, true},
		{"restarted", monitor.Info{RunID: "s", ReplID: mainID, MasterOffset: 2000}, 0, false},
		{"another history", monitor.Info{RunID: "r", ReplID: foreignID, MasterOffset: 2000}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bytes, known := Divergence(d, tt.old)
			if bytes != tt.bytes || known != tt.known {
				t.Errorf("got %d, %t; want %d, %t", bytes, known, tt.bytes, tt.known)
			}
		})
	}
}

func TestAnUnexpectedMasterGetsSentinelsEightSeconds(t *testing.T) {
	b := newBench(t, setup{})
	b.info[replicaA].Role, b.info[replicaA].ReplID2 = monitor.RoleMaster, mainID
	b.inform(replicaA)
	for range 75 {
		b.pass(100 * ms)
		b.inform(replicaA)
		b.inform(master)
	}
	if hasAction[Repoint](b) {
		t.Fatal("converted before 8 s")
	}
	for range 10 {
		b.pass(100 * ms)
		b.inform(replicaA)
		b.inform(master)
	}
	b.wantReason("+convert-to-slave", ReasonUnexpectedMain)
}

// A configuration that Redis could not rewrite, or may not, makes a master of an
// old one again whenever it restarts.
func TestAReplicaThatRestartsAsAMasterIsTreatedAsADeposedOne(t *testing.T) {
	for restarted, again := range map[bool]string{true: "restarted", false: "told to be a master"} {
		b, winner := switched(t)
		b.g.deposed = nil
		was := b.info[master]
		b.info[master] = replicaInfo(master, 1000)
		b.info[master].MasterHost = winner.Host
		b.inform(master)
		b.pass(20 * ms)
		b.forget()
		b.info[master] = was
		if restarted {
			was.RunID = strings.Repeat("8", 40)
		}
		b.inform(master)
		b.pass(500 * ms)
		if got := hasAction[Fence](b); got != restarted {
			t.Fatalf("%s: fenced is %v", again, got)
		}
	}
}

func TestAPromotionWhoseLeaderDiedIsAdopted(t *testing.T) {
	for _, told := range []bool{true, false} {
		b := newBench(t, setup{})
		b.kill(master)
		b.pass(1005 * ms)
		if b.g.attempt != nil {
			b.g.attempt = nil
		}
		b.step(VoteAsked{Ticket: 1, Epoch: 5, Candidate: peer2})
		if told {
			b.step(ConfigHeard{quorum.Configuration{Author: peer2, Leader: peer2, Group: "main", Epoch: 5, Master: replicaB, Ordered: true}})
			if b.g.Master() != master {
				t.Fatal("an order was taken for a fact")
			}
		}
		b.forget()
		b.info[replicaB].Role, b.info[replicaB].ReplID2 = monitor.RoleMaster, mainID
		b.inform(replicaB)
		if !told { // its leader may live and promote another until its lease is over
			if b.g.Master() != master {
				t.Fatal("a master was adopted while the leader of its epoch may still promote another")
			}
			b.pass(3000 * ms)
			b.g.attempt = nil
			b.inform(replicaB)
		}
		b.want("+switch-master")
		if c := b.g.Configuration(); c.Master != replicaB || c.Epoch != 5 || c.Leader != peer2 {
			t.Errorf("told=%t: adopted %+v", told, c)
		}
	}
}

// refuses carries out every fence on a, and refuses every order to it, for d;
// it returns whether another was fenced meanwhile.
func (b *bench) refuses(a monitor.Addr, d time.Duration) (otherFenced bool) {
	for end := b.now.Add(d); b.now < end; b.pass(10 * ms) {
		for n := 0; n < len(b.effects); n++ { // each may ask for more
			switch e := b.effects[n]; act := e.Action.(type) {
			case Fence:
				otherFenced = otherFenced || act.Addr != a
				b.step(Done{Effect: e.ID, Outcome: OutcomeDone, Info: *b.info[act.Addr]})
			case Repoint:
				b.step(Done{Effect: e.ID, Outcome: OutcomeRefused})
			}
		}
		b.forget()
	}
	return otherFenced
}

func TestADeposedMasterThatRefusesDoesNotKeepAnotherWaiting(t *testing.T) {
	b, winner := switched(t)
	other := replicaA
	if winner == replicaA {
		other = replicaB
	}
	b.g.older = append(b.g.older, &deposition{Deposed: Deposed{Addr: other}, awaited: b.now})
	b.info[other].Role, b.info[other].MasterHost, b.info[other].MasterPort = monitor.RoleMaster, "", 0
	b.inform(other)
	if !b.refuses(master, 3*time.Second) {
		t.Errorf("%s, which is back, was left alone while %s refused", other, master)
	}
}

// We stood still between the fence and its answer: meanwhile the very instance may
// have been promoted (seed 4300000927).
func TestAFenceAnsweredLateIsLiftedAndNothingIsOrdered(t *testing.T) {
	b, _ := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.forget()
	b.now = b.now.Add(4 * time.Second)
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	if hasAction[Repoint](b) {
		t.Error("an order on what was confirmed four seconds ago")
	}
	if u, _ := action[Unfence](b); u.Addr != master {
		t.Errorf("unfenced %s", u.Addr)
	}
}
