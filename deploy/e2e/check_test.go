package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// good is a set-up in which nothing is to be found.
func good(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 2 * time.Second},
		Lines: []string{"sentinel auth-user mymaster watcher", "sentinel auth-pass mymaster pw"}},
		Redis: lab.RedisConfig{Lines: []string{"user watcher on >pw ~* &* +@all", "min-replicas-to-write 1", "repl-backlog-size 8mb", "appendonly yes"}}})
	s.monitors()
	return s
}

// Each fault is planted in running servers, found with its reason, and taken away again.
func TestCheckFindsEachPlantedFaultAndIsSilentOnAGoodSetup(t *testing.T) {
	t.Parallel()
	s := good(t)
	m, master, replica := s.Monitors[0], s.Master, s.Replicas[0]
	check := []string{"check", "--live", m.Conf}
	if got := s.says(0, check); got.out+got.err != "" {
		t.Fatalf("a good set-up: %s%s", got.out, got.err)
	}
	for _, tt := range []struct {
		name        string
		on          *lab.Redis
		plant, mend []string // words of a command
		code        int
		texts       []string
	}{
		{"writes go on alone", master, []string{"CONFIG", "SET", "min-replicas-to-write", "0"}, []string{"CONFIG", "SET", "min-replicas-to-write", "1"}, 1, []string{"[min-replicas-to-write-zero]"}},
		{"a small backlog", master, []string{"CONFIG", "SET", "repl-backlog-size", "1mb"}, []string{"CONFIG", "SET", "repl-backlog-size", "8mb"}, 1, []string{"repl-backlog-size is 1048576 bytes", "[small-repl-backlog]"}},
		{"nothing saved", master, []string{"CONFIG", "SET", "appendonly", "no"}, []string{"CONFIG", "SET", "appendonly", "yes"}, 1, []string{"[persistence-off]"}},
		{"no threshold", master, []string{"CONFIG", "SET", "busy-reply-threshold", "0"}, []string{"CONFIG", "SET", "busy-reply-threshold", "500"}, 1, []string{"[busy-reply-threshold-zero]"}},
		{"down-after below the threshold", master, []string{"CONFIG", "SET", "busy-reply-threshold", "5000"}, []string{"CONFIG", "SET", "busy-reply-threshold", "500"}, 1, []string{m.Conf + ":", "[down-after-below-silence-limit]"}},
		{"down-after below the silence limit", master, []string{"CONFIG", "SET", "busy-reply-threshold", "1500"}, []string{"CONFIG", "SET", "busy-reply-threshold", "500"}, 0, []string{"note", "[down-after-below-silence-limit]"}},
		{"a rule is missing", master, []string{"ACL", "SETUSER", "watcher", "-config|get"}, []string{"ACL", "SETUSER", "watcher", "+@all"}, 1, []string{"lacks the ACL rule +config|get", "[acl-rule-missing]"}},
		{"another rule is missing", replica, []string{"ACL", "SETUSER", "watcher", "-slaveof"}, []string{"ACL", "SETUSER", "watcher", "+@all"}, 2, []string{replica.Addr(), "lacks the ACL rule +slaveof"}},
		{"the rule of transactions is missing", master, []string{"ACL", "SETUSER", "watcher", "-exec"}, []string{"ACL", "SETUSER", "watcher", "+@all"}, 2, []string{"lacks the ACL rule +exec"}},
		{"the channel is missing", master, []string{"ACL", "SETUSER", "watcher", "resetchannels"}, []string{"ACL", "SETUSER", "watcher", "allchannels"}, 2, []string{"lacks the ACL rule &__sentinel__:hello"}},
		{"a wrong password", master, []string{"ACL", "SETUSER", "watcher", "resetpass", ">other"}, []string{"ACL", "SETUSER", "watcher", "resetpass", ">pw"}, 2, []string{"[wrongpass]"}},
		{"nobody to promote", replica, []string{"CONFIG", "SET", "replica-priority", "0"}, []string{"CONFIG", "SET", "replica-priority", "100"}, 1, []string{"[priority-zero]"}},
		{"stale data refused", replica, []string{"CONFIG", "SET", "replica-serve-stale-data", "no"}, []string{"CONFIG", "SET", "replica-serve-stale-data", "yes"}, 0, []string{"[stale-data-refused]"}},
	} {
		s.do(tt.on, tt.plant...)
		got := s.says(tt.code, check, tt.texts...)
		if n := strings.Count(got.out, "["); n != 1 && tt.code != 2 {
			t.Errorf("%s: %d findings:\n%s", tt.name, n, got.out)
		}
		s.do(tt.on, tt.mend...)
		s.says(0, check)
	}

	// The replica announces an address at which nobody is: it must connect anew to do so.
	s.do(replica, "CONFIG", "SET", "replica-announce-port", "1")
	s.do(master, "CLIENT", "KILL", "TYPE", "replica")
	s.says(2, check, "127.0.0.1:1: the master says that this replica is online", "[replica-announces-wrong-address]")
	s.do(replica, "CONFIG", "SET", "replica-announce-port", "0")
	s.do(master, "CLIENT", "KILL", "TYPE", "replica")
	s.says(0, check)

	s.Monitors[2].Kill()
	s.says(1, check, s.Monitors[2].Addr(), "[monitor-not-reached]")
	s.must(s.Monitors[2].Start(s.ctx))
	s.says(0, check)
	for quorum, want := range map[string]string{"1": "[quorum-below-majority]", "4": "[quorum-above-voters]"} {
		s.do(m, "SENTINEL", "SET", "mymaster", "quorum", quorum)
		s.says(map[string]int{"1": 1, "4": 2}[quorum], check, want)
	}
	s.do(m, "SENTINEL", "SET", "mymaster", "quorum", "2")
	s.add(lab.MonitorConfig{Program: program, Lines: []string{"sentinel auth-user mymaster watcher", "sentinel auth-pass mymaster pw"}})
	s.says(1, check, "[even-number-of-voters]")
	replica.Kill()
	s.says(1, check, "[no-replica]")
	master.Kill()
	s.says(2, check, master.Addr()+": the master does not answer us", "[connection-refused]")
}

func TestCheckFindsWhatIsWrongInAFile(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const watch = "sentinel monitor a 10.0.0.1 6379 2\n"
	for _, tt := range []struct {
		name, text string
		code       int
		texts      []string
	}{
		{"nothing", "requirepass x\n" + watch, 0, nil},
		{"two errors and a risk", "port abc\n" + watch + "sentinel nonsense x\nsentinel busy-policy a kill\n", 2,
			[]string{":1: 'port abc'", ":3: 'sentinel nonsense x'", ":4:", "[busy-policy-without-time]"}},
		{"a policy without its time", "requirepass x\n" + watch + "sentinel busy-policy a failover\n", 1, []string{":3: busy-policy is failover", "[busy-policy-without-time]"}},
		{"no grace", "requirepass x\n" + watch + "sentinel silence-grace a no\nsentinel down-after-milliseconds a 1000\n", 1, []string{":4:", "[down-after-below-silence-limit]"}},
		{"no password", watch, 0, []string{"note", "[no-password]"}},
		{"turned away", "protected-mode yes\n" + watch, 2, []string{":1: protected-mode is yes", "[protected-mode]"}},
		{"out of reach", "bind 127.0.0.1\n" + watch, 2, []string{":1: bind names only loopback", "[loopback-address]"}},
		{"everybody's own machine", "requirepass x\nsentinel monitor a 127.0.0.1 6379 1\nsentinel known-sentinel a 10.0.0.2 26379 " + strings.Repeat("a", 40) + "\n", 2,
			[]string{":2: the master is 127.0.0.1:6379", "[loopback-address]", "[even-number-of-voters]"}},
		{"no master", "requirepass x\n", 1, []string{"no master is monitored", "[configuration-warning]"}},
		{"no certificate", "requirepass x\ntls-port 1\ntls-cert-file /nowhere\n" + watch, 2, []string{":3:", "[tls-files]"}},
		{"a rule of nobody", "user a on +nonsense\n" + watch, 2, []string{":1:", "[configuration-error]"}},
	} {
		path := filepath.Join(s.lab.Dir(), "check.conf")
		s.must(os.WriteFile(path, []byte(tt.text), 0o600))
		got := s.says(tt.code, []string{"check", path}, tt.texts...)
		if tt.texts == nil && got.out != "" {
			t.Errorf("%s: %s", tt.name, got.out)
		}
	}
	s.says(2, []string{"check", "/nowhere/at.all"}, "no such file", "name the file that holds your")
}
