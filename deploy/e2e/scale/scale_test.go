package scale

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// The bench is asked for by make bench-scale: it needs the machine to itself, and
// minutes.
var (
	masters     = flag.String("masters", "", "numbers of masters, such as 100,400; none skips the bench")
	resultsFile = flag.String("results", "", "file to which the tables are written")
	window      = flag.Duration("window", 20*time.Second, "for how long the steady state is measured")
	monitors    = flag.Int("monitors", 3, "how many monitors of a program run at once")
	only        = flag.String("only", "", "measure this program alone")
)

const (
	downAfter = 5 * time.Second
	// silence is Picket's silence limit at the servers' lua-time-limit of 5 s.
	silence   = 6250 * time.Millisecond
	stormSize = 100
	// patience bounds the wait for convergence and for the end of a storm.
	patience = 90 * time.Second
	// slack is by how much a time may exceed its target on a machine that others use.
	slack = 5
	// largestCompared is the size up to which redis-sentinel is measured beside Picket.
	largestCompared = 1000
)

// Targets of the design at that size.
const (
	targetFirstAnswer = time.Second
	targetAllKnown    = 20 * time.Second
	targetQuery       = 20 * time.Millisecond
	targetStorm       = 2 * time.Second // beside the time in which a master is held to be down
	targetMemory      = 3               // times redis-sentinel's
)

func TestScale(t *testing.T) {
	if *masters == "" {
		t.Skip("the bench is asked for with -masters 100,400: see make bench-scale")
	}
	if err := findPrograms(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	var results []*result
	for word := range strings.SplitSeq(*masters, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		pair := measureSize(t, n)
		results = append(results, pair...)
		t.Run(fmt.Sprintf("targets at %d", n), func(t *testing.T) { checkTargets(t, pair) })
	}
	text := tables(results)
	t.Log("\n" + text)
	if *resultsFile != "" {
		if err := os.WriteFile(*resultsFile, []byte(header+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// measureSize runs both programs over estates of one size, Picket first.
func measureSize(t *testing.T, n int) []*result {
	var pair []*result
	for _, p := range []lab.Program{picket, sentinel} {
		if *only != "" && p.Name() != *only || p == lab.Program(sentinel) && n > largestCompared {
			continue
		}
		t.Run(fmt.Sprintf("%d masters under %s", n, p.Name()), func(t *testing.T) {
			r := measure(t, p, n)
			pair = append(pair, r)
			t.Log("\n" + tables([]*result{r}))
		})
	}
	return pair
}

// checkTargets holds Picket's result to the design, and to redis-sentinel's
// where it was measured. On a CI machine, which is nobody's alone, times have slack.
func checkTargets(t *testing.T, pair []*result) {
	if len(pair) == 0 || pair[0].program != picket.Name() {
		t.Skip("picket was not measured")
	}
	r := pair[0]
	if r.falseFailovers > 0 {
		t.Errorf("%d masters were failed over that nothing ailed", r.falseFailovers)
	}
	r.within(t, "first answer", r.firstAnswer, targetFirstAnswer)
	r.within(t, "all known", r.allKnown, targetAllKnown)
	r.within(t, "99 % of queries while starting", r.starting.p99, targetQuery)
	r.within(t, "99 % of queries", r.steady.p99, targetQuery)
	for _, s := range r.storms {
		if s.promoted < s.size || s.named < s.size {
			t.Errorf("%s: %d of %d promoted, %d named by all", s.how, s.promoted, s.size, s.named)
		}
		r.within(t, "storm, "+s.how, s.allPromoted-s.downAfter, targetStorm)
	}
	if len(pair) < 2 || !pair[1].known() {
		return // redis-sentinel did not come so far
	}
	if theirs := pair[1]; r.cpu > theirs.cpu*inCI(slack) {
		t.Errorf("%.1f %% of a core, redis-sentinel %.1f %%", r.cpu, theirs.cpu)
	} else if r.memory > targetMemory*theirs.memory {
		t.Errorf("%.1f MB, more than %d times redis-sentinel's %.1f MB", r.memory, targetMemory, theirs.memory)
	}
}

func (r *result) within(t *testing.T, what string, took, target time.Duration) {
	t.Helper()
	if target *= time.Duration(inCI(slack)); took > target || took == 0 {
		t.Errorf("%s: %v, limit %v", what, took.Round(time.Millisecond), target)
	}
}

// inCI is n on a CI machine and 1 elsewhere.
func inCI(n float64) float64 {
	if os.Getenv("CI") == "true" {
		return n
	}
	return 1
}
