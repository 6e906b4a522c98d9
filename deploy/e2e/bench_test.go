package e2e

import (
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

func benchSlack() time.Duration {
	if *rounds > 1 && os.Getenv("CI") != "true" {
		return 1
	}
	return slack
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

type samples map[measure][]time.Duration

func TestBenchAgainstRedisSentinel(t *testing.T) {
	if program != picket {
		t.Fatal("the bench compares picket with redis-sentinel: unset PICKET_PROGRAM")
	}
	taken := map[lab.Program]samples{picket: {}, sentinel: {}}
	for round := range *rounds {
		for _, p := range []lab.Program{picket, sentinel} {
			t.Run(fmt.Sprintf("round %d of %s", round+1, p.Name()), func(t *testing.T) {
				s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3, Monitor: lab.MonitorConfig{Program: p}})
				s.timeKill(taken[p])
				if returns(round, p) {
					s.timeReturn(taken[p])
				}
			})
		}
	}
	t.Log("\n" + table(taken))
	for _, m := range measures {
		t.Run(m.name, func(t *testing.T) {
			if m.target == 0 {
				return
			}
			if got, limit := median(taken[picket][m]), m.target*benchSlack(); got > limit {
				t.Errorf("median %v, limit %v", got, limit)
			}
		})
	}
}

// timeKill measures a whole failover as its clients see it.
func (s *scene) timeKill(taken samples) {
	s.Helper()
	taken[converged] = append(taken[converged], time.Since(s.Began))
	w := s.lab.StartWriter("writes", time.Millisecond, s.Failover())
	s.must(w.WaitAcks(s.ctx, 200))
	marks, killed := s.Marks(), time.Now()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.must(w.WaitAcks(s.ctx, 200))
	const downAfter = time.Second
	taken[promoted] = append(taken[promoted], sw.Promoted.Sub(killed)-downAfter)
	taken[switched] = append(taken[switched], sw.Last.Sub(killed)-downAfter)
	taken[outage] = append(taken[outage], lab.LongestGap(w.Stop()))
	s.must(s.Master.Start(s.ctx))
	s.must(s.Master.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
	s.must(s.WaitKnown(s.ctx))
	s.agreed(sw.New)
}

// timeReturn measures for how long a master that was stopped, and replaced, takes writes when it runs again.
func (s *scene) timeReturn(taken samples) {
	s.Helper()
	old := s.current()
	w := s.lab.StartWriter("pinned", time.Millisecond, lab.Pinned(old))
	s.must(w.WaitAcks(s.ctx, 50))
	marks := s.Marks()
	s.must(old.Freeze())
	sw := s.switched(old, marks)
	resumed := time.Now()
	s.must(old.Thaw())
	s.must(old.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
	taken[fenced] = append(taken[fenced], max(0, lastAck(w.Stop()).Sub(resumed)))
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// table sets the medians side by side, in milliseconds.
func table(taken map[lab.Program]samples) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "median, ms (least-most)\t%s\t%s\tratio\ttarget\n", picket.Name(), sentinel.Name())
	for _, m := range measures {
		ours, theirs := taken[picket][m], taken[sentinel][m]
		ratio, target := "-", "-"
		if median(ours) > 0 {
			ratio = fmt.Sprintf("%.1f", float64(median(theirs))/float64(median(ours)))
		}
		if m.target > 0 {
			target = fmt.Sprint(m.target.Milliseconds())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.name, spread(ours), spread(theirs), ratio, target)
	}
	w.Flush()
	return b.String()
}

func spread(list []time.Duration) string {
	if len(list) == 0 {
		return "-"
	}
	return fmt.Sprintf("%d (%d-%d)", median(list).Milliseconds(), slices.Min(list).Milliseconds(), slices.Max(list).Milliseconds())
}
