package respapi

import (
	"context"
	"math"

	"picket/monitor"
	"picket/monitor/resp"
)

func (s *Server) sentinelFailover(c *call) {
	s.decide(c, func(ctx context.Context) error { return s.cfg.Operator.Failover(ctx, c.args[2], monitor.Addr{}) })
}

// sentinelPromote is ours: a failover to the replica that the operator names.
func (s *Server) sentinelPromote(c *call) {
	if to, ok := c.addr(c.args[3:]); ok {
		s.decide(c, func(ctx context.Context) error { return s.cfg.Operator.Failover(ctx, c.args[2], to) })
	}
}

// sentinelForget is ours: RESET for one address.
func (s *Server) sentinelForget(c *call) {
	if addr, ok := c.addr(c.args[3:]); ok {
		s.decide(c, func(ctx context.Context) error { return s.cfg.Operator.Forget(ctx, c.args[2], addr) })
	}
}

// addr reads a host and a port; it answers with the error otherwise.
func (c *call) addr(words []string) (monitor.Addr, bool) {
	port, ok := resp.ParseInt(words[1])
	if !ok || port < 1 || port > math.MaxUint16 {
		c.fail(string(InvalidPort))
		return monitor.Addr{}, false
	}
	return monitor.Addr{Host: monitor.Canonical(words[0]), Port: int(port)}, true
}

// sentinelMonitor checks what is a matter of form, in Sentinel's order; whether
// the address makes sense and the name is free is the backend's to say.
func (s *Server) sentinelMonitor(c *call) {
	quorum, ok := resp.ParseInt(c.args[5])
	if !ok || quorum > math.MaxInt32 {
		c.fail("ERR Invalid quorum")
		return
	}
	port, ok := resp.ParseInt(c.args[4])
	if !ok {
		c.fail("ERR Invalid port")
		return
	}
	if quorum <= 0 {
		c.fail("ERR Quorum must be 1 or greater.")
		return
	}
	master := monitor.Addr{Host: c.args[3], Port: int(port)}
	s.decide(c, func(ctx context.Context) error {
		return s.cfg.Operator.MonitorGroup(ctx, c.args[2], master, int(quorum))
	})
}

func (s *Server) sentinelRemove(c *call) {
	s.decide(c, func(ctx context.Context) error { return s.cfg.Operator.Remove(ctx, c.args[2]) })
}

func (s *Server) sentinelSet(c *call) {
	s.decide(c, func(ctx context.Context) error { return s.cfg.Operator.Set(ctx, c.args[2], c.args[3:]) })
}

func (s *Server) sentinelReset(c *call) {
	n := 0
	if s.decided(c, func(ctx context.Context) (err error) { n, err = s.cfg.Operator.Reset(ctx, c.args[2]); return err }) {
		c.number(int64(n))
	}
}

func (s *Server) sentinelFlush(c *call) { s.decide(c, s.cfg.Operator.Flush) }
