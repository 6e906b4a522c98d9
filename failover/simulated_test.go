package failover

// Defects that the simulator found, each as the shortest scene that shows it.

import (
	"strings"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// A replica that is ahead of a reborn master, but is being overwritten by it,
// speaks for its own promotion and for no other: one that has synced with that
// master already has nothing more.
func TestARebornMasterIsMeasuredByReplicasThatCouldBePromoted(t *testing.T) {
	b := newBench(t, setup{})
	b.info[replicaB].ReplicaOffset = 5000
	b.inform(replicaB)
	reborn := *b.info[master]
	b.kill(master)
	b.diskBad = true // the campaign waits for the disk while the master returns
	b.pass(1100 * ms)
	reborn.RunID, reborn.ReplID2, reborn.ReplID = strings.Repeat("9", 40), mainID, strings.Repeat("c", 40)
	reborn.MasterOffset = 2000
	b.info[master] = &reborn
	b.info[replicaA].ReplID, b.info[replicaA].ReplicaOffset = reborn.ReplID, 2100 // asked a moment later
	b.info[replicaB].LinkUp, b.info[replicaB].SyncInProgress = false, true
	for _, a := range []monitor.Addr{master, replicaA, replicaB} {
		b.inform(a)
	}
	b.diskBad = false
	b.pass(400 * ms)
	if p, _ := action[Promote](b); p.Addr != replicaB {
		t.Errorf("promotes %s, which has nothing that the master lacks", p.Addr)
	}
}

// The master of an earlier switch takes the place of the one just left when it
// answers first: neither is repointed without a majority's word.
func TestAFailoverRepointsNoAwaitedMaster(t *testing.T) {
	b, winner := switched(t)
	b.g.older = append(b.g.older, b.g.deposed)
	other := replicaA
	if winner == replicaA {
		other = replicaB
	}
	b.g.deposed = &deposition{Deposed: Deposed{Addr: other}, awaited: b.now}
	b.g.attempt = &attempt{phase: phaseReconf, started: b.now, entered: b.now}
	b.g.set.ParallelSyncs = 2
	b.forget()
	b.vote[peer2], b.vote[peer3] = dead, dead
	for range 20 {
		b.pass(50 * ms)
		for _, a := range []monitor.Addr{master, other} {
			b.inform(a)
		}
	}
	if hasAction[Repoint](b) {
		r, _ := action[Repoint](b)
		t.Errorf("%s is made to follow %s, and nobody confirmed the switch", r.Addr, r.To)
	}
}

// A deposed master that went away again does not keep an earlier one waiting.
func TestADeposedMasterThatLeftAgainKeepsNobodyWaiting(t *testing.T) {
	b, winner := switched(t)
	earlier := b.g.deposed
	other := replicaA
	if winner == replicaA {
		other = replicaB
	}
	b.g.older = append(b.g.older, earlier)
	b.g.deposed = &deposition{Deposed: Deposed{Addr: other}, awaited: b.now, back: b.now}
	b.kill(other)
	b.pass(100 * ms)
	if f, _ := action[Fence](b); f.Addr != master {
		t.Errorf("fenced %s, want %s", f.Addr, master)
	}
}

// A monitor that forgot the history in which a leader promoted an instance takes
// its word if that leader has its own vote. A redis-sentinel does not name itself.
func TestTheConfigurationOfTheLeaderThatHasOurVoteIsTaken(t *testing.T) {
	for _, named := range []quorum.ID{peer2, ""} {
		takesTheLeadersWord(t, named)
	}
}

func takesTheLeadersWord(t *testing.T, named quorum.ID) {
	b := newBench(t, setup{})
	b.step(VoteAsked{Ticket: 1, Epoch: 7, Candidate: peer2})
	b.info[stranger] = &monitor.Info{Role: monitor.RoleMaster, RunID: runID(stranger), ReplID: foreignID, Keys: 10}
	config := quorum.Configuration{Author: peer2, Leader: named, Group: "main", Epoch: 7, Master: stranger}
	held := func(q quorum.Question) quorum.Answer {
		a := abstains(q)
		a.Config = config
		return a
	}
	b.vote[peer3] = abstains
	b.step(ConfigHeard{config})
	b.pass(2 * time.Second)
	b.inform(stranger)
	if b.g.Master() != master {
		t.Fatal("took an unknown address by gossip alone")
	}
	b.vote[peer2] = held
	b.g.ask(b.g.voter(peer2), 7, "")
	b.effects = append(b.effects, b.g.out.Effects...)
	b.pass(2 * time.Second)
	b.inform(stranger)
	if b.g.Master() != stranger {
		t.Errorf("holds %s, and our vote elected the leader that promoted %s", b.g.Master(), stranger)
	}
}

// A campaign whose promise is not durable has asked nobody: after a crash its
// epoch may be opened again, and a word of giving it up would come late.
func TestACampaignThatAskedNobodyReleasesNobody(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.diskBad = true
	b.pass(1100 * ms)
	b.want("+try-failover")
	b.step(VoteAsked{Ticket: 1, Epoch: 9, Candidate: peer3})
	if hasAction[TellRelease](b) {
		r, _ := action[TellRelease](b)
		t.Errorf("gives up epoch %d, for which nobody was asked", r.Epoch)
	}
}

// One epoch with two masters is renewed by the leader of the one that stands,
// also where a redis-sentinel, which names no leader, holds the other.
func TestAnEpochSharedWithARedisSentinelIsRenewed(t *testing.T) {
	b := newBench(t, setup{saved: func(s *Saved) { s.ConfigEpoch, s.ConfigLeader, s.Leader, s.CurrentEpoch = 7, me, me, 7 }})
	other := quorum.Configuration{Author: peer3, Group: "main", Epoch: 7, Master: replicaB}
	b.vote[peer3] = func(q quorum.Question) quorum.Answer {
		a := agrees(q)
		a.Down, a.Kind, a.Config = false, quorum.KindSentinel, other
		return a
	}
	b.g.ask(b.g.voter(peer3), 7, "")
	b.effects = append(b.effects, b.g.out.Effects...)
	b.pass(2 * time.Second)
	if c := b.g.Configuration(); c.Epoch <= 7 || c.Master != master {
		t.Errorf("holds %s of epoch %d, and %s is the master of epoch 7 elsewhere", c.Master, c.Epoch, other.Master)
	}
}

// Work on a deposed master that is set aside, or forgotten, leaves no pause
// behind, and starts anew when it is its turn again.
func TestADepositionThatIsSetAsideStartsAnew(t *testing.T) {
	b, winner := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	_, effect = action[Repoint](b)
	other := replicaA
	if winner == replicaA {
		other = replicaB
	}
	b.step(ConfigHeard{quorum.Configuration{Author: peer2, Leader: peer2, Epoch: 9, Group: "main", Master: other}})
	if u, _ := action[Unfence](b); u.Addr != master {
		t.Errorf("unfenced %s", u.Addr)
	}
	b.step(Done{Effect: effect, Outcome: OutcomeRefused})
	b.info[other].Role, b.info[other].MasterHost = monitor.RoleMaster, ""
	b.info[winner].Role, b.info[winner].MasterHost, b.info[winner].LinkUp, b.info[winner].MasterPort = monitor.RoleReplica, other.Host, true, other.Port
	b.inform(other)
	b.inform(winner)
	b.forget()
	for range 30 {
		b.pass(100 * ms)
		b.inform(other)
		b.inform(winner)
	}
	if f, _ := action[Fence](b); f.Addr != master {
		t.Errorf("fenced %s, want %s", f.Addr, master)
	}
}

func TestAResetLeavesNoPauseBehind(t *testing.T) {
	b, _ := switched(t)
	b.pass(30 * ms)
	_, effect := action[Fence](b)
	b.step(Done{Effect: effect, Outcome: OutcomeDone, Info: *b.info[master]})
	b.step(Reset{})
	if u, _ := action[Unfence](b); u.Addr != master {
		t.Errorf("unfenced %s", u.Addr)
	}
}

// An epoch whose configuration came from a redis-sentinel, without its leader's
// name, has its master as well: another that turns up is not adopted under it.
func TestAnEpochThatNamesItsMasterAdoptsNoOther(t *testing.T) {
	b := newBench(t, setup{})
	b.step(VoteAsked{Ticket: 1, Epoch: 6, Candidate: peer3})
	b.pass(20 * ms)
	b.step(ConfigHeard{quorum.Configuration{Author: peer3, Group: "main", Epoch: 6, Master: replicaA}})
	b.info[replicaA].Role, b.info[replicaA].ReplID2 = monitor.RoleMaster, mainID
	b.inform(replicaA)
	if b.g.Master() != replicaA {
		t.Fatalf("holds %s", b.g.Master())
	}
	b.kill(replicaA)
	b.pass(1100 * ms)
	b.g.attempt, b.g.ballot = nil, quorum.Ballot{Leader: peer3, Epoch: 6}
	b.info[replicaB].Role, b.info[replicaB].ReplID2 = monitor.RoleMaster, mainID
	b.step(Informed{monitor.InfoReport{Addr: replicaB, At: b.now, Sent: b.now, Info: *b.info[replicaB], Threshold: 5 * time.Second}})
	if c := b.g.Configuration(); c.Epoch == 6 && c.Master != replicaA {
		t.Errorf("epoch 6 named %s, and now %s", replicaA, c.Master)
	}
}

// A late order of an older configuration made the master follow a replica that
// follows it. No replica is fit: an elected leader makes it master again, under an
// epoch of its own.
func TestAMasterThatFollowsItsReplicaIsRestored(t *testing.T) {
	b := newBench(t, setup{})
	m := b.info[master]
	m.Role, m.MasterHost, m.MasterPort, m.ReplicaOffset, m.Priority = monitor.RoleReplica, replicaA.Host, replicaA.Port, 1000, 100
	for _, a := range []monitor.Addr{replicaA, replicaB} {
		b.info[a].ReplID, b.info[a].Keys, b.info[a].LinkUp, b.info[a].LinkDown = foreignID, 0, false, -time.Second
	}
	for range 300 {
		for _, a := range []monitor.Addr{master, replicaA, replicaB} {
			b.inform(a)
		}
		b.pass(100 * ms)
		if hasAction[Promote](b) {
			break
		}
	}
	p, effect := action[Promote](b)
	if p.Addr != master {
		t.Fatalf("promotes %s", p.Addr)
	}
	before := b.g.Configuration().Epoch
	b.step(Done{Effect: effect, Outcome: OutcomeDone})
	m.Role, m.MasterHost, m.MasterPort, m.MasterOffset = monitor.RoleMaster, "", 0, 1000
	b.pass(50 * ms)
	if c := b.g.Configuration(); c.Master != master || c.Epoch <= before || b.g.master().Down() {
		t.Errorf("holds %s of epoch %d, down %t", c.Master, c.Epoch, b.g.master().Down())
	}
	r, _ := action[Repoint](b)
	if r.To != master {
		t.Errorf("repoints %s to %s", r.Addr, r.To)
	}
}
