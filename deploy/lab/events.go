package lab

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Event is one message that a monitor published.
type Event struct {
	At      time.Time
	Channel string
	Payload string
}

func (e Event) String() string {
	return e.At.Format("15:04:05.000 ") + e.Channel + " " + e.Payload
}

// Match says which events are meant.
type Match func(Event) bool

// On matches events of a channel whose payload contains every one of the given texts.
func On(channel string, texts ...string) Match {
	return func(e Event) bool {
		if e.Channel != channel {
			return false
		}
		for _, t := range texts {
			if !strings.Contains(e.Payload, t) {
				return false
			}
		}
		return true
	}
}

// Events follows what one monitor publishes, over all its runs, and keeps it.
type Events struct {
	addr string
	dial func(context.Context) (*Conn, error)

	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
	done   chan struct{}

	mu      sync.Mutex
	list    []Event
	changed chan struct{} // closed and replaced when list grows
}

func follow(addr string, dial func(context.Context) (*Conn, error)) *Events {
	ctx, cancel := context.WithCancel(context.Background())
	return &Events{addr: addr, dial: dial, ctx: ctx, cancel: cancel,
		done: make(chan struct{}), changed: make(chan struct{})}
}

// start begins to follow; later calls do nothing.
func (e *Events) start() {
	e.once.Do(func() { go e.run() })
}

func (e *Events) close() {
	e.cancel()
	started := true
	e.once.Do(func() { started = false })
	if started {
		<-e.done
	}
}

// run subscribes again whenever the connection is lost. It dials often, so that
// the first events of a monitor that just started are not missed.
func (e *Events) run() {
	defer close(e.done)
	for e.ctx.Err() == nil {
		e.follow()
		select {
		case <-e.ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (e *Events) follow() {
	ctx, cancel := context.WithTimeout(e.ctx, time.Second)
	c, err := e.dial(ctx)
	cancel()
	if err != nil {
		return
	}
	stop := context.AfterFunc(e.ctx, func() { c.Close() })
	defer func() { stop(); c.Close() }()
	if _, err := c.Write(Encode("PSUBSCRIBE", "*")); err != nil {
		return
	}
	for {
		reply, err := c.Receive()
		if err != nil {
			return
		}
		if f := Strings(reply); len(f) == 4 && f[0] == "pmessage" {
			e.add(Event{At: time.Now(), Channel: f[2], Payload: f[3]})
		}
	}
}

func (e *Events) add(ev Event) {
	e.mu.Lock()
	e.list = append(e.list, ev)
	close(e.changed)
	e.changed = make(chan struct{})
	e.mu.Unlock()
}

// All returns every event so far.
func (e *Events) All() []Event {
	list, _ := e.from(0)
	return list
}

func (e *Events) from(i int) ([]Event, chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Event(nil), e.list[min(i, len(e.list)):]...), e.changed
}

// Find returns the events so far that match.
func (e *Events) Find(match Match) []Event {
	var found []Event
	for _, ev := range e.All() {
		if match(ev) {
			found = append(found, ev)
		}
	}
	return found
}

// Mark is a place in the stream: events after it are those published later.
func (e *Events) Mark() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.list)
}

// Wait returns the first event at or after mark that matches, waiting for it
// until ctx ends. The error tells what was published instead.
func (e *Events) Wait(ctx context.Context, mark int, match Match) (Event, error) {
	for next := mark; ; {
		list, changed := e.from(next)
		for _, ev := range list {
			if match(ev) {
				return ev, nil
			}
		}
		next += len(list)
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("wait for an event of %s: %w; it published:\n%s", e.addr, ctx.Err(), e.text(mark))
		}
	}
}

func (e *Events) text(mark int) string {
	list, _ := e.from(mark)
	lines := make([]string, len(list))
	for i, ev := range list {
		lines[i] = "  " + ev.String()
	}
	return strings.Join(lines, "\n")
}
