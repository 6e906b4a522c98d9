package monitor

import (
	"testing"
	"time"
)

// The limit is max(down-after, T + max(1 s, T/4)), T counted for at most 15 s.
func TestSilenceLimit(t *testing.T) {
	for _, tc := range []struct {
		name                       string
		downAfter, threshold, want time.Duration
	}{
		{"a short threshold gets a second more", sec, 500 * ms, 1500 * ms},
		{"no threshold: BUSY is never answered", sec, 0, sec},
		{"four seconds: both margins are a second", sec, 4 * sec, 5 * sec},
		{"Redis' default gets a quarter more", sec, 5 * sec, 6250 * ms},
		{"unknown is taken for the default", sec, -1, 6250 * ms},
		{"down-after is longer", 30 * sec, 5 * sec, 30 * sec},
		{"down-after is longer than the unknown", 10 * sec, -sec, 10 * sec},
		{"15 s are counted", sec, 15 * sec, 18750 * ms},
		{"and no more", sec, 15*sec + 1, 18750 * ms},
		{"not even an hour", sec, time.Hour, 18750 * ms},
		{"nor the longest there is", sec, 1<<63 - 1, 18750 * ms},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := SilenceLimit(tc.downAfter, tc.threshold); got != tc.want {
				t.Errorf("SilenceLimit(%v, %v) = %v, want %v", tc.downAfter, tc.threshold, got, tc.want)
			}
		})
	}
}

func TestSilentAfter(t *testing.T) {
	for downAfter, want := range map[time.Duration]time.Duration{
		500 * ms: 250 * ms, 800 * ms: 400 * ms, 2 * sec: sec, 30 * sec: sec,
	} {
		if got := (Rules{DownAfter: downAfter}).SilentAfter(); got != want {
			t.Errorf("down-after %v: %v, want %v", downAfter, got, want)
		}
	}
}

func TestInstants(t *testing.T) {
	if got := Instant(5).Since(Never); got != 0 {
		t.Errorf("what never happened was %v ago", got)
	}
	if got := Instant(5).Since(7); got != 0 {
		t.Errorf("what lies ahead was %v ago", got)
	}
	if got := Instant(7).Since(5); got != 2 {
		t.Errorf("7 since 5 is %v", got)
	}
	for _, tc := range []struct{ a, b, want Instant }{{Never, Never, Never}, {Never, 3, 3}, {3, Never, 3}, {3, 5, 3}, {5, 3, 3}} {
		if got := Earliest(tc.a, tc.b); got != tc.want {
			t.Errorf("Earliest(%d, %d) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
