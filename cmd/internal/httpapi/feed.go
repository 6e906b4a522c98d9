package httpapi

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"picket/monitor"
)

const (
	// feedQueue is how many events may wait for the feed's goroutine.
	feedQueue = 4096
	// kept is how many of the newest events a stream that begins, or comes back, is given.
	kept = 200
)

// feed hands events to the streams. All but publish belongs to the goroutine of run;
// others reach it with do.
type feed struct {
	limits  Limits
	queue   chan occurrence
	do      chan func()
	ending  chan struct{}
	ended   chan struct{}
	lost    atomic.Int64 // events that came faster than they could be handed on
	dropped atomic.Int64 // streams that did not read
	open    atomic.Int64 // streams

	number  uint64
	epoch   string // of this feed: numbers of another one mean nothing to it
	recent  []message
	streams map[*stream]struct{}
}

type occurrence struct {
	at time.Time
	e  monitor.Event
}

// message is an event as streams send it.
type message struct {
	number uint64
	text   []byte
}

// stream is one client that follows.
type stream struct {
	out  chan message
	gone bool
}

func newFeed(l Limits) *feed {
	f := &feed{
		limits: l, queue: make(chan occurrence, feedQueue), do: make(chan func()), ending: make(chan struct{}), ended: make(chan struct{}),
		epoch: strconv.FormatInt(time.Now().UnixNano(), 36), streams: map[*stream]struct{}{},
	}
	go f.run()
	return f
}

// publish hands an event on. It never waits.
func (f *feed) publish(at time.Time, e monitor.Event) {
	select {
	case f.queue <- occurrence{at, e}:
	default:
		f.lost.Add(1)
	}
}

func (f *feed) run() {
	defer close(f.ended)
	for {
		select {
		case o := <-f.queue:
			f.spread(o)
		case job := <-f.do:
			job()
		case <-f.ending:
			for s := range f.streams {
				f.drop(s)
			}
			return
		}
	}
}

// close ends the streams and returns when they have been told.
func (f *feed) close() {
	select {
	case <-f.ending:
	default:
		close(f.ending)
	}
	<-f.ended
}

// Event is one event of /api/events.
type Event struct {
	At     string `json:"at"`
	Event  string `json:"event"`
	Text   string `json:"text"`
	Group  string `json:"group"`
	Reason string `json:"reason"`
}

func (f *feed) spread(o occurrence) {
	body, err := json.Marshal(Event{stamp(o.at), o.e.Name, o.e.Payload, o.e.Group, string(o.e.Reason)})
	if err != nil {
		return // strings always encode
	}
	f.number++
	text := slices.Concat([]byte("id: "+f.epoch+"-"+strconv.FormatUint(f.number, 10)+"\ndata: "), body, []byte("\n\n"))
	m := message{f.number, text}
	if len(f.recent) >= kept {
		f.recent = slices.Delete(f.recent, 0, 1)
	}
	f.recent = append(f.recent, m)
	for s := range f.streams {
		select {
		case s.out <- m:
		default:
			f.dropped.Add(1)
			f.drop(s)
		}
	}
}

// join begins a stream after the event that lastID names: what was missed since, or the
// newest events when it names none of ours. It returns nil when there are enough
// streams, or the feed has ended.
func (f *feed) join(lastID string) *stream {
	var s *stream
	done := make(chan struct{})
	job := func() {
		defer close(done)
		if len(f.streams) >= f.limits.Streams {
			return
		}
		s = &stream{out: make(chan message, f.limits.StreamQueue+kept)}
		after := f.numberOf(lastID)
		for _, m := range f.recent {
			if m.number > after {
				s.out <- m
			}
		}
		f.streams[s] = struct{}{}
		f.open.Add(1)
	}
	select {
	case f.do <- job:
		<-done
	case <-f.ended:
	}
	return s
}

// numberOf reads an id that this feed gave, 0 for any other.
func (f *feed) numberOf(id string) uint64 {
	if len(id) <= len(f.epoch) || id[:len(f.epoch)] != f.epoch || id[len(f.epoch)] != '-' {
		return 0
	}
	n, err := strconv.ParseUint(id[len(f.epoch)+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// leave ends a stream whose client went.
func (f *feed) leave(s *stream) {
	select {
	case f.do <- func() { f.drop(s) }:
	case <-f.ended:
	}
}

// drop ends a stream: its channel is closed behind what it still holds.
func (f *feed) drop(s *stream) {
	if !s.gone {
		s.gone = true
		delete(f.streams, s)
		f.open.Add(-1)
		close(s.out)
	}
}
