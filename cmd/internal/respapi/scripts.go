package respapi

import "picket/cmd/internal/scripts"

// Scripts tells of the scripts that run or wait to be run.
type Scripts interface {
	PendingScripts() []scripts.Pending
}

// sentinelPendingScripts answers with Sentinel's fields in their order
// (sentinelPendingScriptsCommand): the arguments are an array, all else is text.
func (s *Server) sentinelPendingScripts(c *call) {
	var list []scripts.Pending
	if s.cfg.Scripts != nil {
		list = s.cfg.Scripts.PendingScripts()
	}
	c.array(len(list))
	for _, p := range list {
		state, clock, elapsed := "scheduled", "run-delay", p.Delay
		if p.Running {
			state, clock, elapsed = "running", "run-time", p.RunTime
		}
		c.mapOf(5)
		c.bulk("argv")
		c.bulks(p.Argv)
		c.pair("flags", state)
		c.pair("pid", itoa(p.PID))
		c.pair(clock, itoa(int(elapsed.Milliseconds())))
		c.pair("retry-num", itoa(p.Tries))
	}
}
