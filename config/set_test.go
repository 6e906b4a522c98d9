package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/failover"
	"picket/monitor"
)

func group() Group { return NewGroup("m", monitor.Addr{Host: "10.0.0.1", Port: 6379}, 2) }

func TestSetChangesEveryOption(t *testing.T) {
	g := group()
	changes, err := g.Set(SetRequest{Words: []string{
		"down-after-milliseconds", "1000", "Failover-Timeout", "2000", "parallel-syncs", "3", "quorum", "4",
		"master-reboot-down-after-period", "5", "auth-pass", "secret", "auth-user", "u", "rename-command", "config", "X",
		"busy-policy", "kill", "busy-warn-after", "6", "busy-kill-after", "7", "busy-failover-after", "8",
		"silence-grace", "no", "misconf-down", "no",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := group()
	want.Settings = failover.Settings{Name: "m", Quorum: 4, DownAfter: time.Second, FailoverTimeout: 2 * time.Second, ParallelSyncs: 3,
		RebootDownAfter: 5 * time.Millisecond, Busy: failover.BusyKill, BusyWarnAfter: 6 * time.Millisecond,
		BusyKillAfter: 7 * time.Millisecond, BusyFailoverAfter: 8 * time.Millisecond}
	want.AuthPass, want.AuthUser, want.Rename = "secret", "u", map[string]string{"CONFIG": "X"}
	if diff := cmp.Diff(want, g); diff != "" {
		t.Error(diff)
	}
	wantChanges := []Change{
		{"down-after-milliseconds", []string{"1000"}}, {"Failover-Timeout", []string{"2000"}}, {"parallel-syncs", []string{"3"}},
		{"quorum", []string{"4"}}, {"master-reboot-down-after-period", []string{"5"}}, {"auth-pass", []string{"******"}},
		{"auth-user", []string{"u"}}, {"rename-command", []string{"config", "X"}}, {"busy-policy", []string{"kill"}},
		{"busy-warn-after", []string{"6"}}, {"busy-kill-after", []string{"7"}}, {"busy-failover-after", []string{"8"}},
		{"silence-grace", []string{"no"}}, {"misconf-down", []string{"no"}},
	}
	if diff := cmp.Diff(wantChanges, changes); diff != "" {
		t.Error(diff)
	}
}

func TestSetTakesBack(t *testing.T) {
	g := group()
	for _, words := range [][]string{
		{"auth-pass", "p", "auth-user", "u", "rename-command", "CONFIG", "X"},
		{"auth-pass", "", "auth-user", "", "rename-command", "config", "CONFIG"},
	} {
		if _, err := g.Set(SetRequest{Words: words}); err != nil {
			t.Fatal(err)
		}
	}
	if g.AuthPass != "" || g.AuthUser != "" || len(g.Rename) != 0 {
		t.Errorf("left: %q %q %v", g.AuthPass, g.AuthUser, g.Rename)
	}
}

// The texts are redis-sentinel 7.0.15's, but for control characters, which only later
// versions refuse.
func TestSetRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		words []string
		want  string
	}{
		{"zero", []string{"quorum", "0"}, "ERR Invalid argument '0' for SENTINEL SET 'quorum'"},
		{"no number", []string{"parallel-syncs", "1x"}, "ERR Invalid argument '1x' for SENTINEL SET 'parallel-syncs'"},
		{"negative", []string{"master-reboot-down-after-period", "-1"}, "ERR Invalid argument '-1' for SENTINEL SET 'master-reboot-down-after-period'"},
		{"unknown option", []string{"Foo", "1"}, "ERR Unknown option or number of arguments for SENTINEL SET 'Foo'"},
		{"what only the file has", []string{"config-epoch", "9"}, "ERR Unknown option or number of arguments for SENTINEL SET 'config-epoch'"},
		{"the monitor line", []string{"monitor", "1.1.1.1", "1", "1"}, "ERR Unknown option or number of arguments for SENTINEL SET 'monitor'"},
		{"missing value", []string{"quorum"}, "ERR Unknown option or number of arguments for SENTINEL SET 'quorum'"},
		{"missing second value", []string{"rename-command", "A"}, "ERR Unknown option or number of arguments for SENTINEL SET 'rename-command'"},
		{"empty command", []string{"rename-command", "", "x"}, "ERR Invalid argument '' for SENTINEL SET 'rename-command'"},
		{"empty new name", []string{"rename-command", "x", ""}, "ERR Invalid argument '' for SENTINEL SET 'rename-command'"},
		{"unknown policy", []string{"busy-policy", "panic"}, "ERR Invalid argument 'panic' for SENTINEL SET 'busy-policy'"},
		{"control character", []string{"auth-pass", "x\nport 1"}, "ERR Invalid argument at index 6 for SENTINEL SET: control characters are not allowed"},
		{"scripts", []string{"notification-script", "/bin/true"}, string(scriptsDenied)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := group()
			_, err := g.Set(SetRequest{Words: append([]string{"down-after-milliseconds", "1"}, tc.words...), DenyScripts: true})
			if err == nil || err.Error() != tc.want {
				t.Errorf("error = %v\nwant    %s", err, tc.want)
			}
			if diff := cmp.Diff(group(), g); diff != "" {
				t.Errorf("a refused SET changed something: %s", diff)
			}
		})
	}
}

// Rename is a map: a draft that shared it would change the group before the rest is
// known to be good.
func TestRefusedSetLeavesRenamesAlone(t *testing.T) {
	g := group()
	g.Rename = map[string]string{"CONFIG": "A"}
	if _, err := g.Set(SetRequest{Words: []string{"rename-command", "CONFIG", "B", "quorum", "0"}}); err == nil {
		t.Fatal("quorum 0 was accepted")
	}
	if g.Rename["CONFIG"] != "A" {
		t.Errorf("CONFIG is renamed to %s, want A", g.Rename["CONFIG"])
	}
}
