package respapi

import (
	"fmt"
	"slices"

	"picket/monitor"
	"picket/monitor/resp"
)

func (s *Server) subscribe(c *call)    { s.subscribeTo(c, channelKind) }
func (s *Server) psubscribe(c *call)   { s.subscribeTo(c, patternKind) }
func (s *Server) unsubscribe(c *call)  { s.leaveFrom(c, channelKind) }
func (s *Server) punsubscribe(c *call) { s.leaveFrom(c, patternKind) }

// subscribeTo confirms each name with the number of the client's channels and
// patterns together (subscribeCommand). Redis has no limit here; ours keeps one
// client from making the monitor hold and match names without end.
func (s *Server) subscribeTo(c *call, k kind) {
	names := k.names(c.conn)
	for _, name := range c.args[1:] {
		if problem := s.tooMuch(c, name); problem != "" {
			c.fail(problem)
			return
		}
		if !slices.Contains(*names, name) {
			*names = append(*names, name)
		}
		s.bus.join(k, c.conn, name, func() { c.confirm(k.subscribe, name) })
	}
	c.noteSubscriptions()
}

func (s *Server) tooMuch(c *call, name string) string {
	l := s.cfg.Limits
	if len(name) > l.ChannelName {
		return fmt.Sprintf("ERR the name of a channel or pattern may have at most %d bytes", l.ChannelName)
	}
	if len(c.channels)+len(c.patterns) >= l.Subscriptions {
		return fmt.Sprintf("ERR a client may have at most %d subscriptions", l.Subscriptions)
	}
	return ""
}

// leaveFrom always answers: with no names once per subscription, and with a
// null name when there was none (unsubscribeCommand).
func (s *Server) leaveFrom(c *call, k kind) {
	names := k.names(c.conn)
	leaving := c.args[1:]
	if len(leaving) == 0 {
		leaving = slices.Clone(*names)
	}
	if len(leaving) == 0 {
		c.buf = resp.AppendPush(c.buf, c.conn.proto, 3)
		c.bulk(k.leave)
		c.null()
		c.number(int64(len(c.channels) + len(c.patterns)))
		return
	}
	for _, name := range leaving {
		*names = slices.DeleteFunc(*names, func(n string) bool { return n == name })
		s.bus.part(k, c.conn, name, func() { c.confirm(k.leave, name) })
	}
	c.noteSubscriptions()
}

// confirm queues one confirmation by itself, past the call's own reply: the bus
// is locked, and events must not come between.
func (c *call) confirm(what, name string) {
	b := resp.AppendPush(nil, c.conn.proto, 3)
	b = resp.AppendBulk(b, what)
	b = resp.AppendBulk(b, name)
	b = resp.AppendInt(b, int64(len(c.channels)+len(c.patterns)))
	c.out.reply(b, c.conn.proto)
}

func (c *call) noteSubscriptions() {
	c.update(func(p *profile) { p.subs, p.psubs = len(c.channels), len(c.patterns) })
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
