package sim

import "time"

// event is something that happens at one moment of the virtual time.
type event struct {
	at  time.Duration
	seq uint64 // events of one moment happen in the order in which they were planned
	run func()
}

// queue is a heap of events, the earliest first.
type queue struct {
	heap []event
	seq  uint64
}

func (q *queue) less(a, b int) bool {
	if q.heap[a].at != q.heap[b].at {
		return q.heap[a].at < q.heap[b].at
	}
	return q.heap[a].seq < q.heap[b].seq
}

func (q *queue) push(at time.Duration, run func()) {
	q.seq++
	q.heap = append(q.heap, event{at: at, seq: q.seq, run: run})
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !q.less(i, up) {
			return
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *queue) pop() event {
	top := q.heap[0]
	n := len(q.heap) - 1
	q.heap[0], q.heap[n] = q.heap[n], event{}
	q.heap = q.heap[:n]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < n; child++ {
			if q.less(child, least) {
				least = child
			}
		}
		if least == i {
			return top
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}
