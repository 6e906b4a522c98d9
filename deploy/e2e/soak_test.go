package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"picket/deploy/lab"
)

// The soak is asked for by make soak. It plays faults that are all shorter than
// the silence limit on two groups at once, one watched by picket and one by
// redis-sentinel, and counts the failovers, of which picket may not make any.
var (
	soakLength = flag.Duration("soak", 0, "how long TestSoak plays its faults")
	soakSeed   = flag.Uint64("soak-seed", 0, "the seed of its plan; 0 draws one")
	soakPage   = flag.String("soak-results", "", "write what came of it into this file")
)

// side is one program with its group.
type side struct {
	program lab.Program
	*lab.Group
	servers   *lab.Quota // nil where quotas are not permitted
	monitors  *lab.Quota
	writer    *lab.Writer
	observers []*observer
	began     time.Time
	played    []dealt
}

// dealt is a blow with what came of it.
type dealt struct {
	blow
	episode episode
	at      time.Time
	err     error
}

func TestSoak(t *testing.T) {
	if *soakLength == 0 {
		t.Skip("make soak asks for it")
	}
	if program != picket {
		t.Fatal("the soak compares picket with redis-sentinel: unset PICKET_PROGRAM")
	}
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -soak %v -soak-seed %d", *soakLength, seed)
	ctx, cancel := context.WithTimeout(t.Context(), 2**soakLength+5*time.Minute)
	defer cancel()
	context.AfterFunc(interrupted, cancel)
	l, err := lab.New(interrupted, lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var sides []*side
	for _, p := range []lab.Program{picket, sentinel} {
		s, err := newSide(ctx, l, p)
		if err != nil {
			t.Fatal(err)
		}
		sides = append(sides, s)
	}
	if sides[0].servers == nil {
		t.Log("nobody is starved by a quota, by burners alone:", lab.ErrNoQuota)
	}
	for i, e := range plan(seed, *soakLength) {
		if err := play(ctx, t, sides, e); err != nil {
			t.Fatalf("episode %d: %v", i, err)
		}
	}
	report(ctx, t, seed, sides)
}

// newSide starts a group whose servers hold enough for a KEYS or a fork to take time.
func newSide(ctx context.Context, l *lab.Lab, p lab.Program) (*side, error) {
	s := &side{program: p}
	g, err := l.StartServers(ctx, lab.GroupConfig{Replicas: 2, Monitors: 3,
		Redis:   lab.RedisConfig{Threshold: shortT},
		Monitor: lab.MonitorConfig{Program: p, Watch: lab.Watch{DownAfter: soakDownAfter}}})
	if err != nil {
		return nil, err
	}
	s.Group = g
	if err := s.populate(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(g.StartMonitors(ctx), g.WaitKnown(ctx)); err != nil {
		return nil, err
	}
	if err := s.quotas(); err != nil && !errors.Is(err, lab.ErrNoQuota) {
		return nil, err
	}
	for _, r := range g.Servers() {
		s.observers = append(s.observers, observe(ctx, r))
	}
	s.began = time.Now()
	s.writer = l.StartWriter("writes", 5*time.Millisecond, g.Failover())
	return s, s.writer.WaitAcks(ctx, 100)
}

// populate makes 200,000 keys and a list of 100,000, on the replicas too.
func (s *side) populate(ctx context.Context) error {
	const fill = `for i = ARGV[1], ARGV[1] + 9999 do
		redis.call('SET', 'soak:' .. i, string.rep('x', 60)) end return 1`
	const list = `for i = 1, 5000 do redis.call('RPUSH', KEYS[1], (i * 7919) % 5003) end return 1`
	for i := range 20 {
		_, err := s.Master.Do(ctx, "EVAL", fill, "0", strconv.Itoa(i*10000))
		if err == nil {
			_, err = s.Master.Do(ctx, "EVAL", list, "1", "soak-list")
		}
		if err != nil {
			return fmt.Errorf("populate the master: %w", err)
		}
	}
	return s.WaitAcknowledged(ctx)
}

// slow are the commands that block a server for as long as there are keys.
var slow = map[kind][]string{
	keys:    {"KEYS", "nothing*here"},
	sorting: {"SORT", "soak-list", "LIMIT", "0", "1"},
}

// quotas puts the servers into one control group and the monitors into another.
func (s *side) quotas() error {
	servers, err := s.Lab.NewQuota()
	if err != nil {
		return err
	}
	monitors, err := s.Lab.NewQuota()
	if err != nil {
		return err
	}
	for _, r := range s.Servers() {
		err = errors.Join(err, servers.Add(r.Process))
	}
	for _, m := range s.Monitors {
		err = errors.Join(err, monitors.Add(m.Process))
	}
	s.servers, s.monitors = servers, monitors
	return err
}

// play plays an episode on both sides, each fault at the same moment.
func play(ctx context.Context, t *testing.T, sides []*side, e episode) error {
	calm, err := e.begin(ctx, sides)
	defer calm()
	if err != nil {
		return err
	}
	t.Logf("%s  %s, busy-reply-threshold %v, %d faults", time.Now().Format(time.TimeOnly), e.name, e.threshold, len(e.faults))
	for _, f := range e.faults {
		var both sync.WaitGroup
		for _, s := range sides {
			both.Go(func() { s.suffer(ctx, e, f) })
		}
		both.Wait()
		if sleep(ctx, f.after); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// begin sets the thresholds and the weather; the function that it returns ends the weather.
func (e episode) begin(ctx context.Context, sides []*side) (calm func(), err error) {
	var ends []func()
	calm = func() {
		for _, end := range ends {
			end()
		}
	}
	for _, s := range sides {
		ends = append(ends, s.free)
		if err := errors.Join(s.threshold(ctx, e.threshold), s.starve(e.weather)); err != nil {
			return calm, err
		}
	}
	for range e.burners {
		p, err := sides[0].Lab.StartBurner()
		if err != nil {
			return calm, err
		}
		ends = append(ends, p.Kill)
	}
	return calm, nil
}

func (s *side) threshold(ctx context.Context, t time.Duration) error {
	for _, r := range s.Servers() {
		if _, err := r.Do(ctx, "CONFIG", "SET", "busy-reply-threshold", strconv.FormatInt(t.Milliseconds(), 10)); err != nil {
			return fmt.Errorf("set the threshold of %s: %w", r.Addr(), err)
		}
	}
	return nil
}

func (s *side) starve(w weather) error {
	if s.servers == nil {
		return nil
	}
	var err error
	if w.servers.run > 0 {
		err = s.servers.Limit(w.servers.run, w.servers.period)
	}
	if w.monitors.run > 0 {
		err = errors.Join(err, s.monitors.Limit(w.monitors.run, w.monitors.period))
	}
	return err
}

func (s *side) free() {
	if s.servers != nil {
		s.servers.Free() // the limit was set a moment ago
		s.monitors.Free()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
