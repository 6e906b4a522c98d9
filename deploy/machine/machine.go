package machine

import (
	"bytes"
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

var (
	//go:embed boot.sh
	bootScript string
	//go:embed sweep.sh
	sweepScript string
)

// bootLimit bounds how long a machine takes to be up. On an idle one it is two seconds.
const bootLimit = 2 * time.Minute

// Machine is a Debian 12 in namespaces of its own.
type Machine struct {
	cgroup  string
	first   string // the program of its first process
	cmd     *exec.Cmd
	pid     int // of its first process, as seen from here
	ended   chan struct{}
	console console
	closing sync.Once
}

// start runs argv as the first process of a new machine.
func start(tarball string, argv ...string) (*Machine, error) {
	image, err := os.Open(tarball)
	if err != nil {
		return nil, fmt.Errorf("open the image: %w", err)
	}
	defer image.Close()
	m := &Machine{cgroup: fmt.Sprintf("picket-machine-%d-%d", os.Getpid(), time.Now().UnixNano()), first: argv[0], ended: make(chan struct{})}
	m.cmd = exec.Command("unshare", append([]string{"--mount", "sh", "-c", bootScript, "sh", m.cgroup}, argv...)...)
	m.cmd.Stdin, m.cmd.Stdout, m.cmd.Stderr = image, &m.console, &m.console
	m.cmd.SysProcAttr = dieWithUs()
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel ends the machine when the thread that started it ends
		defer close(m.ended)
		err := m.cmd.Start()
		started <- err
		if err == nil {
			_ = m.cmd.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start a machine: %w", err)
	}
	return m, nil
}

// up waits until the first process is there and ready says yes.
func (m *Machine) up(ctx context.Context, ready func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, bootLimit)
	defer cancel()
	for {
		if m.pid == 0 {
			m.pid = m.findFirst()
		}
		if m.pid != 0 && ready(ctx) {
			return nil
		}
		select {
		case <-m.ended:
			return fmt.Errorf("boot a machine: it ended:\n%s", m.Console())
		case <-ctx.Done():
			return fmt.Errorf("boot a machine: %w:\n%s", ctx.Err(), m.Console())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// findFirst returns the process id of the machine's first process, 0 while boot.sh
// still prepares its root.
func (m *Machine) findFirst() int {
	pid := m.cmd.Process.Pid
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	child := 0
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		return 0
	}
	program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", child))
	if err != nil || filepath.Base(program) != filepath.Base(m.first) {
		return 0
	}
	return child
}

// Run runs a command in the machine as root and returns what it printed, standard
// error included. The error of a command that fails holds that too.
func (m *Machine) Run(ctx context.Context, argv ...string) (string, error) {
	return m.run(ctx, nil, argv)
}

func (m *Machine) run(ctx context.Context, input io.Reader, argv []string) (string, error) {
	enter := []string{"--target", fmt.Sprint(m.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, argv...)...)
	cmd.Stdin = input
	cmd.WaitDelay = 5 * time.Second // a daemon that a command leaves behind may keep its output open
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return string(out), fmt.Errorf("run %q in the machine: %w: %s", strings.Join(argv, " "), err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// Write makes a file in the machine, its folders included.
func (m *Machine) Write(ctx context.Context, path string, mode os.FileMode, content []byte) error {
	return m.write(ctx, path, mode, bytes.NewReader(content))
}

// Copy brings a file of this machine into the other one, with the mode that it has.
func (m *Machine) Copy(ctx context.Context, from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy into the machine: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("copy into the machine: %w", err)
	}
	return m.write(ctx, to, info.Mode(), f)
}

// write goes through a shell inside: a path under /proc/PID/root would lead out of the
// machine at its first absolute link.
func (m *Machine) write(ctx context.Context, path string, mode os.FileMode, content io.Reader) error {
	_, err := m.run(ctx, content, []string{"sh", "-c", `mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"`,
		"sh", path, fmt.Sprintf("%o", mode.Perm())})
	return err
}

// PID returns the id that this machine gives a process of the other one, so that it can
// be sent signals from here as well. 0 when it has ended.
func (m *Machine) PID(inside int) int {
	statuses, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, status := range statuses {
		text, err := os.ReadFile(status)
		_, rest, found := strings.Cut(string(text), "\nNSpid:\t")
		if err != nil || !found {
			continue
		}
		line, _, _ := strings.Cut(rest, "\n")
		ids := strings.Fields(line)
		pid := filepath.Base(filepath.Dir(status))
		if len(ids) > 1 && ids[len(ids)-1] == fmt.Sprint(inside) && m.holds(pid) {
			outside := 0
			_, _ = fmt.Sscan(ids[0], &outside) // the kernel writes numbers
			return outside
		}
	}
	return 0
}

// holds reports whether a process of this machine is one of the other.
func (m *Machine) holds(pid string) bool {
	ours, err := os.Readlink("/proc/" + pid + "/ns/pid")
	theirs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", m.pid))
	return err == nil && ours == theirs
}

// Console returns what the first process printed: how far a boot came.
func (m *Machine) Console() string { return m.console.text() }

// Close ends the machine and everything in it, and waits until the kernel has taken
// its mounts and processes away.
func (m *Machine) Close() {
	m.closing.Do(func() {
		first := m.cmd.Process
		if m.pid != 0 {
			if p, err := os.FindProcess(m.pid); err == nil {
				first = p
			}
		}
		_ = first.Kill() // an error says that it has ended
		<-m.ended
		_ = exec.Command("unshare", "--mount", "sh", "-c", sweepScript, "sh", m.cgroup).Run() // what stays is swept at the next boot
	})
}

// console keeps what a process prints.
type console struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Write(b)
}

func (c *console) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}
