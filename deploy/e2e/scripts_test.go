package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

// scribe notes its own name and arguments in the folder in which it runs, which is to
// be the monitor's, and which files it was given.
const scribe = `#!/bin/sh
for f in /proc/self/fd/*; do readlink $f; done >> files
printf '%s\n' "${0##*/} $*" >> notes
`

// scripted adds both scripts to a group's monitors.
func scripted(t *testing.T, cfg lab.GroupConfig) lab.GroupConfig {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"notify", "reconfig"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(scribe), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Monitor.Lines = append(cfg.Monitor.Lines,
		"sentinel notification-script mymaster "+filepath.Join(dir, "notify"),
		"sentinel client-reconfig-script mymaster "+filepath.Join(dir, "reconfig"))
	return cfg
}

func (s *scene) notes(m *lab.Monitor, file string) []string {
	text, err := os.ReadFile(filepath.Join(m.Dir, file))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// noted waits until a monitor's scripts have noted a line that holds all the texts.
func (s *scene) noted(m *lab.Monitor, texts ...string) {
	s.Helper()
	s.must(lab.Poll(s.ctx, m.Name()+" runs a script with "+strings.Join(texts, ", "), func(context.Context) bool {
		return slices.ContainsFunc(s.notes(m, "notes"), func(line string) bool {
			return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) })
		})
	}))
}

// spared are lines that depend on how an election went or on who saw the promotion
// first, or that only Picket has.
var spared = regexp.MustCompile(`^notify (-odown|\+config-update-from|-sdown|-failover-abort|\+config-warning|-config-warning|\+verdict|\+silent|-silent|\+divergence|\+auth-error|-auth-error) ?`)

var (
	anID    = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
	anEpoch = regexp.MustCompile(`((?:\+new-epoch|ID)) [0-9]+$`)
	aQuorum = regexp.MustCompile(`#quorum [23]/2`)
)

// failedOver plays a death of the master and returns what the scripts of all monitors
// were called with, without what differs from one run to the next.
func (s *scene) failedOver() map[string]bool {
	s.Helper()
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	names := []string{s.Master.Host + " " + itoa(s.Master.Port), "OLD", s.Master.Addr(), "OLD"}
	for _, r := range s.Replicas {
		name := "OTHER"
		if r == sw.New {
			name = "NEW"
		}
		names = append(names, r.Host+" "+itoa(r.Port), name, r.Addr(), name)
	}
	for _, m := range s.Monitors {
		names = append(names, m.Host+" "+itoa(m.Port), "MONITOR")
	}
	known := strings.NewReplacer(names...)
	s.must(lab.Poll(s.ctx, "the leader's script tells +failover-end", func(context.Context) bool {
		return slices.ContainsFunc(s.Monitors, func(m *lab.Monitor) bool {
			return slices.ContainsFunc(s.notes(m, "notes"), func(line string) bool { return strings.HasPrefix(line, "notify +failover-end ") })
		})
	}))
	for _, m := range s.Monitors {
		s.noted(m, "reconfig", " start ")
		s.noted(m, "notify +switch-master")
		s.noted(m, "notify +sdown slave", s.Master.Addr())
	}
	lines := map[string]bool{}
	for _, m := range s.Monitors {
		for _, line := range s.notes(m, "notes") {
			line = anEpoch.ReplaceAllString(anID.ReplaceAllString(known.Replace(line), "ID"), "$1 EPOCH")
			if line = aQuorum.ReplaceAllString(line, "#quorum N/2"); !spared.MatchString(line) {
				lines[line] = true
			}
		}
	}
	return lines
}

func TestScriptsAreCalledAsByRedisSentinel(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	ours := start(t, cfg)
	got := ours.failedOver()
	for _, m := range ours.Monitors {
		for _, file := range ours.notes(m, "files") {
			if strings.HasPrefix(file, "socket:") || strings.HasPrefix(file, "anon_inode:") {
				t.Errorf("a script of %s was given %s", m.Name(), file)
			}
		}
	}
	cfg.Monitor.Program = sentinel
	want := start(t, cfg).failedOver()
	for _, line := range slices.Sorted(maps.Keys(want)) {
		if !got[line] {
			t.Errorf("only redis-sentinel: %s", line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(got)) {
		if !want[line] {
			t.Errorf("only picket: %s", line)
		}
	}
	if t.Failed() {
		return
	}
	t.Logf("%d lines alike, such as %q", len(got), slices.Sorted(maps.Keys(got))[:3])
}

// A script that hangs holds nobody up: neither the failover nor the end of the monitor.
func TestScriptsThatHangHoldNothingUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "hangs")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec sleep 30 > /dev/null 2>&1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Lines: []string{
		"sentinel notification-script mymaster " + path, "sentinel client-reconfig-script mymaster " + path}}})
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "DEBUG", "SCRIPT-MAX-RUNTIME", "100")
	}
	s.wait(marks, lab.On("-script-timeout", path))
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "DEBUG", "SCRIPT-MAX-RUNTIME", "60000", "SCRIPT-RETRY-DELAY", "1")
	}
	s.must(lab.Poll(s.ctx, "scripts that were killed are tried again", func(ctx context.Context) bool {
		reply, err := s.Monitors[0].Sentinel(ctx, "PENDING-SCRIPTS")
		jobs, _ := reply.([]any)
		return err == nil && slices.ContainsFunc(jobs, func(job any) bool {
			f := lab.Pairs(job)
			return f["flags"] == "running" && f["retry-num"] != "1"
		})
	}))
	for _, m := range s.Monitors {
		began := time.Now()
		s.must(m.Signal(syscall.SIGTERM))
		s.must(m.WaitExit(s.ctx))
		s.quicker("the end of "+m.Name(), time.Since(began), time.Second)
		if m.ExitCode() != 0 {
			t.Errorf("%s ended with code %d", m.Name(), m.ExitCode())
		}
	}
}
