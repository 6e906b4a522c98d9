package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Stats is what happened in a world.
type Stats struct {
	Simulated  time.Duration
	Steps      int
	Faults     int
	Elections  int
	Promotions int
	Switches   int
	Spells     int // scripts that blocked a master
	Vetoes     int // votes and failovers held back because the master lives
	Refusals   int // votes refused and failovers held, for any reason
	Fences     int
	Heals      int // times that a healed world converged
	Deaths     int // masters dead for good that were failed over
	Slowest    time.Duration
	Reached    map[string]int // transitions and reasons of the core
	switched   map[groupEpoch]bool
}

// Result is how a run ended.
type Result struct {
	Seed      uint64
	Stats     Stats
	Shape     string
	Violation string // "" when every invariant held
	At        time.Duration
}

// Add sums two runs.
func (s *Stats) Add(o Stats) {
	s.Simulated += o.Simulated
	s.Steps += o.Steps
	s.Faults += o.Faults
	s.Elections += o.Elections
	s.Promotions += o.Promotions
	s.Switches += o.Switches
	s.Spells += o.Spells
	s.Vetoes += o.Vetoes
	s.Refusals += o.Refusals
	s.Fences += o.Fences
	s.Heals += o.Heals
	s.Deaths += o.Deaths
	s.Slowest = max(s.Slowest, o.Slowest)
	if s.Reached == nil {
		s.Reached = map[string]int{}
	}
	for k, n := range o.Reached {
		s.Reached[k] += n
	}
}

func (s Stats) String() string {
	return fmt.Sprintf("%s simulated, %d steps, %d faults, %d elections, %d promotions ordered, %d switches, %d busy spells, "+
		"%d vetoes, %d refusals, %d fences, %d heals converged (slowest %s), %d deaths failed over", s.Simulated.Round(time.Second), s.Steps, s.Faults,
		s.Elections, s.Promotions, s.Switches, s.Spells, s.Vetoes, s.Refusals, s.Fences, s.Heals, s.Slowest.Round(time.Millisecond), s.Deaths)
}

// count takes an event of the core into the report.
func (s *Stats) count(w *World, n *node, e monitor.Event) {
	switch e.Name {
	case "+elected-leader":
		s.Elections++
	case "+switch-master":
		if s.switched == nil {
			s.switched = map[groupEpoch]bool{}
		}
		at := groupEpoch{e.Group, n.groups[e.Group].group.Configuration().Epoch}
		if !s.switched[at] {
			s.switched[at] = true
			s.Switches++
		}
	case "+failover-held":
		s.Refusals++
	}
	if e.Reason == quorum.ReasonBusySeen || e.Reason == "master-answers" {
		s.Vetoes++
	}
	if e.Name == "+odown" || e.Name == "+elected-leader" || e.Name == "-failover-abort-no-good-slave" {
		w.reachCandidates(n, e.Group)
	}
}

// reachCandidates notes for which reasons replicas are refused now.
func (w *World) reachCandidates(n *node, group string) {
	if g := n.groups[group]; g != nil {
		for _, c := range g.group.Candidates(n.clock()) {
			w.reach("reason " + string(c.Reason))
		}
	}
}

// reach notes that the core got somewhere.
func (w *World) reach(what string) { w.stats.Reached[what]++ }

// reachedText lists what was reached, and how often.
func (s Stats) reachedText() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s.Reached)) {
		fmt.Fprintf(&b, "%8d %s\n", s.Reached[k], k)
	}
	return b.String()
}
