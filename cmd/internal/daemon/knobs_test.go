package daemon

import (
	"testing"
	"time"

	"picket/cmd/internal/respapi"
	"picket/config"
)

// Probes are paced by SENTINEL DEBUG only where that is faster than the core asks.
func TestDebugPeriodsOnlyHasten(t *testing.T) {
	for _, test := range []struct {
		name string
		set  int64 // milliseconds, 0: not at all
		own  time.Duration
		want time.Duration
	}{
		{"not set", 0, 200 * time.Millisecond, 200 * time.Millisecond},
		{"faster", 100, 10 * time.Second, 100 * time.Millisecond},
		{"slower than Picket's own", 500, 100 * time.Millisecond, 100 * time.Millisecond},
		{"slower than Sentinel's", 60000, 10 * time.Second, 10 * time.Second},
		{"as Sentinel's", 10000, 20 * time.Second, 20 * time.Second},
		{"absurd", 1, 10 * time.Second, leastPeriod},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKnobs(config.Globals{})
			if test.set != 0 {
				k.periods[respapi.PeriodInfo].Store(test.set)
			}
			if got := k.shorter(respapi.PeriodInfo, test.own); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// A number of milliseconds that no time.Duration holds is a very long time.
func TestDebugPeriodsDoNotOverflow(t *testing.T) {
	k := newKnobs(config.Globals{})
	k.periods[respapi.PeriodDownAfter].Store(1<<63 - 1)
	var g config.Group
	if k.defaults(&g); g.Settings.DownAfter != longestPeriod || g.Settings.FailoverTimeout != 3*time.Minute {
		t.Errorf("%+v", g.Settings)
	}
}
