package e2e

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"picket/deploy/lab"
)

// refused matches what a monitor says of one line of its configuration.
var refused = regexp.MustCompile(`at line (\d+)\n>>> .*\n(.*)\n`)

// refusals runs a monitor on a file with these lines and returns what it says, by line.
// The last line is one that nobody takes, so that the monitor ends at once either way; it
// is a line of sentinel, for those are read last. redis-sentinel speaks of the first bad
// line only, Picket of all.
func refusals(t *testing.T, program string, lines ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "s.conf")
	text := strings.Join(append(slices.Clone(lines), "sentinel no-such-directive x"), "\n") + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, conf, "--sentinel")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	_ = cmd.Run() // it ends with 1
	found := map[string]string{}
	for _, m := range refused.FindAllStringSubmatch(out.String(), -1) {
		if n, _ := strconv.Atoi(m[1]); n <= len(lines) {
			found[lines[n-1]] = m[2]
		}
	}
	if !strings.Contains(out.String(), "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n") || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%s ended with %d: %s", program, cmd.ProcessState.ExitCode(), out.String())
	}
	return found
}

// candidates are values of every kind that a directive may want, and of some that none does.
var candidates = []string{"yes", "no", "0", "-1", "65536", "007", "1mb", "50%", "777", "a b", `""`, "word", "a/b", "local0", "everysec"}

// otherwise are lines of which Picket says something else than redis-sentinel, knowingly.
var otherwise = map[string]string{
	"activedefrag yes": "Debian's own build refuses it, redis.io's takes it",
	"aclfile ":         "the file is read when the rest is",
	"dir ":             "the text says what to do",
	"logfile ":         "the file is opened when the rest is read",
	"loglevel ":        "Redis 7.2's nothing is taken too",
}

func TestEveryDirectiveOfRedisConfIsTakenOrRefusedAsByRedisSentinel(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	server, err := s.lab.StartRedis(s.ctx, lab.RedisConfig{})
	s.must(err)
	table, err := server.Do(s.ctx, "CONFIG", "GET", "*")
	s.must(err)
	names := append(slices.Sorted(maps.Keys(lab.Pairs(table))), "list-max-ziplist-entries", "lua-replicate-commands", "rdb-key-save-delay", "key-load-delay",
		"watchdog-period", "loading-process-events-interval-bytes", "use-exit-on-panic", "a.b", "Port", "rename-command")
	var lines []string
	for _, name := range names {
		for _, value := range candidates {
			line := name + " " + value
			meant := func(prefix string) bool { return strings.HasPrefix(line, prefix) }
			if !slices.ContainsFunc(slices.Collect(maps.Keys(otherwise)), meant) {
				lines = append(lines, line)
			}
		}
	}
	ours := refusals(t, picket.Binary, lines...)
	var taken []string
	for _, line := range lines {
		text, bad := ours[line]
		if !bad {
			taken = append(taken, line)
		} else if theirs := refusals(t, sentinel.Binary, line)[line]; theirs != text {
			t.Errorf("%s: redis-sentinel %q, picket %q", line, theirs, text)
		}
	}
	for line, text := range refusals(t, sentinel.Binary, taken...) {
		t.Errorf("%s: picket takes it, redis-sentinel says %q", line, text)
	}
	t.Logf("%d lines of %d directives compared, %d taken", len(lines), len(names), len(taken))
	if len(lines) < 2500 || len(taken) < 500 {
		t.Error("too few to mean anything")
	}
}

// otherwiseSentinel are lines of sentinel of which Picket says something else, knowingly.
var otherwiseSentinel = []struct{ line, why string }{
	{`sentinel [a-z-]+ m (1x|1e3|\+1|007)$`, "redis-sentinel reads the digits at the start; 5s would be 5 ms"},
	{`sentinel master-reboot-down-after-period m ([a-zNO/" ]+)$`, "redis-sentinel reads what is no number as 0"},
	{`sentinel parallel-syncs m .*`, "redis-sentinel takes anything"},
	{`sentinel (announce-port|current-epoch) .*`, "redis-sentinel takes anything"},
	{`sentinel (config|leader)-epoch m .*`, "redis-sentinel takes anything"},
	{`sentinel known-replica m .* [^0-9]*$`, "redis-sentinel reads no port as 0"},
	{`sentinel known-sentinel m [^ ]+ [^ ]+ [^ ]+$`, "an id of another length is refused"},
	{`sentinel (monitor|known-replica) .*(1x|1e3|\+1|007).*`, "redis-sentinel reads the digits at the start"},
	{`sentinel rename-command m ("" x|x "")`, "no command is called nothing"},
	{`.*99999999999`, "more than a 32-bit number"},
}

func TestEveryLineOfSentinelIsTakenOrRefusedAsByRedisSentinel(t *testing.T) {
	t.Parallel()
	const group = "sentinel monitor m 127.0.0.1 1 1"
	lines := []string{"sentinel", "sentinel monitor n 127.0.0.1 1", "sentinel monitor n 127.0.0.1 1 0", "sentinel monitor n 127.0.0.1 1 -1",
		"sentinel monitor n 127.0.0.1 65536 1", "sentinel monitor n nosuch.invalid 1 1", "sentinel monitor n 300.0.0.1 1 1", "sentinel monitor n ::1 1 1",
		group, "SENTINEL MONITOR n 127.0.0.1 2 1", "sentinel monitor n 127.0.0.1 1 1 1",
		"sentinel myid " + strings.Repeat("a", 40), "sentinel myid abc", "sentinel myid", "sentinel known-slave m 127.0.0.1 2",
		"sentinel known-replica m 127.0.0.1 2", "sentinel known-replica m 127.0.0.1", "sentinel known-replica nosuch 127.0.0.1 2",
		"sentinel known-sentinel m 127.0.0.1 2 " + strings.Repeat("b", 40), "sentinel known-sentinel m 127.0.0.1 2",
		"sentinel rename-command m PING X", "sentinel rename-command m PING", "sentinel rename-command nosuch PING X",
		"sentinel auth-pass m", "sentinel auth-pass nosuch x", "sentinel sentinel-user", "sentinel announce-ip 1.2.3.4 5"}
	for _, option := range []string{"down-after-milliseconds m", "failover-timeout m", "parallel-syncs m", "auth-pass m", "auth-user m",
		"master-reboot-down-after-period m", "notification-script m", "client-reconfig-script m", "config-epoch m", "leader-epoch m", "quorum m", "nosuch m",
		"down-after-milliseconds nosuch", "parallel-syncs nosuch", "notification-script nosuch",
		"deny-scripts-reconfig", "resolve-hostnames", "announce-hostnames", "announce-ip", "announce-port", "current-epoch", "sentinel-user", "sentinel-pass"} {
		for _, value := range []string{"1", "0", "-1", "1x", "", "yes", "NO", "65536", "/bin/true", "/nowhere", "a b", `"a b"`, `""`} {
			lines = append(lines, strings.TrimSpace("sentinel "+option+" "+value))
		}
	}
	n := 0
	for _, line := range lines {
		if slices.ContainsFunc(otherwiseSentinel, func(o struct{ line, why string }) bool { return regexp.MustCompile("^" + o.line).MatchString(line) }) {
			continue
		}
		n++
		theirs, ours := refusals(t, sentinel.Binary, group, line)[line], refusals(t, picket.Binary, group, line)[line]
		if theirs != ours {
			t.Errorf("%s: redis-sentinel %q, picket %q", line, theirs, ours)
		}
	}
	t.Logf("%d lines compared", n)
}
