package probe

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// crowdAt lets n wait and counts who went on.
func crowdAt(ctx context.Context, p *pacer, n int) *atomic.Int64 {
	var gone atomic.Int64
	for range n {
		go func() {
			p.wait(ctx, nil)
			gone.Add(1)
		}()
	}
	return &gone
}

func TestTheLinksOfManyOpenOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer()
		for range 2 { // a second crowd, after a pause, is met as the first one
			ctx, cancel := context.WithCancel(t.Context())
			gone := crowdAt(ctx, p, 1000)
			synctest.Wait()
			if n := gone.Load(); n != atOnce {
				t.Errorf("%d go at once, want %d", n, atOnce)
			}
			pass(100*fastestPace + time.Microsecond)
			if n := gone.Load(); n != atOnce+100 {
				t.Errorf("%d went after %v, want %d", n, 100*fastestPace, atOnce+100)
			}
			hurry := make(chan struct{}, 1)
			hurry <- struct{}{}
			before := time.Now()
			if p.wait(ctx, hurry); time.Since(before) > fastestPace {
				t.Errorf("who is to hurry waits %v", time.Since(before))
			}
			cancel()
			synctest.Wait()
			if n := gone.Load(); n != 1000 {
				t.Errorf("%d of 1000 gave up in the end", n)
			}
			pass(2 * pausedFor)
		}
	})
}

func TestLinksOpenMoreSlowlyWhileTheProcessIsLate(t *testing.T) {
	p := &pacer{pace: fastestPace}
	for range 10 {
		p.adapt(3 * time.Millisecond)
	}
	if p.pace != slowestPace {
		t.Errorf("a pace of %v under load, want %v", p.pace, slowestPace)
	}
	for range 40 {
		p.adapt(time.Millisecond)
	}
	if p.pace != fastestPace {
		t.Errorf("a pace of %v afterwards, want %v", p.pace, fastestPace)
	}
}

// What the core asks for during a failover does not queue behind a start.
func TestARefreshWaitsForNoCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		p, rec := bubble(t, f)
		p.pacer.turn <- struct{}{} // somebody has it for ever
		p.Reconcile("g", []Target{target()})
		pass(5 * time.Second)
		if len(rec.infos) != 0 {
			t.Fatal("the first INFO did not wait for its turn")
		}
		p.Refresh("g", there)
		synctest.Wait()
		if len(rec.infos) == 0 {
			t.Error("INFO still waits after Refresh")
		}
		p.Close()
	})
}
