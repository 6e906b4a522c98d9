package scripts

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// AdoptOrphans ends what is left of processes that are not ours, until done is closed.
// The first process of a container inherits what scripts leave in the background, and
// each that ends keeps its place in the process table until it is waited for.
func AdoptOrphans(done <-chan struct{}) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	for {
		own.reapOthers()
		select {
		case <-ended:
		case <-done:
			return
		}
	}
}

// own are the processes that Exec started and has not waited for.
var own = children{pids: map[int]bool{}}

type children struct {
	mu   sync.Mutex
	pids map[int]bool
}

// start starts a process that nobody but its starter waits for.
func (c *children) start(begin func() (*os.Process, error)) (*os.Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := begin()
	if err == nil {
		c.pids[p.Pid] = true
	}
	return p, err
}

func (c *children) waited(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pids, pid)
}

// reapOthers waits for children that have ended and were started by somebody else.
func (c *children) reapOthers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
	for _, path := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if !c.pids[pid] && isZombieOf(path, os.Getpid()) {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil) // it is over; how is nobody's business
		}
	}
}

// isZombieOf reads the state and the parent that follow a process' name in its stat.
func isZombieOf(path string, parent int) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // a name may hold blanks and brackets
	return len(fields) > 1 && string(fields[0]) == "Z" && string(fields[1]) == strconv.Itoa(parent)
}
