package failover

import (
	"strings"
	"testing"

	"picket/monitor"
	"picket/quorum"
)

// Two pools may watch two groups under one name. Their hellos meet on any
// instance that was once of the one group and is of the other now.

var (
	peer4 = id('4')
	there = monitor.Addr{Host: "10.1.0.9", Port: 26379}
)

// meets lets the hello of a monitor that we do not know arrive, which then
// confirms who it is and that it holds c.
func (b *bench) meets(c quorum.Configuration) {
	b.Helper()
	b.step(Hinted{monitor.Hello{Peer: there, ID: string(peer4), Group: "main", Master: c.Master, CurrentEpoch: c.Epoch, ConfigEpoch: c.Epoch}})
	_, effect := action[Confirm](b)
	b.vote[peer4] = abstains
	b.step(Answered{quorum.Answer{Effect: effect, Peer: peer4, Addr: there, Group: "main", KnowsGroup: true, Kind: quorum.KindPicket,
		Sent: b.now, At: b.now, Config: c, CurrentEpoch: c.Epoch}})
}

func TestAMonitorOfAnotherGroupOfThisNameIsNoVoter(t *testing.T) {
	b := newBench(t, setup{})
	b.info[stranger] = &monitor.Info{Role: monitor.RoleMaster, RunID: runID(stranger), ReplID: foreignID, Keys: 10}
	b.meets(quorum.Configuration{Author: peer4, Leader: peer4, Group: "main", Epoch: 9, Master: stranger})
	b.pass(2000 * ms)
	b.inform(stranger)
	if b.g.voter(peer4) != nil || b.g.votersAll() != 3 {
		t.Errorf("%d voters, want 3: the stranger watches %s", b.g.votersAll(), stranger)
	}
	if b.g.Master() != master {
		t.Errorf("holds %s, which has another history", b.g.Master())
	}
	b.wantNone("+sentinel")
	b.wantReason(EventConfigWarning, ReasonForeignGroup)

	// What one of ours says of an unknown address is heard still, whatever the stranger's epoch.
	moved := monitor.Addr{Host: "10.0.0.4", Port: 6379}
	b.info[moved] = &monitor.Info{Role: monitor.RoleMaster, RunID: runID(moved), ReplID: strings.Repeat("b", 40), ReplID2: mainID, SecondOffset: 1001, Keys: 10}
	b.step(ConfigHeard{quorum.Configuration{Author: peer2, Leader: peer2, Group: "main", Epoch: 5, Master: moved}})
	b.pass(100 * ms)
	b.inform(moved)
	if b.g.Master() != moved {
		t.Errorf("holds %s, want %s, which carries our history on", b.g.Master(), moved)
	}
}

// A clone of the data set that another pool watches has our history, too.
func TestAMonitorThatNamesAnUnknownMasterOfOurHistoryIsBelievedOnceOursIsDead(t *testing.T) {
	b := newBench(t, setup{})
	b.info[stranger] = &monitor.Info{Role: monitor.RoleMaster, RunID: runID(stranger), ReplID: strings.Repeat("b", 40), ReplID2: mainID, SecondOffset: 1001, Keys: 10}
	config := quorum.Configuration{Author: peer4, Leader: peer4, Group: "main", Epoch: 9, Master: stranger}
	b.meets(config)
	b.pass(2000 * ms)
	b.inform(stranger)
	if b.g.Master() != master {
		t.Fatalf("a clone at %s deposed the master that serves", stranger)
	}
	b.vote[peer2], b.vote[peer3] = abstains, abstains
	b.kill(master)
	b.pass(1500 * ms)
	b.meets(config)
	b.pass(500 * ms)
	b.inform(stranger)
	if b.g.Master() != stranger {
		t.Fatalf("holds %s, want %s", b.g.Master(), stranger)
	}
	b.meets(config)
	if b.g.voter(peer4) == nil {
		t.Error("the monitor that told us is no voter")
	}
}

func TestAMonitorWhoseMasterOursFollowsIsAVoter(t *testing.T) {
	b := newBench(t, setup{})
	b.info[master].Role, b.info[master].MasterHost, b.info[master].MasterPort = monitor.RoleReplica, stranger.Host, stranger.Port
	b.inform(master)
	b.meets(quorum.Configuration{Author: peer4, Group: "main", Epoch: 9, Master: stranger})
	if b.g.voter(peer4) == nil {
		t.Error("our master itself says that it follows the one that the monitor names")
	}
}

func TestAMonitorThatKnowsNothingYetTakesWhoeverKnowsTheName(t *testing.T) {
	b := newBench(t, setup{peers: []quorum.ID{}, saved: func(s *Saved) { s.Lineage, s.Replicas = nil, nil }})
	b.meets(quorum.Configuration{Author: peer4, Group: "main", Epoch: 9, Master: stranger})
	if b.g.voter(peer4) == nil {
		t.Error("without a history nothing speaks against it")
	}
}

// Who sent the replica to the other group meant it. Once it follows our master
// again it is ours, and the other pool leaves it alone by the same rule.
func TestAReplicaThatWasMovedToAnotherGroupOfThisNameIsLeftThere(t *testing.T) {
	b := newBench(t, setup{})
	b.info[replicaA].MasterHost, b.info[replicaA].MasterPort = stranger.Host, stranger.Port
	b.inform(replicaA)
	watched := quorum.Configuration{Author: peer4, Leader: peer4, Group: "main", Epoch: 0, Master: stranger}
	for range 15 { // longer than failover-timeout
		b.meets(watched)
		b.pass(1000 * ms)
		b.inform(replicaA)
	}
	b.wantNone("+fix-slave-config")
	b.forget()
	for range 15 { // nobody watches that master any more
		b.pass(1000 * ms)
		b.inform(replicaA)
		b.inform(master)
	}
	b.wantReason("+fix-slave-config", ReasonWrongMaster)
}

// An operator resets two monitors in the middle of a failover.
func TestAVoterDroppedByResetIsNoStrangerYet(t *testing.T) {
	b := newBench(t, setup{})
	b.step(Reset{})
	if b.g.voter(peer2) != nil {
		t.Fatal("RESET keeps the voters")
	}
	moved := monitor.Addr{Host: "10.0.0.4", Port: 6379}
	says := quorum.Configuration{Author: peer2, Leader: peer2, Group: "main", Epoch: 9, Master: moved}
	confirms := func() {
		b.step(Hinted{monitor.Hello{Peer: there, ID: string(peer2), Group: "main", Master: moved, CurrentEpoch: 9, ConfigEpoch: 9}})
		_, effect := action[Confirm](b)
		b.step(Answered{quorum.Answer{Effect: effect, Peer: peer2, Addr: there, Group: "main", KnowsGroup: true, Kind: quorum.KindPicket,
			Sent: b.now, At: b.now, Config: says, CurrentEpoch: 9}})
	}
	confirms()
	if b.g.voter(peer2) == nil {
		t.Error("a voter until a moment ago is a stranger, because it switched to a replica that RESET forgot")
	}
	b.step(Reset{})
	b.g.resetAt = b.now.Add(-droppedStands)
	b.forget()
	b.pass(3000 * ms)
	confirms()
	if b.g.voter(peer2) != nil {
		t.Error("a monitor that names a master of nobody's is a voter long after the RESET")
	}
}
