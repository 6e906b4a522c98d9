package check

import (
	"errors"
	"testing"

	"picket/monitor"
)

func TestTheWorstComesFirstAndNothingTwice(t *testing.T) {
	note, risk, bad := Finding{Severity: Note}, Finding{Severity: Risk}, Finding{Severity: Error}
	got := sorted([]Finding{note, risk, bad, risk})
	if len(got) != 3 || got[0] != bad || got[2] != note {
		t.Errorf("%v", got)
	}
	if Worst(nil) != "" || Worst(got) != Error || Worst([]Finding{note}) != Note {
		t.Error("the worst is another")
	}
}

func TestARefusalHasTheCoresReason(t *testing.T) {
	for text, want := range map[string]monitor.Reason{
		"NOAUTH Authentication required.":     monitor.ReasonNoAuth,
		"WRONGPASS invalid username-password": monitor.ReasonWrongPass,
		"DENIED Redis is running":             monitor.ReasonProtected,
		"dial tcp: connection refused":        monitor.ReasonRefused,
		"i/o timeout":                         ReasonUnreachable,
	} {
		if got := unanswered("it", errors.New(text)); got.Reason != want || got.Severity != Error || got.Advice == "" {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestWhatIsBoundToLoopback(t *testing.T) {
	for _, tt := range []struct {
		bind []string
		want bool
	}{{[]string{"127.0.0.1", "-::1"}, true}, {[]string{"*"}, false}, {[]string{"127.0.0.1", "10.0.0.1"}, false}, {nil, false}} {
		if got := onlyLoopback(tt.bind); got != tt.want {
			t.Errorf("%q: %t", tt.bind, got)
		}
	}
}
