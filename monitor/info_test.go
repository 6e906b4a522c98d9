package monitor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
		Priority: 100, Announced: true, Keys: 4, NoneLoaded: true}
	announced, hidden, cut := follower, follower, follower
	announced.Priority, hidden.Announced = 50, false
	// linkdown holds the replication section only.
	cut.Version, cut.Announced, cut.Keys, cut.LinkUp, cut.LinkDown, cut.MasterLastIO = "", false, -1, false, 3*time.Second, -time.Second
	cut.NoneLoaded = false

	for name, want := range map[string]monitor.Info{
		"master": {Version: "7.0.15", Role: monitor.RoleMaster, ReplID: oldReplID, SecondOffset: -1, MasterOffset: 129,
			Priority: 100, Announced: true, Keys: 4, NoneLoaded: true, Replicas: []monitor.Addr{at(17812), at(17813)}, ReplicaLink: []bool{true, true}},
		"replica": announced, "unannounced": hidden, "linkdown": cut,
		"promoted": {Version: "7.0.15", Role: monitor.RoleMaster, ReplID: newReplID, ReplID2: oldReplID, SecondOffset: 130,
			MasterOffset: 179, Priority: 100, Announced: true, Keys: 5, NoneLoaded: true},
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
		{"nothing read at the start", "aof_enabled:0\r\nrdb_last_load_keys_loaded:0\r\n", func(i *monitor.Info) { i.NoneLoaded = true }},
		{"an append-only file", "aof_enabled:1\r\nrdb_last_load_keys_loaded:3\r\n", func(i *monitor.Info) { i.AppendOnly = true }},
		{"a full resync", "master_sync_in_progress:1\r\n", func(i *monitor.Info) { i.SyncInProgress = true }},
		{"no keys", "# Keyspace\r\n", func(i *monitor.Info) { i.Keys = 0 }},
		{"keys", "# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=0\r\ndb15:keys=4,expires=0,avg_ttl=0\r\n", func(i *monitor.Info) { i.Keys = 7 }},
		{"not a database", "dbx:keys=3\r\ndb:keys=3\r\ndb0:expires=1\r\n", func(*monitor.Info) {}},
		{"no second id", "master_replid2:" + strings.Repeat("0", 40) + "\r\n", func(*monitor.Info) {}},
		{"a colon in the value", "master_host:fe80::1\r\n", func(i *monitor.Info) { i.MasterHost = "fe80::1" }},
		{"ids that no server has", "run_id:" + strings.Repeat("a", 65) + "\r\nmaster_replid:a\tb\r\nmaster_replid2:\x00\r\nredis_version:7\x7f\r\n", func(*monitor.Info) {}},
		{"hosts that are none", "master_host:a b\r\nmaster_host:" + strings.Repeat("a", 256) + "\r\n", func(*monitor.Info) {}},
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
	whole := raw[:strings.LastIndexByte(raw, '\n')+1]
	if diff := cmp.Diff(monitor.ParseInfo(whole), got); diff != "" {
		t.Fatalf("an incomplete line was read: %s", diff)
	}
	unknown := "picket_unknown:1\r\n" + strings.ReplaceAll(whole, "\n", "\npicket_unknown:role:slave\n# Unknown\r\n\r\n")
	if diff := cmp.Diff(got, monitor.ParseInfo(unknown)); diff != "" {
		t.Fatalf("lines that nobody knows change\n%s", diff)
	}
	if diff := cmp.Diff(got, monitor.ParseInfo(infoText(got)), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("written down it reads\n%s", diff)
	}
	if more := monitor.ParseInfo(whole + "slave9:ip=10.0.0.9,port=9,state=online\n"); len(more.Replicas) != len(got.Replicas)+1 {
		t.Fatalf("%d replicas with one more", len(more.Replicas))
	}
	checkRanges(t, got, strings.Count(raw, "\n"))
}

// checkRanges: what is remembered of an INFO is small and of the kind it should be.
func checkRanges(t interface{ Fatalf(string, ...any) }, i monitor.Info, lines int) {
	if len(i.Replicas) != len(i.ReplicaLink) || len(i.Replicas) > lines {
		t.Fatalf("%d replicas with %d links of %d lines", len(i.Replicas), len(i.ReplicaLink), lines)
	}
	for _, a := range i.Replicas {
		if !monitor.ValidHost(a.Host) || a.Port < 1 || a.Port > 65535 {
			t.Fatalf("replica %v", a)
		}
	}
	for _, s := range []string{i.RunID, i.Version, i.ReplID, i.ReplID2} {
		if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("holds the text %q", s)
		}
	}
	century := 100 * 365 * 24 * time.Hour
	for _, d := range []time.Duration{i.LinkDown, i.MasterLastIO, i.LoadingETA} {
		if d > century || d < -century {
			t.Fatalf("holds the time %v", d)
		}
	}
	if i.Keys < -1 || i.Keys > 1<<61 || i.MasterPort < 0 || i.MasterPort > 65535 || i.MasterHost != "" && !monitor.ValidHost(i.MasterHost) {
		t.Fatalf("%d keys, master at %q port %d", i.Keys, i.MasterHost, i.MasterPort)
	}
	if _ = i.Role.String(); i.ReplID2 != "" && strings.Trim(i.ReplID2, "0") == "" {
		t.Fatalf("second id %q", i.ReplID2)
	}
}

// infoText writes an Info as a server would.
func infoText(i monitor.Info) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	flag := map[bool]int{true: 1}
	line("run_id:%s\r\nredis_version:%s\r\nrole:%s", i.RunID, i.Version, i.Role)
	line("master_replid:%s\r\nmaster_replid2:%s\r\nsecond_repl_offset:%d", i.ReplID, i.ReplID2, i.SecondOffset)
	line("master_repl_offset:%d\r\nmaster_host:%s\r\nmaster_port:%d", i.MasterOffset, i.MasterHost, i.MasterPort)
	line("master_link_status:%s\r\nmaster_link_down_since_seconds:%d", map[bool]string{true: "up"}[i.LinkUp], i.LinkDown/time.Second)
	line("aof_enabled:%d", flag[i.AppendOnly])
	line("rdb_last_load_keys_loaded:%d", flag[!i.NoneLoaded])
	line("master_last_io_seconds_ago:%d\r\nmaster_sync_in_progress:%d", i.MasterLastIO/time.Second, flag[i.SyncInProgress])
	line("slave_repl_offset:%d\r\nslave_read_repl_offset:%d", i.ReplicaOffset, i.ReadOffset)
	line("slave_priority:%d\r\nreplica_announced:%d\r\nloading:%d", i.Priority, flag[i.Announced], flag[i.Loading])
	line("loading_eta_seconds:%d", i.LoadingETA/time.Second)
	for n, a := range i.Replicas {
		line("slave%d:ip=%s,port=%d,state=%s", n, a.Host, a.Port, map[bool]string{true: "online"}[i.ReplicaLink[n]])
	}
	if i.Keys >= 0 {
		line("# Keyspace\r\ndb0:keys=%d,expires=0", i.Keys)
	}
	return b.String()
}

func TestInfoReadsBack(t *testing.T) {
	host, id, number := rapid.StringMatching("[a-z0-9.:]{1,20}"), rapid.StringMatching("[0-9a-f]{39}[1-9a-f]"), rapid.Int64()
	lasting := rapid.Map(rapid.IntRange(-1, 1<<30), func(n int) time.Duration { return time.Duration(n) * time.Second })
	rapid.Check(t, func(t *rapid.T) {
		port := rapid.IntRange(1, 65535)
		want := monitor.Info{
			RunID: id.Draw(t, "run id"), Version: "7.0.15", Role: rapid.SampledFrom([]monitor.Role{monitor.RoleMaster, monitor.RoleReplica}).Draw(t, "role"),
			ReplID: id.Draw(t, "id"), ReplID2: id.Draw(t, "id2"), SecondOffset: number.Draw(t, "second"), MasterOffset: number.Draw(t, "offset"),
			MasterHost: host.Draw(t, "host"), MasterPort: port.Draw(t, "port"), LinkUp: rapid.Bool().Draw(t, "up"), LinkDown: lasting.Draw(t, "down"),
			MasterLastIO: lasting.Draw(t, "io"), SyncInProgress: rapid.Bool().Draw(t, "sync"), ReplicaOffset: number.Draw(t, "applied"),
			ReadOffset: number.Draw(t, "read"), Priority: rapid.Int().Draw(t, "priority"), Announced: rapid.Bool().Draw(t, "announced"),
			Loading: rapid.Bool().Draw(t, "loading"), LoadingETA: lasting.Draw(t, "eta"), Keys: rapid.Int64Range(-1, 1<<61).Draw(t, "keys"),
			Replicas: []monitor.Addr{{Host: host.Draw(t, "replica"), Port: port.Draw(t, "its port")}}, ReplicaLink: []bool{rapid.Bool().Draw(t, "online")},
		}
		if diff := cmp.Diff(want, monitor.ParseInfo(infoText(want))); diff != "" {
			t.Fatal(diff)
		}
	})
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
