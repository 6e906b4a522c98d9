package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"picket/deploy/lab"
)

// inMountNamespace wraps a monitor so that it runs with mounts of its own, made
// by a line of shell in which $DIR is the monitor's folder.
func inMountNamespace(shell string) []string {
	return []string{"unshare", "--mount", "sh", "-c",
		`for a; do case $a in *.conf) conf=$a; esac; done; DIR=$(dirname "$conf"); ` + shell + ` && exec "$@"`, "sh"}
}

// smallDisk is such a wrap: the process's folder is a disk of the given size, of
// which it takes its configuration along.
func smallDisk(size string) []string {
	return inMountNamespace(`cp "$conf" /tmp/$$.conf && mount -t tmpfs -o size=` + size +
		` tmpfs "$DIR" && mv /tmp/$$.conf "$conf" && cd "$DIR"`)
}

// needsMounts skips a test where mount namespaces are not permitted.
func needsMounts(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
}

func TestAReadOnlyFolderIsRefusedAndAStateFolderHelps(t *testing.T) {
	t.Parallel()
	needsMounts(t)
	readOnly := inMountNamespace(`mount --bind "$DIR" "$DIR" && mount -o remount,bind,ro "$DIR"`)
	watch := lab.Watch{Master: "127.0.0.1", Port: 6379}
	s := newScene(t)
	s.refuses(s.prepared(lab.MonitorConfig{Watch: watch, Wrap: readOnly}), "read-only file system", "state-dir")

	m := s.prepared(lab.MonitorConfig{Watch: watch, Wrap: readOnly, Lines: []string{"state-dir " + t.TempDir()}})
	before, err := os.ReadFile(m.Conf)
	s.must(err)
	s.must(m.Start(s.ctx))
	id := s.do(m, "SENTINEL", "MYID")
	m.Kill()
	s.must(m.Start(s.ctx))
	if again := s.do(m, "SENTINEL", "MYID"); again != id {
		t.Errorf("the id was %s and is %s after a restart", id, again)
	}
	after, err := os.ReadFile(m.Conf)
	s.must(err)
	if string(after) != string(before) {
		t.Errorf("the configuration file was written:\n%s", after)
	}
}

func TestAFileMountedByItselfIsRewrittenInPlaceWithAWarning(t *testing.T) {
	t.Parallel()
	needsMounts(t)
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 1,
		Monitor: lab.MonitorConfig{Watch: lab.Watch{Quorum: 1}, Wrap: inMountNamespace(`mount --bind "$conf" "$conf"`)}})
	s.monitors()
	m := s.Monitors[0]
	if !strings.Contains(m.LogText(), "mounted as a single file") {
		t.Errorf("no warning in the log:\n%s", m.LogText())
	}
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.must(m.Terminate(s.ctx))
	text, err := os.ReadFile(m.Conf)
	s.must(err)
	want := fmt.Sprintf("sentinel monitor mymaster %s %d 1", sw.New.Host, sw.New.Port)
	if !strings.Contains(string(text), want) {
		t.Errorf("the file does not say %q:\n%s", want, text)
	}
}

func TestAMonitorThatCannotSaveNeitherVotesNorLeads(t *testing.T) {
	t.Parallel()
	needsMounts(t)
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Monitors: 3, Monitor: lab.MonitorConfig{Wrap: smallDisk("256k")}})
	s.monitors()
	ill := s.Monitors[:2]
	var full []string
	for _, m := range ill {
		full = append(full, fill(s, m))
	}

	// Two of three cannot save a vote: the master's death is seen and told, and nobody is elected.
	marks := s.Marks()
	s.Master.Kill()
	s.wait(marks, lab.On("+sdown", "master mymaster"))
	for i, m := range ill {
		s.waitOne(m, marks[i], lab.On("+persist-failed", "no space left"))
		if addr, err := m.MasterAddr(s.ctx); err != nil || addr != s.Master.Addr() {
			t.Errorf("%s answers %s, %v", m.Name(), addr, err)
		}
		s.explains(m, "neither votes nor leads")
	}
	s.none(marks, "+elected-leader", "+promoted-slave", "+switch-master")

	// One of them gets its room back: now there is a majority, and the last one follows it.
	s.must(os.Remove(full[0]))
	sw := s.switched(s.Master, marks)
	s.waitOne(ill[0], marks[0], lab.On("-persist-failed"))
	s.agreed(sw.New)
	for i, m := range s.Monitors[:2] {
		if i == 1 && len(m.Events.Find(lab.On("+elected-leader"))) > 0 {
			t.Errorf("%s led without being able to save", m.Name())
		}
	}
}

// fill takes all the room on the disk of a monitor's folder, as the monitor sees it.
func fill(s *scene, m *lab.Monitor) string {
	s.Helper()
	path, err := fillDisk(m.Process, m.Dir)
	s.must(err)
	return path
}

// fillDisk takes all the room on the disk of a folder, as the process sees it,
// and returns the file that holds it.
func fillDisk(p *lab.Process, dir string) (string, error) {
	path := filepath.Join(fmt.Sprintf("/proc/%d/root", p.PID()), dir, "full")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, size := range []int{4096, 1} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return "", err
		}
		err = nil
	}
	return path, nil
}

func TestTheStateCanBeReadBackByRedisSentinel(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	m := s.Monitors[0]
	id := s.do(m, "SENTINEL", "MYID")
	s.must(m.Terminate(s.ctx))
	text, err := os.ReadFile(m.Conf)
	s.must(err)
	// What redis-sentinel does not know, its user takes out: Picket's own directives.
	var lines []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if !strings.HasPrefix(line, "gossip-") {
			lines = append(lines, line)
		}
	}
	conf := filepath.Join(m.Dir, "redis-sentinel.conf")
	s.must(os.WriteFile(conf, []byte(strings.Join(lines, "\n")), 0o644))
	p, err := s.lab.Process(lab.Spec{Name: "redis-sentinel", Dir: m.Dir, Log: conf + ".log", Argv: sentinel.Argv(conf)})
	s.must(err)
	s.must(p.Start())
	s.must(lab.Poll(s.ctx, "redis-sentinel answers with the state that picket left", func(ctx context.Context) bool {
		addr, err := m.MasterAddr(ctx)
		if !p.Running() {
			s.Fatalf("redis-sentinel ended:\n%s", p.LogText())
		}
		return err == nil && addr == sw.New.Addr()
	}))
	if again := s.do(m, "SENTINEL", "MYID"); again != id {
		t.Errorf("redis-sentinel has id %s, picket had %s", again, id)
	}
}
