package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	seed    = flag.Uint64("seed", 1, "the seed that TestSeed replays")
	length  = flag.Duration("length", 30*time.Minute, "the virtual time of one run")
	from    = flag.Uint64("from", 1, "the first seed of TestSim; 0: by the clock")
	each    = flag.Bool("each", false, "whether TestSim reports on each run")
	first   = flag.Bool("first", false, "whether TestSim ends with the first seed that breaks an invariant")
	workers = flag.Int("workers", 1, "how many worlds TestSim runs at once")
	runs    = flag.Uint64("runs", 0, "how many seeds TestSim plays; 0: as many as SIM_SECONDS allow")
)

// simSeconds is for how long TestSim runs, by the wall clock.
func simSeconds(t *testing.T) time.Duration {
	text, ok := os.LookupEnv("SIM_SECONDS")
	if !ok {
		return 5 * time.Second
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SIM_SECONDS=%q is not a number of seconds", text)
	}
	return time.Duration(n) * time.Second
}

// TestSeed replays one seed, with its timeline under -v.
func TestSeed(t *testing.T) {
	cfg := Config{Seed: *seed, Length: *length}
	if testing.Verbose() {
		out := t.Output()
		cfg.Trace = func(line string) { fmt.Fprintln(out, line) }
	}
	r := Run(cfg)
	t.Logf("%s", r.Shape)
	t.Logf("%s", r.Stats)
	if r.Violation != "" {
		t.Fatalf("at %s: %s", r.At, r.Violation)
	}
}

// TestSim runs one seed after the other for SIM_SECONDS and checks every
// invariant after every step.
func TestSim(t *testing.T) {
	begin := *from
	if begin == 0 {
		begin = uint64(time.Now().Unix()) % 1_000_000 * 1000
	}
	end := time.Now().Add(simSeconds(t))
	var enough atomic.Bool
	results := make(chan Result, 64)
	next := make(chan uint64)
	var g errgroup.Group
	for range max(1, min(*workers, runtime.NumCPU())) {
		g.Go(func() error {
			for s := range next {
				results <- Run(Config{Seed: s, Length: *length})
			}
			return nil
		})
	}
	go func() {
		for s := begin; (*runs > 0 && s < begin+*runs || *runs == 0 && time.Now().Before(end)) && !enough.Load(); s++ {
			next <- s
		}
		close(next)
		_ = g.Wait()
		close(results)
	}()
	var sum Stats
	played, failed := 0, 0
	for r := range results {
		played++
		sum.Add(r.Stats)
		if *each {
			fmt.Printf("seed %d: %s; %s\n", r.Seed, r.Shape, r.Stats)
		}
		if r.Violation != "" {
			failed++
			enough.Store(*first)
			t.Errorf("seed %d at %s: %s\n\t%s\n\treplay: go test ./failover/sim -run TestSeed -seed %d -length %s -v",
				r.Seed, r.At, r.Violation, r.Shape, r.Seed, *length)
		}
	}
	fmt.Printf("simulation: %d runs from seed %d, %d broken; %s\n", played, begin, failed, sum)
	report(t, sum)
	if float64(sum.Faults) < sum.Simulated.Minutes() {
		t.Errorf("%d faults in %s: less than one a minute", sum.Faults, sum.Simulated)
	}
	if sum.Simulated >= longRun {
		checkTransitions(t, sum)
	}
}

// longRun is the virtual time from which a run must have reached every
// transition of the core but the rare ones, and veryLongRun the one from which
// it must have reached those, too. A transition that fewer than one run of an
// hour in twenty reaches is rare: a hundred such runs may well miss it.
const (
	longRun     = 100 * time.Hour
	veryLongRun = 1000 * time.Hour
)

// report writes where the runs got to, for REACHED=file.
func report(t *testing.T, sum Stats) {
	name := os.Getenv("REACHED")
	if name == "" {
		return
	}
	if err := os.WriteFile(name, []byte(sum.reachedText()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDeterminism runs one seed twice: every line of the two timelines is the same.
func TestDeterminism(t *testing.T) {
	var lines []string
	Run(Config{Seed: 7, Length: 5 * time.Minute, Trace: func(s string) { lines = append(lines, s) }})
	n := 0
	Run(Config{Seed: 7, Length: 5 * time.Minute, Trace: func(s string) {
		if n < len(lines) && lines[n] != s {
			t.Fatalf("line %d differs:\n%s\n%s", n, lines[n], s)
		}
		n++
	}})
	if n != len(lines) {
		t.Fatalf("the first run had %d lines, the second %d", len(lines), n)
	}
}
