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
// The last line is one that nobody takes, so that the monitor ends at once either way.
// redis-sentinel speaks of the first bad line only, Picket of all.
func refusals(t *testing.T, program string, lines ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "s.conf")
	text := strings.Join(append(slices.Clone(lines), "no-such-directive x"), "\n") + "\n"
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
