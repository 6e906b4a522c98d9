package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Spec says how a process is started, each time it is.
type Spec struct {
	Name string   // for messages
	Argv []string // program and arguments
	Dir  string   // working directory
	Log  string   // file to which standard output and error are appended
	Env  []string // added to the environment
	Net  *Namespace
	// Wrap is put before Argv, such as {"unshare", "-m", "sh", "-c", `...; exec "$@"`, "sh"}.
	// It must end in an exec of what follows, so that the process keeps its id.
	Wrap []string
}

// Process is one program that the lab started, and may start again.
type Process struct {
	spec Spec

	mu      sync.Mutex
	cmd     *exec.Cmd
	done    chan struct{}
	started time.Time
}

// Process prepares a process. It ends with the lab.
func (l *Lab) Process(spec Spec) (*Process, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	p := &Process{spec: spec}
	l.procs = append(l.procs, p)
	return p, nil
}

// Start runs the program. It is an error if it runs already.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil && !p.exitedLocked() {
		return fmt.Errorf("start %s: it runs already", p.spec.Name)
	}
	log, err := os.OpenFile(p.spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.spec.Name, err)
	}
	defer log.Close()
	argv := p.argv()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.spec.Dir, log, log
	cmd.Env = append(os.Environ(), p.spec.Env...)
	cmd.SysProcAttr = attributes()
	if err := spawn(cmd.Start); err != nil {
		return fmt.Errorf("start %s: %w", p.spec.Name, err)
	}
	done := make(chan struct{})
	p.cmd, p.done, p.started = cmd, done, time.Now()
	go func() {
		cmd.Wait() // the exit code is read from ProcessState
		close(done)
	}()
	return nil
}

func (p *Process) argv() []string {
	var argv []string
	if p.spec.Net != nil {
		argv = append(argv, p.spec.Net.enter()...)
	}
	argv = append(argv, p.spec.Wrap...)
	return append(argv, p.spec.Argv...)
}

var spawner = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// spawn starts a process from one thread that never ends: the kernel's "parent
// died" signal is sent when the thread that forked ends, not the program.
func spawn(start func() error) error {
	result := make(chan error)
	spawner() <- func() { result <- start() }
	return <-result
}

func (p *Process) exitedLocked() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Signal sends sig to the process, if it runs.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || p.exitedLocked() {
		return fmt.Errorf("signal %s: it does not run", p.spec.Name)
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.spec.Name, err)
	}
	return nil
}

// Kill sends SIGKILL and waits for the end. A process that does not run is left alone.
func (p *Process) Kill() {
	if p.Signal(syscall.SIGKILL) == nil {
		p.wait()
	}
}

// Freeze sends SIGSTOP.
func (p *Process) Freeze() error { return p.Signal(syscall.SIGSTOP) }

// Thaw sends SIGCONT.
func (p *Process) Thaw() error { return p.Signal(syscall.SIGCONT) }

// Terminate sends SIGTERM and waits for the end, or for the end of ctx.
func (p *Process) Terminate(ctx context.Context) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.WaitExit(ctx)
}

// WaitExit waits until the process has ended.
func (p *Process) WaitExit(ctx context.Context) error {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of %s: %w", p.spec.Name, ctx.Err())
	}
}

func (p *Process) wait() { _ = p.WaitExit(context.Background()) }

// Running reports whether the process was started and has not ended.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd != nil && !p.exitedLocked()
}

// ExitCode is the exit code of the last run, or -1 if it runs or ended by a signal.
func (p *Process) ExitCode() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || !p.exitedLocked() {
		return -1
	}
	return p.cmd.ProcessState.ExitCode()
}

// PID is the process id of the last run, 0 before the first.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Started is when the last run began.
func (p *Process) Started() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started
}

// Name is the process's name in messages.
func (p *Process) Name() string { return p.spec.Name }

// LogText is what the process has written to its standard output and error, over all its runs.
func (p *Process) LogText() string {
	b, err := os.ReadFile(p.spec.Log)
	if err != nil {
		return ""
	}
	return string(b)
}

// CPU is the processor time that the running process has used. It is 0 where
// the kernel does not tell.
func (p *Process) CPU() time.Duration { return CPUOf(p.PID()) }
