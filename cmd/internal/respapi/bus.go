package respapi

import (
	"container/list"
	"sync/atomic"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/monitor/resp"
)

// maxNames is how many names of events a pattern remembers its answer for; a
// monitor publishes about sixty.
const maxNames = 128

// bus knows who has subscribed to what, and delivers. All of it but the backlog
// and the counts belongs to the goroutine of run; others reach it with do.
type bus struct {
	backlog
	log     *zap.Logger
	limits  *Limits
	dropped *atomic.Int64 // subscribers that did not read
	ended   chan struct{}

	channels      map[string]*topic
	patterns      map[string]*topic
	order         list.List // the patterns' topics, as they were first subscribed
	subscriptions int       // of all connections
	names         map[string]int
	message       []byte // the last one delivered, reused

	channelCount, patternCount atomic.Int64
}

// topic is a channel or a pattern with its subscribers.
type topic struct {
	name        string
	subscribers map[*conn]struct{}
	place       *list.Element // of a pattern, in order
	tried, hit  nameSet       // names that a pattern was matched against, and those of them that matched
}

// nameSet is a set of the names that bus.names numbers.
type nameSet [maxNames / 64]uint64

func (s *nameSet) has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }
func (s *nameSet) add(n int)      { s[n/64] |= 1 << (n % 64) }

func (b *bus) init(cfg *Config, dropped *atomic.Int64) {
	b.backlog.init(cfg.Limits.Backlog)
	b.log, b.limits, b.dropped, b.ended = cfg.Log, &cfg.Limits, dropped, make(chan struct{})
	b.channels, b.patterns, b.names = map[string]*topic{}, map[string]*topic{}, map[string]int{}
}

// Publish hands an event to those who subscribed to its name; they get events in
// the order of the calls. It returns at once, whatever they do: a goroutine of
// the server delivers. When that falls behind by more than Limits.Backlog the
// oldest events are lost, and a subscriber that left more unread than
// Limits.QueuedEvents is dropped. Events of LevelDebug are not published
// (sentinelEvent).
func (s *Server) Publish(ev monitor.Event) {
	if ev.Level != monitor.LevelDebug {
		s.bus.publish(ev)
	}
}

// run delivers until close.
func (b *bus) run() {
	defer close(b.ended)
	for range b.work {
		for b.step() {
		}
	}
}

// close ends run and returns when it has ended.
func (b *bus) close() {
	b.end()
	<-b.ended
}

func (b *bus) step() bool {
	if b.lossBegan() {
		b.log.Warn("events for subscribers are lost, they come faster than they can be delivered",
			zap.Int("limit_bytes", b.limits.Backlog), zap.Int64("lost_since_start", b.lost.Load()))
	}
	o, ev, found := b.next()
	switch {
	case !found:
		return false
	case o.run != nil:
		o.run()
		close(o.done)
	default:
		b.spread(ev)
	}
	return true
}

func (b *bus) spread(ev monitor.Event) {
	if t := b.channels[ev.Name]; t != nil {
		b.deliver(t, "message", ev.Name, ev.Payload)
	}
	number, numbered := b.number(ev.Name)
	for e := b.order.Front(); e != nil; e = e.Next() {
		t := e.Value.(*topic)
		if numbered && t.matches(number, ev.Name) || !numbered && MatchGlob(t.name, ev.Name) {
			b.deliver(t, "pmessage", t.name, ev.Name, ev.Payload)
		}
	}
}

// number returns the number of an event's name, false for names beyond maxNames.
func (b *bus) number(name string) (int, bool) {
	n, known := b.names[name]
	if !known && len(b.names) < maxNames {
		n, known = len(b.names), true
		b.names[name] = n
	}
	return n, known
}

// matches is MatchGlob, asked once for each name.
func (t *topic) matches(number int, name string) bool {
	if !t.tried.has(number) {
		t.tried.add(number)
		if MatchGlob(t.name, name) {
			t.hit.add(number)
		}
	}
	return t.hit.has(number)
}

func (b *bus) deliver(t *topic, words ...string) {
	b.message = resp.AppendCommand(b.message[:0], words...)
	for c := range t.subscribers {
		if !c.out.event(b.message) {
			b.dropped.Add(1)
			b.log.Warn("dropped a subscriber that does not read its events",
				zap.Stringer("client", c.nc.RemoteAddr()),
				zap.Int("limit_bytes", b.limits.QueuedEvents), zap.Int("limit_bytes_of_all", b.limits.Replies))
		}
	}
	if cap(b.message) > keepBuffer {
		b.message = nil
	}
}

// join subscribes c to a name that it has not subscribed to.
func (b *bus) join(k kind, c *conn, name string) {
	topics := k.topics(b)
	t := topics[name]
	if t == nil {
		t = &topic{name: name, subscribers: map[*conn]struct{}{}}
		if k.pattern {
			t.place = b.order.PushBack(t)
		}
		topics[name] = t
	}
	t.subscribers[c] = struct{}{}
	k.names(c).add(t.name) // one copy of the name for all
	b.subscriptions++
	b.count()
}

// part ends a subscription of c, if there is one.
func (b *bus) part(k kind, c *conn, name string) {
	if !k.names(c).has(name) {
		return
	}
	k.names(c).remove(name)
	topics := k.topics(b)
	t := topics[name]
	delete(t.subscribers, c)
	if len(t.subscribers) == 0 {
		if k.pattern {
			b.order.Remove(t.place)
		}
		delete(topics, name)
	}
	b.subscriptions--
	b.count()
}

// leave ends all subscriptions of a connection that is closing.
func (b *bus) leave(c *conn) {
	for _, k := range []kind{channelKind, patternKind} {
		for name := range k.names(c).came {
			b.part(k, c, name)
		}
	}
}

func (b *bus) count() {
	b.channelCount.Store(int64(len(b.channels)))
	b.patternCount.Store(int64(len(b.patterns)))
}

func (b *bus) counts() (channels, patterns int64) {
	return b.channelCount.Load(), b.patternCount.Load()
}

// kind is what channels and patterns differ in.
type kind struct {
	pattern   bool
	subscribe string
	leave     string
	one, many string // what errors call them
}

var (
	channelKind = kind{subscribe: "subscribe", leave: "unsubscribe", one: "the name of a channel", many: "channels"}
	patternKind = kind{pattern: true, subscribe: "psubscribe", leave: "punsubscribe", one: "a pattern", many: "patterns"}
)

// bounds returns how many names a connection may have, and of how many bytes.
func (k kind) bounds(l *Limits) (most, size int) {
	if k.pattern {
		return l.Patterns, l.PatternName
	}
	return l.Channels, l.ChannelName
}

func (k kind) topics(b *bus) map[string]*topic {
	if k.pattern {
		return b.patterns
	}
	return b.channels
}

func (k kind) names(c *conn) *names {
	if k.pattern {
		return &c.patterns
	}
	return &c.channels
}
