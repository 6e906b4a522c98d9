package respapi

import (
	"context"
	"strings"
)

var failures = []struct {
	name string
	flag Failures
}{{"crash-after-election", CrashAfterElection}, {"crash-after-promotion", CrashAfterPromotion}}

// sentinelSimulate forgets what was asked before, whatever follows, as Sentinel
// does (sentinelSimulateFailureCommand).
func (s *Server) sentinelSimulate(c *call) {
	var asked Failures
	defer func() { s.cfg.Knobs.Simulate(asked) }()
	for _, word := range c.args[2:] {
		if strings.EqualFold(word, "help") {
			c.array(len(failures))
			for _, f := range failures {
				c.bulk(f.name)
			}
			return
		}
		flag := failureNamed(word)
		if flag == 0 {
			c.fail("ERR Unknown failure simulation specified")
			return
		}
		asked |= flag
	}
	c.ok()
}

func failureNamed(word string) Failures {
	for _, f := range failures {
		if strings.EqualFold(word, f.name) {
			return f.flag
		}
	}
	return 0
}

const configForms = "ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported."

// sentinelConfig takes several options at once, as newer Redis and Valkey do.
func (s *Server) sentinelConfig(c *call) {
	words := c.args[3:]
	switch verb := strings.ToLower(c.args[2]); {
	case verb == "get" && len(words) > 0:
		c.settings(s.cfg.Knobs.Globals(), words)
	case verb == "set" && len(words) > 0 && len(words)%2 == 0:
		s.decide(c, func(ctx context.Context) error { return s.cfg.Knobs.SetGlobals(ctx, words) })
	default:
		c.fail(configForms)
	}
}

// settings tells what the patterns match, in the order of the patterns and each
// setting once.
func (c *call) settings(all []Setting, patterns []string) {
	told := map[string]bool{}
	var f fields
	for _, pattern := range patterns {
		for _, one := range all {
			if !told[one.Name] && MatchGlob(strings.ToLower(pattern), one.Name) {
				told[one.Name] = true
				f.add(one.Name, one.Value)
			}
		}
	}
	c.fields(f)
}
