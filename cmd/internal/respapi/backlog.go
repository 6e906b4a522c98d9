package respapi

import (
	"sync"
	"sync/atomic"

	"picket/monitor"
)

// backlog is what waits for the bus: events, and orders that connections place
// between them. Adding takes the time of an append under a lock that nobody
// holds for longer, whatever the bus is at: the decision loop publishes.
type backlog struct {
	limit int          // bytes of events
	lost  atomic.Int64 // events that the limit pushed out

	work chan struct{} // wakes the bus; closed by end

	mu     sync.Mutex
	events fifo[numbered]
	orders fifo[order] // at most one for each connection, which waits for it
	last   uint64      // number of the latest event
	bytes  int         // of events
	losing loss
	ended  bool
}

// numbered is an event with its place in the order of publishing.
type numbered struct {
	monitor.Event
	number uint64
}

// eventOverhead is about what an event costs beside its words, in bytes.
const eventOverhead = 128

func (n *numbered) size() int { return len(n.Name) + len(n.Payload) + eventOverhead }

// order is something to do in the bus's goroutine once the event numbered after
// has been delivered, and before the next one is.
type order struct {
	after uint64
	run   func()
	done  chan struct{}
}

// loss says whether events are being lost. A burst of losses lasts until no
// event waits, and is reported once.
type loss uint8

const (
	lossNone loss = iota
	lossNew
	lossReported
)

func (b *backlog) init(limit int) { b.limit, b.work = limit, make(chan struct{}, 1) }

// publish adds an event. When there is no room for it, the oldest make some:
// who was left behind is better served by what is true now.
func (b *backlog) publish(ev monitor.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.last++
	n := numbered{ev, b.last}
	b.events.push(n)
	for b.bytes += n.size(); b.bytes > b.limit; {
		b.shift()
		b.lost.Add(1)
		b.losing = max(b.losing, lossNew)
	}
	wake(b.work)
}

func (b *backlog) shift() numbered {
	n := b.events.shift()
	b.bytes -= n.size()
	return n
}

// do runs f in the bus's goroutine, after what was published so far and before
// what is published later, and returns when it has.
func (b *backlog) do(f func()) {
	o := order{run: f, done: make(chan struct{})}
	if b.place(&o) {
		<-o.done
	}
}

func (b *backlog) place(o *order) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false
	}
	o.after = b.last
	b.orders.push(*o)
	wake(b.work)
	return true
}

// next takes what is to be done next: an order, or an event, or neither when
// nothing waits.
func (b *backlog) next() (o order, ev monitor.Event, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first, waits := b.events.peek()
	if o, placed := b.orders.peek(); placed && (!waits || o.after < first.number) {
		return b.orders.shift(), monitor.Event{}, true
	}
	if !waits {
		b.losing = lossNone
		return order{}, monitor.Event{}, false
	}
	return order{}, b.shift().Event, true
}

// lossBegan returns true once in a burst of losses.
func (b *backlog) lossBegan() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.losing != lossNew {
		return false
	}
	b.losing = lossReported
	return true
}

// end lets the bus return; what is published later is forgotten. No order may wait.
func (b *backlog) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.ended = true
		close(b.work)
	}
}

// fifo is a linked list: adding to it never copies what is in it, as growing a
// slice does.
type fifo[T any] struct {
	first, last *cell[T]
	len         int
}

type cell[T any] struct {
	value T
	next  *cell[T]
}

func (f *fifo[T]) push(value T) {
	c := &cell[T]{value: value}
	if f.len == 0 {
		f.first = c
	} else {
		f.last.next = c
	}
	f.last = c
	f.len++
}

func (f *fifo[T]) peek() (value T, found bool) {
	if f.len == 0 {
		return value, false
	}
	return f.first.value, true
}

// shift takes the first value of a list that is not empty.
func (f *fifo[T]) shift() T {
	value := f.first.value
	f.first = f.first.next
	if f.len--; f.len == 0 {
		f.last = nil
	}
	return value
}
