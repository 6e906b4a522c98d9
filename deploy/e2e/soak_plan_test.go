package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// What a soak may do to a group is bounded by the silence limit of the design:
// max(down-after, T + max(1 s, T/4)), T being busy-reply-threshold. With
// down-after 2 s that is 2 s where T is half a second, and 6.25 s where T is 5 s.
const (
	soakDownAfter = 2 * time.Second
	shortT        = 500 * time.Millisecond
	longT         = 5 * time.Second
	longestScript = 3 * time.Second
)

func silenceLimit(t time.Duration) time.Duration {
	return max(soakDownAfter, t+max(time.Second, t/4))
}

// bound is how long the plan lets a process say nothing at all: what is left of
// the limit is for a machine that is slow to end the fault.
func bound(t time.Duration) time.Duration {
	return min(silenceLimit(t)/2, longestScript)
}

// share is what a control group may run in each period.
type share struct{ run, period time.Duration }

// weather is what the processor is like while an episode's faults are played.
type weather struct {
	name     string
	burners  int   // processes that spin
	servers  share // no limit when zero
	monitors share
}

var weathers = []weather{
	{name: "calm"},
	{name: "calm"},
	{name: "burners", burners: 6},
	{name: "servers starved", servers: share{30 * time.Millisecond, 150 * time.Millisecond}},
	{name: "monitors starved", monitors: share{50 * time.Millisecond, time.Second}},
	{name: "monitors starved hard", monitors: share{20 * time.Millisecond, time.Second}},
	{name: "all starved", servers: share{30 * time.Millisecond, 200 * time.Millisecond}, monitors: share{50 * time.Millisecond, time.Second}},
}

// kind is a sort of fault.
type kind string

// The faults of a soak.
const (
	script   kind = "script"
	storm    kind = "script storm"
	sleeping kind = "DEBUG SLEEP"
	keys     kind = "KEYS"
	sorting  kind = "SORT"
	pausing  kind = "CLIENT PAUSE ALL"
	stopping kind = "SIGSTOP server"
	everyone kind = "SIGSTOP all servers"
	forking  kind = "BGSAVE, SIGSTOP"
	watcher  kind = "SIGSTOP monitor"
	watchers kind = "SIGSTOP all monitors"
)

// working are the faults that need processor time of the server: a starved one
// would be silent for as long as its quota pleases.
var working = map[kind]bool{storm: true, keys: true, sorting: true, forking: true}

var kinds = []kind{script, script, script, storm, storm, sleeping, sleeping, keys, sorting, pausing,
	stopping, stopping, everyone, forking, watcher, watchers}

// blow is one fault, one thing done to both groups at the same moment.
type blow struct {
	kind  kind
	d     time.Duration // how long it lasts; of a storm, each script
	n     int           // which server, monitor or script; of a storm, how many
	after time.Duration // the pause that follows
}

func (f blow) String() string { return fmt.Sprintf("%s %v", f.kind, f.d.Round(time.Millisecond)) }

// episode is a weather with its faults, under one busy-reply-threshold.
type episode struct {
	weather
	threshold time.Duration
	allowed   time.Duration // the silence limit, as monitors may still have it
	limit     time.Duration // how long a silence may be planned
	faults    []blow
}

// plan lays out a soak of at least the given length.
func plan(seed uint64, length time.Duration) []episode {
	r := rand.New(rand.NewPCG(seed, 0))
	var out []episode
	threshold := shortT
	for planned := time.Duration(0); planned < length; {
		before := threshold
		if threshold = shortT; len(out)/4%2 == 1 { // four episodes with each
			threshold = longT
		}
		e := episode{weather: weathers[r.IntN(len(weathers))], threshold: threshold, allowed: min(silenceLimit(before), silenceLimit(threshold)), limit: min(bound(before), bound(threshold))}
		// A monitor learns a new threshold with INFO, every 10 s: until then the smaller limit holds.
		for took := time.Duration(0); took < 13*time.Second; {
			f := e.draw(r)
			e.faults = append(e.faults, f)
			took += e.length(f) + f.after
		}
		for _, f := range e.faults {
			planned += e.length(f) + f.after
		}
		out = append(out, e)
	}
	return out
}

// length is how long the fault takes, nearly. Of a storm of scripts that are
// BUSY in time, all but the first are refused.
func (e episode) length(f blow) time.Duration {
	if f.kind == storm && f.d <= e.threshold {
		return time.Duration(f.n) * f.d
	}
	return f.d
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}

// draw makes one fault that fits the episode.
func (e episode) draw(r *rand.Rand) blow {
	f := blow{kind: kinds[r.IntN(len(kinds))], n: r.IntN(60), after: between(r, 200*time.Millisecond, 1200*time.Millisecond)}
	if e.servers.run > 0 && working[f.kind] {
		f.kind = sleeping
	}
	const least = 100 * time.Millisecond
	silent := e.limit - 2*e.servers.period
	switch f.kind {
	case script:
		f.d = between(r, least, e.speaks(longestScript, silent))
	case storm:
		f.n = 3 + f.n%4
		f.d = between(r, least, silent/time.Duration(f.n))
		if e.threshold == shortT && r.IntN(2) == 0 {
			f.d = between(r, shortT+least, longestScript/2)
		}
	case keys, sorting: // the machine may be slower than it was a moment ago, when one was timed
		f.d = between(r, least, silent/4)
	case watcher, watchers:
		f.d = between(r, 5*least, 4*time.Second)
	default:
		f.d = between(r, least, silent)
	}
	return f
}

// speaks is how long a script may run: as long as any, where it says BUSY in time.
func (e episode) speaks(any, silent time.Duration) time.Duration {
	if e.threshold == shortT {
		return any
	}
	return silent
}

// silence is for how long at most a fault keeps a server from any answer.
func (e episode) silence(f blow) time.Duration {
	switch {
	case f.kind == watcher || f.kind == watchers:
		return 0
	case (f.kind == script || f.kind == storm) && f.d > e.threshold:
		return e.threshold
	}
	return e.length(f)
}

func TestTheSoakStaysBelowTheSilenceLimit(t *testing.T) {
	for seed := range uint64(20) {
		seen := map[kind]int{}
		limits := map[time.Duration]bool{}
		var before time.Duration
		for _, e := range plan(seed, 30*time.Minute) {
			limit := min(silenceLimit(e.threshold), max(silenceLimit(before), soakDownAfter))
			for _, f := range e.faults {
				if got := e.silence(f) + 2*e.servers.period; got > limit*2/3 {
					t.Fatalf("seed %d: %v is silent for %v, the limit is %v", seed, f, got, limit)
				}
				seen[f.kind]++
			}
			before, limits[e.limit] = e.threshold, true
		}
		for _, k := range kinds {
			if seen[k] == 0 {
				t.Errorf("seed %d: 30 minutes without %s", seed, k)
			}
		}
		if len(limits) != 2 {
			t.Errorf("seed %d: the limits are %v, want both", seed, limits)
		}
	}
}
