package e2e

import (
	"testing"
	"time"

	"picket/deploy/lab"
)

func TestAStoppedMasterIsHungAfterTheSilenceLimit(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		after time.Duration // from the stop to sdown
	}{
		// max(down-after, T + max(1 s, T/4)) with T 500 ms and down-after 1 s.
		{"with grace for scripts", nil, 1500 * time.Millisecond},
		{"without", []string{"sentinel silence-grace mymaster no"}, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Lines: tt.lines}})
			marks, stopped := s.Marks(), time.Now()
			s.must(s.Master.Freeze())
			// Two make a quorum: to the third it may be a replica by the time that it sees for itself.
			addr := s.Master.Host + " " + itoa(s.Master.Port)
			for _, ev := range s.wait(marks, lab.On("+sdown", addr)) {
				took := ev.At.Sub(stopped)
				t.Logf("sdown after %v", took)
				if took < tt.after-10*time.Millisecond {
					t.Errorf("sdown after %v, before %v had passed", took, tt.after)
				}
				s.quicker("sdown after the limit", took-tt.after, tt.after/10+100*time.Millisecond)
			}
			s.wait(marks, lab.On("+verdict", addr, "to=hung"))
			s.switched(s.Master, marks)
		})
	}
}

func TestAMasterStoppedForLessThanTheLimitIsOnlySilent(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 4 * time.Second}}})
	marks := s.Marks()
	s.must(s.Master.Freeze())
	s.wait(marks, lab.On("+silent", "master mymaster"))
	s.must(s.Master.Thaw())
	s.wait(marks, lab.On("-silent", "master mymaster"))
	time.Sleep(time.Second)
	s.none(marks, alarms...)
	s.none(marks, "-sdown", "+script-blocked")
}
