package scripts

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"picket/cmd/internal/supervise"
)

// exitNotRun is the code of a script that cannot be executed, as Sentinel has it.
const exitNotRun = 2

// Exec starts real processes.
type Exec struct{}

// Start runs a script in our working folder and environment, without what is between us
// and our supervisor. Of our files it has
// standard output and standard error; everything else that we open is closed on exec.
// It leads a process group of its own, so that what it starts can be ended with it.
// The path is taken as it is: as in Sentinel, no PATH is searched.
func (Exec) Start(argv []string) (Process, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	attr := &os.ProcAttr{
		Env:   supervise.Environ(),
		Files: []*os.File{null, os.Stdout, os.Stderr},
		Sys:   ownGroup(),
	}
	p, err := own.start(func() (*os.Process, error) { return os.StartProcess(argv[0], argv, attr) })
	if err != nil {
		if scarce(err) {
			return nil, err
		}
		return notRun{}, nil
	}
	return &process{p: p}, nil
}

// scarce tells that there was no process to be had from a script that is no program.
func scarce(err error) bool {
	for _, e := range []error{syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// notRun is a script that could not be executed.
type notRun struct{}

func (notRun) PID() int         { return 0 }
func (notRun) Wait() (int, int) { return 0, exitNotRun }
func (notRun) Kill()            {}

// process is a script that runs.
type process struct {
	p *os.Process

	mu   sync.Mutex
	over bool // its id may belong to somebody else from now on
}

func (s *process) PID() int { return s.p.Pid }

func (s *process) Wait() (signal, code int) {
	awaitEnd(s.p.Pid)
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	state, err := s.p.Wait()
	own.waited(s.p.Pid)
	if err != nil {
		return 0, exitNotRun
	}
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return int(w.Signal()), 0
	}
	return 0, state.ExitCode()
}

func (s *process) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		killGroup(s.p)
	}
}
