package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// blocked runs a script on a server and shows that every monitor waited for it:
// it is seen, nobody is held to be down, and its client gets its reply.
func (s *scene) blocked(r *lab.Redis, script lab.Script, subject string) {
	s.Helper()
	marks := s.Marks()
	res := <-r.Run(s.ctx, script)
	if res.Err != nil {
		s.Fatalf("%s: %v", script.Name, res.Err)
	}
	s.Logf("%s ran %v", script.Name, res.Ended.Sub(res.Began).Round(time.Millisecond))
	s.wait(marks, lab.On("+script-blocked", subject))
	s.wait(marks, lab.On("-script-blocked", subject))
	s.none(marks, alarms...)
	if kills := s.info(r, "cmdstat_script|kill") + s.info(r, "cmdstat_function|kill"); kills != "" {
		s.Errorf("somebody tried to kill the %s: %s", script.Name, kills)
	}
}

// everywhere waits until the keys prefix:1 to prefix:n are on the master and on every replica.
func (s *scene) everywhere(prefix string, n int) {
	s.Helper()
	for _, r := range s.Servers() {
		s.must(lab.Poll(s.ctx, fmt.Sprintf("%d keys %s:* on %s", n, prefix, r.Addr()), func(ctx context.Context) bool {
			reply, err := r.Do(ctx, "KEYS", prefix+":*")
			return err == nil && len(lab.Strings(reply)) == n
		}))
	}
}

func TestAScriptOnTheMasterIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	const long = 3500 * time.Millisecond // down-after is 1 s
	for _, script := range []lab.Script{
		lab.Writing(long, "eval", 500),
		lab.Reading(long),
		lab.Function(long, "function", 500),
		lab.ReadingFunction(long),
		lab.Transaction(lab.Writing(long, "multi", 500), "transaction"),
	} {
		s.blocked(s.Master, script, "master mymaster")
	}
	for prefix, n := range map[string]int{"eval": 500, "function": 500, "multi": 500, "transaction": 2} {
		s.everywhere(prefix, n)
	}
	s.agreed(s.Master)
}

func TestAScriptOfTwelveSecondsIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, script := range []lab.Script{lab.Writing(12*time.Second, "eval", 1000), lab.Reading(12 * time.Second)} {
		t.Run(script.Name, func(t *testing.T) {
			t.Parallel()
			s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
				Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 2 * time.Second}}})
			s.blocked(s.Master, script, "master mymaster")
			if script.Name == "writing EVAL" {
				s.everywhere("eval", 1000)
			}
		})
	}
}

func TestAScriptThatIsSilentBeforeItIsBusyIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Redis: lab.RedisConfig{Threshold: 5 * time.Second},
		Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 2 * time.Second}}})
	marks := s.Marks()
	s.blocked(s.Master, lab.Writing(8*time.Second, "eval", 500), "master mymaster")
	s.wait(marks, lab.On("+silent", "master mymaster"))
	s.wait(marks, lab.On("-silent", "master mymaster"))
	s.everywhere("eval", 500)
}

// afterBusy asks a server again and again until ctx ends, and returns the longest time that one
// answer took which came after a BUSY and was none: how long a script's effects kept it silent.
func (s *scene) afterBusy(ctx context.Context, r *lab.Redis) <-chan time.Duration {
	s.Helper()
	c, err := r.Dial(ctx)
	s.must(err)
	longest := make(chan time.Duration, 1)
	go func() {
		defer c.Close()
		var longestSoFar time.Duration
		for busy := false; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			sent := time.Now()
			_, err := c.Do(ctx, "PING")
			if took := time.Since(sent); busy && err == nil {
				longestSoFar = max(longestSoFar, took)
			}
			busy = err != nil && strings.HasPrefix(err.Error(), "BUSY ")
		}
		longest <- longestSoFar
	}()
	return longest
}

func TestTheEffectsOfAHugeScriptAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Redis: lab.RedisConfig{
		Lines: []string{"appendonly yes"}}}) // what the script wrote is written thrice: 3 s of silence after 7 s of BUSY
	marks := s.Marks()
	asking, stop := context.WithCancel(s.ctx)
	defer stop()
	silence := s.afterBusy(asking, s.Master)
	s.blocked(s.Master, lab.ManySets(2_000_000, "k"), "master mymaster")
	stop()
	for _, r := range s.Servers() {
		s.must(lab.Poll(s.ctx, "2000000 keys on "+r.Addr(), func(ctx context.Context) bool {
			reply, err := r.Do(ctx, "DBSIZE")
			return err == nil && reply == int64(2_000_000)
		}))
	}
	// Silent is who leaves a PING unanswered for half of down-after, and PINGs are a tenth of it apart.
	if d := <-silence; d < 800*time.Millisecond {
		s.Logf("the effects kept the master silent for %v: too short to be told", d)
	} else {
		s.Logf("the effects kept the master silent for %v", d)
		s.verdict(marks, "master mymaster", "finishing", "after-busy")
	}
	s.verdict(marks, "slave "+s.Replicas[0].Addr(), "applying", "applying-script")
	s.none(marks, alarms...)
}

func TestAScriptOnAReplicaMakesItUnelectableAndNothingElse(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	busy, other := s.Replicas[0], s.Replicas[1]
	s.do(busy, "CONFIG", "SET", "replica-priority", "1") // it would be chosen
	marks := s.Marks()
	done := busy.Run(s.ctx, lab.Reading(12*time.Second))
	s.wait(marks, lab.On("+script-blocked", "slave "+busy.Addr()))
	s.none(marks, alarms...)
	marks = s.Marks()
	s.Master.Kill()
	if sw := s.switched(s.Master, marks); sw.New != other {
		t.Errorf("promoted %s, which was running a script", sw.New.Addr())
	}
	if res := <-done; res.Err != nil {
		t.Errorf("the script on the replica: %v", res.Err)
	}
	s.must(busy.WaitInfo(s.ctx, "follows the new master", lab.Follows(other)))
}
