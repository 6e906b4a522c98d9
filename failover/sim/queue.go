package sim

import "time"

// event is something that happens at one moment of the virtual time. Events of
// one moment happen in the order in which they were planned.
type event struct {
	at  time.Duration
	key uint64 // in which order it was planned, then its slot in queue.runs
}

// slotBits is how much of a key names the slot: a million events may be planned
// at one time.
const slotBits = 20

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.key < f.key }

// queue is a heap of events, the earliest first. Each has four children; what is
// to run lies beside it, so that little is moved.
type queue struct {
	heap []event
	seq  uint64
	runs []func()
	free []uint64 // slots of runs
}

func (q *queue) push(at time.Duration, run func()) {
	q.seq++
	e := event{at: at, key: q.seq<<slotBits | q.slot(run)}
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(q.heap[up]) {
			break
		}
		q.heap[i] = q.heap[up]
		i = up
	}
	q.heap[i] = e
}

// slot puts run aside and returns where.
func (q *queue) slot(run func()) uint64 {
	if n := len(q.free); n > 0 {
		s := q.free[n-1]
		q.free = q.free[:n-1]
		q.runs[s] = run
		return s
	}
	q.runs = append(q.runs, run)
	if len(q.runs) > 1<<slotBits {
		panic("more events are planned than a key can tell apart")
	}
	return uint64(len(q.runs) - 1)
}

// due reports whether an event happens at or before t.
func (q *queue) due(t time.Duration) bool { return len(q.heap) > 0 && q.heap[0].at <= t }

// pop takes the earliest event.
func (q *queue) pop() (at time.Duration, run func()) {
	top := q.heap[0]
	n := len(q.heap) - 1
	last := q.heap[n]
	q.heap = q.heap[:n]
	if n > 0 {
		q.sink(last)
	}
	slot := top.key & (1<<slotBits - 1)
	run, q.runs[slot] = q.runs[slot], nil
	q.free = append(q.free, slot)
	return top.at, run
}

// sink puts e in the place of the top, and as far down as it belongs.
func (q *queue) sink(e event) {
	h := q.heap
	i := 0
	for {
		least := 4*i + 1
		if least >= len(h) {
			break
		}
		for child := least + 1; child < min(4*i+5, len(h)); child++ {
			if h[child].before(h[least]) {
				least = child
			}
		}
		if e.before(h[least]) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
}
