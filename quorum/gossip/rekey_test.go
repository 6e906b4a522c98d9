package gossip

import (
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
)

// hears fails unless what one tells arrives at the other.
func hears(t *testing.T, from, to *station) {
	t.Helper()
	to.heard()
	from.pool.TellOpinion(someOpinion())
	synctest.Wait()
	if o, _, _ := to.heard(); len(o) != 1 {
		t.Errorf("%s: an opinion of %s did not arrive at %s", time.Now().Format("05.000"), from.host.ip, to.host.ip)
	}
}

func TestTheKeyIsChangedOnOneMonitorAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t, func(c *Config) { c.Key = sekret })
		fresh := DeriveKey("fresh")
		all := func() {
			t.Helper()
			for _, from := range s {
				for _, to := range s {
					if from != to {
						hears(t, from, to)
					}
				}
			}
		}
		for _, one := range s {
			if err := one.pool.Rekey(fresh); err != nil {
				t.Fatal(err)
			}
			all()
			<-time.After(9 * time.Second)
		}
		for range 8 {
			all()
			<-time.After(5 * time.Second)
		}
		late := n.station(t, 4, "10.0.0.4", func(c *Config) { c.Key = fresh }) // started with the new key alone
		late.pool.Reconcile([]monitor.Addr{s[0].where()})
		within(t, 5*time.Second, late, "1@10.0.0.1 2@10.0.0.2 3@10.0.0.3")
		within(t, 5*time.Second, s[2], "1@10.0.0.1 2@10.0.0.2 4@10.0.0.4")
		hears(t, late, s[2])
		hears(t, s[2], late)
		for _, one := range s {
			if one.alive() == "" {
				t.Error("the pool fell apart")
			}
		}
	})
}

func TestOnlyTheLastOfManyKeysIsWrittenWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		a := n.station(t, 1, "10.0.0.1", func(c *Config) { c.Key = sekret })
		for _, secret := range []string{"one", "two", "three"} {
			if err := a.pool.Rekey(DeriveKey(secret)); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		<-time.After(rekeyAfter)
		ring := a.pool.keys.ring
		if got := ring.GetPrimaryKey(); string(got) != string(DeriveKey("three")) {
			t.Error("it does not write with the last key")
		}
		if got := len(ring.GetKeys()); got != 2 {
			t.Errorf("%d keys are read, want the new one and the one before", got)
		}
	})
}

func TestAPoolInClearStaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := three(t)
		if err := s[0].pool.Rekey(DeriveKey("x")); err != ErrInClear {
			t.Errorf("%v", err)
		}
		hears(t, s[0], s[1])
		hears(t, s[1], s[0])
	})
}
