package scale

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/deploy/estate"
	"picket/deploy/lab"
)

// result is what one program showed at one size. CPU and memory are means
// over the monitors.
type result struct {
	program string
	masters int

	firstAnswer time.Duration // of the last monitor to give one; 0: none within the patience
	allKnown    time.Duration // every monitor knows every replica and peer; 0: not within it
	startCPU    time.Duration // until then
	cpu         float64       // % of a core, when nothing happens
	estateCPU   float64
	memory, top float64 // MB: resident in the end, and at most
	files       int     // open files of one monitor
	starting    spans
	steady      spans
	tilts       int // entries into TILT, or stalls that Picket noted

	storms         []*storm
	falseFailovers int
}

func (r *result) known() bool { return r.allKnown > 0 }

// scene is a few monitors over an estate.
type scene struct {
	*testing.T
	ctx      context.Context
	estate   *estate.Estate
	monitors []*lab.Monitor
	askers   []*asker
	result   *result
	began    time.Time
	struck   int // groups from 0 on that a storm took
}

func measure(t *testing.T, p lab.Program, n int) *result {
	ctx, cancel := context.WithTimeout(interrupted, 15*time.Minute)
	t.Cleanup(cancel)
	s := &scene{T: t, ctx: ctx, result: &result{program: p.Name(), masters: n}}
	s.prepare(p, n)
	s.start()
	s.converge()
	s.rest()
	for _, how := range []string{"killed", "hung"} {
		if s.struck+stormSize <= n && s.result.firstAnswer > 0 {
			s.storm(how)
		}
	}
	s.finish()
	return s.result
}

func (s *scene) prepare(p lab.Program, n int) {
	var err error
	s.estate, err = estate.Start(n)
	s.must(err)
	s.Cleanup(s.estate.Close)
	l, err := lab.New(interrupted, lab.Config{})
	s.must(err)
	s.Cleanup(l.Close)
	for range *monitors {
		m, err := l.NewMonitor(s.config(p))
		s.must(err)
		s.monitors = append(s.monitors, m)
	}
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// config watches group 0 as the lab does, and the others by added lines.
func (s *scene) config(p lab.Program) lab.MonitorConfig {
	host, port := s.estate.Master(0)
	lines := []string{"sentinel announce-ip 127.0.0.1"}
	for g := 1; g < s.estate.Groups(); g++ {
		host, port := s.estate.Master(g)
		name := estate.Name(g)
		lines = append(lines, fmt.Sprintf("sentinel monitor %s %s %d %d", name, host, port, quorum()),
			fmt.Sprintf("sentinel down-after-milliseconds %s %d", name, downAfter.Milliseconds()),
			fmt.Sprintf("sentinel failover-timeout %s 10000", name))
	}
	return lab.MonitorConfig{Program: p, Lines: lines,
		Watch: lab.Watch{Name: estate.Name(0), Master: host, Port: port, Quorum: quorum(), DownAfter: downAfter}}
}

func quorum() int { return min(2, *monitors) }

// start runs the monitors and begins to ask them. It does not wait for answers.
func (s *scene) start() {
	s.began = time.Now()
	for _, m := range s.monitors {
		s.must(m.Process.Start())
		a := newAsker(m.Addr(), s.estate.Groups())
		s.askers = append(s.askers, a)
		ctx, stop := context.WithCancel(s.ctx)
		done := make(chan struct{})
		go func() { defer close(done); a.run(ctx) }()
		s.Cleanup(func() { stop(); <-done })
	}
}

// startingLeast is for how long queries count as asked while starting, at least.
const startingLeast = 3 * time.Second

// converge waits until every monitor knows everyone, or patience ends.
func (s *scene) converge() {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	done := make(chan time.Duration, len(s.monitors))
	for _, m := range s.monitors {
		go func() { done <- s.waitKnown(ctx, m) }()
	}
	var last time.Duration
	for range s.monitors {
		took := <-done
		if took == 0 {
			last = patience + 1
		}
		last = max(last, took)
	}
	if last <= patience {
		s.result.allKnown = last
	}
	s.result.startCPU = s.cpu() / time.Duration(len(s.monitors))
	pause(ctx, time.Until(s.began.Add(startingLeast)))
	end := time.Now()
	s.result.starting = summarise(s.askers, s.began.Add(time.Second), end)
	for _, a := range s.askers {
		first := a.firstAnswer()
		if first.IsZero() {
			s.result.firstAnswer = 0
			return
		}
		s.result.firstAnswer = max(s.result.firstAnswer, first.Sub(s.began))
	}
}

// waitKnown polls INFO until all groups are shown with their replica and peers.
// It returns 0 when that does not happen.
func (s *scene) waitKnown(ctx context.Context, m *lab.Monitor) time.Duration {
	for ctx.Err() == nil {
		reply, err := m.Do(ctx, "INFO", "sentinel")
		if text, _ := reply.(string); err == nil && strings.Count(text, fmt.Sprintf(",slaves=1,sentinels=%d", *monitors)) == s.estate.Groups() &&
			strings.Count(text, "status=ok") == s.estate.Groups() {
			return time.Since(s.began)
		}
		pause(ctx, 200*time.Millisecond)
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// settled is how long after the start the steady state begins at the earliest: Picket's
// hellos become seldom after 10 s.
const settled = 15 * time.Second

// rest measures the steady state, after a moment in which what is late is saved.
func (s *scene) rest() {
	pause(s.ctx, max(5*time.Second, time.Until(s.began.Add(settled))))
	before, fakes, from := s.cpu(), s.estateCPU(), time.Now()
	pause(s.ctx, *window)
	took := time.Since(from)
	r := s.result
	r.cpu = 100 * float64(s.cpu()-before) / float64(took) / float64(len(s.monitors))
	r.estateCPU = 100 * float64(s.estateCPU()-fakes) / float64(took)
	r.steady = summarise(s.askers, from, time.Now())
	for _, m := range s.monitors {
		r.memory += megabytes(m.PID(), "VmRSS") / float64(len(s.monitors))
		files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", m.PID()))
		r.files = max(r.files, len(files))
	}
}

func (s *scene) cpu() time.Duration {
	var sum time.Duration
	for _, m := range s.monitors {
		sum += m.CPU()
	}
	return sum
}

func (s *scene) estateCPU() time.Duration {
	var sum time.Duration
	for _, pid := range s.estate.PIDs() {
		sum += lab.CPUOf(pid)
	}
	return sum
}

// megabytes reads a size from /proc/PID/status, which counts in kB.
func megabytes(pid int, field string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), field+":")
	words := strings.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(words[0], 64)
	return kb / 1024
}

func (s *scene) finish() {
	r := s.result
	promotions, _ := s.estate.Promotions()
	for g := range promotions {
		if g >= s.struck {
			r.falseFailovers++
		}
	}
	for _, m := range s.monitors {
		r.top += megabytes(m.PID(), "VmHWM") / float64(len(s.monitors))
		log := m.LogText()
		r.tilts += strings.Count(log, "+tilt") + strings.Count(log, "this process stood still")
		for _, bad := range []string{"panic:", "fatal error:"} {
			if at := strings.Index(log, bad); at >= 0 {
				s.Errorf("%s: %s", m.Name(), clip(log[at:], 6000))
			}
		}
		if !m.Running() {
			s.Errorf("%s ended: %s", m.Name(), clip(log, 2000))
		}
	}
}

// spans are quantiles of how long answers took.
type spans struct {
	p50, p99 time.Duration
	count    int
}

func quantiles(list []time.Duration) spans {
	if len(list) == 0 {
		return spans{}
	}
	slices.Sort(list)
	return spans{p50: list[len(list)/2], p99: list[len(list)*99/100], count: len(list)}
}
