package failover

// Defects that a review found, each as the test that showed it.

import (
	"strings"
	"testing"

	"picket/monitor"
	"picket/quorum"
)

// Redis takes another replication id when the first replica attaches to a master
// that read no snapshot; the master's own INFO comes seconds later.
func TestANewIdOfARestartedMasterIsNotAnotherHistory(t *testing.T) {
	b := newBench(t, setup{})
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].Keys = 0
		b.inform(r)
	}
	m := reborn()
	m.Keys = 0
	b.restarts(m)
	b.pass(2000 * ms)
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].ReplID, b.info[r].Keys, b.info[r].ReplicaOffset, b.info[r].LinkUp = strings.Repeat("8", 40), 1, 14, true
		b.inform(r)
	}
	b.pass(400 * ms)
	if v := b.g.master().Verdict; v.Down || hasAction[Promote](b) {
		t.Errorf("%v, %s: a master that was flushed and restarted is failed over", v.State, v.Reason)
	}
}

// Both were restarted, and the one that is a master now kept the data.
func TestAServerThatKeptItsDataIsNotMadeToFollowAnEmptyMasterAtOnce(t *testing.T) {
	b := newBench(t, setup{})
	b.g.config.Epoch = 1
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].Role, b.info[r].RunID, b.info[r].ReplID = monitor.RoleMaster, strings.Repeat("7", 40), strings.Repeat("6", 40)
		b.info[r].Keys, b.info[r].LinkUp, b.info[r].MasterHost, b.info[r].MasterPort = 1000, false, "", 0
	}
	b.restarts(reborn())
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.inform(r)
	}
	b.pass(1500 * ms)
	if hasAction[Fence](b) || hasAction[Repoint](b) {
		t.Error("the only copy of the data was to follow an empty master")
	}
}

// A master whose new id nobody saw, and then its death: what its replicas all
// share is ours.
func TestReplicasThatShareAnIdNobodySawAreNotForeign(t *testing.T) {
	b := newBench(t, setup{})
	m := reborn()
	m.NoneLoaded, m.Keys, m.AppendOnly = false, 10, true
	b.restarts(m)
	b.pass(100 * ms)
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].ReplID, b.info[r].Keys, b.info[r].ReplicaOffset = strings.Repeat("8", 40), 10, 5000
		b.info[r].LinkUp, b.info[r].LinkDown = false, 0
	}
	b.kill(master)
	b.pass(3000 * ms)
	if p, _ := action[Promote](b); p.Addr != replicaA && p.Addr != replicaB {
		t.Error("no replica was promoted")
	}
}

// Observers of a master that its leader has restored do not hold its old role against it.
func TestARestoredMasterIsNotFailedOverByObservers(t *testing.T) {
	b := newBench(t, setup{})
	m := b.info[master]
	m.Role, m.MasterHost, m.MasterPort, m.LinkUp, m.ReplicaOffset = monitor.RoleReplica, replicaA.Host, replicaA.Port, false, 1000
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].LinkUp, b.info[r].LinkDown = false, 100e9
		b.inform(r)
	}
	b.inform(master)
	b.vote[peer2], b.vote[peer3] = downButNoVote, downButNoVote
	b.pass(25000 * ms)
	if !b.g.master().Down() {
		t.Fatal("a master that follows its replica is not down")
	}
	b.forget()
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].LinkUp, b.info[r].LinkDown = true, 0
	}
	m.Role, m.MasterHost, m.MasterPort = monitor.RoleMaster, "", 0
	b.vote[peer3], b.g.retryAt = agrees, 0
	c := quorum.Configuration{Author: peer2, Leader: peer2, Group: "main", Epoch: 90, Master: master}
	b.vote[peer2] = func(q quorum.Question) quorum.Answer { a := abstains(q); a.Config = c; return a }
	b.step(ConfigHeard{c})
	b.inform(replicaA)
	b.pass(900 * ms)
	if hasAction[Promote](b) {
		p, _ := action[Promote](b)
		t.Errorf("promotes %s over the master that was just restored", p.Addr)
	}
}
