package scripts

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
)

// stage is a Starter whose processes end when and how the test says.
type stage struct {
	mu      sync.Mutex
	started []*actor
	refuse  int // so many more starts fail
	play    func(*actor)
}

type actor struct {
	argv []string
	pid  int
	end  chan ending
	once sync.Once
}

func (s *stage) Start(argv []string) (Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return nil, errors.New("no process to be had")
	}
	a := &actor{argv: argv, pid: 100 + len(s.started), end: make(chan ending, 1)}
	s.started = append(s.started, a)
	if s.play != nil {
		go s.play(a)
	}
	return a, nil
}

func (s *stage) lines() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.started {
		list = append(list, strings.Join(a.argv, " "))
	}
	return list
}

func (a *actor) PID() int         { return a.pid }
func (a *actor) Kill()            { a.exit(ending{signal: 9}) }
func (a *actor) exit(how ending)  { a.once.Do(func() { a.end <- how }) }
func (a *actor) Wait() (int, int) { how := <-a.end; return how.signal, how.code }

// newsreel collects what a Runner told.
type newsreel struct {
	mu   sync.Mutex
	list []string
}

func (n *newsreel) tell(e monitor.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, e.Name+" "+e.Payload)
}

func (n *newsreel) with(prefix string) (list []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, line := range n.list {
		if strings.HasPrefix(line, prefix) {
			list = append(list, line)
		}
	}
	return list
}

func clock() func() monitor.Instant {
	began := time.Now()
	return func() monitor.Instant { return monitor.Instant(time.Since(began)) + 1 }
}

// bubble runs a test in a bubble of its own, with a runner on a stage.
func bubble(t *testing.T, test func(*testing.T, *Runner, *stage, *newsreel)) {
	synctest.Test(t, func(t *testing.T) {
		s, n := &stage{}, &newsreel{}
		r := New(Config{Starter: s, Clock: clock(), Tell: n.tell})
		test(t, r, s, n)
		r.Close()
		for _, a := range s.started {
			a.exit(ending{})
		}
		synctest.Wait()
	})
}

func TestScriptsRunAtOnceSideBySide(t *testing.T) {
	bubble(t, func(t *testing.T, r *Runner, s *stage, n *newsreel) {
		r.Schedule("/notify", "+sdown", "master m 10.0.0.1 6379")
		r.Schedule("/notify", "+odown", "x")
		synctest.Wait()
		if got := s.lines(); !slices.Equal(got, []string{"/notify +sdown master m 10.0.0.1 6379", "/notify +odown x"}) {
			t.Errorf("started %q", got)
		}
		s.started[0].exit(ending{})
		synctest.Wait()
		if running, queued := r.Counts(); running != 1 || queued != 1 {
			t.Errorf("%d run of %d", running, queued)
		}
		if got := n.with("-script-child"); !slices.Equal(got, []string{"-script-child 100 0 0"}) {
			t.Errorf("%q", got)
		}
	})
}

func TestAScriptThatFailedIsRepeatedInTime(t *testing.T) {
	bubble(t, func(t *testing.T, r *Runner, s *stage, n *newsreel) {
		r.SetLimits(func(l *Limits) { l.RetryDelay = 2 * time.Second })
		s.play = func(a *actor) { a.exit(ending{code: 1}) }
		r.Schedule("/s")
		pass(time.Second)
		p := r.Pending()
		if len(p) != 1 || p[0].Running || p[0].Delay != time.Second || p[0].Tries != 1 || p[0].PID != 0 {
			t.Errorf("%+v", p)
		}
		pass(2 * time.Hour) // 2 s * (2^9 - 1) is 17 minutes
		if len(s.lines()) != maxTries || len(r.Pending()) != 0 {
			t.Errorf("%d tries, %+v", len(s.lines()), r.Pending())
		}
		if got := n.with("-script-error"); !slices.Equal(got, []string{"-script-error /s 0 1"}) {
			t.Errorf("%q", got)
		}
	})
}

func TestAScriptThatHangsIsKilledAndRepeated(t *testing.T) {
	bubble(t, func(t *testing.T, r *Runner, s *stage, n *newsreel) {
		r.Schedule("/hangs")
		pass(59 * time.Second)
		p := r.Pending()
		if len(p) != 1 || !p[0].Running || p[0].RunTime != 59*time.Second || p[0].PID != 100 {
			t.Errorf("%+v", p)
		}
		pass(32 * time.Second)
		if got := n.with("-script-timeout"); !slices.Equal(got, []string{"-script-timeout /hangs 100"}) {
			t.Errorf("%q", got)
		}
		if len(s.lines()) != 2 {
			t.Errorf("started %d times, want again 30 s after it was killed", len(s.lines()))
		}
		r.SetLimits(func(l *Limits) { l.MaxRuntime = time.Second }) // counts for the one that runs
		pass(2 * time.Second)
		if got := n.with("-script-timeout"); len(got) != 2 {
			t.Errorf("%q", got)
		}
	})
}

func TestAProcessThatIsNotToBeHadIsAwaited(t *testing.T) {
	bubble(t, func(t *testing.T, r *Runner, s *stage, n *newsreel) {
		s.refuse = 2
		r.Schedule("/s")
		pass(29 * time.Second)
		if got := n.with("-script-error"); !slices.Equal(got, []string{"-script-error /s 99 0"}) {
			t.Errorf("%q", got)
		}
		pass(2 * time.Minute)
		if len(s.lines()) != 1 {
			t.Errorf("started %d times", len(s.lines()))
		}
	})
}

func TestThoseThatWaitForRoomFollowAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *Runner, s *stage, _ *newsreel) {
		for range 40 {
			r.Schedule("/s")
		}
		synctest.Wait()
		if running, queued := r.Counts(); running != 16 || queued != 40 {
			t.Errorf("%d run of %d", running, queued)
		}
		for len(s.started) > 0 && len(r.Pending()) > 0 {
			for _, a := range s.started {
				a.exit(ending{})
			}
			synctest.Wait()
		}
		if len(s.started) != 40 {
			t.Errorf("%d were started", len(s.started))
		}
	})
}

func TestCloseStartsNothingMoreAndKillsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := &stage{}, &newsreel{}
		r := New(Config{Starter: s, Clock: clock(), Tell: n.tell})
		for range 20 {
			r.Schedule("/s")
		}
		synctest.Wait()
		r.Close()
		r.Schedule("/late")
		for _, a := range s.started {
			select {
			case how := <-a.end:
				t.Errorf("killed: %+v", how)
			default:
			}
			a.exit(ending{code: 1})
		}
		pass(time.Hour)
		if len(s.started) != 16 {
			t.Errorf("%d started", len(s.started))
		}
	})
}

// pass lets d go by in a bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
