package monitor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"picket/monitor"
)

// The replies in testdata/info are whole replies of one redis-server 7.0.15
// group: a master with two replicas, of which one is not announced; then the
// master was killed, and the announced replica promoted and written to.
func reply(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "info", name+"-7.0.15.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const (
	oldReplID = "2b9914edcaca2abcc0a0147e06fc353de17aed6c"
	newReplID = "cb6fce83681c05d1958a983bf577ebc53a4a906c"
)

func TestParseInfoOfRealServers(t *testing.T) {
	at := func(port int) monitor.Addr { return monitor.Addr{Host: "127.0.0.1", Port: port} }
	follower := monitor.Info{Version: "7.0.15", Role: monitor.RoleReplica, ReplID: oldReplID, SecondOffset: -1, MasterOffset: 129,
		MasterHost: "127.0.0.1", MasterPort: 17811, LinkUp: true, MasterLastIO: time.Second, ReplicaOffset: 129, ReadOffset: 129,
		Priority: 100, Announced: true, Keys: 4}
	announced, hidden, cut := follower, follower, follower
	announced.Priority, hidden.Announced = 50, false
	// linkdown holds the replication section only.
	cut.Version, cut.Announced, cut.Keys, cut.LinkUp, cut.LinkDown, cut.MasterLastIO = "", false, -1, false, 3*time.Second, -time.Second

	for name, want := range map[string]monitor.Info{
		"master": {Version: "7.0.15", Role: monitor.RoleMaster, ReplID: oldReplID, SecondOffset: -1, MasterOffset: 129,
			Priority: 100, Announced: true, Keys: 4, Replicas: []monitor.Addr{at(17812), at(17813)}, ReplicaLink: []bool{true, true}},
		"replica": announced, "unannounced": hidden, "linkdown": cut,
		"promoted": {Version: "7.0.15", Role: monitor.RoleMaster, ReplID: newReplID, ReplID2: oldReplID, SecondOffset: 130,
			MasterOffset: 179, Priority: 100, Announced: true, Keys: 5},
	} {
		t.Run(name, func(t *testing.T) {
			got := monitor.ParseInfo(reply(t, name))
			if name != "linkdown" && !monitor.ValidID(got.RunID) {
				t.Errorf("run id %q", got.RunID)
			}
			got.RunID = ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Offset is the applied offset of a replica and the master's own of a master.
func TestOffset(t *testing.T) {
	if got := monitor.ParseInfo(reply(t, "promoted")).Offset(); got != 179 {
		t.Errorf("a master's offset is %d, want its master_repl_offset 179", got)
	}
	raw := "role:slave\r\nmaster_repl_offset:200\r\nslave_read_repl_offset:200\r\nslave_repl_offset:141\r\n"
	if got := monitor.ParseInfo(raw).Offset(); got != 141 {
		t.Errorf("an applying replica's offset is %d, want the applied 141", got)
	}
}

// watched is every line of the replies that Picket reads, with what it becomes.
var watched = map[string]func(monitor.Info) any{
	"redis_version:":               func(i monitor.Info) any { return i.Version },
	"run_id:":                      func(i monitor.Info) any { return i.RunID },
	"role:":                        func(i monitor.Info) any { return i.Role },
	"master_replid:":               func(i monitor.Info) any { return i.ReplID },
	"master_replid2:":              func(i monitor.Info) any { return i.ReplID2 },
	"master_repl_offset:":          func(i monitor.Info) any { return i.MasterOffset },
	"second_repl_offset:":          func(i monitor.Info) any { return i.SecondOffset },
	"master_host:":                 func(i monitor.Info) any { return i.MasterHost },
	"master_port:":                 func(i monitor.Info) any { return i.MasterPort },
	"master_link_status:":          func(i monitor.Info) any { return i.LinkUp },
	"master_last_io_seconds_ago:":  func(i monitor.Info) any { return i.MasterLastIO },
	"slave_read_repl_offset:":      func(i monitor.Info) any { return i.ReadOffset },
	"slave_repl_offset:":           func(i monitor.Info) any { return i.ReplicaOffset },
	"slave_priority:":              func(i monitor.Info) any { return i.Priority },
	"replica_announced:":           func(i monitor.Info) any { return i.Announced },
	"slave0:":                      func(i monitor.Info) any { return len(i.Replicas) > 0 },
	"slave1:":                      func(i monitor.Info) any { return len(i.Replicas) > 1 },
	"master_link_down_since_secon": func(i monitor.Info) any { return i.LinkDown },
	"# Keyspace":                   func(i monitor.Info) any { return i.Keys >= 0 },
}

// A reply cut off at any byte says what its complete lines say, and what a line
// that was cut says stays at its default.
func TestParseInfoCutOffAnywhere(t *testing.T) {
	nothing := monitor.ParseInfo("")
	for _, name := range []string{"master", "replica", "unannounced", "promoted", "linkdown"} {
		raw := reply(t, name)
		whole, ends := monitor.ParseInfo(raw), map[string]int{}
		for key := range watched {
			if start := strings.Index(raw, "\n"+key) + 1; start > 0 {
				ends[key] = start + strings.Index(raw[start:], "\n") + 1
			}
		}
		if len(ends) < 8 {
			t.Errorf("%s: only %d watched lines found", name, len(ends))
		}
		for cut := range len(raw) + 1 {
			got := monitor.ParseInfo(raw[:cut])
			for key, end := range ends {
				want := watched[key](nothing)
				if cut >= end {
					want = watched[key](whole)
				}
				if v := watched[key](got); v != want {
					t.Fatalf("%s cut at byte %d: %s gives %v, want %v", name, cut, key, v, want)
				}
			}
		}
	}
}

func TestParseInfoLines(t *testing.T) {
	for _, tc := range []struct {
		name, lines string
		want        func(*monitor.Info)
	}{
		{"nothing", "", func(*monitor.Info) {}},
		{"bare line feeds", "role:master\nrun_id:x\n", func(i *monitor.Info) { i.Role, i.RunID = monitor.RoleMaster, "x" }},
		{"a role of its own", "role:witness\r\n", func(*monitor.Info) {}},
		{"valkey's word", "role:replica\r\n", func(i *monitor.Info) { i.Role = monitor.RoleReplica }},
		{"a replica of Redis 2.6", "slave0:10.0.0.2,6380,online\r\nslave1:10.0.0.3,6381,wait_bgsave\r\n", func(i *monitor.Info) {
			i.Replicas = []monitor.Addr{{Host: "10.0.0.2", Port: 6380}, {Host: "10.0.0.3", Port: 6381}}
			i.ReplicaLink = []bool{true, false}
		}},
		{"a replica that syncs", "slave12:ip=::1,port=6380,state=send_bulk,offset=0,lag=0\r\n", func(i *monitor.Info) {
			i.Replicas, i.ReplicaLink = []monitor.Addr{{Host: "::1", Port: 6380}}, []bool{false}
		}},
		{"a reader of the stream without a port", "slave0:ip=10.0.0.2,port=0,state=online\r\n", func(*monitor.Info) {}},
		{"the same in Redis 2.6", "slave0:10.0.0.2,0,online\r\n", func(*monitor.Info) {}},
		{"a port too high", "slave0:ip=10.0.0.2,port=65536,state=online\r\n", func(*monitor.Info) {}},
		{"a port that overflows", "slave0:ip=10.0.0.2,port=18446744073709557995,state=online\r\n", func(*monitor.Info) {}},
		{"no host", "slave0:ip=,port=6380,state=online\r\nslave1:,6380,online\r\n", func(*monitor.Info) {}},
		{"half a replica line", "slave0:ip=10.0.0.2\r\nslave1:\r\nslave2:10.0.0.2,6380\r\n", func(*monitor.Info) {}},
		{"not replica lines", "slave:ip=10.0.0.2,port=1,state=online\r\nslavex:10.0.0.2,6380,online\r\n", func(*monitor.Info) {}},
		{"slave_priority is no replica line", "slave_priority:0\r\n", func(i *monitor.Info) { i.Priority = 0 }},
		{"a link never made", "master_link_down_since_seconds:-1\r\n", func(i *monitor.Info) { i.LinkDown = -time.Second }},
		{"an offset that overflows", "master_repl_offset:9223372036854775808\r\n", func(*monitor.Info) {}},
		{"loading", "loading:1\r\nloading_eta_seconds:12\r\n", func(i *monitor.Info) { i.Loading, i.LoadingETA = true, 12*time.Second }},
		{"a full resync", "master_sync_in_progress:1\r\n", func(i *monitor.Info) { i.SyncInProgress = true }},
		{"no keys", "# Keyspace\r\n", func(i *monitor.Info) { i.Keys = 0 }},
		{"keys", "# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=0\r\ndb15:keys=4,expires=0,avg_ttl=0\r\n", func(i *monitor.Info) { i.Keys = 7 }},
		{"not a database", "dbx:keys=3\r\ndb:keys=3\r\ndb0:expires=1\r\n", func(*monitor.Info) {}},
		{"no second id", "master_replid2:" + strings.Repeat("0", 40) + "\r\n", func(*monitor.Info) {}},
		{"a colon in the value", "master_host:fe80::1\r\n", func(i *monitor.Info) { i.MasterHost = "fe80::1" }},
		{"no colon", "role master\r\nrole\r\n:\r\n::\r\n", func(*monitor.Info) {}},
		{"the last word holds", "role:master\r\nrole:slave\r\n", func(i *monitor.Info) { i.Role = monitor.RoleReplica }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := monitor.Info{Priority: 100, Announced: true, SecondOffset: -1, Keys: -1}
			tc.want(&want)
			if diff := cmp.Diff(want, monitor.ParseInfo(tc.lines)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// checkInfo holds of every INFO, however hostile.
func checkInfo(t interface{ Fatalf(string, ...any) }, raw string) {
	got := monitor.ParseInfo(raw)
	if diff := cmp.Diff(monitor.ParseInfo(raw[:strings.LastIndexByte(raw, '\n')+1]), got); diff != "" {
		t.Fatalf("an incomplete line was read: %s", diff)
	}
	if len(got.Replicas) != len(got.ReplicaLink) {
		t.Fatalf("%d replicas with %d links", len(got.Replicas), len(got.ReplicaLink))
	}
	for _, a := range got.Replicas {
		if a.Host == "" || a.Port < 1 || a.Port > 65535 {
			t.Fatalf("replica %v", a)
		}
	}
	if _ = got.Role.String(); got.ReplID2 != "" && strings.Trim(got.ReplID2, "0") == "" {
		t.Fatalf("second id %q", got.ReplID2)
	}
}

func TestParseInfoOfAnything(t *testing.T) {
	real := strings.SplitAfter(reply(t, "replica")+reply(t, "master"), "\n")
	key := rapid.SampledFrom([]string{"role", "slave0", "slave1", "slave_priority", "db0", "master_port", "master_repl_offset", "master_replid2", "# Keyspace", ""})
	value := rapid.OneOf(rapid.SampledFrom([]string{"master", "slave", "-1", "0", "99999999999999999999", "ip=a,port=1", "ip=,port=,state=",
		",,,", "a,70000,online", "keys=,", "keys=-9223372036854775808"}), rapid.String())
	line := rapid.OneOf(rapid.SampledFrom(real), rapid.Custom(func(t *rapid.T) string {
		return key.Draw(t, "key") + ":" + value.Draw(t, "value") + rapid.SampledFrom([]string{"\r\n", "\n", "\r", ""}).Draw(t, "end")
	}))
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.Join(rapid.SliceOfN(line, 0, 20).Draw(t, "lines"), "")
		checkInfo(t, raw[:rapid.IntRange(0, len(raw)).Draw(t, "cut")])
	})
}

func FuzzParseInfo(f *testing.F) {
	for _, name := range []string{"master", "replica", "promoted", "linkdown"} {
		f.Add(reply(f, name))
	}
	for _, s := range []string{"", "\n", "slave0:10.0.0.2,6380,online\n", "slave0:ip=a,port=1\n", "db0:keys=9\n", "role:slave"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkInfo(t, raw) })
}
