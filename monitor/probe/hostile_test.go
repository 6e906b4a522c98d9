package probe

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/monitor/resp/resptest"
)

// A server that announces more than a reply may hold costs the link, not our memory.
func TestGreedyServer(t *testing.T) {
	for name, header := range resptest.Greedy {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRedis()
				f.replies["PING"] = header
				p, rec := bubble(t, f)
				cost := resptest.Allocated(func() {
					p.Reconcile("g", []Target{target()})
					pass(50 * time.Millisecond)
				})
				if got := rec.since(0); len(got) != 2 || got[1].Kind != monitor.ReportLinkLost || got[1].Cause != monitor.CauseProtocol {
					t.Errorf("%+v", got)
				}
				if cost > 8<<20 {
					t.Errorf("it made us allocate %d bytes", cost)
				}
				p.Close()
			})
		})
	}
}

// The command link is held to limits of its own; the ping link goes on without it.
func TestGreedyInfo(t *testing.T) {
	for name, header := range resptest.Greedy {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRedis()
				f.replies["INFO"] = header
				p, rec := bubble(t, f)
				cost := resptest.Allocated(func() {
					p.Reconcile("g", []Target{target()})
					pass(1500 * time.Millisecond)
				})
				if got := rec.since(0); len(rec.infos) != 0 || len(got) != 3 || got[2].Kind != monitor.ReportReplied {
					t.Errorf("%d INFO reports, %+v", len(rec.infos), got)
				}
				if cost > 8<<20 {
					t.Errorf("it made us allocate %d bytes", cost)
				}
				p.Close()
			})
		})
	}
}

// INFO of a master with thousands of replicas and modules is long, and welcome.
func TestLongInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		f.replies["INFO"] = bulk("run_id:r1\r\nrole:master\r\n" + strings.Repeat("module:name=m,ver=1,api=1,filters=0\r\n", 50000))
		p, rec := bubble(t, f)
		p.Reconcile("g", []Target{target()})
		synctest.Wait()
		if info := rec.info(t, 1); info.Info.RunID != "r1" {
			t.Errorf("%+v", info)
		}
		p.Close()
	})
}
