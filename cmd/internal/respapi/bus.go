package respapi

import (
	"slices"
	"sync"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/monitor/resp"
)

// bus knows who has subscribed to what.
type bus struct {
	mu       sync.Mutex
	channels map[string]topic
	patterns map[string]topic
	order    []string // of the patterns, as they were first subscribed
}

type topic map[*conn]struct{}

func (b *bus) init() {
	b.channels, b.patterns = map[string]topic{}, map[string]topic{}
}

// Publish delivers an event to those who subscribed to its name. It never
// blocks: a subscriber that left more unread than Limits.QueuedEvents is
// dropped. Events of LevelDebug are not published (sentinelEvent).
func (s *Server) Publish(ev monitor.Event) {
	if ev.Level == monitor.LevelDebug {
		return
	}
	b := &s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if to := b.channels[ev.Name]; len(to) > 0 {
		s.deliver(to, encode("message", ev.Name, ev.Payload))
	}
	for _, pattern := range b.order {
		if MatchGlob(pattern, ev.Name) {
			s.deliver(b.patterns[pattern], encode("pmessage", pattern, ev.Name, ev.Payload))
		}
	}
}

func encode(words ...string) []byte { return resp.AppendCommand(nil, words...) }

func (s *Server) deliver(to topic, message []byte) {
	for c := range to {
		if !c.out.event(message) {
			s.stats.dropped.Add(1)
			s.cfg.Log.Warn("dropped a subscriber that does not read its events",
				zap.Stringer("client", c.nc.RemoteAddr()), zap.Int("limit_bytes", s.cfg.Limits.QueuedEvents))
		}
	}
}

// join and part change a subscription and queue its confirmation in one step,
// so that no event comes before the one or after the other.
func (b *bus) join(k kind, c *conn, name string, confirm func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	topics := k.topics(b)
	if topics[name] == nil {
		topics[name] = topic{}
		if k.pattern {
			b.order = append(b.order, name)
		}
	}
	topics[name][c] = struct{}{}
	confirm()
}

func (b *bus) part(k kind, c *conn, name string, confirm func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(k, c, name)
	confirm()
}

func (b *bus) remove(k kind, c *conn, name string) {
	topics := k.topics(b)
	delete(topics[name], c)
	if len(topics[name]) > 0 {
		return
	}
	if _, known := topics[name]; known && k.pattern {
		b.order = slices.DeleteFunc(b.order, func(p string) bool { return p == name })
	}
	delete(topics, name)
}

// leave ends all subscriptions of a connection that is closing.
func (b *bus) leave(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range c.channels {
		b.remove(channelKind, c, name)
	}
	for _, name := range c.patterns {
		b.remove(patternKind, c, name)
	}
}

func (b *bus) counts() (channels, patterns int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.channels), len(b.patterns)
}

// kind is what channels and patterns differ in.
type kind struct {
	pattern   bool
	subscribe string
	leave     string
}

var (
	channelKind = kind{subscribe: "subscribe", leave: "unsubscribe"}
	patternKind = kind{pattern: true, subscribe: "psubscribe", leave: "punsubscribe"}
)

func (k kind) topics(b *bus) map[string]topic {
	if k.pattern {
		return b.patterns
	}
	return b.channels
}

func (k kind) names(c *conn) *[]string {
	if k.pattern {
		return &c.patterns
	}
	return &c.channels
}
