package respapi

import (
	"picket/failover"
	"picket/monitor"
)

// sentinelInfoCache answers, for each group that is known, its name and the last
// INFO of its master and replicas, each with its age in milliseconds. It is an
// array in RESP3 too. A replica that never told has the age 0, where Sentinel
// takes the time since the epoch.
func (s *Server) sentinelInfoCache(c *call) {
	var views []*failover.View
	seen := map[string]bool{}
	for _, name := range c.args[2:] {
		if v, ok := s.cfg.Reader.View(name); ok && !seen[name] {
			seen[name] = true
			views = append(views, v)
		}
	}
	now := s.cfg.Clock()
	c.array(2 * len(views))
	for _, v := range views {
		c.bulk(v.Settings.Name)
		c.array(1 + len(v.Replicas))
		c.cached(&v.Master, now)
		for i := range v.Replicas {
			c.cached(&v.Replicas[i], now)
		}
	}
}

func (c *call) cached(i *failover.InstanceView, now monitor.Instant) {
	c.array(2)
	c.number(now.Since(i.InfoAt).Milliseconds())
	if i.InfoAt == monitor.Never {
		c.null()
		return
	}
	c.bulk(i.InfoRaw)
}
