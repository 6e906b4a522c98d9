package daemon

import (
	"testing"
	"time"

	"picket/failover"
	"picket/monitor"
)

func TestViewsWaitLongerTheMoreGroupsThereAre(t *testing.T) {
	for groups, want := range map[int]time.Duration{1: 100 * time.Millisecond, 100: 200 * time.Millisecond, 5000: time.Second} {
		if got := viewPeriod(groups); got != want {
			t.Errorf("%d groups: %v, want %v", groups, got, want)
		}
	}
}

func TestAGroupWaitsOnceForItsViewAndAtOnceWhenSomethingHappened(t *testing.T) {
	var v views
	w := &watched{}
	v.touched(w, 10, failover.Output{})
	v.touched(w, 20, failover.Output{})
	if len(v.queue) != 1 || w.touchedAt != 10 || len(v.urgent) != 0 {
		t.Errorf("%d times in the queue since %d, %d urgent", len(v.queue), w.touchedAt, len(v.urgent))
	}
	happened := failover.Output{Events: []monitor.Event{{Name: "+sdown"}}}
	v.touched(w, 30, happened)
	v.touched(w, 40, happened)
	if len(v.queue) != 1 || len(v.urgent) != 1 {
		t.Errorf("%d times in the queue, %d urgent", len(v.queue), len(v.urgent))
	}
}
