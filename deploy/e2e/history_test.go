package e2e

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// record is what the tests read of a record of SENTINEL HISTORY.
type record struct {
	ID, Kind, Outcome, Reason, From, To, Leader, Monitor string

	Epoch       uint64
	Planned     bool
	OutageMs    int64    `json:"outage-ms"`
	Divergence  int64    `json:"divergence-bytes"`
	Votes       []string `json:"votes"`
	Candidates  []struct{ Address, Reason string }
	Evidence    []struct{ Lines []string }
	Timeline    []struct{ Event string }
	Start, End  time.Time
	explanation string
}

func (r record) has(event string) bool {
	return slices.ContainsFunc(r.Timeline, func(m struct{ Event string }) bool { return m.Event == event })
}

// history waits until a monitor's history holds a record that match accepts.
func (s *scene) history(m *lab.Monitor, what string, match func(record) bool) record {
	s.Helper()
	var found record
	var last any
	err := lab.Poll(s.ctx, m.Name()+" keeps "+what, func(ctx context.Context) bool {
		reply, err := m.Sentinel(ctx, "HISTORY", m.Group)
		if err != nil {
			return false
		}
		last = reply
		for _, text := range lab.Strings(reply) {
			var rec record
			if err := json.Unmarshal([]byte(text), &rec); err != nil {
				s.Fatalf("%s: %v", text, err)
			}
			if match(rec) {
				found = rec
				for _, f := range rec.Evidence {
					found.explanation += strings.Join(f.Lines, "\n") + "\n"
				}
				return true
			}
		}
		return false
	})
	if err != nil {
		s.Fatalf("%v; it keeps %v", err, last)
	}
	return found
}

// The leader ends itself right after the promotion. Every other monitor has the whole
// failover all the same, and so has the leader once it is back.
func TestTheHistoryIsCompleteThoughTheLeaderWasKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Monitors: 3, Monitor: lab.MonitorConfig{Lines: []string{"state-dir state"}}})
	s.monitors()
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SIMULATE-FAILURE", "crash-after-promotion")
	}
	marks := s.Marks()
	old := s.Master
	killed := time.Now()
	old.Kill()
	var leader *lab.Monitor
	s.must(lab.Poll(s.ctx, "the leader ends", func(context.Context) bool {
		n := slices.IndexFunc(s.Monitors, func(m *lab.Monitor) bool { return !m.Running() })
		if n >= 0 {
			leader = s.Monitors[n]
		}
		return n >= 0
	}))
	ev := s.wait(marks, lab.On("+switch-master", "mymaster "))
	promoted := s.named(ev)
	whole := func(rec record) bool { return rec.Kind == "failover" && rec.Outcome == "switched" }
	for _, m := range s.Monitors {
		if m == leader {
			continue
		}
		rec := s.history(m, "the failover", whole)
		if rec.From != old.Addr() || rec.To != promoted || rec.Epoch == 0 || rec.Planned || rec.Reason != "connection-refused" {
			t.Errorf("%s: %+v", m.Name(), rec)
		}
		if rec.OutageMs < 1000 || rec.OutageMs > time.Since(killed).Milliseconds()+500 {
			t.Errorf("%s: an outage of %d ms", m.Name(), rec.OutageMs)
		}
		for _, event := range []string{"+sdown", "+odown", "+vote-for-leader", "+switch-master"} {
			if !rec.has(event) {
				t.Errorf("%s: no %s in %+v", m.Name(), event, rec.Timeline)
			}
		}
		if !strings.Contains(rec.explanation, "gone, reason connection-refused") || len(rec.Candidates) != 2 {
			t.Errorf("%s: evidence %q, candidates %v", m.Name(), rec.explanation, rec.Candidates)
		}
	}
	s.must(leader.Start(s.ctx))
	mine := s.history(leader, "the failover that it led", func(rec record) bool { return rec.Kind != "script-blocked" && len(rec.Votes) > 0 })
	if len(mine.Votes) < 2 || !mine.has("+elected-leader") || mine.Leader != "" && mine.Leader != mine.Monitor {
		t.Errorf("the leader kept %+v", mine)
	}
	if list, _ := filepath.Glob(filepath.Join(leader.Dir, "*", "history.jsonl")); len(list) != 1 {
		t.Errorf("%s has the files %v", leader.Dir, list)
	}

	// The old master returns with bytes of its own: the record is completed.
	s.must(old.Start(s.ctx))
	s.must(lab.Poll(s.ctx, "the return is in some record", func(context.Context) bool {
		for _, m := range s.Monitors {
			if m.Running() && s.history(m, "the failover", func(rec record) bool { return rec.To == promoted || len(rec.Votes) > 0 }).has("+convert-to-slave") {
				return true
			}
		}
		return false
	}))
}

// named is the new master's address, as the events of the switch name it.
func (s *scene) named(events []lab.Event) string {
	s.Helper()
	for _, ev := range events {
		if f := strings.Fields(ev.Payload); len(f) == 5 {
			return f[3] + ":" + f[4]
		}
	}
	s.Fatalf("no new master in %v", events)
	return ""
}

func TestTheHistoryKeepsScriptsAndRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 1, Monitor: lab.MonitorConfig{Watch: lab.Watch{Quorum: 1}}})
	m := s.Monitors[0]
	s.blocked(s.Master, lab.Writing(3*time.Second, "eval", 100), "master mymaster")
	rec := s.history(m, "the script", func(rec record) bool { return rec.Kind == "script-blocked" && rec.Outcome == "ended" })
	if took := rec.End.Sub(rec.Start); rec.Reason != "busy-eval" || took < time.Second || took > 20*time.Second {
		t.Errorf("%+v, %v", rec, took)
	}
	if !strings.Contains(rec.explanation, "script-blocked") {
		t.Errorf("evidence %q", rec.explanation)
	}

	// No replica may be promoted: the failover that is asked for, and the one that is due, are refused.
	s.do(s.Replicas[0], "CONFIG", "SET", "replica-priority", "0")
	s.explains(m, "not "+s.Replicas[0].Addr()+": priority-zero", "if the master died now: no failover, no-electable-replica")
	if _, err := m.Sentinel(s.ctx, "FAILOVER", m.Group); err == nil {
		t.Fatal("a failover to nobody was accepted")
	}
	asked := s.history(m, "the refusal", func(rec record) bool { return rec.Outcome == "not-allowed" })
	if !asked.Planned || !strings.HasPrefix(asked.Reason, "NOGOODSLAVE") {
		t.Errorf("%+v", asked)
	}
	marks := s.Marks()
	s.Master.Kill()
	s.waitOne(m, marks[0], lab.On("+failover-held", "no-electable-replica"))
	due := s.history(m, "the failover that is due", func(rec record) bool { return rec.Outcome == "running" && rec.Kind == "refused" })
	if len(due.Candidates) != 1 || due.Candidates[0].Reason != "priority-zero" {
		t.Errorf("candidates %+v", due.Candidates)
	}
	s.must(s.Master.Start(s.ctx))
	done := s.history(m, "how it ended", func(rec record) bool { return rec.Outcome == "recovered" })
	if done.Reason != "no-electable-replica" || done.ID != due.ID {
		t.Errorf("%+v", done)
	}
}
