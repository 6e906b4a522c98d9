package failover

import (
	"testing"
	"time"

	"picket/monitor"
)

// How long a replica has been apart from its master decides whether it may be
// promoted; time in which the master could not have served it does not count.

func (b *bench) reasonOf(a monitor.Addr) monitor.Reason {
	b.Helper()
	for _, c := range b.g.candidates(monitor.Never) {
		if c.Addr == a {
			return c.Reason
		}
	}
	b.Fatalf("%s is no candidate", a)
	return ""
}

// restartedReplica is what a replica says that has its data and has not found its
// master since it started.
func (b *bench) restartedReplica(a monitor.Addr) {
	b.info[a].RunID, b.info[a].LinkUp, b.info[a].LinkDown = string(id('9')), false, -1
	b.inform(a)
}

func TestAReplicaThatNeverLinkedAgainIsStaleInTheEnd(t *testing.T) {
	b := newBench(t, setup{})
	b.restartedReplica(replicaA)
	b.kill(master)
	b.pass(2500 * ms)
	b.restartedReplica(replicaA)
	if r := b.reasonOf(replicaA); r != ReasonElectable {
		t.Errorf("a replica that restarted just before the master died is refused: %s", r)
	}

	b = newBench(t, setup{})
	b.restartedReplica(replicaA)
	b.pass(10*b.g.set.DownAfter + 2*time.Second)
	b.restartedReplica(replicaA)
	if r := b.reasonOf(replicaA); r != ReasonLinkDownLong {
		t.Errorf("apart from a serving master for more than ten times down-after, it is judged %s", r)
	}
	b.kill(master)
	b.pass(10 * b.g.set.DownAfter)
	b.restartedReplica(replicaA)
	if r := b.reasonOf(replicaA); r != ReasonLinkDownLong {
		t.Errorf("the master's death makes it no fresher: it is judged %s", r)
	}
}

func TestAfterAnOutageOfAllARestartedReplicaMayBePromoted(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(time.Minute)
	b.restartedReplica(replicaA)
	if r := b.reasonOf(replicaA); r != ReasonElectable {
		t.Errorf("the master was dead all the time, and the replica is refused: %s", r)
	}
}

func TestTheTimeInWhichTheMasterReadsItsDataMakesNoReplicaStale(t *testing.T) {
	b := newBench(t, setup{})
	b.lose(master, monitor.CauseRefused)
	b.silent[master] = true
	const reading = 10 * time.Minute
	for range int(reading / time.Second) {
		b.now = b.now.Add(time.Second)
		b.replies(master, monitor.ReplyLoading)
	}
	b.kill(master) // it dies over it
	b.pass(2500 * ms)
	b.info[replicaA].LinkUp, b.info[replicaA].LinkDown = false, reading
	b.inform(replicaA)
	if r := b.reasonOf(replicaA); r != ReasonElectable {
		t.Errorf("a replica that nobody could serve for %s is refused: %s", reading, r)
	}
}
