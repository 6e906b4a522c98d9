package failover

import (
	"slices"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// listened are the instances whose hello channel the group wants to hear.
func (b *bench) listened() []monitor.Addr {
	var list []monitor.Addr
	for _, t := range b.g.targeted {
		if t.Listen {
			list = append(list, t.Addr)
		}
	}
	return list
}

func (b *bench) hellos(from ...quorum.ID) {
	for _, id := range from {
		b.step(Hinted{Hello: monitor.Hello{ID: string(id), Peer: b.g.voter(id).Addr, Group: "main", Master: b.g.Master()}})
	}
}

func TestHellosAreHeardOnTheMasterAloneWhileThatIsEnough(t *testing.T) {
	all, masterAlone := []monitor.Addr{master, replicaA, replicaB}, []monitor.Addr{master}
	b := newBench(t, setup{})
	b.hellos(peer2, peer3)
	b.pass(5000 * ms)
	if got := b.listened(); !slices.Equal(got, all) {
		t.Errorf("in the first seconds on %v", got)
	}
	b.pass(6000 * ms)
	b.hellos(peer2, peer3)
	if got := b.listened(); !slices.Equal(got, masterAlone) {
		t.Errorf("when all is well on %v", got)
	}
	b.pass(4000 * ms)
	b.hellos(peer2)
	b.pass(2500 * ms)
	if got := b.listened(); !slices.Equal(got, all) {
		t.Errorf("with a voter that is not heard on %v", got)
	}
	b.hellos(peer2, peer3)
	if got := b.listened(); !slices.Equal(got, masterAlone) {
		t.Errorf("when it is heard again on %v", got)
	}
	b.kill(master)
	b.pass(100 * ms)
	if got := b.listened(); !slices.Equal(got, all) {
		t.Errorf("without a master on %v", got)
	}
}

func (b *bench) targetOf(a monitor.Addr) Target {
	b.Helper()
	for _, t := range b.g.targeted {
		if t.Addr == a {
			return t
		}
	}
	b.Fatalf("%s is no target", a)
	return Target{}
}

func TestHellosArePublishedSeldomOnReplicasWhileTheMasterCarriesThem(t *testing.T) {
	b := newBench(t, setup{})
	b.pass(500 * ms)
	if got := b.targetOf(replicaA).PublishEvery; got != helloPeriod {
		t.Errorf("in the first seconds every %s", got)
	}
	b.pass(10500 * ms)
	b.hellos(peer2, peer3)
	if got := b.targetOf(replicaA).PublishEvery; got != calmHello {
		t.Errorf("when all is well every %s", got)
	}
	if got := b.targetOf(master).PublishEvery; got != helloPeriod {
		t.Errorf("on the master every %s", got)
	}
	b.kill(master)
	b.pass(100 * ms)
	if got := b.targetOf(replicaA).PublishEvery; got != helloPeriod {
		t.Errorf("without a master every %s", got)
	}

	b = newBench(t, setup{})
	b.g.roster.Get(peer2).Kind = quorum.KindSentinel
	b.pass(11000 * ms)
	b.hellos(peer2, peer3)
	if got := b.targetOf(replicaA).PublishEvery; got != helloPeriod {
		t.Errorf("beside a redis-sentinel, which listens on all, every %s", got)
	}
}

func TestInAnEstateMastersArePingedHalfAsOften(t *testing.T) {
	b := newBench(t, setup{set: func(s *Settings) { s.DownAfter = 5 * time.Second }})
	b.pass(100 * ms)
	if got := b.targetOf(master).PingEvery; got != 500*ms {
		t.Errorf("a single master every %s", got)
	}
	b.g.shared.groups = estate
	b.pass(100 * ms)
	if got := b.targetOf(master).PingEvery; got != time.Second {
		t.Errorf("one of %d every %s", estate, got)
	}
}
