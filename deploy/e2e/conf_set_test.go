package e2e

import (
	"strings"
	"testing"

	"picket/deploy/lab"
)

// otherwiseSet are settings that Picket answers otherwise, knowingly.
var otherwiseSet = map[string]string{
	"99999999999":    "more than a 32-bit number: redis-sentinel keeps what is left of it",
	"99999999999999": "more than 31 years",
	"two\nlines":     "redis-sentinel writes the second line into its file",
}

// What SENTINEL SET and SENTINEL CONFIG SET answer, and what is set afterwards.
func TestEverySettingIsTakenOrRefusedAsByRedisSentinel(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	type monitor struct {
		*lab.Monitor
		conn *lab.Conn
	}
	var both []monitor
	for _, p := range []lab.Program{sentinel, picket} {
		m, err := s.lab.StartMonitor(s.ctx, lab.MonitorConfig{Program: p, Watch: nowhere})
		s.must(err)
		c, err := m.Dial(s.ctx)
		s.must(err)
		t.Cleanup(func() { c.Close() })
		both = append(both, monitor{m, c})
	}
	say := func(m monitor, words ...string) string {
		reply, err := m.conn.Do(s.ctx, append([]string{"SENTINEL"}, words...)...)
		if err != nil {
			return "-" + err.Error()
		}
		text, _ := reply.(string)
		return text
	}
	fields := func(m monitor) string {
		reply, err := m.conn.Do(s.ctx, "SENTINEL", "MASTER", "mymaster")
		s.must(err)
		all := lab.Pairs(reply)
		return all["quorum"] + " " + all["down-after-milliseconds"] + " " + all["failover-timeout"] + " " + all["parallel-syncs"]
	}
	values := []string{"1", "0", "-1", "+1", " 1", "1 ", "007", "1x", "1e3", "", "yes", "2147483647", "99999999999", "99999999999999", "a b", `"q"`, "two\nlines", "é"}
	n := 0
	compare := func(words ...string) {
		n++
		if theirs, ours := say(both[0], words...), say(both[1], words...); theirs != ours {
			t.Errorf("%q: redis-sentinel %q, picket %q", words, theirs, ours)
		}
		if theirs, ours := fields(both[0]), fields(both[1]); theirs != ours {
			t.Errorf("after %q: redis-sentinel %q, picket %q", words, theirs, ours)
		}
	}
	meant := func(value string) bool { return otherwiseSet[value] != "" }
	for _, option := range []string{"quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs", "master-reboot-down-after-period",
		"auth-pass", "auth-user", "Auth-Pass", "nosuch", "config-epoch", "notification-script", "client-reconfig-script"} {
		for _, value := range values {
			if !meant(value) {
				compare("SET", "mymaster", option, value)
			}
		}
	}
	// Of a SET that is refused redis-sentinel keeps what came before the error; here that is
	// nothing which SENTINEL MASTER shows.
	for _, words := range []string{"rename-command PING X", "rename-command PING PING", "rename-command ping", "auth-user u auth-pass",
		"auth-pass x auth-user y", "auth-user u nosuch 1", "quorum", ""} {
		compare(append([]string{"SET", "mymaster"}, strings.Fields(words)...)...)
	}
	compare("SET", "mymaster", "rename-command", "", "x")
	compare("SET", "mymaster", "rename-command", "x", "")
	compare("SET", "nosuch", "quorum", "1")
	for _, option := range []string{"resolve-hostnames", "announce-hostnames", "announce-port", "sentinel-user", "sentinel-pass", "announce-ip", "nosuch"} {
		for _, value := range append(values, "no", "65535", "65536", "1.2.3.4") {
			if !meant(value) || option == "announce-port" && value != "two\nlines" {
				compare("CONFIG", "SET", option, value)
			}
		}
	}
	t.Logf("%d settings compared", n)
}
