package monitor_test

import (
	"testing"

	"picket/monitor"
)

// The forms are those of sentinelEvent's %@ (sentinel.c).
func TestSubject(t *testing.T) {
	master, other := monitor.Addr{Host: "10.0.0.1", Port: 6379}, monitor.Addr{Host: "::1", Port: 6380}
	for _, tc := range []struct {
		subject monitor.Subject
		want    string
	}{
		{monitor.Subject{Kind: "master", Name: "mymaster", Addr: master}, "master mymaster 10.0.0.1 6379"},
		{monitor.Subject{Kind: "master", Name: "mymaster", Addr: master, Group: "mymaster", Master: master}, "master mymaster 10.0.0.1 6379"},
		{monitor.Subject{Kind: "slave", Name: "[::1]:6380", Addr: other, Group: "mymaster", Master: master},
			"slave [::1]:6380 ::1 6380 @ mymaster 10.0.0.1 6379"},
		{monitor.Subject{Kind: "sentinel", Name: monitorID, Addr: other, Group: "mymaster", Master: master},
			"sentinel " + monitorID + " ::1 6380 @ mymaster 10.0.0.1 6379"},
	} {
		if got := tc.subject.String(); got != tc.want {
			t.Errorf("got  %q\nwant %q", got, tc.want)
		}
	}
}

func TestParseAddr(t *testing.T) {
	for _, tc := range []struct {
		text string
		want monitor.Addr
	}{
		{"10.0.0.1:6379", monitor.Addr{Host: "10.0.0.1", Port: 6379}},
		{"[::1]:65535", monitor.Addr{Host: "::1", Port: 65535}},
		{"redis.example.org:1", monitor.Addr{Host: "redis.example.org", Port: 1}},
	} {
		got, err := monitor.ParseAddr(tc.text)
		if err != nil || got != tc.want || got.String() != tc.text {
			t.Errorf("%s: %v, %v; written %s", tc.text, got, err, got)
		}
	}
	for _, text := range []string{"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:-1", "::1:6379", "h:redis"} {
		if got, err := monitor.ParseAddr(text); err == nil || !got.IsZero() {
			t.Errorf("%q gives %v, %v; want an error and no address", text, got, err)
		}
	}
}

func TestStatesReadBack(t *testing.T) {
	for s := monitor.StateUnknown; s <= monitor.StateRoleMismatch; s++ {
		if got := monitor.ParseState(s.String()); got != s {
			t.Errorf("%v reads back as %v", s, got)
		}
	}
	if got := monitor.ParseState("gone fishing"); got != monitor.StateUnknown {
		t.Errorf("a word of no state reads %v", got)
	}
}
