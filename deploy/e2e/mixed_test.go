package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// Pickets and redis-sentinels in one quorum.

// mixed starts a group under these programs, one a monitor. Their
// failover-timeout is short: a redis-sentinel lets twice that pass after every
// vote before it campaigns, and Picket does so after a vote for one. down-after is
// long enough that a redis-sentinel does not take the connections that a promotion
// ends (CLIENT KILL) for a death on a busy machine.
func mixed(t *testing.T, programs ...lab.Program) *scene {
	t.Helper()
	s := newScene(t)
	watch := lab.Watch{DownAfter: 2 * time.Second, FailoverTimeout: 2 * time.Second}
	s.servers(lab.GroupConfig{Replicas: 2, Monitor: lab.MonitorConfig{Watch: watch}})
	for _, p := range programs {
		s.add(lab.MonitorConfig{Program: p, Watch: watch})
	}
	s.must(s.WaitKnown(s.ctx))
	return s
}

func isPicket(m *lab.Monitor) bool { return strings.HasPrefix(m.Name(), "picket") }

// whole waits until the group is whole again after a failover: the old master
// was started, and follows, and every monitor knows two others and the same master.
func (s *scene) whole(master, old *lab.Redis) {
	s.Helper()
	s.must(old.Start(s.ctx))
	s.agreed(master)
	for _, r := range s.Servers() {
		if r != master {
			s.must(r.WaitInfo(s.ctx, r.Addr()+" follows "+master.Addr(), lab.Follows(master)))
		}
	}
	s.must(s.WaitKnown(s.ctx))
	for _, m := range s.Monitors {
		s.must(lab.Poll(s.ctx, m.Name()+" knows all that are there, and nobody else", func(ctx context.Context) bool {
			f, err := m.Master(ctx)
			return err == nil && f["flags"] == "master" && f["num-other-sentinels"] == itoa(len(s.Monitors)-1) && f["num-slaves"] == "2"
		}))
	}
}

// failOver kills the master and waits until all have switched and are whole again.
func (s *scene) failOver(master *lab.Redis) *lab.Redis {
	s.Helper()
	marks := s.Marks()
	master.Kill()
	sw := s.switched(master, marks)
	s.whole(sw.New, master)
	return sw.New
}

// The programs are exchanged one by one, on the file and the port of the one
// before, as an operator would do it, with a failover between.
func TestRedisSentinelsAreReplacedOneByOne(t *testing.T) {
	t.Parallel()
	s := mixed(t, sentinel, sentinel, sentinel)
	ids := s.ids()
	master := s.failOver(s.Master)
	for i, m := range s.Monitors {
		s.must(m.Terminate(s.ctx))
		s.must(s.lab.Replace(m, program))
		s.must(m.Start(s.ctx))
		s.agreed(master)
		s.must(s.WaitKnown(s.ctx))
		s.Logf("%d of %d replaced", i+1, len(s.Monitors))
		master = s.failOver(master)
	}
	if now := s.ids(); !slices.Equal(ids, now) {
		t.Errorf("the monitors' ids were %v and are %v", ids, now)
	}
}

func (s *scene) ids() []string {
	s.Helper()
	var list []string
	for _, m := range s.Monitors {
		id, err := m.Sentinel(s.ctx, "MYID")
		s.must(err)
		list = append(list, id.(string))
	}
	return list
}

// Whoever sees the death first leads. A monitor with a longer down-after does
// not campaign, and votes for the other kind.
func TestEachKindVotesForTheOther(t *testing.T) {
	t.Parallel()
	for name, programs := range map[string][]lab.Program{
		"two redis-sentinels, one picket": {sentinel, sentinel, program},
		"one redis-sentinel, two pickets": {sentinel, program, program},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mixed(t, programs...)
			master := s.Master
			for _, leads := range []bool{true, false} { // pickets, then redis-sentinels
				master = s.ledBy(leads, master)
			}
		})
	}
}

// ledBy has the pickets, or the redis-sentinels, see the death of the master first.
func (s *scene) ledBy(pickets bool, master *lab.Redis) *lab.Redis {
	s.Helper()
	var leaders []string
	for i, m := range s.Monitors {
		after := "15000"
		if isPicket(m) == pickets {
			after, leaders = "2000", append(leaders, s.ids()[i])
		}
		_, err := m.Sentinel(s.ctx, "SET", m.Group, "down-after-milliseconds", after, "quorum", "1")
		s.must(err)
	}
	marks := s.Marks()
	master.Kill()
	sw := s.switched(master, marks)
	for _, ev := range s.wait(marks, lab.On("+vote-for-leader")) {
		if id, _, _ := strings.Cut(ev.Payload, " "); !slices.Contains(leaders, id) {
			s.Errorf("a vote for %s, want one for %v", ev, leaders)
		}
	}
	s.whole(sw.New, master)
	return sw.New
}

// A redis-sentinel takes a script for death. While pickets are the majority it
// finds nobody to vote for it, and the script's writes are kept.
func TestAMajorityOfPicketsKeepsARedisSentinelFromFailingOverAScript(t *testing.T) {
	t.Parallel()
	s := mixed(t, sentinel, program, program)
	_, err := s.Monitors[0].Sentinel(s.ctx, "SET", s.Monitors[0].Group, "quorum", "1")
	s.must(err)
	s.do(s.Master, "CONFIG", "SET", "busy-reply-threshold", "200")
	marks := s.Marks()
	script := s.Master.Run(s.ctx, lab.Writing(6*time.Second, "eval", 500))
	s.waitOne(s.Monitors[0], marks[0], lab.On("+try-failover")) // it campaigns
	if res := <-script; res.Err != nil {
		t.Fatal(res.Err)
	}
	for i, m := range s.Monitors {
		if isPicket(m) {
			for _, ev := range m.Events.All()[marks[i]:] {
				if ev.Channel == "+vote-for-leader" || ev.Channel == "+odown" {
					t.Errorf("%s: %s", m.Name(), ev)
				}
			}
		}
	}
	s.none(marks, "+switch-master", "+elected-leader")
	s.agreed(s.Master)
	s.everywhere("eval", 500)
}

// Where redis-sentinels are the majority nothing can be done about that, and
// the picket among them says so from the start.
func TestAPicketAmongRedisSentinelsSaysWhatTheyDoToScripts(t *testing.T) {
	t.Parallel()
	s := mixed(t, sentinel, sentinel, program)
	s.do(s.Master, "CONFIG", "SET", "busy-reply-threshold", "200")
	picket := s.Monitors[2]
	s.waitOne(picket, 0, lab.On("+config-warning", "redis-sentinel", "script-blocked"))
	marks := s.Marks()
	old := s.Master
	script := old.Run(s.ctx, lab.Writing(8*time.Second, "eval", 500))
	sw := s.switched(old, marks)
	<-script
	for _, ev := range picket.Events.All()[marks[2]:] {
		if ev.Channel == "+vote-for-leader" || ev.Channel == "+odown" {
			t.Errorf("the picket took part in it: %s", ev)
		}
	}
	s.agreed(sw.New)
	s.must(old.WaitInfo(s.ctx, "the script's server follows", lab.Follows(sw.New)))
}
