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

func TestInAnEstateHellosAreSeldomWhileGossipReachesEveryVoter(t *testing.T) {
	b := newBench(t, setup{})
	b.g.shared.groups = estate
	b.pass(500 * ms)
	if got := b.listened(); !slices.Equal(got, []monitor.Addr{master}) {
		t.Errorf("hellos are heard from the start on %v", got)
	}
	every := func(when string, want time.Duration) {
		t.Helper()
		b.hellos(peer2, peer3)
		b.pass(100 * ms)
		if got := b.targetOf(master).PublishEvery; got != want {
			t.Errorf("%s every %s, want %s", when, got, want)
		}
	}
	b.pass(11000 * ms)
	every("without gossip", helloPeriod)
	for _, id := range []quorum.ID{peer2, peer3} {
		p := b.g.roster.Get(id)
		p.Kind, p.GossipAlive = quorum.KindPicket, true
	}
	every("with it", calmHello)
	b.pass(9000 * ms)
	if got := b.listened(); !slices.Equal(got, []monitor.Addr{master}) {
		t.Errorf("between two of their hellos we listen on %v", got)
	}
	b.g.roster.Get(peer3).GossipAlive = false
	every("when one is not in the pool any more", helloPeriod)
	b.pass(7000 * ms)
	if got := b.listened(); len(got) != 3 {
		t.Errorf("when its hellos do not come either we listen on %v", got)
	}
}

// One lost master is dialled every 100 ms; of a hundred each less often, so that the
// dials do not take the processor from their failovers.
func TestACrowdOfLostMastersIsDialledLessOften(t *testing.T) {
	for _, c := range []struct {
		lost int // in other groups
		want time.Duration
	}{{0, 100 * ms}, {24, 100 * ms}, {49, 200 * ms}, {99, 400 * ms}, {999, 800 * ms}} {
		b := newBench(t, setup{})
		b.pass(100 * ms)
		b.g.shared.eager = c.lost
		b.kill(master)
		b.pass(100 * ms)
		if got := b.targetOf(master).DialEvery; got != c.want {
			t.Errorf("with %d others every %s, want %s", c.lost, got, c.want)
		}
		if n := b.g.shared.eager; n != c.lost+1 {
			t.Errorf("%d are counted, want %d", n, c.lost+1)
		}
	}
}

func TestWhatIsDialledEagerlyIsCountedUntilItAnswersOrIsGone(t *testing.T) {
	b := newBench(t, setup{})
	b.kill(master)
	b.pass(100 * ms)
	b.pass(eagerFor)
	if n := b.g.shared.eager; n != 0 {
		t.Errorf("%d a minute later", n)
	}
	b = newBench(t, setup{})
	b.pass(100 * ms)
	b.kill(master)
	b.pass(100 * ms)
	b.m.Remove(b.g.set.Name)
	if n := b.g.shared.eager; n != 0 {
		t.Errorf("%d after the group was removed", n)
	}
}
