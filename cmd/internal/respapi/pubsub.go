package respapi

import (
	"fmt"

	"picket/monitor"
	"picket/monitor/resp"
)

func (s *Server) subscribe(c *call)    { s.subscribeTo(c, channelKind) }
func (s *Server) psubscribe(c *call)   { s.subscribeTo(c, patternKind) }
func (s *Server) unsubscribe(c *call)  { s.leaveFrom(c, channelKind) }
func (s *Server) punsubscribe(c *call) { s.leaveFrom(c, patternKind) }

// subscribeTo confirms each name with the number of the client's channels and
// patterns together (subscribeCommand). It changes and confirms in the bus, so
// that no event from before a subscription comes after its confirmation, and
// every later one does.
func (s *Server) subscribeTo(c *call, k kind) {
	cmd := commands[k.subscribe]
	s.bus.do(func() {
		if !s.permits(c, cmd) { // again: rights lost meanwhile were looked for in the subscriptions there were
			return
		}
		for _, name := range c.args[1:] {
			if problem := s.bus.tooMuch(k, c.conn, name); problem != "" {
				c.fail(problem)
				return
			}
			if !k.names(c.conn).has(name) {
				s.bus.join(k, c.conn, name)
			}
			c.confirm(k.subscribe, name)
		}
	})
	c.noteSubscriptions()
}

// tooMuch says why a subscription is refused. Redis has no limits here; ours
// keep clients from making the monitor hold and match names without end.
func (b *bus) tooMuch(k kind, c *conn, name string) string {
	most, size := k.bounds(b.limits)
	switch {
	case len(name) > size:
		return fmt.Sprintf("ERR %s may have at most %d bytes", k.one, size)
	case k.names(c).has(name):
		return ""
	case k.names(c).len() >= most:
		return fmt.Sprintf("ERR a client may have at most %d %s", most, k.many)
	case b.subscriptions >= b.limits.AllSubscriptions:
		return fmt.Sprintf("ERR the monitor holds %d subscriptions already, no more are taken", b.subscriptions)
	case k.pattern && b.patterns[name] == nil && len(b.patterns) >= b.limits.AllPatterns:
		return fmt.Sprintf("ERR the monitor holds %d patterns already, no more are taken", len(b.patterns))
	}
	return ""
}

// leaveFrom always answers: with no names once per subscription, and with a
// null name when there was none (unsubscribeCommand).
func (s *Server) leaveFrom(c *call, k kind) {
	leaving := c.args[1:]
	if len(leaving) == 0 {
		leaving = k.names(c.conn).inOrder()
	}
	if len(leaving) == 0 {
		b := resp.AppendPush(nil, c.conn.proto, 3)
		b = resp.AppendBulk(b, k.leave)
		b = resp.AppendNull(b, c.conn.proto)
		c.send(resp.AppendInt(b, int64(c.subscriptions())))
		return
	}
	s.bus.do(func() {
		for _, name := range leaving {
			s.bus.part(k, c.conn, name)
			c.confirm(k.leave, name)
		}
	})
	c.noteSubscriptions()
}

// confirm queues one confirmation by itself, past the call's own reply, from
// the bus: events must not come between. CLIENT REPLY OFF does not stop it, as in
// 7.0.15.
func (c *call) confirm(what, name string) {
	b := resp.AppendPush(nil, c.conn.proto, 3)
	b = resp.AppendBulk(b, what)
	b = resp.AppendBulk(b, name)
	b = resp.AppendInt(b, int64(c.subscriptions()))
	c.send(b)
}

func (c *call) noteSubscriptions() {
	c.update(func(p *profile) { p.subs, p.psubs = c.channels.len(), c.patterns.len() })
}

// publish takes hellos only, and answers 1 whatever they say (sentinelPublishCommand).
func (s *Server) publish(c *call) {
	if c.args[1] != monitor.HelloChannel {
		c.fail("ERR Only HELLO messages are accepted by Sentinel instances.")
		return
	}
	if h, err := monitor.ParseHello(c.args[2]); err == nil {
		s.cfg.Peers.Hello(h)
	}
	c.number(1)
}
