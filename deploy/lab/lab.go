package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Config says where a lab lives.
type Config struct {
	Parent string // folder for the lab's own temporary folder; "" is os.TempDir
	Keep   bool   // leave the files behind at Close, for reading the logs
}

// Lab is a set of processes with a temporary folder.
type Lab struct {
	dir  string
	keep bool
	bins Binaries

	mu      sync.Mutex
	procs   []*Process
	closers []func()
	count   int
	closed  bool
	ended   chan struct{} // closed when Close has done its work
}

// New finds the Redis programs and makes the temporary folder. The lab is closed
// when ctx ends, so a caller that turns signals into the end of a context leaves
// nothing behind. The error says how to get Redis where it is missing.
func New(ctx context.Context, cfg Config) (*Lab, error) {
	bins, err := FindBinaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(cfg.Parent, "picket-lab-")
	if err != nil {
		return nil, fmt.Errorf("make the lab's folder: %w", err)
	}
	l := &Lab{dir: dir, keep: cfg.Keep, bins: bins, ended: make(chan struct{})}
	context.AfterFunc(ctx, l.Close)
	return l, nil
}

// Dir is the lab's temporary folder.
func (l *Lab) Dir() string { return l.dir }

// Binaries are the Redis programs that the lab runs.
func (l *Lab) Binaries() Binaries { return l.bins }

// Close ends every process that the lab started and removes its folder. It may
// be called more than once; each call returns when all is done.
func (l *Lab) Close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		<-l.ended
		return
	}
	l.closed = true
	defer close(l.ended)
	closers, procs := l.closers, l.procs
	l.mu.Unlock()
	for i := len(closers) - 1; i >= 0; i-- {
		closers[i]()
	}
	for _, p := range procs {
		p.Kill()
	}
	for _, p := range procs {
		p.wait()
	}
	if !l.keep {
		os.RemoveAll(l.dir)
	}
}

var errClosed = errors.New("the lab is closed")

// onClose runs f at Close, before the processes are ended, last one first. A
// lab that is closed already runs it at once.
func (l *Lab) onClose(f func()) {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.closers = append(l.closers, f)
	}
	l.mu.Unlock()
	if closed {
		f()
	}
}

// folder makes a new folder for one process; its name starts with kind.
func (l *Lab) folder(kind string) (string, error) {
	l.mu.Lock()
	l.count++
	n := l.count
	l.mu.Unlock()
	dir := filepath.Join(l.dir, fmt.Sprintf("%02d-%s", n, kind))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a process's folder: %w", err)
	}
	return dir, nil
}

// Logs returns the log files of all processes, by process name.
func (l *Lab) Logs() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	logs := make(map[string]string, len(l.procs))
	for _, p := range l.procs {
		logs[p.spec.Name] = p.spec.Log
	}
	return logs
}
