package probe

import (
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
)

// hundred are instances at ports of their own, which one fake plays.
func hundred() []Target {
	var list []Target
	for port := range 100 {
		one := target()
		one.Addr.Port, one.Publish, one.PublishEvery = 7000+port, true, 10*time.Second
		list = append(list, one)
	}
	return list
}

func TestWhereFilesAreShortCommandLinksAreLent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.allowed = newAllowance(10)
		p.Reconcile("g", hundred())
		pass(15 * time.Second)
		if n := f.open(); n != 110 {
			t.Errorf("%d connections between two uses, want 100 for PINGs and 10 that are kept", n)
		}
		pass(30 * time.Second)
		infos, hellos, names, dials := len(rec.infos), len(f.heard), f.count("CLIENT"), f.dialled()
		pass(100 * time.Second)
		if n := len(rec.infos) - infos; n < 990 || n > 1010 {
			t.Errorf("%d INFOs of 100 instances in 100 s", n)
		}
		if n := len(f.heard) - hellos; n < 990 || n > 1010 {
			t.Errorf("%d hellos on 100 instances in 100 s", n)
		}
		if n := f.dialled() - dials; n < 890 || n > 910 {
			t.Errorf("%d connections for that, want one for both on each of 90", n)
		}
		if n := f.count("CLIENT") - names; n != 0 {
			t.Errorf("%d connections were named that are not kept", n)
		}
		p.Close()
		if p.allowed.kept.Load() != 0 || len(p.allowed.lent) != 0 {
			t.Errorf("in the end %d are kept and %d lent", p.allowed.kept.Load(), len(p.allowed.lent))
		}
	})
}

// Nobody waits for ever for a link that another has.
func TestALoanIsGivenBackByAServerThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.allowed = &allowance{keep: 1, lent: make(chan struct{}, 1)}
		p.allowed.kept.Store(1)
		silent, other := target(), target()
		other.Addr = monitor.Addr{Host: there.Host, Port: there.Port + 1}
		f.set(func() { f.replies["INFO"] = "" })
		p.Reconcile("g", []Target{silent})
		pass(time.Second)
		f.set(func() { f.replies["INFO"] = bulk("# Server\r\nrun_id:r1\r\nrole:master\r\n") })
		p.Reconcile("g", []Target{silent, other})
		pass(commandTimeout)
		if len(rec.infos) != 1 || rec.infos[0].Addr != other.Addr {
			t.Errorf("INFO reports after the other one's deadline: %+v", rec.infos)
		}
		p.Close()
	})
}
