package respapi

import (
	"net"
	"sync"
	"time"

	"picket/monitor/resp"
)

// longAgo is a deadline that has passed: setting it wakes whoever waits in a
// read or a write of the connection, and never blocks as closing TLS may.
var longAgo = time.Unix(1, 0)

const (
	writeChunk = 64 << 10 // bytes for which one write deadline is given
	keepBuffer = 4 << 10  // bytes of buffer that an idle connection may keep
)

// queue is what a connection has to write. The connection's reader and the
// publisher put bytes in, the one writer takes them all at once and swaps the
// buffers. Nobody but the writer waits for the network.
type queue struct {
	nc     net.Conn
	limits *Limits
	work   chan struct{} // wakes the writer
	room   chan struct{} // wakes the reader that waits for the writer
	gone   chan struct{} // closed when the connection was ended from outside

	mu      sync.Mutex
	pending []byte
	spare   []byte
	flying  int        // bytes that the writer took and has not written
	outlay  outlay     // for pending and flying
	due     time.Time  // by which what is in flight must be written
	events  int        // bytes of events in pending
	flyingE int        // bytes of events in flight
	full    time.Time  // since when more events wait than the soft limit, zero when fewer do
	proto   resp.Proto // of the events that are put in
	ended   bool       // nothing more is put in; what is there is still written
	dropped bool       // nothing more is written
}

func newQueue(nc net.Conn, limits *Limits, outlays *budget) *queue {
	return &queue{nc: nc, limits: limits, proto: resp.RESP2, outlay: outlay{budget: outlays},
		work: make(chan struct{}, 1), room: make(chan struct{}, 1), gone: make(chan struct{})}
}

// reply puts in the answer to a command; events that follow it are in proto. More
// bytes than keepBuffer belong to the queue from then on. It returns false when that
// was more than all clients together may leave unread.
func (q *queue) reply(b []byte, proto resp.Proto) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return true
	}
	q.proto = proto
	if q.overfull(len(b)) {
		q.drop()
		return true
	}
	if !q.covers(len(b)) {
		q.drop()
		return false
	}
	if len(q.pending) == 0 && cap(b) > keepBuffer {
		q.pending = b
	} else {
		q.pending = append(q.pending, b...)
	}
	wake(q.work)
	return true
}

// covers charges for what is held and n more bytes.
func (q *queue) covers(n int) bool { return q.outlay.cover(len(q.pending) + q.flying + n) }

// overfull reports whether n more bytes are too many for a client that reads too little.
func (q *queue) overfull(n int) bool {
	return q.limits.Unread > 0 && len(q.pending)+q.flying+n > q.limits.Unread
}

// tooMany reports whether n more bytes of events are too many: at once by the hard
// limit, after a while by the soft one (checkClientOutputBufferLimits).
func (q *queue) tooMany(n int) bool {
	held := q.events + q.flyingE + n
	if q.limits.SoftEvents == 0 || held <= q.limits.SoftEvents {
		q.full = time.Time{}
	} else if q.full.IsZero() {
		q.full = time.Now()
	} else if time.Since(q.full) > q.limits.SoftFor {
		return true
	}
	return held > q.limits.QueuedEvents || q.overfull(n)
}

// event puts in a message that was encoded as a RESP2 array; in RESP3 it
// becomes a push, whose header differs in one byte. It returns false when that
// was one too many for a subscriber that does not read.
func (q *queue) event(b []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return true
	}
	if q.tooMany(len(b)) || !q.covers(len(b)) {
		q.drop()
		return false
	}
	start := len(q.pending)
	q.pending = append(q.pending, b...)
	if q.proto == resp.RESP3 {
		q.pending[start] = '>'
	}
	q.events += len(b)
	wake(q.work)
	return true
}

// waitForRoom waits until the replies that the client has not read are few
// enough to answer another command. The writer's deadline bounds the wait. It
// returns false when the connection is being ended: what the client sent before
// is not to be run then.
func (q *queue) waitForRoom() bool {
	for {
		q.mu.Lock()
		full, ended := len(q.pending)+q.flying > q.limits.QueuedReplies, q.ended
		q.mu.Unlock()
		if ended || !full {
			return !ended
		}
		<-q.room
	}
}

// end lets the writer write what is there, within one write deadline, and return.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return
	}
	q.ended = true
	q.arm()
	wake(q.work)
}

// abort ends the connection at once, without writing what is there.
func (q *queue) abort() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop()
}

func (q *queue) drop() {
	if !q.dropped {
		close(q.gone)
	}
	q.ended, q.dropped = true, true
	q.pending, q.events = nil, 0
	q.covers(0)
	_ = q.nc.SetDeadline(longAgo) // fails only on a closed connection
	wake(q.work)
	wake(q.room)
}

func (q *queue) isDropped() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// over reports whether the connection is being ended.
func (q *queue) over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended
}

// held returns how many bytes wait to be written.
func (q *queue) held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.pending) + q.flying
}

// write is the writer's loop. It returns when the queue has ended and is empty,
// or when the connection takes no more.
func (q *queue) write(wrote func(n int)) {
	defer q.landed()
	for range q.work {
		for {
			b, more := q.take()
			if !more {
				return
			}
			if len(b) == 0 {
				break
			}
			if !q.send(b) {
				q.abort()
				return
			}
			wrote(len(b))
			q.done(b)
		}
	}
}

// take returns all that waits; more is false when nothing ever will again.
func (q *queue) take() (b []byte, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped || (q.ended && len(q.pending) == 0) {
		return nil, false
	}
	b = q.pending
	q.pending, q.spare = q.spare[:0], nil
	q.flying, q.flyingE, q.events = len(b), q.events, 0
	q.due = time.Now().Add(q.limits.ReplyTimeout)
	return b, true
}

func (q *queue) done(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying, q.flyingE, q.due = 0, 0, time.Time{}
	q.covers(0)
	if cap(b) <= keepBuffer {
		q.spare = b[:0]
	}
	wake(q.room)
}

// landed gives back what was charged for bytes that the connection did not take.
func (q *queue) landed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying = 0
	q.covers(0)
}

func (q *queue) send(b []byte) bool {
	for len(b) > 0 {
		n := min(len(b), writeChunk)
		q.mu.Lock()
		if !q.ended {
			q.arm()
		}
		q.mu.Unlock()
		if _, err := q.nc.Write(b[:n]); err != nil {
			return false
		}
		b = b[n:]
	}
	return true
}

// arm gives the next write its time. Under the lock, so that a deadline never
// replaces the one by which drop woke the writer.
func (q *queue) arm() {
	by := time.Now().Add(q.limits.WriteTimeout)
	if !q.due.IsZero() && q.due.Before(by) {
		by = q.due
	}
	_ = q.nc.SetWriteDeadline(by) // fails only on a closed connection
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
