package e2e

import (
	"testing"
	"time"

	"picket/deploy/lab"
)

// The targets of the design, counted from the SIGKILL of the master and beside down-after.
const (
	targetConverged = 500 * time.Millisecond
	targetPromoted  = 100 * time.Millisecond
	targetSwitched  = 150 * time.Millisecond
	targetFenced    = 500 * time.Millisecond
)

// secondElection is what a single failover may take longer than the target, which
// is a median: now and then votes are split, most of all on a busy machine.
const secondElection = 300 * time.Millisecond

func TestAKilledMasterIsFailedOver(t *testing.T) {
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	w := s.lab.StartWriter("writes", time.Millisecond, s.Failover())
	s.must(w.WaitAcks(s.ctx, 100))

	marks, killed := s.Marks(), time.Now()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.quicker("promoted after down-after", sw.Promoted.Sub(killed)-time.Second, targetPromoted+secondElection)
	s.quicker("switched everywhere after down-after", sw.Last.Sub(killed)-time.Second, targetSwitched+secondElection)
	s.agreed(sw.New)

	// The new master dies a second later: nothing of the first failover is waited for.
	time.Sleep(time.Second)
	log := w.Log()
	loss, err := lab.Check(s.ctx, sw.New, w.Key, log)
	s.must(err)
	t.Logf("%v; longest time without an acknowledgement %v", loss, lab.LongestGap(log))
	if len(loss.Resurrected) > 0 {
		t.Errorf("refused writes came back: %v", loss.Resurrected)
	}
	marks, killed = s.Marks(), time.Now()
	sw.New.Kill()
	second := s.switched(sw.New, marks)
	s.quicker("the second time, promoted after down-after", second.Promoted.Sub(killed)-time.Second, targetPromoted+secondElection)
	s.must(w.WaitAcks(s.ctx, 10))
	w.Stop()
	s.agreed(second.New)
}

func TestAFailoverPublishesSentinelsEventsInSentinelsOrder(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	// One monitor led: it has the whole sequence.
	order := []string{"+sdown", "+odown", "+new-epoch", "+try-failover", "+vote-for-leader", "+elected-leader",
		"+failover-state-select-slave", "+selected-slave", "+failover-state-send-slaveof-noone",
		"+failover-state-wait-promotion", "+promoted-slave", "+failover-state-reconf-slaves"}
	leaders := 0
	for i, m := range s.Monitors {
		if len(m.Events.Find(lab.On("+promoted-slave"))) == 0 {
			continue
		}
		leaders++
		for _, c := range []string{"+slave-reconf-sent", "+slave-reconf-done", "+failover-end"} {
			s.waitOne(m, marks[i], lab.On(c))
		}
		next := 0
		for _, ev := range m.Events.All()[marks[i]:] {
			if next < len(order) && ev.Channel == order[next] {
				next++
			}
		}
		if next < len(order) {
			t.Errorf("%s led and did not publish %s in its place", m.Name(), order[next])
		}
	}
	if leaders != 1 {
		t.Errorf("%d monitors published +promoted-slave, want 1", leaders)
	}
	for _, r := range s.Replicas {
		if r != sw.New {
			s.must(r.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
		}
	}
}
