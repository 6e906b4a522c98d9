package quorum_test

import (
	"testing"

	"pgregory.net/rapid"

	"picket/monitor"
	"picket/quorum"
)

func TestVersionNewer(t *testing.T) {
	v := func(boot, seq uint64) quorum.Version { return quorum.Version{Boot: boot, Seq: seq} }
	for _, tc := range []struct {
		name string
		a, b quorum.Version
		want bool
	}{
		{"the same", v(2, 5), v(2, 5), false},
		{"said later", v(2, 6), v(2, 5), true},
		{"said earlier", v(2, 4), v(2, 5), false},
		{"after a restart, which counts from the start", v(3, 0), v(2, 5), true},
		{"before a restart", v(1, 99), v(2, 0), false},
	} {
		if got := tc.a.Newer(tc.b); got != tc.want {
			t.Errorf("%s: %v newer than %v: %v", tc.name, tc.a, tc.b, got)
		}
	}
}

func TestSupersedes(t *testing.T) {
	one, two := monitor.Addr{Host: "10.0.0.1", Port: 6379}, monitor.Addr{Host: "10.0.0.2", Port: 6379}
	conf := func(epoch uint64, leader quorum.ID, master monitor.Addr) quorum.Configuration {
		return quorum.Configuration{Epoch: epoch, Leader: leader, Master: master}
	}
	for _, tc := range []struct {
		name string
		c, d quorum.Configuration
		want bool
	}{
		{"higher epoch", conf(6, bob, two), conf(5, alice, one), true},
		{"higher epoch, leader unknown", conf(6, "", two), conf(5, alice, one), true},
		{"lower epoch", conf(4, alice, two), conf(5, bob, one), false},
		{"the same", conf(5, alice, one), conf(5, alice, one), false},
		{"equal epoch, smaller leader", conf(5, alice, two), conf(5, bob, one), true},
		{"equal epoch, larger leader", conf(5, bob, two), conf(5, alice, one), false},
		{"equal epoch, same master, smaller leader", conf(5, alice, one), conf(5, bob, one), true},
		{"equal epoch, same leader", conf(5, alice, two), conf(5, alice, one), false},
		{"equal epoch, its leader unknown", conf(5, "", two), conf(5, alice, one), false},
		{"equal epoch, the other's unknown", conf(5, carol, two), conf(5, "", one), true},
		{"equal epoch, neither known", conf(5, "", two), conf(5, "", one), false},
	} {
		if got := tc.c.Supersedes(tc.d); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

var configurations = rapid.Custom(func(t *rapid.T) quorum.Configuration {
	return quorum.Configuration{
		Epoch:  rapid.Uint64Range(1, 3).Draw(t, "epoch"),
		Leader: rapid.SampledFrom([]quorum.ID{alice, bob, carol}).Draw(t, "leader"),
		Master: monitor.Addr{Host: "10.0.0.1", Port: rapid.IntRange(1, 3).Draw(t, "master")},
	}
})

// Configurations whose leaders are known stand in one order, so that everyone
// ends with the same master.
func TestConfigurationsAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := configurations.Draw(t, "a"), configurations.Draw(t, "b"), configurations.Draw(t, "c")
		same := func(x, y quorum.Configuration) bool {
			return x.Epoch == y.Epoch && x.Leader == y.Leader // a leader wins an epoch with one instance
		}
		switch {
		case a.Supersedes(a):
			t.Fatalf("%+v supersedes itself", a)
		case a.Supersedes(b) && b.Supersedes(a):
			t.Fatalf("%+v and %+v supersede each other", a, b)
		case !same(a, b) && !a.Supersedes(b) && !b.Supersedes(a):
			t.Fatalf("neither of %+v and %+v supersedes the other", a, b)
		case a.Supersedes(b) && b.Supersedes(c) && !a.Supersedes(c):
			t.Fatalf("%+v supersedes %+v, that %+v, but the first not the last", a, b, c)
		}
	})
}
