package history

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

const (
	old    = "master main 10.0.0.1 6379"
	became = "master main 10.0.0.2 6379"
)

// tape feeds a recorder, and holds what it kept last of each record.
type tape struct {
	*testing.T
	r       *Recorder
	now     time.Time
	account failover.Account
	kept    []Record
}

func newTape(t *testing.T) *tape {
	tp := &tape{T: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	tp.r = NewRecorder("me", 7, func(rec Record) {
		tp.kept = slices.DeleteFunc(tp.kept, func(k Record) bool { return k.ID == rec.ID })
		tp.kept = append(tp.kept, rec)
	})
	tp.account.Group, tp.account.Master.Addr = "main", monitor.Addr{Host: "10.0.0.1", Port: 6379}
	tp.account.Master.LastValid = failover.Unheard
	return tp
}

// play takes lines "<ms> <event> <payload> [reason]"; ms is the time since the line before.
func (tp *tape) play(lines ...string) {
	for _, line := range lines {
		line, reason, _ := strings.Cut(line, " because ")
		ms, rest, _ := strings.Cut(line, " ")
		name, payload, _ := strings.Cut(rest, " ")
		d, err := time.ParseDuration(ms + "ms")
		if err != nil {
			tp.Fatal(err)
		}
		tp.now = tp.now.Add(d)
		tp.r.Events(tp.now, []monitor.Event{{
			Name: name, Level: monitor.LevelWarning, Group: "main", Payload: payload, Reason: monitor.Reason(reason),
		}}, func() failover.Account { return tp.account })
	}
}

// only is the one record that was kept.
func (tp *tape) only() Record {
	tp.Helper()
	if len(tp.kept) != 1 {
		tp.Fatalf("%d records are kept, want 1: %+v", len(tp.kept), tp.kept)
	}
	return tp.kept[0]
}

func (tp *tape) switched() {
	tp.account.Master = failover.InstanceAccount{Addr: monitor.Addr{Host: "10.0.0.2", Port: 6379}, LastValid: failover.Unheard}
	tp.account.Configuration = quorum.Configuration{Epoch: 3, Leader: "me"}
}

func TestAFailoverThatThisMonitorLed(t *testing.T) {
	tp := newTape(t)
	tp.account.Master.Down, tp.account.Master.LastValid = true, time.Second
	tp.play("0 +sdown "+old+" because connection-refused", "5 +odown "+old+" #quorum 2/2 because quorum-holds-it-down")
	tp.account.Attempt = &failover.AttemptAccount{Epoch: 3, Votes: []quorum.ID{"me", "two"}, Refused: []quorum.ID{"three"}}
	tp.account.Candidates = []failover.Candidate{
		{Addr: monitor.Addr{Host: "10.0.0.2", Port: 6379}, Reason: failover.ReasonElectable, Priority: 100, Offset: 42},
		{Addr: monitor.Addr{Host: "10.0.0.3", Port: 6379}, Reason: failover.ReasonPriorityZero},
	}
	tp.play("1 +try-failover "+old, "9 +elected-leader "+old, "0 +selected-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ main 10.0.0.1 6379")
	tp.switched()
	tp.play("5 +switch-master main 10.0.0.1 6379 10.0.0.2 6379 because promoted", "40 +failover-end "+became,
		"9000 +divergence slave 10.0.0.1:6379 10.0.0.1 6379 @ main 10.0.0.2 6379 bytes=134", "1 +sdown slave 10.0.0.3:6379 10.0.0.3 6379 @ main 10.0.0.2 6379")
	got := tp.only()
	want := Record{
		ID: "7-1", Monitor: "me", Kind: KindFailover, Group: "main", Outcome: OutcomeSwitched, Reason: "connection-refused",
		From: "10.0.0.1:6379", To: "10.0.0.2:6379", Epoch: 3, Leader: "me", OutageMillis: 1020, DivergenceBytes: 134,
		Votes: []string{"me", "two"}, VotesNot: []string{"three"},
		Candidates: []Candidate{{Address: "10.0.0.2:6379", Reason: "electable", Priority: 100, Offset: 42}, {Address: "10.0.0.3:6379", Reason: "priority-zero"}},
	}
	events, turns := shape(&got)
	got.Start, got.End = time.Time{}, time.Time{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if want := "+sdown +odown +try-failover +elected-leader +selected-slave +switch-master +failover-end +divergence"; events != want {
		t.Errorf("timeline %s", events)
	}
	if want := "+sdown +odown +elected-leader +switch-master"; turns != want {
		t.Errorf("evidence at %s, want at %s", turns, want)
	}
}

// shape takes the timeline and the evidence out of a record and names their events.
func shape(rec *Record) (events, turns string) {
	var list []string
	for _, m := range rec.Timeline {
		list = append(list, m.Event)
	}
	events = strings.Join(list, " ")
	list = nil
	for _, f := range rec.Evidence {
		list = append(list, f.When)
	}
	rec.Timeline, rec.Evidence = nil, nil
	return events, strings.Join(list, " ")
}

func TestHowThingsEnd(t *testing.T) {
	tests := []struct {
		name    string
		lines   []string
		kind    Kind
		outcome Outcome
		reason  string
	}{
		{"another monitor's failover", []string{"0 +config-update-from sentinel x", "0 +switch-master main 10.0.0.1 6379 10.0.0.2 6379 because promoted"}, KindFailover, OutcomeSwitched, "promoted"},
		{"a failover held until the master is back", []string{
			"0 +sdown " + old + " because silent-past-limit", "9 +odown " + old, "1 +failover-held " + old + " reason=no-majority-reachable because no-majority-reachable",
			"900 -sdown " + old, "0 -odown " + old,
		}, KindRefused, OutcomeRecovered, "no-majority-reachable"},
		{"an operator's failover without a good replica", []string{
			"0 +try-failover " + old + " because asked-by-operator", "9 -failover-abort-no-good-slave " + old + " because no-electable-replica",
		}, KindRefused, OutcomeNotAllowed, "no-electable-replica"},
		{"a script that ends", []string{"0 +script-blocked " + old + " because busy-eval", "9 -script-blocked " + old + " because pong"}, KindScriptBlocked, OutcomeEnded, "busy-eval"},
		{"a script that is killed", []string{
			"0 +script-blocked " + old + " because busy-eval", "9 +script-kill " + old + " outcome=killed x", "1 -script-blocked " + old,
		}, KindScriptBlocked, OutcomeKilled, "busy-eval"},
		{"a script that cannot be killed", []string{
			"0 +script-blocked " + old + " because busy-eval", "9 +script-kill " + old + " outcome=unkillable x", "1 -script-blocked " + old,
		}, KindScriptBlocked, OutcomeEnded, "busy-eval"},
		{"a script that goes on", []string{"0 +script-blocked " + old + " because busy-eval"}, KindScriptBlocked, OutcomeRunning, "busy-eval"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tp := newTape(t)
			if tt.kind == KindFailover {
				tp.switched()
			}
			tp.play(tt.lines...)
			got := tp.only()
			if got.Kind != tt.kind || got.Outcome != tt.outcome || got.Reason != tt.reason || got.From != "10.0.0.1:6379" {
				t.Errorf("record %s, %s, reason %s, from %s", got.Kind, got.Outcome, got.Reason, got.From)
			}
			if got.Unseen != (tt.kind == KindFailover) || got.Planned != strings.HasPrefix(tt.name, "an operator's") {
				t.Errorf("unseen %t, planned %t", got.Unseen, got.Planned)
			}
			if got.End.IsZero() != (tt.outcome == OutcomeRunning) {
				t.Errorf("ended %s", got.End)
			}
		})
	}
}

func TestAScriptThatIsLeftBehindHasARecordBesideTheFailover(t *testing.T) {
	tp := newTape(t)
	tp.play("0 +script-blocked "+old+" because busy-eval", "9 +sdown "+old+" because busy-failover-after", "1 +odown "+old)
	tp.switched()
	tp.play("9 +switch-master main 10.0.0.1 6379 10.0.0.2 6379")
	if len(tp.kept) != 2 || tp.kept[0].Outcome != OutcomeLeftBehind || tp.kept[1].Outcome != OutcomeSwitched {
		t.Errorf("records %+v", tp.kept)
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	tests := map[string][]string{
		"a passing sdown":     {"0 +sdown " + old, "5 -sdown " + old},
		"a replica's sdown":   {"0 +sdown slave 10.0.0.3:6379 10.0.0.3 6379 @ main 10.0.0.1 6379"},
		"a replica's script":  {"0 +script-blocked slave 10.0.0.3:6379 10.0.0.3 6379 @ main 10.0.0.1 6379 because busy-eval"},
		"what comes at start": {"0 +monitor " + old + " quorum 2", "0 +slave slave 10.0.0.3:6379 10.0.0.3 6379 @ main 10.0.0.1 6379"},
	}
	for name, lines := range tests {
		t.Run(name, func(t *testing.T) {
			tp := newTape(t)
			tp.play(lines...)
			if len(tp.kept) != 0 {
				t.Errorf("kept %+v", tp.kept)
			}
		})
	}
}

func TestARecordIsBounded(t *testing.T) {
	tp := newTape(t)
	tp.play("0 +sdown "+old, "0 +odown "+old)
	for range 500 {
		tp.play("1 +failover-held "+old+" "+strings.Repeat("x", 1000)+" because a", "1 +failover-held "+old+" because b")
	}
	got := tp.only()
	if len(got.Timeline) != maxMoments || got.Omitted == 0 || len(got.Evidence) != maxFindings || len(got.Timeline[2].Text) > maxText {
		t.Errorf("%d moments, %d omitted, %d findings", len(got.Timeline), got.Omitted, len(got.Evidence))
	}
}

func TestAnOperatorsRefusal(t *testing.T) {
	tp := newTape(t)
	tp.r.Refused(tp.now, "NOGOODSLAVE No suitable replica to promote", tp.account)
	if got := tp.only(); got.Kind != KindRefused || got.Outcome != OutcomeNotAllowed || !got.Planned || got.Reason != "NOGOODSLAVE No suitable replica to promote" {
		t.Errorf("record %+v", got)
	}
}
