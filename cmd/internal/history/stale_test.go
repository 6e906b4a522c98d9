package history

import (
	"testing"
	"time"

	"picket/failover"
)

const days = "864000000 "

// shortly is a failover that takes place, of a master that was silent for a second.
func (tp *tape) shortly(first string) {
	tp.account.Master.Down, tp.account.Master.LastValid = true, time.Second
	tp.play(first+"+sdown "+old+" because connection-refused", "5 +odown "+old, "1 +try-failover "+old+" because odown")
	tp.switched()
	tp.play("50 +switch-master main 10.0.0.1 6379 10.0.0.2 6379 because promoted")
}

func TestWhatEndsWithoutAnEventIsNotTakenForTheNextFailover(t *testing.T) {
	tests := []struct {
		name    string
		lines   []string
		outcome Outcome // of what came before, "" when that is no record
	}{
		{"an operator's failover whose promise cannot be saved", []string{"0 +try-failover " + old + " because asked-by-operator"}, OutcomeInterrupted},
		{"two of them", []string{"0 +try-failover " + old + " because asked-by-operator", "9 +try-failover " + old + " because asked-by-operator"}, OutcomeInterrupted},
		{"a reset while the master is odown, and it comes up", []string{
			"0 +sdown " + old, "5 +odown " + old, "9 +reset-master " + old, "1 +sdown " + old, "5000 -sdown " + old,
		}, OutcomeInterrupted},
		{"a reset while the master is odown, and a fresh sdown much later", []string{"0 +sdown " + old, "5 +odown " + old, "9 +reset-master " + old}, OutcomeInterrupted},
		{"an odown whose end is not told", []string{"0 +sdown " + old, "5 +odown " + old}, OutcomeInterrupted},
		{"an odown that ends with -sdown alone", []string{"0 +sdown " + old, "5 +odown " + old, "9 -sdown " + old}, OutcomeRecovered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tp := newTape(t)
			tp.play(tt.lines...)
			tp.shortly(days)
			last := len(tp.kept) - 1
			if last < 1 || tp.kept[0].Outcome != tt.outcome {
				t.Fatalf("records %+v", tp.kept)
			}
			got := tp.kept[last]
			if got.Planned || got.Outcome != OutcomeSwitched || got.Reason != "connection-refused" || got.OutageMillis != 1056 {
				t.Errorf("planned %t, %s, %s, an outage of %d ms", got.Planned, got.Outcome, got.Reason, got.OutageMillis)
			}
		})
	}
}

func TestAnOperatorsFailoverGoesOnWhenItsMasterDiesMeanwhile(t *testing.T) {
	tp := newTape(t)
	tp.account.Attempt = &failover.AttemptAccount{Epoch: 3}
	tp.play("0 +try-failover "+old+" because asked-by-operator", "9 +sdown "+old+" because connection-refused", "1 -sdown "+old, "1 +sdown "+old)
	tp.switched()
	tp.play("50 +switch-master main 10.0.0.1 6379 10.0.0.2 6379 because promoted")
	if got := tp.only(); !got.Planned || got.Outcome != OutcomeSwitched || got.Reason != "asked-by-operator" {
		t.Errorf("record %+v", got)
	}
}

func TestASwitchLongAfterAnOperatorsFailoverIsAnotherOne(t *testing.T) {
	tp := newTape(t)
	tp.play("0 +try-failover " + old + " because asked-by-operator")
	tp.switched()
	tp.play("700000 +switch-master main 10.0.0.1 6379 10.0.0.2 6379 because promoted")
	if len(tp.kept) != 2 || tp.kept[0].Outcome != OutcomeInterrupted || tp.kept[1].Planned {
		t.Errorf("records %+v", tp.kept)
	}
}

func TestAResetEndsTheRecordOfAScript(t *testing.T) {
	tp := newTape(t)
	tp.play("0 +script-blocked "+old+" because busy-eval", "9 +reset-master "+old)
	if got := tp.only(); got.Outcome != OutcomeInterrupted || got.End.IsZero() {
		t.Errorf("record %+v", got)
	}
}

func TestAResetWhileOneMonitorAloneHoldsTheMasterDownIsNoRecord(t *testing.T) {
	tp := newTape(t)
	tp.play("0 +sdown "+old, "9 +reset-master "+old, "1 +sdown "+old, "9 -sdown "+old)
	if len(tp.kept) != 0 {
		t.Errorf("kept %+v", tp.kept)
	}
}
