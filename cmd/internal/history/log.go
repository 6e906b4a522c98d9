package history

import (
	"slices"
	"sync"
	"time"
)

// MaxRecords is how many records are kept, of all groups together.
const MaxRecords = 512

// Log keeps the newest records. Its methods may be called from any goroutine.
type Log struct {
	mu      sync.Mutex
	records []Record // oldest first
	waiting []Record // to be written, each id once
	behind  bool     // the file lacks something: it is to be written anew
	wake    chan struct{}
	file    *file
	failed  error
	done    chan struct{}
}

const (
	// maxWaiting bounds what waits for the disk.
	maxWaiting = 256
	// retryEvery is how often a write that failed is tried again.
	retryEvery = 10 * time.Second
)

// Open reads the records kept in dir, or keeps them in memory alone when dir is
// "". Records that were open when their monitor ended are marked so. A file that
// cannot be read is an error; lines of it that make no sense are left out.
func Open(dir string) (*Log, error) {
	l := &Log{wake: make(chan struct{}, 1), done: make(chan struct{})}
	if dir == "" {
		close(l.done)
		return l, nil
	}
	f, records, err := openFile(dir)
	if err != nil {
		return nil, err
	}
	l.file = f
	for _, rec := range records {
		if rec.Outcome == OutcomeRunning {
			rec.Outcome = OutcomeInterrupted
		}
		l.put(rec)
	}
	go l.write()
	return l, nil
}

// Durable reports whether the records outlive this process, and what keeps the last
// of them from it.
func (l *Log) Durable() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file != nil, l.failed
}

// Keep adds a record or replaces the one with its id. It does not wait for the disk.
func (l *Log) Keep(rec Record) {
	l.mu.Lock()
	l.put(rec)
	if l.file != nil {
		l.await(rec)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// await wants the lock. A record that waits already is replaced.
func (l *Log) await(rec Record) {
	for n := range l.waiting {
		if l.waiting[n].ID == rec.ID {
			l.waiting[n] = rec
			return
		}
	}
	if l.behind = l.behind || len(l.waiting) >= maxWaiting; !l.behind {
		l.waiting = append(l.waiting, rec)
	}
}

// put wants the lock. Failovers stay longest: a client that asks for refused failovers
// all day pushes out refusals and scripts only.
func (l *Log) put(rec Record) {
	for n := len(l.records) - 1; n >= 0; n-- {
		if l.records[n].ID == rec.ID {
			l.records[n] = rec
			return
		}
	}
	if len(l.records) >= MaxRecords {
		oldest := max(0, slices.IndexFunc(l.records, func(r Record) bool { return r.Kind != KindFailover }))
		l.records = slices.Delete(l.records, oldest, oldest+1)
	}
	l.records = append(l.records, rec)
}

// Records returns the records of a group, of all groups when it is "", newest first.
// They must not be changed.
func (l *Log) Records(group string) []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Record
	for _, rec := range slices.Backward(l.records) {
		if group == "" || rec.Group == group {
			list = append(list, rec)
		}
	}
	return list
}

// write is the goroutine that writes the file. What waits is written together.
func (l *Log) write() {
	defer close(l.done)
	again := time.NewTicker(retryEvery)
	defer again.Stop()
	for open := true; open; {
		select {
		case _, open = <-l.wake:
		case <-again.C: // what failed is tried again
		}
		l.flush()
	}
	l.file.close()
}

// flush writes what waits. After a write that failed, and when more came than may
// wait, the whole file is written anew from memory: nothing is missing for ever.
func (l *Log) flush() {
	l.mu.Lock()
	batch, behind := l.waiting, l.behind
	l.waiting, l.behind = nil, false
	l.mu.Unlock()
	var err error
	switch {
	case behind:
		err = l.file.compact(l.oldestFirst())
	case len(batch) == 0:
		return
	default:
		err = l.file.append(batch)
	}
	if err == nil && l.file.lines > 4*MaxRecords {
		err = l.file.compact(l.oldestFirst())
	}
	l.mu.Lock()
	l.failed, l.behind = err, l.behind || err != nil
	l.mu.Unlock()
}

func (l *Log) oldestFirst() []Record {
	list := l.Records("")
	slices.Reverse(list)
	return list
}

// closeWait bounds how long the last records are waited for at the end.
const closeWait = 300 * time.Millisecond

// Close writes what waits and ends. Keep must not be called any more.
func (l *Log) Close() {
	if l.file != nil {
		close(l.wake)
	}
	select {
	case <-l.done:
	case <-time.After(closeWait):
	}
}
