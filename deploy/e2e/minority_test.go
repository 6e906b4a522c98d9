package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// held shows that no failover comes while too few monitors agree, and that the
// ones that live say so in EXPLAIN and once in the log.
func (s *scene) held(marks []int, explanation string) {
	s.Helper()
	s.wait(marks, lab.On("+sdown", "master mymaster"))
	time.Sleep(4 * time.Second) // several attempts' worth
	s.none(marks, "+elected-leader", "+promoted-slave", "+switch-master")
	for _, r := range s.Replicas {
		if role := s.info(r, "role"); role != "slave" {
			s.Errorf("%s has become %s", r.Addr(), role)
		}
	}
	for _, m := range s.Monitors {
		if !m.Running() {
			continue
		}
		s.explains(m, explanation)
		if n := strings.Count(m.LogText(), "+failover-held") + strings.Count(m.LogText(), "+no-majority"); n < 1 || n > 2 {
			s.Errorf("%s logged %d times why it does not fail over, want once for each reason", m.Name(), n)
		}
	}
}

func TestAMinorityNeverFailsOver(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Watch: lab.Watch{Quorum: 1}}})
	marks := s.Marks()
	s.Monitors[1].Kill()
	s.Monitors[2].Kill()
	s.Master.Kill()
	s.held(marks, "majority")

	// With a second monitor back there is a majority.
	marks = s.Marks()
	s.must(s.Monitors[1].Start(s.ctx))
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
}

func TestAQuorumOfAllNeedsAll(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Watch: lab.Watch{Quorum: 3}}})
	s.Monitors[2].Kill()
	marks := s.Marks()
	s.Master.Kill()
	s.held(marks, "quorum")

	marks = s.Marks()
	s.must(s.Monitors[2].Start(s.ctx))
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
}

func TestAFailoverWorksWithTheGossipPortsClosed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ns, _ := s.network()
	s.servers(lab.GroupConfig{Replicas: 2, Monitors: 3,
		Redis: lab.RedisConfig{Net: ns}, Monitor: lab.MonitorConfig{Net: ns}})
	var ports []string
	s.must(s.PrepareMonitors())
	for _, m := range s.Monitors {
		ports = append(ports, itoa(m.Gossip))
	}
	list := "{ " + strings.Join(ports, ", ") + " }"
	s.must(ns.Cut(s.ctx, "tcp dport "+list, "udp dport "+list))
	s.monitors()
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
	for _, m := range s.Monitors {
		s.waitOne(m, 0, lab.On("+config-warning", "gossip"))
	}
}

// network makes two namespaces joined by a cable, or skips the test where that is not permitted.
func (s *scene) network() (a, b *lab.Namespace) {
	s.Helper()
	a, b, err := s.lab.NewNetwork(s.ctx)
	if err != nil {
		s.Skip(err)
	}
	return a, b
}

func TestMonitorsStartedAfterTheMastersDeathFailOverFromTheirSavedState(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	time.Sleep(1500 * time.Millisecond) // discovery is saved at most once a second
	for _, m := range s.Monitors {
		m.Kill()
	}
	s.Master.Kill()
	marks := s.Marks()
	for _, m := range s.Monitors {
		s.must(m.Start(s.ctx))
	}
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
	for _, r := range s.Replicas {
		if r != sw.New {
			s.must(r.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
		}
	}
}

func TestAHealedPartitionIsForgotten(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	near, far := s.network()
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 2, Redis: lab.RedisConfig{Net: near},
		Monitor: lab.MonitorConfig{Net: near}})
	s.must(s.StartMonitors(s.ctx))
	s.add(lab.MonitorConfig{Net: far})
	s.must(s.WaitKnown(s.ctx))
	alone := s.Monitors[2]

	// The far monitor sees nobody: it must not act, nor disturb the others afterwards.
	marks := s.Marks()
	s.must(far.CutCable(s.ctx))
	s.waitOne(alone, marks[2], lab.On("+sdown", "master mymaster"))
	time.Sleep(3 * time.Second)
	s.must(far.Heal(s.ctx))
	s.waitOne(alone, marks[2], lab.On("-sdown", "master mymaster"))
	s.must(lab.Poll(s.ctx, "the far monitor has all its peers back", func(ctx context.Context) bool {
		reply, err := alone.Sentinel(ctx, "CKQUORUM", "mymaster")
		return err == nil && strings.HasPrefix(reply.(string), "OK 3 usable")
	}))
	s.none(marks, "+promoted-slave", "+switch-master")

	// And the next failover is everyone's.
	marks = s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
}

func TestAnUnreachableMasterIsToldFromASilentOne(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	near, far := s.network()
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3, Redis: lab.RedisConfig{Net: far},
		Monitor: lab.MonitorConfig{Net: near, Watch: lab.Watch{DownAfter: 4 * time.Second}}})
	s.monitors()

	// A stopped process: the kernel acknowledges the bytes.
	marks := s.Marks()
	s.must(s.Master.Freeze())
	s.wait(marks, lab.On("+verdict", "master mymaster", "to=silent"))
	s.must(s.Master.Thaw())
	s.wait(marks, lab.On("+verdict", "master mymaster", "to=up"))
	for _, ev := range s.Monitors[0].Events.Find(lab.On("+verdict", "to=unreachable")) {
		t.Errorf("a stopped process was taken for an unreachable host: %v", ev)
	}

	// A cut cable: nobody does. Mended in time, it has no consequence.
	marks = s.Marks()
	s.must(far.CutCable(s.ctx))
	s.wait(marks, lab.On("+verdict", "master mymaster", "to=unreachable", "bytes-not-acknowledged"))
	s.must(far.Heal(s.ctx))
	s.wait(marks, lab.On("+verdict", "master mymaster", "to=up"))
	s.none(marks, alarms...)

	// Cut for longer: the master is held to be down, and its replica is out of reach too.
	marks = s.Marks()
	s.must(far.CutCable(s.ctx))
	s.wait(marks, lab.On("+sdown", "master mymaster"))
	s.wait(marks, lab.On("+failover-held", "no-electable-replica"))
	s.none(marks, "+promoted-slave", "+switch-master")
	for i, m := range s.Monitors {
		for _, ev := range m.Events.All()[marks[i]:] {
			if lab.On("+verdict", "master mymaster", "to=hung")(ev) {
				t.Errorf("a cut cable was taken for a hung process: %v", ev)
			}
		}
	}
}
