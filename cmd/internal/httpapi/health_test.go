package httpapi

import (
	"strings"
	"testing"
	"time"

	"picket/monitor"
)

func TestHealthAndReadiness(t *testing.T) {
	for _, tt := range []struct {
		what        string
		change      func(*fake)
		health      int
		ready       int
		readyReason string
	}{
		{"all is well", func(*fake) {}, 200, 200, "ready"},
		{"no other monitor is known", func(f *fake) { f.views[0].Peers = nil }, 200, 200, "ready"},
		{"a peer is known and does not answer", func(f *fake) { f.views[0].Peers[0].Usable = false }, 200, 503, "group main: none of 1 other monitors answers"},
		{"one of two answers", func(f *fake) {
			f.views[0].Peers = append(f.views[0].Peers, f.views[0].Peers[0])
			f.views[0].Peers[0].Usable = false
		}, 200, 200, "ready"},
		{"the disk is full", func(f *fake) { f.self.Unsaved = "no space left on device" }, 200, 503, "neither votes nor leads: no space left"},
		{"the loop rested a moment", func(f *fake) { f.self.LoopAge = 4 * time.Second }, 200, 200, "ready"},
		{"the loop is stuck", func(f *fake) { f.self.LoopAge = 6 * time.Second }, 503, 503, "the decision loop has not run for 6s"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			f := healthy()
			tt.change(f)
			d := open(t, f, nil)
			if code, _, body := d.get(t, "/healthz"); code != tt.health {
				t.Errorf("/healthz: %d %s", code, body)
			}
			if code, _, body := d.get(t, "/readyz"); code != tt.ready || !strings.Contains(body, tt.readyReason) {
				t.Errorf("/readyz: %d %s", code, body)
			}
		})
	}
}

func TestLoadBalancersAreToldWhoIsPrimary(t *testing.T) {
	const main, other = "/primary/main?address=10.0.0.1:6379", "/primary/main?address=10.0.0.2:6379"
	for _, tt := range []struct {
		what, path string
		change     func(*fake)
		status     int
		body       string
		verdict    string
	}{
		{"the master", main, func(*fake) {}, 200, "primary", "up pong"},
		{"a replica", other, func(*fake) {}, 503, "the master is 10.0.0.1:6379", ""},
		{"the master by name", "/primary/main?address=db:6379", func(f *fake) { f.names = map[string]string{"db": "10.0.0.1"} }, 200, "primary", "up pong"},
		{"a master that a script blocks", main, func(f *fake) {
			f.views[0].Master.Verdict = monitor.Verdict{State: monitor.StateScriptBlocked, Reason: monitor.ReasonBusyEval}
		}, 200, "primary", "script-blocked busy-eval"},
		{"a master that is down", main, func(f *fake) {
			f.views[0].Master.Down = true
			f.views[0].Master.Verdict = monitor.Verdict{State: monitor.StateGone, Reason: monitor.ReasonRefused}
		}, 503, "the master is down", "gone connection-refused"},
		{"the old master, just after a switch", main, func(f *fake) { f.master = monitor.Addr{Host: "10.0.0.2", Port: 6379} }, 503, "the master is 10.0.0.2:6379", ""},
		{"the new master, just after a switch from one that is down", other, func(f *fake) {
			f.master, f.views[0].Master.Down = monitor.Addr{Host: "10.0.0.2", Port: 6379}, true
		}, 200, "primary", ""},
		{"a master that says it is a replica", main, func(f *fake) {
			f.views[0].Master.Verdict = monitor.Verdict{State: monitor.StateRoleMismatch, Reason: monitor.ReasonRoleMismatch}
		}, 503, "the configured master reports to be a replica", "role-mismatch reports-role-slave"},
		{"a master that refuses reads as replicas do", main, func(f *fake) {
			f.views[0].Master.Verdict = monitor.Verdict{State: monitor.StateStale, Reason: monitor.ReasonMasterDown}
		}, 503, "the configured master answers as a replica", "stale master-link-down"},
		{"a master never reached", main, func(f *fake) {
			f.views[0].Master.Verdict = monitor.Verdict{State: monitor.StateUnknown, Reason: monitor.ReasonNotReached}
			f.views[0].Master.LastReply = monitor.Never
		}, 503, "the master has not been reached since", "unknown not-reached-yet"},
		{"a master, but nobody decides", main, func(f *fake) { f.self.LoopAge = time.Hour }, 503, "the decision loop has not run for 1h0m0s", ""},
		{"an unknown group", "/primary/none?address=10.0.0.1:6379", func(*fake) {}, 404, "no group of that name", ""},
		{"no address", "/primary/main", func(*fake) {}, 400, "address must be", ""},
		{"no port", "/primary/main?address=10.0.0.1", func(*fake) {}, 400, "address must be", ""},
		{"a strange host", "/primary/main?address=%3Cb%3E:1", func(*fake) {}, 400, "address must be", ""},
	} {
		t.Run(tt.what, func(t *testing.T) { askBalancer(t, tt.change, tt.path, tt.status, tt.body, tt.verdict) })
	}
}

func TestLoadBalancersAreToldWhichReplicasToReadFrom(t *testing.T) {
	const replica = "/replica/main?address=10.0.0.2:6379"
	for _, tt := range []struct {
		what, path string
		change     func(*fake)
		status     int
		body       string
	}{
		{"a replica", replica, func(*fake) {}, 200, "replica"},
		{"one near enough", replica + "&max-lag=30", func(*fake) {}, 200, "replica"},
		{"one too far behind", replica + "&max-lag=29", func(*fake) {}, 503, "it is 30 bytes behind"},
		{"one of another history", replica, func(f *fake) { f.views[0].Replicas[0].Info.ReplID = "x" }, 503, "its data are not of the history of its master"},
		{"one of the history before a promotion", replica, func(f *fake) {
			f.views[0].Replicas[0].Info.ReplID, f.views[0].Master.Info.ReplID2 = "before", "before"
		}, 200, "replica"},
		{"one whose master was not asked since its promotion", replica, func(f *fake) {
			f.views[0].Replicas[0].Info.ReplID, f.views[0].Replicas[0].Info.ReplID2 = "new", "id"
		}, 200, "replica"},
		{"one of the history before, within a lag", replica + "&max-lag=1000", func(f *fake) {
			f.views[0].Replicas[0].Info.ReplID, f.views[0].Master.Info.ReplID2 = "before", "before"
		}, 503, "its lag is not known"},
		{"one whose master was not asked yet", replica, func(f *fake) { f.views[0].Master.Info = monitor.Info{} }, 200, "replica"},
		{"one of another master", replica, func(f *fake) { f.views[0].Replicas[0].Info.MasterHost = "10.6.6.6" }, 503, "it follows 10.6.6.6:6379, not the master of this group"},
		{"one of the master by name", replica, func(f *fake) {
			f.names, f.views[0].Replicas[0].Info.MasterHost = map[string]string{"db": "10.0.0.1"}, "db"
		}, 200, "replica"},
		{"one of a replica of the master", replica, chain("10.0.0.1", true), 200, "replica"},
		{"one of a replica of another master", replica, chain("10.6.6.6", true), 503, "it follows 10.0.0.3:6379"},
		{"one of a replica that is cut off", replica, chain("10.0.0.1", false), 503, "it follows 10.0.0.3:6379"},
		{"one of a ring", replica, chain("10.0.0.2", true), 503, "it follows 10.0.0.3:6379"},
		{"one that still follows the old master, just after a switch", replica, func(f *fake) {
			f.master = monitor.Addr{Host: "10.0.0.3", Port: 6379}
		}, 503, "it follows 10.0.0.1:6379"},
		{"one that answered INFO thirty seconds ago", replica, func(f *fake) { f.views[0].Replicas[0].InfoAt = 70 * second }, 200, "replica"},
		{"one that does not answer INFO", replica, func(f *fake) { f.views[0].Replicas[0].InfoAt = 69 * second }, 503, "it last answered INFO 31s ago"},
		{"a replica, but nobody decides", replica, func(f *fake) { f.self.LoopAge = time.Hour }, 503, "the decision loop has not run for 1h0m0s"},
		{"the master", "/replica/main?address=10.0.0.1:6379", func(*fake) {}, 503, "it is no replica of this group"},
		{"a stranger", "/replica/main?address=10.0.0.3:6379", func(*fake) {}, 503, "it is no replica of this group"},
		{"one just promoted", replica, func(f *fake) { f.master = f.views[0].Replicas[0].Addr }, 503, "it is no replica of this group"},
		{"one that is down", replica, func(f *fake) { f.views[0].Replicas[0].Down = true }, 503, "it is down"},
		{"one that a script blocks", replica, func(f *fake) { f.views[0].Replicas[0].Verdict.State = monitor.StateScriptBlocked }, 503, "it does not serve: script-blocked"},
		{"one that cannot save", replica, func(f *fake) { f.views[0].Replicas[0].Verdict.State = monitor.StateDegraded }, 200, "replica"},
		{"one not asked yet", replica, func(f *fake) { f.views[0].Replicas[0].InfoAt = monitor.Never }, 503, "nothing is known of it yet"},
		{"one that reports to be master", replica, func(f *fake) { f.views[0].Replicas[0].Info.Role = monitor.RoleMaster }, 503, "it does not report to be a replica"},
		{"one that is cut off", replica, func(f *fake) { f.views[0].Replicas[0].Info.LinkUp = false }, 503, "its link to the master is down"},
		{"one that is empty", replica, func(f *fake) { f.views[0].Replicas[0].Info.Keys = 0 }, 503, "it is empty and the master is not"},
		{"one that is as empty as its master", replica, func(f *fake) {
			f.views[0].Replicas[0].Info.Keys, f.views[0].Master.Info.Keys = 0, 0
		}, 200, "replica"},
		{"a lag that is no number", replica + "&max-lag=1kb", func(*fake) {}, 400, "max-lag must be"},
		{"a negative lag", replica + "&max-lag=-1", func(*fake) {}, 400, "max-lag must be"},
		{"an unknown group", "/replica/none?address=10.0.0.2:6379", func(*fake) {}, 404, "no group of that name"},
		{"no address", "/replica/main?max-lag=3", func(*fake) {}, 400, "address must be"},
	} {
		t.Run(tt.what, func(t *testing.T) { askBalancer(t, tt.change, tt.path, tt.status, tt.body, "") })
	}
}

// chain lets the replica follow 10.0.0.3, which follows master.
func chain(master string, linkUp bool) func(*fake) {
	return func(f *fake) {
		v := f.views[0]
		between := v.Replicas[0]
		between.Addr.Host, between.Info.MasterHost, between.Info.LinkUp = "10.0.0.3", master, linkUp
		v.Replicas[0].Info.MasterHost = "10.0.0.3"
		v.Replicas = append(v.Replicas, between)
	}
}

// askBalancer asks as a load balancer does. verdict is the header wanted, "" for any.
func askBalancer(t *testing.T, change func(*fake), path string, status int, body, verdict string) {
	t.Helper()
	f := healthy()
	change(f)
	code, header, text := open(t, f, nil).get(t, path)
	if code != status || !strings.HasPrefix(text, body) {
		t.Errorf("%d %s, want %d %s", code, text, status, body)
	}
	if got := header.Get(ReasonHeader); verdict != "" && got != verdict {
		t.Errorf("%s: %s, want %s", ReasonHeader, got, verdict)
	}
}
