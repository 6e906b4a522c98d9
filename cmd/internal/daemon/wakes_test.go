package daemon

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"picket/monitor"
)

func TestGroupsAreWokenInOrderAndOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q wakeQueue
		groups := make([]*watched, 8)
		for i := range groups {
			groups[i] = &watched{index: -1}
		}
		want := map[*watched]monitor.Instant{}
		for range rapid.IntRange(1, 60).Draw(t, "settings") {
			w := groups[rapid.IntRange(0, len(groups)-1).Draw(t, "group")]
			at := monitor.Instant(rapid.IntRange(0, 20).Draw(t, "at"))
			q.set(w, at)
			want[w] = at
			if at == monitor.Never {
				delete(want, w)
			}
		}
		now := monitor.Instant(rapid.IntRange(0, 20).Draw(t, "now"))
		var due []monitor.Instant
		for w := q.pop(now); w != nil; w = q.pop(now) {
			due = append(due, want[w])
			delete(want, w)
		}
		if !slices.IsSorted(due) {
			t.Fatalf("woken out of order: %v", due)
		}
		for w, at := range want {
			if at <= now {
				t.Fatalf("group %p was due at %d and not woken at %d", w, at, now)
			}
		}
	})
}
