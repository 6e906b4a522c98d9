package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"picket/failover"
	"picket/monitor"
)

const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// confFile writes a configuration file with mode 0640 and returns its path.
func confFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t *testing.T, path string, extra ...string) *Config {
	t.Helper()
	c, err := Load(path, extra)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultsAreThoseOfRedisSentinel(t *testing.T) {
	got := mustLoad(t, confFile(t, ""))
	want := &Config{
		Path: got.Path, Port: 26379, Bind: []string{"*", "-::*"}, MaxClients: 10000,
		TCPKeepAlive: 300 * time.Second, TCPBacklog: 511, Supervised: "no", ACLLogMax: 128, Syslog: Syslog{Ident: "redis", Facility: "local0"},
		TLS:      TLS{AuthClients: "yes", SessionCaching: true, SessionCacheSize: 20480, SessionTimeout: 300 * time.Second},
		HTTPBind: []string{"127.0.0.1"},
		Globals:  Globals{LogLevel: "notice", DenyScriptsReconfig: true},
		Warnings: got.Warnings,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Error(diff)
	}
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "no master is monitored") {
		t.Errorf("warnings = %q", got.Warnings)
	}
}

func TestEveryDirectiveOfTheProcess(t *testing.T) {
	dir := t.TempDir()
	got := mustLoad(t, confFile(t, `
PORT 5000
bind 127.0.0.1 -::1
protected-mode yes
requirepass "a b"
maxclients 7
timeout 8
tcp-keepalive 9
tcp-backlog 10
bind-source-addr 10.0.0.9
unixsocket /run/p.sock
unixsocketperm 770
rename-command ROLE ""
rename-command Sentinel Guard
client-output-buffer-limit normal 0 0 0 pubsub 2mb 1mb 60 slave 1 1 1
proto-max-bulk-len 2mb
syslog-enabled yes
syslog-ident p
syslog-facility USER
dir "`+dir+`"
logfile ""
pidfile /run/p.pid
daemonize yes
supervised systemd
gossip-port 6000
gossip-bind 10.0.0.1
gossip-join 10.0.0.2:6000 [::1]:6001
gossip-join 10.0.0.3:6000
gossip-key MDEyMzQ1Njc4OWFiY2RlZg==
http-port 9121
http-bind 10.0.0.1 -::1
loglevel warning
SENTINEL resolve-hostnames yes
sentinel Announce-Hostnames yes
sentinel deny-scripts-reconfig no
sentinel announce-ip 1.2.3.4
sentinel announce-port 1234
sentinel sentinel-user u
sentinel sentinel-pass p
sentinel myid `+idA+`
sentinel current-epoch 9223372036854775806
sentinel monitor m db.example 6379 2
`))
	want := &Config{
		Path: got.Path, Port: 5000, Bind: []string{"127.0.0.1", "-::1"}, ProtectedMode: true, RequirePass: "a b",
		MaxClients: 7, Timeout: 8 * time.Second, TCPKeepAlive: 9 * time.Second, TCPBacklog: 10,
		BindSource: "10.0.0.9", UnixSocket: "/run/p.sock", UnixSocketPerm: 0o770, Rename: map[string]string{"role": "", "sentinel": "guard"},
		OutputLimits: map[string]OutputLimit{"normal": {}, "pubsub": {Hard: 2 << 20, Soft: 1 << 20, SoftFor: time.Minute}},
		MaxBulk:      2 << 20, Syslog: Syslog{Enabled: true, Ident: "p", Facility: "user"}, TLS: defaultTLS(),
		Dir: dir, PidFile: "/run/p.pid", Daemonize: true, Supervised: "systemd", ACLLogMax: 128,
		GossipPort: 6000, GossipPortSet: true, GossipBind: "10.0.0.1",
		GossipJoin: []monitor.Addr{{Host: "10.0.0.2", Port: 6000}, {Host: "::1", Port: 6001}, {Host: "10.0.0.3", Port: 6000}},
		GossipKey:  []byte("0123456789abcdef"),
		HTTPPort:   9121, HTTPBind: []string{"10.0.0.1", "-::1"},
		Globals: Globals{LogLevel: "warning", ResolveHostnames: true, AnnounceHostnames: true, AnnounceIP: "1.2.3.4",
			AnnouncePort: 1234, SentinelUser: "u", SentinelPass: "p"},
		MyID: idA, CurrentEpoch: 1<<63 - 2,
		Groups: []Group{NewGroup("m", monitor.Addr{Host: "db.example", Port: 6379}, 2)},
	}
	want.Groups[0].Saved.CurrentEpoch, want.Groups[0].Saved.LeaderEpoch = 1<<63-2, 1<<63-2
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Error(diff)
	}
}

// Sentinel applies its lines in three passes, so that any order will do.
func TestLinesOfAGroupMayPrecedeItsMonitorLine(t *testing.T) {
	got := mustLoad(t, confFile(t, `
sentinel known-sentinel m 10.0.0.9 26379 `+idB+`
sentinel known-sentinel m 10.0.0.8 26379
sentinel known-slave m 10.0.0.2 6379
sentinel known-replica m 10.0.0.1 6379
sentinel busy-policy m kill
sentinel busy-warn-after m 1
sentinel busy-kill-after m 2
sentinel busy-failover-after m 3
sentinel silence-grace m no
sentinel misconf-down m no
sentinel primary-reboot-down-after-period m 4
sentinel rename-command m config GUESSME
sentinel leader-epoch m 8
sentinel config-epoch m 7
sentinel auth-user m u
sentinel auth-pass m "p w"
sentinel parallel-syncs m 5
sentinel failover-timeout m 6000
sentinel down-after-milliseconds m 7000
sentinel monitor m 10.0.0.1 6379 2
# picket: boot 3
# picket: voted m 8 `+idB+`
# picket: config-leader m 7 `+idA+`
# picket: lineage m r1 0
# picket: lineage m r2 77
# picket: deposed m 10.0.0.3 6379 "" 7 r1 78
`))
	const ms = time.Millisecond
	want := Group{
		Settings: failover.Settings{Name: "m", Quorum: 2, DownAfter: 7000 * ms, FailoverTimeout: 6000 * ms, ParallelSyncs: 5,
			RebootDownAfter: 4 * ms, Busy: failover.BusyKill, BusyWarnAfter: 1 * ms, BusyKillAfter: 2 * ms, BusyFailoverAfter: 3 * ms},
		AuthUser: "u", AuthPass: "p w", Rename: map[string]string{"CONFIG": "GUESSME"},
		Saved: failover.Saved{
			Name: "m", Master: monitor.Addr{Host: "10.0.0.1", Port: 6379},
			ConfigEpoch: 7, ConfigLeader: idA, LeaderEpoch: 8, Leader: idB, CurrentEpoch: 8,
			Replicas: []monitor.Addr{{Host: "10.0.0.2", Port: 6379}},
			Peers:    []failover.SavedPeer{{ID: idB, Addr: monitor.Addr{Host: "10.0.0.9", Port: 26379}}},
			Lineage:  []failover.Branch{{ReplID: "r1"}, {ReplID: "r2", From: 77}},
			Deposed:  &failover.Deposed{Addr: monitor.Addr{Host: "10.0.0.3", Port: 6379}, Epoch: 7, ReplID: "r1", SecondOffset: 78},
		},
	}
	if diff := cmp.Diff([]Group{want}, got.Groups); diff != "" {
		t.Error(diff)
	}
	if got.Boot != 3 || got.CurrentEpoch != 8 {
		t.Errorf("boot %d, current epoch %d, want 3 and 8", got.Boot, got.CurrentEpoch)
	}
}

// A redis-sentinel that ran in between may have voted and switched: what our notes say
// of older epochs is void.
func TestNotesOfAnOlderEpochAreVoid(t *testing.T) {
	got := mustLoad(t, confFile(t, `
sentinel monitor m 10.0.0.3 6379 2
sentinel config-epoch m 9
sentinel leader-epoch m 9
# picket: voted m 8 `+idB+`
# picket: config-leader m 7 `+idA+`
# picket: deposed m 10.0.0.3 6379 "" 7 r1 78
# picket: lineage gone r1 0
`)).Groups[0].Saved
	if got.Leader != "" || got.ConfigLeader != "" || got.Deposed != nil {
		t.Errorf("leader %q, config leader %q, deposed %v: all must be unknown", got.Leader, got.ConfigLeader, got.Deposed)
	}
}

func TestCommandLineIsAppendedToTheFile(t *testing.T) {
	path := confFile(t, "port 1\nsentinel monitor m 10.0.0.7 6379 2\nsentinel rename-command m CONFIG A\nsentinel known-replica m 10.0.0.8 1\n")
	got := mustLoad(t, path, "--port", "2", "--sentinel", "--supervised", "--daemonize", "no", "--requirepass", "--dashes",
		"--sentinel monitor", "m", "10.0.0.1", "6379", "3", // its quorum counts, its address does not: the file may know better
		"--sentinel", "rename-command", "m", "CONFIG", "B", "--sentinel", "known-replica", "m", "10.0.0.8", "1",
		"--sentinel", "monitor", "n", "10.0.0.2", "6380", "1", "--sentinel")
	if got.Port != 2 || got.Supervised != "auto" || got.Daemonize || got.RequirePass != "--dashes" {
		t.Errorf("port %d, supervised %s, daemonize %t, requirepass %s", got.Port, got.Supervised, got.Daemonize, got.RequirePass)
	}
	m := NewGroup("m", monitor.Addr{Host: "10.0.0.7", Port: 6379}, 3)
	m.Rename, m.Saved.Replicas = map[string]string{"CONFIG": "B"}, []monitor.Addr{{Host: "10.0.0.8", Port: 1}}
	want := []Group{m, NewGroup("n", monitor.Addr{Host: "10.0.0.2", Port: 6380}, 1)}
	if diff := cmp.Diff(want, got.Groups); diff != "" {
		t.Error(diff)
	}
}

// The file was written by redis-sentinel 7.0.15 after it had found a replica and a peer
// and had been changed by SENTINEL SET and SENTINEL CONFIG SET.
func TestFileWrittenByRedisSentinel(t *testing.T) {
	got := mustLoad(t, "testdata/redis-sentinel-7.0.15.conf")
	g := NewGroup("mymaster", monitor.Addr{Host: "127.0.0.1", Port: 21001}, 3)
	g.Settings.DownAfter, g.Settings.FailoverTimeout = 2*time.Second, 5*time.Second
	g.AuthUser, g.Rename = "default", map[string]string{"INFO": "INFO2"}
	g.Saved.Replicas = []monitor.Addr{{Host: "127.0.0.1", Port: 21002}}
	g.Saved.Peers = []failover.SavedPeer{{ID: "5f94abb08e0db8b7888cab42e885c4d5162e1cc7", Addr: monitor.Addr{Host: "127.0.0.1", Port: 21102}}}
	if diff := cmp.Diff([]Group{g}, got.Groups); diff != "" {
		t.Error(diff)
	}
	if got.AnnounceIP != "1.2.3.4" || got.SentinelPass != "foo" || got.MyID != "1569d99c86cab6a0420ec13de7df25e460b3acc2" {
		t.Errorf("announce-ip %s, sentinel-pass %s, myid %s", got.AnnounceIP, got.SentinelPass, got.MyID)
	}
}

// As Valkey 8 writes it after a failover, by its sources (facts/sentinel.md, 7): it cannot
// be run here. A later change of the period is written by its old name, which both read.
func TestFileWrittenByValkey(t *testing.T) {
	text, err := os.ReadFile("testdata/valkey-8.conf")
	if err != nil {
		t.Fatal(err)
	}
	path := confFile(t, string(text))
	got := mustLoad(t, path)
	g := NewGroup("mymaster", monitor.Addr{Host: "10.0.0.2", Port: 6379}, 2)
	g.Settings.DownAfter, g.Settings.FailoverTimeout, g.Settings.RebootDownAfter = 5*time.Second, time.Minute, 3*time.Second
	g.Saved.ConfigEpoch, g.Saved.LeaderEpoch, g.Saved.CurrentEpoch = 7, 8, 8
	g.Saved.Replicas = []monitor.Addr{{Host: "10.0.0.1", Port: 6379}, {Host: "10.0.0.3", Port: 6379}}
	g.Saved.Peers = []failover.SavedPeer{{ID: "5f94abb08e0db8b7888cab42e885c4d5162e1cc7", Addr: monitor.Addr{Host: "10.0.0.1", Port: 26379}}}
	if diff := cmp.Diff([]Group{g}, got.Groups); diff != "" {
		t.Error(diff)
	}
	if got.MyID != "1569d99c86cab6a0420ec13de7df25e460b3acc2" || got.CurrentEpoch != 8 || len(got.Warnings) != 0 {
		t.Errorf("myid %s, current-epoch %d, warnings %q", got.MyID, got.CurrentEpoch, got.Warnings)
	}
	st := got.State()
	st.Groups[0].Settings.RebootDownAfter = 4 * time.Second
	s, err := Open(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(st); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(path)
	want := strings.Replace(string(text), "sentinel primary-reboot-down-after-period mymaster 3000", "sentinel master-reboot-down-after-period mymaster 4000", 1) + "# picket: boot 0\n"
	if err != nil || string(now) != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, string(now)))
	}
}

func TestErrorsNameTheLineAndWhatToDo(t *testing.T) {
	const m = "sentinel monitor m 10.0.0.1 6379 2\n"
	for _, tc := range []struct {
		name, text, want string
	}{
		{"quorum 0", "sentinel monitor m 127.0.0.1 1 0",
			"line 1: 'sentinel monitor m 127.0.0.1 1 0': Quorum must be 1 or greater. Give a whole number between 1 and 2147483647."},
		{"duplicate group", m + m, "line 2: 'sentinel monitor m 10.0.0.1 6379 2': Duplicate master name. Delete one of the lines, or give it another name."},
		{"bad port", "sentinel monitor m 10.0.0.1 65536 1", "line 1: 'sentinel monitor m 10.0.0.1 65536 1': Invalid port number. Give a whole number between 0 and 65535."},
		{"host name", "sentinel monitor m db 6379 1",
			"line 1: 'sentinel monitor m db 6379 1': Can't resolve instance hostname. Write a numeric address, or add: sentinel resolve-hostnames yes"},
		{"unknown group", "sentinel parallel-syncs x 1", "line 1: 'sentinel parallel-syncs x 1': No such master with specified name. Add: sentinel monitor x <host> <port> <quorum>"},
		{"zero time", m + "sentinel failover-timeout m 0",
			"line 2: 'sentinel failover-timeout m 0': negative or zero time parameter. Give whole milliseconds without a unit, such as 30000."},
		{"a unit", m + "sentinel down-after-milliseconds m 5s",
			"line 2: 'sentinel down-after-milliseconds m 5s': negative or zero time parameter. Give whole milliseconds without a unit, such as 30000."},
		{"a time beyond reason", m + "sentinel busy-warn-after m 9999999999999",
			"line 2: 'sentinel busy-warn-after m 9999999999999': negative time parameter. Give whole milliseconds without a unit, such as 30000."},
		{"yes or no", "sentinel resolve-hostnames maybe",
			"line 1: 'sentinel resolve-hostnames maybe': Please specify yes or no for the resolve-hostnames option. Write yes or no."},
		{"one of", m + "sentinel busy-policy m hope", "line 2: 'sentinel busy-policy m hope': argument(s) must be one of the following: wait, kill, failover"},
		{"myid", "sentinel myid 123", "line 1: 'sentinel myid 123': Malformed Sentinel id in myid option. Delete the line to get a new id."},
		{"argument count", "sentinel monitor m 10.0.0.1 6379", "line 1: 'sentinel monitor m 10.0.0.1 6379': Unrecognized sentinel configuration statement. Write: sentinel monitor <name> <host> <port> <quorum>"},
		{"argument count of the process", "port 1 2", "line 1: 'port 1 2': wrong number of arguments. Write: port <port>"},
		{"option of SET only", m + "sentinel quorum m 2", "line 2: 'sentinel quorum m 2': Unrecognized sentinel configuration statement. Delete the line."},
		{"unknown", "frobnicate 1", "line 1: 'frobnicate 1': Bad directive or wrong number of arguments. Delete the line."},
		{"mistyped", m + "sentinel down-after-miliseconds m 1", "line 2: 'sentinel down-after-miliseconds m 1': Unrecognized sentinel configuration statement. Did you mean sentinel down-after-milliseconds?"},
		{"sentinel too much", "sentinel gossip-port 1", "line 1: 'sentinel gossip-port 1': Unrecognized sentinel configuration statement. Write gossip-port without the word sentinel."},
		{"sentinel too little", "busy-policy m wait", "line 1: 'busy-policy m wait': Bad directive or wrong number of arguments. Write: sentinel busy-policy"},
		{"quotes", "\nlogfile \"x", "line 2: 'logfile \"x': Unbalanced quotes in configuration line. Close the quotes, and leave a blank behind them."},
		{"control character", m + `sentinel auth-user m "a\nb"`, `line 2: 'sentinel auth-user m "a\nb"': control characters are not allowed. Delete them from the value.`},
		{"renamed twice", m + "sentinel rename-command m CONFIG A\nsentinel rename-command m config B",
			"line 3: 'sentinel rename-command m config B': Same command renamed multiple times with rename-command. Delete one of the lines."},
		{"replica twice", m + "sentinel known-replica m 1.1.1.1 1\nsentinel known-slave m 1.1.1.1 1",
			"line 3: 'sentinel known-slave m 1.1.1.1 1': Duplicate hostname and port for replica. Delete one of the lines."},
		{"peer twice", m + "sentinel known-sentinel m 1.1.1.1 1 " + idA + "\nsentinel known-sentinel m 1.1.1.2 1 " + idA,
			"line 3: 'sentinel known-sentinel m 1.1.1.2 1 " + idA + "': Duplicate runid for sentinel. Delete one of the lines."},
		{"gossip key", "gossip-key c2hvcnQ=", "line 1: 'gossip-key ******': Invalid gossip-key. Generate one with: head -c 32 /dev/urandom | base64"},
		{"gossip join", "gossip-join 10.0.0.1", "line 1: 'gossip-join 10.0.0.1': Invalid gossip address 10.0.0.1. Write host:port, such as 10.0.0.2:27379."},
		{"no such directory", "dir /nowhere", "line 1: 'dir /nowhere': No such file or directory. Create the directory, or name another."},
		{"damaged note", m + "# picket: voted m 1", "line 2: '# picket: voted m 1': damaged note of Picket. Restore the line from a backup, or delete it."},
		{"damaged epoch in a note", m + "# picket: voted m x " + idA, "line 2: '# picket: voted m x " + idA + "': damaged note of Picket. Restore the line from a backup, or delete it."},
		{"cut short in place", "# picket: in-place begin 12\n" + m, "line 1: '# picket: in-place begin 12': the last write of this file was cut short. Restore it from a backup, or check it line by line and delete its \"# picket: in-place\" lines; then prefer state-dir."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := confFile(t, tc.text)
			_, err := Load(path, nil)
			if err == nil || err.Error() != path+" "+tc.want {
				t.Errorf("error = %v\nwant    %s %s", err, path, tc.want)
			}
		})
	}
}

func TestEveryErrorIsReportedAtOnceInTheOrderOfTheLines(t *testing.T) {
	path := confFile(t, "sentinel parallel-syncs x 1\nfrob 1\nport x\n\nlogfile \"\nsentinel monitor m nope 1 1\n")
	_, err := Load(path, []string{"--port", "y", "stray", "--frob"})
	var lines []int
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		le, ok := errors.AsType[*LineError](e)
		if !ok {
			t.Fatalf("%v is not a LineError", e)
		}
		lines = append(lines, le.Line)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 5, 6, 0, 0}, lines); diff != "" {
		t.Errorf("%s\n%v", diff, err)
	}
}

func TestNoErrorGivesAwayASecret(t *testing.T) {
	for _, line := range []string{
		"requirepass s3cret x", "requirepas s3cret", "Masterauth", "sentinel auth-pass nobody s3cret", "sentinel auth-pas m s3cret",
		"sentinel sentinel-pass s3cret x", "gossip-key s3cret", "gosip-key s3cret", `requirepass "s3cret`, `sentinel auth-pass m "s3cret`,
		"user alice on >s3cret\nuser alice on >s3cret", "user alice on \">s3cret", "tls-key-file-pass s3cret x", "sentinel auth-pass m \"s3cret\x01\"", "passwort s3cret",
	} {
		_, err := Load(confFile(t, line), nil)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error = %v", line, err)
		}
	}
}

// Found by FuzzNetwork: a replica that announces its name was promoted, and then no
// monitor of the group could start again.
func TestAMasterByNameIsTakenWhereAFailoverWroteIt(t *testing.T) {
	c := mustLoad(t, confFile(t, "sentinel config-epoch m 6\nsentinel monitor m db.example 6379 2\n"))
	if len(c.Warnings) != 1 || c.Groups[0].Saved.Master.Host != "db.example" {
		t.Errorf("loaded %+v, warnings %q", c.Groups, c.Warnings)
	}
	if _, err := Load(confFile(t, "sentinel config-epoch m 0\nsentinel monitor m db.example 6379 2\n"), nil); err == nil {
		t.Error("a name that an operator wrote is taken without resolve-hostnames")
	}
}

// A redis-sentinel takes any epoch that it hears of and writes it down.
func TestEpochsThatLeaveNoneToVoteInAreWarnedOf(t *testing.T) {
	for epoch, want := range map[string]int{"9223372036854775806": 0, "9223372036854775807": 1, "18446744073709551615": 1} {
		c := mustLoad(t, confFile(t, "sentinel monitor m 10.0.0.1 6379 2\nsentinel config-epoch m "+epoch+"\n"))
		if len(c.Warnings) != want {
			t.Errorf("config-epoch %s: warnings %q", epoch, c.Warnings)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load("/nowhere/s.conf", nil)
	want := `open configuration file: open /nowhere/s.conf: no such file or directory; name the file that holds your "sentinel monitor" lines`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
}

func TestAcceptedThoughItMeansNothing(t *testing.T) {
	for _, line := range []string{
		"tls-cluster yes",
		"latency-tracking-info-percentiles 50 99 99.9", "save 3600 1", `save ""`, "hash-max-ziplist-entries 1",
		"client-output-buffer-limit normal 0 0 0", "primaryauth x", "Appendonly yes", "loadmodule /x.so a b",
	} {
		if _, err := Load(confFile(t, line), nil); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// The table that the manual prints is the one that the reader uses; this guards its form.
func TestDirectivesAreDescribed(t *testing.T) {
	for _, d := range Directives() {
		if d.Name == "" || !strings.HasPrefix(d.Syntax, d.Name+" ") || d.Default == "" || d.About == "" {
			t.Errorf("incomplete: %+v", d)
		}
		if _, group, known := traitsOf(d.Name); !known || group != (strings.Contains(d.Syntax, "<name>") && d.Name != "user") {
			t.Errorf("%s: known %t, of a group %t", d.Syntax, known, group)
		}
		if d.SetChanges != (d.Name == "sentinel monitor") && d.SetChanges != isSettable(d.Name) {
			t.Errorf("%s: SetChanges %t", d.Name, d.SetChanges)
		}
	}
}

func isSettable(name string) bool {
	e, ok := find(groupTable, name)
	return ok && e.has(settable)
}

// A name in two tables would be read by one and written by the other.
func TestNoDirectiveStandsInTwoTables(t *testing.T) {
	for name := range redisDirectives {
		if _, _, known := traitsOf(name); known {
			t.Errorf("%s is both ignored and not", name)
		}
	}
}

// A group that comes back to the file after a SENTINEL REMOVE has lost its vote, and
// must not vote again in an epoch that is over.
func TestAGroupWithoutItsVoteMayHaveVotedInAnyEpochSoFar(t *testing.T) {
	const head = "sentinel current-epoch 7\n"
	for _, tt := range []struct {
		name, text string
		want       uint64
	}{
		{"no line tells", "sentinel monitor m 10.0.0.1 6379 2\n", 7},
		{"it never voted", "sentinel monitor m 10.0.0.1 6379 2\nsentinel leader-epoch m 0\n", 0},
		{"it voted", "sentinel monitor m 10.0.0.1 6379 2\nsentinel leader-epoch m 5\n", 5},
		{"an epoch of its own is the newest", "sentinel monitor m 10.0.0.1 6379 2\nsentinel config-epoch m 9\n", 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := mustLoad(t, confFile(t, head+tt.text))
			if got := c.Groups[0].Saved.LeaderEpoch; got != tt.want {
				t.Errorf("leader-epoch %d, want %d", got, tt.want)
			}
		})
	}
}

func TestAnIPv6AddressIsTheSameInAnySpelling(t *testing.T) {
	c := mustLoad(t, confFile(t, "sentinel monitor m 2001:DB8:0:0:0:0:0:1 6379 2\nsentinel known-replica m ::FFFF:10.0.0.7 6380\n"))
	if got := c.Groups[0].Saved; got.Master.Host != "2001:db8::1" || got.Replicas[0].Host != "::ffff:10.0.0.7" {
		t.Errorf("master %s, replica %s", got.Master, got.Replicas[0])
	}
}
