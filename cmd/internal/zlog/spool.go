package zlog

import (
	"errors"
	"io"
	"sync"
	"time"
)

const (
	// spoolBytes is how much may wait for an output; what comes above is dropped. While
	// one such load is being written another may wait.
	spoolBytes = 4 << 20
	// flushWait bounds how long the end of the process waits for an output that hangs.
	// With the other waits at the end it stays within a second.
	flushWait = 150 * time.Millisecond
)

// spool takes the lines for an output that may hang: a disk, a full pipe, a terminal that
// was stopped. The loop logs, and must not wait: a goroutine writes what is queued, in
// order. It ends with the process.
type spool struct {
	out  io.Writer
	note func(lost int) []byte // the line that tells of lines lost
	more chan struct{}         // holds a token when there is something to do

	mu      sync.Mutex
	waiting load
	size    int // bytes of waiting's lines
}

// load is what waits to be written.
type load struct {
	lines   [][]byte
	lost    int               // lines that found no room behind these
	flushed []chan<- struct{} // closed when all of that is written
}

func newSpool(out io.Writer, note func(lost int) []byte) *spool {
	s := &spool{out: out, note: note, more: make(chan struct{}, 1)}
	go s.run()
	return s
}

// Write queues a line, or drops it when there is no room. It never fails.
func (s *spool) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting.lost > 0 || s.size+len(line) > spoolBytes { // a shorter line must not pass those lost before it
		s.waiting.lost++
	} else {
		s.waiting.lines = append(s.waiting.lines, append([]byte(nil), line...)) // zap uses line again
		s.size += len(line)
	}
	s.wake()
	return len(line), nil
}

// Sync waits until the kernel has every line so far, flushWait at most.
func (s *spool) Sync() error {
	done := make(chan struct{})
	s.mu.Lock()
	s.waiting.flushed = append(s.waiting.flushed, done)
	s.wake()
	s.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-time.After(flushWait):
		return errors.New("flush the log: its output hangs")
	}
}

func (s *spool) wake() {
	select {
	case s.more <- struct{}{}:
	default: // it is awake
	}
}

func (s *spool) take() load {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.waiting
	s.waiting, s.size = load{}, 0
	return l
}

// run writes until the process ends. Lines that could not be written, such as on a full
// disk, count as lost too, and are told of as soon as one can be.
func (s *spool) run() {
	lost := 0
	for range s.more {
		l := s.take()
		for _, line := range l.lines {
			lost = s.tell(lost)
			if _, err := s.out.Write(line); err != nil {
				lost++
			}
		}
		lost = s.tell(lost + l.lost)
		for _, done := range l.flushed {
			close(done)
		}
	}
}

// tell writes how many lines were lost, and returns how many are still to be told of.
func (s *spool) tell(lost int) int {
	if lost == 0 {
		return 0
	}
	if _, err := s.out.Write(s.note(lost)); err != nil {
		return lost
	}
	return 0
}
