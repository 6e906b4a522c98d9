package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	"picket/deploy/lab"
)

// kills kills the first n monitors that publish an event of the channel, the
// moment they do, and tells which.
func (s *scene) kills(n int, channel string) <-chan *lab.Monitor {
	killed := make(chan *lab.Monitor, len(s.Monitors))
	tickets := make(chan struct{}, n)
	marks := s.Marks()
	for i, m := range s.Monitors {
		go func() {
			if _, err := m.Events.Wait(s.ctx, marks[i], lab.On(channel)); err != nil {
				return
			}
			select {
			case tickets <- struct{}{}:
				m.Kill()
				killed <- m
			default:
			}
		}()
	}
	return killed
}

func (s *scene) first(killed <-chan *lab.Monitor) *lab.Monitor {
	s.Helper()
	select {
	case m := <-killed:
		return m
	case <-s.ctx.Done():
		s.Fatal("no monitor was killed: the event did not come")
	}
	return nil
}

// epoch reads a number of SENTINEL MASTER.
func (s *scene) epoch(m *lab.Monitor, name string) int {
	s.Helper()
	f, err := m.Master(s.ctx)
	s.must(err)
	n, err := strconv.Atoi(f[name])
	s.must(err)
	return n
}

func TestAMonitorKilledInAFailoverKeepsWhoItIs(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	ids := make([]string, len(s.Monitors))
	for i, m := range s.Monitors {
		ids[i] = s.do(m, "SENTINEL", "MYID")
	}
	for round, channel := range []string{"+vote-for-leader", "+sdown"} {
		victim := s.Monitors[round]
		mark := victim.Events.Mark()
		marks := s.Marks()
		old := s.current()
		s.must(old.Signal(9))
		_, err := victim.Events.Wait(s.ctx, mark, lab.On(channel))
		s.must(err)
		victim.Kill()
		s.must(victim.Start(s.ctx))
		sw := s.switchedSomehow(old, marks)
		s.agreed(sw)
		s.must(old.Start(s.ctx))
		s.must(old.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw)))
		s.must(s.WaitKnown(s.ctx))
	}
	time.Sleep(1500 * time.Millisecond) // a fact is saved within a second
	epoch := s.epoch(s.Monitors[0], "config-epoch")
	for i, m := range s.Monitors {
		m.Kill()
		s.must(m.Start(s.ctx))
		if id := s.do(m, "SENTINEL", "MYID"); id != ids[i] {
			t.Errorf("%s had id %s and has %s", m.Name(), ids[i], id)
		}
		if again := s.epoch(m, "config-epoch"); again != epoch || epoch < 2 {
			t.Errorf("%s has configuration epoch %d after a restart, want %d, the second failover's", m.Name(), again, epoch)
		}
	}
}

// current is the server that the first running monitor answers with.
func (s *scene) current() *lab.Redis {
	s.Helper()
	for _, m := range s.Monitors {
		if !m.Running() {
			continue
		}
		addr, err := m.MasterAddr(s.ctx)
		s.must(err)
		if r, ok := s.Server(addr); ok {
			return r
		}
		s.Fatalf("%s answers %s, which is no server of the group", m.Name(), addr)
	}
	s.Fatal("no monitor runs")
	return nil
}

// switchedSomehow waits until all monitors answer with one live master that is
// not old. A monitor that was away may have missed the event +switch-master.
func (s *scene) switchedSomehow(old *lab.Redis, marks []int) *lab.Redis {
	s.Helper()
	var found *lab.Redis
	s.must(lab.Poll(s.ctx, "a failover away from "+old.Addr(), func(ctx context.Context) bool {
		for _, r := range s.Servers() {
			if r != old && r.Running() {
				if info, err := r.Info(ctx); err == nil && lab.IsMaster(info) {
					found = r
				}
			}
		}
		return found != nil
	}))
	s.agreed(found)
	return found
}

// masters are the live servers that report themselves master.
func (s *scene) masters() []*lab.Redis {
	s.Helper()
	var found []*lab.Redis
	for _, r := range s.Servers() {
		if r.Running() && s.info(r, "role") == "master" {
			found = append(found, r)
		}
	}
	return found
}

func TestALeaderKilledAfterItsElectionIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	// A replica that would be chosen and does not answer holds the leader up for a moment.
	s.do(s.Replicas[0], "CONFIG", "SET", "replica-priority", "1")
	s.do(s.Replicas[1], "CONFIG", "SET", "replica-priority", "50")
	killed := s.kills(1, "+elected-leader")
	marks := s.Marks()
	s.Master.Kill()
	s.must(s.Replicas[0].Freeze())
	leader := s.first(killed)
	s.must(s.Replicas[0].Thaw())
	t.Logf("killed %s after its election", leader.Name())
	winner := s.switchedSomehow(s.Master, marks)
	s.must(leader.Start(s.ctx))
	time.Sleep(time.Second)
	if all := s.masters(); len(all) != 1 || all[0] != winner {
		t.Errorf("%d servers report themselves master", len(all))
	}
	s.agreed(winner)
}

func TestALeaderKilledAfterThePromotionIsFinishedForOnTheSameReplica(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	killed := s.kills(1, "+failover-state-send-slaveof-noone")
	marks := s.Marks()
	s.Master.Kill()
	leader := s.first(killed)
	t.Logf("killed %s", leader.Name())
	winner := s.switchedSomehow(s.Master, marks)
	// Whichever it was, it stays the only one.
	for range 10 {
		time.Sleep(100 * time.Millisecond)
		if all := s.masters(); len(all) != 1 || all[0] != winner {
			t.Fatalf("%d servers report themselves master, of which the first was %s", len(all), winner.Addr())
		}
	}
	for _, r := range s.Replicas {
		if r != winner {
			s.must(r.WaitInfo(s.ctx, "follows the new master", lab.Follows(winner)))
		}
	}
	s.must(leader.Start(s.ctx))
	s.agreed(winner)
}

func TestAMonitorThatWasStoppedDoesNotBelieveItsOwnGap(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	marks := s.Marks()
	m := s.Monitors[0]
	s.must(m.Freeze())
	time.Sleep(3 * time.Second)
	s.must(m.Thaw())
	time.Sleep(2 * time.Second)
	for _, ev := range m.Events.All()[marks[0]:] {
		if ev.Channel == "+sdown" || ev.Channel == "+odown" {
			t.Errorf("the stopped monitor published %v", ev)
		}
	}
	// It still does its part.
	marks = s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
}
