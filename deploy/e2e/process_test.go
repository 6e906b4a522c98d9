package e2e

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

// nowhere is a group whose master does not exist: enough for what is about the process.
var nowhere = lab.Watch{Master: "127.0.0.1", Port: 1}

// told is what a command that ended said.
type told struct {
	code     int
	out, err string
}

// runs runs a command to its end.
func (s *scene) runs(env []string, argv ...string) told {
	s.Helper()
	var out, err bytes.Buffer
	cmd := exec.CommandContext(s.ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.lab.Dir(), append(os.Environ(), env...), &out, &err
	failed := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](failed); failed != nil && !ended {
		s.Fatal(failed)
	}
	return told{cmd.ProcessState.ExitCode(), out.String(), err.String()}
}

func (s *scene) file(path string) string {
	s.Helper()
	b, err := os.ReadFile(path)
	s.must(err)
	return string(b)
}

// apart sends a monitor's standard error to a file of its own.
func apart(path string) []string { return []string{"sh", "-c", `exec "$@" 2>>` + path, "sh"} }

func TestAMonitorIsQuietOnStandardErrorAndEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	errs := filepath.Join(s.lab.Dir(), "stderr")
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Wrap: apart(errs),
		Lines: []string{"logfile picket.log"}, Env: []string{"GORACE=atexit_sleep_ms=0"}}}) // the race detector sleeps for a second at the end
	s.must(s.StartMonitors(s.ctx))
	s.must(s.WaitKnown(s.ctx))
	marks := s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
	// The worst moment to end: another monitor and the new master do not answer.
	s.must(s.Monitors[2].Freeze())
	for _, r := range s.Replicas {
		s.must(r.Freeze())
	}
	for _, m := range s.Monitors[:2] {
		began := time.Now()
		s.must(m.Terminate(s.ctx))
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %v to end", m.Name(), took)
		}
		if m.ExitCode() != 0 {
			t.Errorf("%s ended with %d", m.Name(), m.ExitCode())
		}
		if text := m.LogText(); text != "" {
			t.Errorf("%s has a logfile and writes to standard output: %s", m.Name(), text)
		}
	}
	if text := s.file(errs); text != "" {
		t.Errorf("on standard error: %s", text)
	}
}

func TestASecondMonitorOnAPortLeavesFileAndLogOfTheFirstAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	log := filepath.Join(s.lab.Dir(), "first.log")
	pid := filepath.Join(s.lab.Dir(), "first.pid")
	first, err := s.lab.StartMonitor(s.ctx, lab.MonitorConfig{Program: program, Watch: nowhere, Lines: []string{"logfile " + log, "pidfile " + pid, "loglevel warning"}})
	s.must(err)
	s.waitOne(first, 0, lab.On("+sdown", "mymaster"))
	s.must(lab.Poll(s.ctx, "log +sdown", func(context.Context) bool { return strings.Contains(s.file(log), "+sdown") }))
	before := []string{s.file(first.Conf), s.file(log), s.file(pid)}
	got := s.runs(nil, picket.Binary, first.Conf)
	if got.code != 1 || !strings.Contains(got.err, "listen on port "+strconv.Itoa(first.Port)) || got.out != "" {
		t.Errorf("the second ended with %d, said %q and %q", got.code, got.out, got.err)
	}
	for i, path := range []string{first.Conf, log, pid} {
		if now := s.file(path); now != before[i] {
			t.Errorf("%s was %s\nand is %s", path, before[i], now)
		}
	}
}

func TestTwoPicketsDoNotShareOneFileOrStateDir(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line string }{{"file", ""}, {"state-dir", "state-dir state"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			first, err := s.lab.StartMonitor(s.ctx, lab.MonitorConfig{Program: program, Watch: nowhere, Lines: []string{tt.line}})
			s.must(err)
			other := s.prepared(lab.MonitorConfig{Watch: nowhere}) // for its ports
			again := func() told {
				return s.runs(nil, picket.Binary, first.Conf, "--port", itoa(other.Port), "--gossip-port", itoa(other.Gossip), "--logfile", "second.log")
			}
			if got := again(); got.code != 1 || !strings.Contains(got.err, "another picket runs on this configuration") {
				t.Errorf("ended with %d: %s", got.code, got.err)
			}
			first.Kill() // the kernel frees the lock, whatever the end
			s.must(first.Start(s.ctx))
		})
	}
}

// session finds the process that a monitor in the background is, and ends it with the test.
func (s *scene) session(pidfile string) int {
	s.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(s.file(pidfile)))
	s.must(err)
	s.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) }) // it may have ended
	return pid
}

func (s *scene) ponged(addr string) {
	s.Helper()
	c, err := lab.Dial(s.ctx, addr, nil)
	s.must(err)
	defer c.Close()
	if reply, err := c.Do(s.ctx, "PING"); err != nil || reply != "PONG" {
		s.Errorf("%s answers %v, %v", addr, reply, err)
	}
}

func TestDaemonizeReturnsWhenTheMonitorServes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	m := s.prepared(lab.MonitorConfig{Watch: nowhere, Lines: []string{"daemonize yes", "pidfile p.pid", "logfile p.log"}})
	pidfile := filepath.Join(m.Dir, "p.pid")
	if got := s.runs([]string{"NOTIFY_SOCKET="}, picket.Binary, m.Conf); got != (told{}) {
		t.Fatalf("ended with %d, said %q and %q", got.code, got.out, got.err)
	}
	pid := s.session(pidfile) // it serves: no wait is needed
	s.ponged(m.Addr())
	if leader, err := sid(pid); err != nil || leader != pid {
		t.Errorf("the monitor %d is in session %d, %v", pid, leader, err)
	}
	if env := s.file("/proc/" + strconv.Itoa(pid) + "/environ"); env == "" {
		t.Error("no environment") // it is a process of ours
	}
	second := s.runs(nil, picket.Binary, m.Conf)
	if second.code != 1 || !strings.Contains(second.err, "listen on port") {
		t.Errorf("a second one ended with %d: %q", second.code, second.err)
	}
	s.must(syscall.Kill(pid, syscall.SIGTERM))
	s.must(lab.Poll(s.ctx, "wait until the monitor ends", func(context.Context) bool { return syscall.Kill(pid, 0) != nil || zombie(pid) }))
	if _, err := os.Stat(pidfile); !os.IsNotExist(err) {
		t.Errorf("the pidfile is left: %v", err)
	}
	if log := s.file(filepath.Join(m.Dir, "p.log")); !strings.Contains(log, "monitor ends") {
		t.Errorf("it did not end in order: %s", log)
	}
}

// stat returns the fields of /proc/PID/stat after the name: state, parent, group, session.
func stat(pid int) ([]string, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest), nil
}

func sid(pid int) (int, error) {
	f, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(f[3])
}

// zombie reports whether a process has ended and waits for a parent that does not look:
// the first process of a container may be such a one.
func zombie(pid int) bool {
	f, err := stat(pid)
	return err != nil || f[0] == "Z"
}

// supervisor is a socket as systemd's.
func (s *scene) supervisor() (env string, news <-chan string) {
	s.Helper()
	path := filepath.Join(s.lab.Dir(), "notify")
	conn, err := net.ListenPacket("unixgram", path)
	s.must(err)
	s.Cleanup(func() { conn.Close() })
	said := make(chan string, 16)
	go func() {
		defer close(said)
		for buf := make([]byte, 4096); ; {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			said <- string(buf[:n])
		}
	}()
	return "NOTIFY_SOCKET=" + path, said
}

// ready waits until the supervisor is told.
func (s *scene) ready(news <-chan string) {
	s.Helper()
	for {
		select {
		case text := <-news:
			if strings.Contains(text, "READY=1") {
				return
			}
		case <-s.ctx.Done():
			s.Fatal("the supervisor was not told READY=1")
		}
	}
}

const debianUnit, debianConf = "/lib/systemd/system/redis-sentinel.service", "/etc/redis/sentinel.conf"

// debians reads a file of Debian's package redis-sentinel: this machine's, or where the
// package is not installed the copy of 7.0.15-1~deb12u10 in testdata.
func (s *scene) debians(file string) string {
	s.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		text, err = os.ReadFile(filepath.Join("testdata", "debian", filepath.Base(file)))
	}
	s.must(err)
	return string(text)
}

// The unit's ExecStart with our binary, on the file of the package. What is changed in
// the file is what another monitor of this machine may hold: the port, and the folders of
// the log, the pidfile and dir, which the package makes for its own user.
func TestDebiansUnitStartsPicketOnDebiansFile(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	unit, text := s.debians(debianUnit), s.debians(debianConf)
	m := s.prepared(lab.MonitorConfig{Watch: nowhere}) // for its port and folder
	for old, now := range map[string]string{
		"\nport 26379\n": "\nport " + itoa(m.Port) + "\n", "/var/log/redis/": m.Dir + "/", "/run/sentinel/": m.Dir + "/", "\ndir /var/lib/redis\n": "\ndir " + m.Dir + "\n",
	} {
		if !strings.Contains(text, old) {
			t.Errorf("Debian's file does not hold %q any more", old)
		}
		text = strings.ReplaceAll(text, old, now)
	}
	s.must(os.WriteFile(m.Conf, []byte(text), 0o640))
	_, line, _ := strings.Cut(unit, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	argv := strings.Fields(line)
	if len(argv) < 3 || argv[1] != debianConf {
		t.Fatalf("the unit's ExecStart is %q", line)
	}
	argv[0], argv[1] = picket.Binary, m.Conf
	env, news := s.supervisor()
	p, err := s.lab.Process(lab.Spec{Name: "picket of Debian's unit", Argv: argv, Dir: "/", Log: filepath.Join(m.Dir, "out"), Env: []string{env}})
	s.must(err)
	s.must(p.Start())
	s.ready(news)
	s.ponged("127.0.0.1:" + itoa(m.Port))
	if pid := strings.TrimSpace(s.file(filepath.Join(m.Dir, "redis-sentinel.pid"))); pid != itoa(p.PID()) {
		t.Errorf("the pidfile says %s, the process is %d", pid, p.PID())
	}
	s.must(p.Terminate(s.ctx))
	if p.ExitCode() != 0 || p.LogText() != "" {
		t.Errorf("ended with %d: %s", p.ExitCode(), p.LogText())
	}
	theirs := s.runs(nil, sentinel.Binary, m.Conf, "--no-such-directive", "x")
	if !strings.Contains(theirs.err, ">>> 'no-such-directive") {
		t.Errorf("redis-sentinel does not read the file back: %s", theirs.err)
	}
}

func TestTheCommandLineIsReadAsByRedisSentinel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		argv []string
	}{
		{"a port", []string{"--port", "PORT"}},
		{"--sentinel and a port", []string{"--sentinel", "--port", "PORT"}},
		{"a port and --sentinel", []string{"--port", "PORT", "--sentinel"}},
		{"words in one", []string{"--port PORT", "--loglevel", "warning"}},
		{"a line of sentinel", []string{"--sentinel", "monitor", "other", "127.0.0.1", "1", "1", "--port", "PORT"}},
		{"a line of sentinel in one", []string{"--sentinel monitor other 127.0.0.1 1 1", "--port", "PORT"}},
		{"a password that begins with dashes", []string{"--requirepass", "--secret", "--port", "PORT", "--requirepass", ""}},
	} {
		for _, p := range []lab.Program{picket, sentinel} {
			t.Run(tt.name+", "+p.Name(), func(t *testing.T) {
				t.Parallel()
				s := newScene(t)
				m, err := s.lab.NewMonitor(lab.MonitorConfig{Program: p, Watch: nowhere, Lines: []string{"port 1"}})
				s.must(err)
				argv := p.Argv(m.Conf)[:2]
				for _, word := range tt.argv {
					argv = append(argv, strings.ReplaceAll(word, "PORT", itoa(m.Port)))
				}
				run, err := s.lab.Process(lab.Spec{Name: tt.name, Argv: argv, Dir: m.Dir, Log: filepath.Join(m.Dir, "out")})
				s.must(err)
				s.must(run.Start())
				s.must(lab.Poll(s.ctx, "wait for an answer", func(ctx context.Context) bool {
					if !run.Running() {
						s.Fatalf("ended with %d: %s", run.ExitCode(), run.LogText())
					}
					_, err := m.Do(ctx, "PING")
					return err == nil
				}))
				if strings.Contains(tt.name, "line of sentinel") {
					s.do(m, "SENTINEL", "MASTER", "other")
				}
			})
		}
	}
}
