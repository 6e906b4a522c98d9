package daemon

import (
	"container/heap"

	"picket/monitor"
)

// wakeQueue orders groups by when they want to be stepped next.
type wakeQueue struct{ heap wakeHeap }

type wakeHeap []*watched

func (h wakeHeap) Len() int           { return len(h) }
func (h wakeHeap) Less(i, j int) bool { return h[i].wake < h[j].wake }
func (h wakeHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *wakeHeap) Push(x any) {
	w := x.(*watched)
	w.index = len(*h)
	*h = append(*h, w)
}
func (h *wakeHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	*h = old[:len(old)-1]
	w.index = -1
	return w
}

// set says when w wants to be stepped; Never takes it out.
func (q *wakeQueue) set(w *watched, at monitor.Instant) {
	w.wake = at
	switch {
	case at == monitor.Never:
		q.remove(w)
	case w.index >= 0:
		heap.Fix(&q.heap, w.index)
	default:
		heap.Push(&q.heap, w)
	}
}

func (q *wakeQueue) remove(w *watched) {
	if w.index >= 0 {
		heap.Remove(&q.heap, w.index)
	}
}

// next returns the earliest wake, Never when there is none.
func (q *wakeQueue) next() monitor.Instant {
	if len(q.heap) == 0 {
		return monitor.Never
	}
	return q.heap[0].wake
}

// pop takes out a group that is due at now, nil when none is.
func (q *wakeQueue) pop(now monitor.Instant) *watched {
	if len(q.heap) == 0 || q.heap[0].wake > now {
		return nil
	}
	return heap.Pop(&q.heap).(*watched)
}
