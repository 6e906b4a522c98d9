package quorum_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"picket/quorum"
)

func TestEpochJumps(t *testing.T) {
	for _, tc := range []struct {
		name      string
		seen      uint64
		plausible bool
		then      uint64
	}{
		{"the same", 10, true, 10},
		{"an older one", 3, true, 10},
		{"the next", 11, true, 11},
		{"2^32 ahead", 10 + 1<<32, true, 10 + 1<<32},
		{"more than that", 11 + 1<<32, false, 10},
		{"Sentinel's poison", math.MaxUint64, false, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := quorum.Epochs{Current: 10}
			if got := e.Plausible(tc.seen); got != tc.plausible {
				t.Errorf("plausible %v, want %v", got, tc.plausible)
			}
			if took := e.Observe(tc.seen); took != (tc.then != 10) || e.Current != tc.then {
				t.Errorf("took it %v and stands at %d, want %d", took, e.Current, tc.then)
			}
		})
	}
}

// Epochs never fall, and a new one lies above every one that was taken.
func TestEpochsRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e quorum.Epochs
		var highest uint64
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			before := e.Current
			if rapid.Bool().Draw(t, "next") {
				if got := e.Next(); got <= highest || got != e.Current {
					t.Fatalf("Next gives %d, %d was seen, current %d", got, highest, e.Current)
				}
			} else {
				seen := rapid.Uint64().Draw(t, "seen")
				if e.Observe(seen) != (e.Current > before) {
					t.Fatalf("Observe(%d) moved %d to %d and says otherwise", seen, before, e.Current)
				}
			}
			if e.Current < before || e.Current-before > 1<<32 {
				t.Fatalf("moved from %d to %d", before, e.Current)
			}
			highest = max(highest, e.Current)
		}
	})
}

// Past the last epoch that crosses the wire nothing is taken, and nobody campaigns:
// it would start again at 0, where votes were given before.
func TestEpochsEnd(t *testing.T) {
	const last = math.MaxInt64
	for current, exhausted := range map[uint64]bool{0: false, last - 1: false, last: true, last + 1: true, math.MaxUint64: true} {
		e := quorum.Epochs{Current: current}
		if e.Exhausted() != exhausted {
			t.Errorf("at %d exhausted is %v", current, e.Exhausted())
		}
		if e.Observe(max(current, last) + 1); e.Current != current {
			t.Errorf("at %d the epoch %d is taken", current, e.Current)
		}
	}
}
