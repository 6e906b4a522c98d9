package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"picket/deploy/lab"
)

// One round is part of the tests, with the slack of a loaded machine. make bench
// asks for more, alone on the machine, and asserts the targets themselves; on a
// CI machine, which is nobody's alone, with the slack again.
var rounds = flag.Int("rounds", 1, "rounds of the comparison with redis-sentinel")

func limit(m measure) time.Duration {
	switch {
	case *rounds == 1: // no median
		return slack * (m.target + secondElection)
	case os.Getenv("CI") == "true":
		return slack * m.target
	}
	return m.target
}

// measure is one line of the table: what is timed, and the design's target for Picket.
type measure struct {
	name   string
	target time.Duration // 0: none
}

var (
	converged = measure{"from start until every monitor knows everyone", targetConverged}
	promoted  = measure{"from SIGKILL, beside down-after, until a replica is master", targetPromoted}
	switched  = measure{"the same, until every monitor has published +switch-master", targetSwitched}
	outage    = measure{"a failover client's longest time without a write", 0}
	fenced    = measure{"a returned master goes on acknowledging writes for", targetFenced}
	measures  = []measure{converged, promoted, switched, outage, fenced}
)

// returns tells in which rounds a master is let come back: redis-sentinel takes 20 s for it.
func returns(round int, p lab.Program) bool {
	return round < 3 && (*rounds > 1 || p == picket)
}

// results are what one program took. A scene that redis-sentinel does not bring
// to an end in half a minute is counted; for Picket it fails the bench.
type results struct {
	took   map[measure][]time.Duration
	scenes int
	failed int
}

func TestBenchAgainstRedisSentinel(t *testing.T) {
	if program != picket {
		t.Fatal("the bench compares picket with redis-sentinel: unset PICKET_PROGRAM")
	}
	taken := map[lab.Program]*results{picket: {took: map[measure][]time.Duration{}}, sentinel: {took: map[measure][]time.Duration{}}}
	for round := range *rounds {
		for _, p := range []lab.Program{picket, sentinel} {
			t.Run(fmt.Sprintf("round %d of %s", round+1, p.Name()), func(t *testing.T) {
				taken[p].play(t, p, (*scene).timeKill)
				if returns(round, p) {
					taken[p].play(t, p, (*scene).timeReturn)
				}
			})
		}
	}
	t.Log("\n" + table(taken[picket], taken[sentinel]))
	for _, m := range measures {
		t.Run(m.name, func(t *testing.T) {
			if m.target == 0 {
				return
			}
			if got := median(taken[picket].took[m]); got > limit(m) {
				t.Errorf("median %v, limit %v", got, limit(m))
			}
		})
	}
}

// play runs one timed scene on a group of its own.
func (r *results) play(t *testing.T, p lab.Program, timed func(*scene, context.Context) (map[measure]time.Duration, error)) {
	t.Helper()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3, Monitor: lab.MonitorConfig{Program: p}})
	r.took[converged] = append(r.took[converged], time.Since(s.Began))
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	took, err := timed(s, ctx)
	r.scenes++
	if err != nil {
		r.failed++
		t.Logf("%s: %v", p.Name(), err)
		if p == picket {
			t.Fail()
		}
		return
	}
	for m, d := range took {
		r.took[m] = append(r.took[m], d)
	}
	s.lab.Close() // the next scene has the machine to itself
}

// timeKill measures a failover as its clients see it.
func (s *scene) timeKill(ctx context.Context) (map[measure]time.Duration, error) {
	w := s.lab.StartWriter("writes", time.Millisecond, s.Failover())
	if err := w.WaitAcks(ctx, 200); err != nil {
		return nil, err
	}
	marks, killed := s.Marks(), time.Now()
	s.Master.Kill()
	sw, err := s.WaitSwitch(ctx, s.Master, marks)
	if err != nil {
		return nil, err
	}
	if err := w.WaitAcks(ctx, 200); err != nil {
		return nil, err
	}
	const downAfter = time.Second
	return map[measure]time.Duration{
		promoted: sw.Promoted.Sub(killed) - downAfter,
		switched: sw.Last.Sub(killed) - downAfter,
		outage:   lab.LongestGap(w.Stop()),
	}, nil
}

// timeReturn measures for how long a master that was stopped, and replaced, takes writes when it runs again.
func (s *scene) timeReturn(ctx context.Context) (map[measure]time.Duration, error) {
	w := s.lab.StartWriter("pinned", time.Millisecond, lab.Pinned(s.Master))
	if err := w.WaitAcks(ctx, 50); err != nil {
		return nil, err
	}
	marks := s.Marks()
	s.must(s.Master.Freeze())
	sw, err := s.WaitSwitch(ctx, s.Master, marks)
	if err != nil {
		return nil, err
	}
	resumed := time.Now()
	s.must(s.Master.Thaw())
	if err := s.Master.WaitInfo(ctx, "follows the new master", lab.Follows(sw.New)); err != nil {
		return nil, err
	}
	return map[measure]time.Duration{fenced: max(0, lastAck(w.Stop()).Sub(resumed))}, nil
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// table sets the medians side by side, in milliseconds.
func table(ours, theirs *results) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "median, ms (least-most)\t%s\t%s\tratio\ttarget\n", picket.Name(), sentinel.Name())
	for _, m := range measures {
		ratio, target := "-", "-"
		if median(ours.took[m]) > 0 && median(theirs.took[m]) > 0 {
			ratio = fmt.Sprintf("%.1f", float64(median(theirs.took[m]))/float64(median(ours.took[m])))
		}
		if m.target > 0 {
			target = fmt.Sprint(m.target.Milliseconds())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.name, spread(ours.took[m]), spread(theirs.took[m]), ratio, target)
	}
	fmt.Fprintf(w, "scenes that did not end within 30 s\t%d of %d\t%d of %d\t\t\n", ours.failed, ours.scenes, theirs.failed, theirs.scenes)
	w.Flush()
	return b.String()
}

func spread(list []time.Duration) string {
	if len(list) == 0 {
		return "-"
	}
	return fmt.Sprintf("%d (%d-%d)", median(list).Milliseconds(), slices.Min(list).Milliseconds(), slices.Max(list).Milliseconds())
}
