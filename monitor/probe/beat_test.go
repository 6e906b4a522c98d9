package probe

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestMomentsAreMovedToTheNearestBeat(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		watched      int64
		every        time.Duration
		least        int
		after, wants time.Duration
	}{
		{1, 500 * ms, 5, 0, 0}, {1, 500 * ms, 5, 49 * ms, 0}, {1, 500 * ms, 5, 51 * ms, 100 * ms}, {1, 500 * ms, 5, 1030 * ms, 1000 * ms},
		{1000, 10 * time.Second, 10, 9090 * ms, 9000 * ms}, {1000, 10 * time.Second, 10, 9110 * ms, 9200 * ms},
		{1001, 10 * time.Second, 10, 9090 * ms, 9100 * ms}, {10000, 10 * time.Second, 10, 9090 * ms, 9087500 * time.Microsecond},
		{10000, 50 * ms, 5, 26 * ms, 30 * ms},
	} {
		p := &Prober{began: time.Now()}
		p.watched.Store(c.watched)
		if got := p.onBeat(p.began.Add(c.after), c.every, c.least).Sub(p.began); got != c.wants {
			t.Errorf("%d instances, every %v: %v is moved to %v, want %v", c.watched, c.every, c.after, got, c.wants)
		}
	}
}

func TestStartsOfManyAreSpreadOverAPingPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Prober{}
		turns := func(n int, every time.Duration) (atOnce int, last time.Duration) {
			for range n {
				wait := time.Until(p.nextTurn(Target{PingEvery: every}))
				last = max(last, wait)
				if wait == 0 {
					atOnce++
				}
			}
			return atOnce, last
		}
		if now, last := turns(32, time.Second); now != 32 || last != 0 {
			t.Errorf("of a few %d start at once, the last after %v", now, last)
		}
		if now, last := turns(400, time.Second); now != 0 || last != 400*startPace {
			t.Errorf("of many %d start at once, the last after %v", now, last)
		}
		if now, last := turns(5000, 200*time.Millisecond); now > 50 || last >= 200*time.Millisecond {
			t.Errorf("of thousands that are pinged often %d start at once, the last after %v", now, last)
		}
		<-time.After(10 * time.Second)
		if now, _ := turns(10, time.Second); now != 10 {
			t.Errorf("later on %d of ten start at once", now)
		}
	})
}
