package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

func withPolicy(lines ...string) lab.GroupConfig {
	return lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Lines: lines}}
}

// published counts the events of a channel over all monitors since their marks.
func (s *scene) published(marks []int, channel string) (list []lab.Event) {
	for i, m := range s.Monitors {
		for _, ev := range m.Events.All()[marks[i]:] {
			if ev.Channel == channel {
				list = append(list, ev)
			}
		}
	}
	return list
}

func TestUnderTheKillPolicyOneMonitorKillsOnce(t *testing.T) {
	t.Parallel()
	s := start(t, withPolicy("sentinel busy-policy mymaster kill", "sentinel busy-kill-after mymaster 1000"))
	tests := []struct {
		script lab.Script
		stat   string
	}{
		{lab.Reading(20 * time.Second), "cmdstat_script|kill"},
		{lab.ReadingFunction(20 * time.Second), "cmdstat_function|kill"},
	}
	for _, tt := range tests {
		marks := s.Marks()
		res := <-s.Master.Run(s.ctx, tt.script)
		var reply lab.ReplyError
		if !errors.As(res.Err, &reply) {
			t.Fatalf("%s was not killed: %v, %v", tt.script.Name, res.Reply, res.Err)
		}
		ran := res.Ended.Sub(res.Began)
		t.Logf("%s was killed after %v", tt.script.Name, ran)
		// The time counts from the last good reply, at most a ping period before the script.
		if ran < 800*time.Millisecond || ran > 8*time.Second {
			t.Errorf("%s was killed after %v, want about 1 s", tt.script.Name, ran)
		}
		s.wait(marks, lab.On("-script-blocked", "master mymaster"))
		time.Sleep(time.Second)
		s.none(marks, alarms...)
		if stat := s.info(s.Master, tt.stat); !strings.HasPrefix(stat, "calls=1,") {
			t.Errorf("%s: %s, want one call", tt.stat, stat)
		}
		if kills := s.published(marks, "+script-kill"); len(kills) != 1 {
			t.Errorf("%d events +script-kill, want 1: %v", len(kills), kills)
		}
	}
}

func TestUnderTheKillPolicyAScriptThatHasWrittenIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t, withPolicy("sentinel busy-policy mymaster kill", "sentinel busy-kill-after mymaster 1000"))
	marks := s.Marks()
	res := <-s.Master.Run(s.ctx, lab.Writing(6*time.Second, "eval", 100))
	if res.Err != nil {
		t.Fatalf("the script: %v", res.Err)
	}
	s.wait(marks, lab.On("-script-blocked", "master mymaster"))
	s.none(marks, alarms...)
	if stat := s.info(s.Master, "cmdstat_script|kill"); !strings.HasPrefix(stat, "calls=1,") {
		t.Errorf("SCRIPT KILL: %s, want one call", stat)
	}
	s.everywhere("eval", 100)
}

func TestUnderTheFailoverPolicyABusyMasterIsLeftBehindAndItsWritesCounted(t *testing.T) {
	t.Parallel()
	s := start(t, withPolicy("sentinel busy-policy mymaster failover", "sentinel busy-failover-after mymaster 2000"))
	marks := s.Marks()
	done := s.Master.Run(s.ctx, lab.Writing(8*time.Second, "eval", 1000))
	sw := s.switched(s.Master, marks)
	res := <-done
	s.must(s.Master.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
	t.Logf("promoted %v after the script began; its client got %v, %v", sw.Promoted.Sub(res.Began), res.Reply, res.Err)
	if took := sw.Promoted.Sub(res.Began); took < 1800*time.Millisecond { // counted from the last good reply
		t.Errorf("failed over after %v, before busy-failover-after", took)
	}
	found := s.published(marks, "+divergence")
	if len(found) != 1 {
		t.Fatalf("%d events +divergence, want 1: %v", len(found), found)
	}
	if bytes, _ := field(found[0].Payload, "bytes"); len(bytes) < 5 { // 1000 SETs are some 37,000 bytes
		t.Errorf("%v: want the script's writes counted", found[0])
	}
}

func TestThePolicyIsChangedBySet(t *testing.T) {
	t.Parallel()
	s := start(t, withPolicy())
	for _, m := range s.Monitors {
		for _, kv := range [][]string{{"busy-policy", "kill"}, {"busy-kill-after", "500"}, {"busy-warn-after", "100"}} {
			s.do(m, append([]string{"SENTINEL", "SET", "mymaster"}, kv...)...)
		}
	}
	marks := s.Marks()
	res := <-s.Master.Run(s.ctx, lab.Reading(20*time.Second))
	if res.Err == nil {
		t.Error("the script was not killed")
	}
	s.wait(marks, lab.On("-script-blocked", "master mymaster"))
	s.none(marks, alarms...)
	m := s.Monitors[0]
	m.Kill()
	s.must(m.Start(s.ctx))
	f, err := m.Master(s.ctx)
	s.must(err)
	if f["busy-policy"] != "kill" {
		t.Errorf("after a restart the policy is %q", f["busy-policy"])
	}
}
