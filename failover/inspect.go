package failover

import "picket/monitor"

// VoteRefusal says why a vote that is asked for now would not be given, or ""
// if it would. It changes nothing but the time; the simulator counts reasons by it.
func (g *Group) VoteRefusal(now monitor.Instant, in VoteAsked) monitor.Reason {
	g.now = max(now, g.now)
	return g.refuseVote(in)
}

// Candidates judges every replica for promotion as an elected leader would now,
// best first.
func (g *Group) Candidates(now monitor.Instant) []Candidate {
	g.now = max(now, g.now)
	return g.candidates(g.odownSince)
}

// Held says why a failover that is due does not start, "" when none is due or
// one runs.
func (g *Group) Held() monitor.Reason { return g.held }
