package cli

import "fmt"

// problem is something about a group that an operator should look at.
type problem struct {
	Severity string `json:"severity"` // "down": the master is; "warning": anything else
	About    string `json:"about"`    // an address, or "" for the group
	Text     string `json:"text"`
}

const (
	severityDown    = "down"
	severityWarning = "warning"
)

// judge finds what is wrong with a group.
func (g *groupStatus) judge() {
	g.Problems = []problem{}
	g.judgeMaster()
	for _, r := range g.Replicas {
		g.judgeReplica(r)
	}
	for _, m := range g.Monitors {
		if m.Down || !m.Connected {
			g.warn(m.Address, "this monitor does not answer")
		}
	}
	if !g.Electable {
		g.warn("", "no failover could be agreed upon: "+g.Majority)
	}
	if len(g.Replicas) == 0 {
		g.warn("", "no replica is known: nothing could be promoted")
	}
}

func (g *groupStatus) warn(about, text string) {
	g.Problems = append(g.Problems, problem{severityWarning, about, text})
}

func (g *groupStatus) judgeMaster() {
	m := g.Master
	switch {
	case m.ODown:
		g.Problems = append(g.Problems, problem{severityDown, m.Address, "the master is down, and enough monitors agree" + because(m.Reason)})
	case m.Down:
		g.Problems = append(g.Problems, problem{severityDown, m.Address, "this monitor holds the master to be down" + because(m.Reason)})
	case m.State == "script-blocked":
		g.warn(m.Address, fmt.Sprintf("a script has blocked the master for %s; it is alive", spell(m.Blocked)))
	case m.State != "up":
		g.warn(m.Address, "the master is "+m.State+because(m.Reason))
	}
	if g.Failover != "" {
		g.warn("", "a failover is under way: "+g.Failover)
	}
}

func (g *groupStatus) judgeReplica(r instanceStatus) {
	switch {
	case r.Down:
		g.warn(r.Address, "the replica is down"+because(r.Reason))
	case r.State != "up" && r.State != "applying":
		g.warn(r.Address, "the replica is "+r.State+because(r.Reason))
	case !r.LinkUp:
		g.warn(r.Address, "its link to the master is down")
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + explained(reason) + ")"
}

// exit is the exit code that the groups call for: the worst of them.
func (r report) exit() int {
	code := exitOK
	for _, g := range r.Groups {
		for _, p := range g.Problems {
			if p.Severity == severityDown {
				return exitDown
			}
			code = exitWarning
		}
	}
	return code
}
