package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// opinionPeriod is how often an opinion is renewed while the master is not up.
const opinionPeriod = time.Second

// agree decides odown from what the voters hold (Sentinel: only a master's own
// sdown asks the others).
func (g *Group) agree() {
	m := g.master()
	g.agreed = quorum.Verdict{Quorum: g.set.Quorum, Reason: quorum.ReasonNotDownHere}
	if m.Down() {
		g.agreed = quorum.Agree(g.minds(), m.RunID, g.set.Quorum, g.votersAll())
	}
	switch {
	case g.agreed.ODown && g.odownSince == monitor.Never:
		g.odownSince = g.now
		g.warn("+odown", g.masterSubject().String()+" #quorum "+itoa(g.agreed.Down)+"/"+itoa(g.agreed.Quorum), g.agreed.Reason)
		g.retarget = true
		for _, i := range g.replicas() {
			g.do(Refresh{Addr: i.Addr})
		}
	case !g.agreed.ODown && g.odownSince != monitor.Never:
		g.odownSince, g.retarget, g.backoff = monitor.Never, true, 0
		g.heldTold = ""
		g.warn("-odown", g.masterSubject().String(), g.agreed.Reason)
	}
}

// tell sends our opinion of the master to the peers the moment it changes, and
// renews it while the master is not up.
func (g *Group) tell() {
	m := g.master()
	o := quorum.Opinion{
		Author: g.self, Group: g.set.Name, Master: g.config.Master, RunID: m.RunID, Epoch: g.config.Epoch,
		State: m.Verdict.State, Reason: m.Verdict.Reason, Down: m.Down(), Age: g.evidenceAge(m),
	}
	same := o.Master == g.opinion.Master && o.State == g.opinion.State && o.Down == g.opinion.Down && o.RunID == g.opinion.RunID
	calm := o.State == monitor.StateUp || o.State == monitor.StateUnknown
	if same && (calm || !g.after(g.toldAt, opinionPeriod)) {
		return
	}
	g.seq++
	o.Version = quorum.Version{Boot: g.boot, Seq: g.seq}
	g.opinion, g.toldAt = o, g.now
	g.do(TellOpinion{o})
}

// evidenceAge is how old the evidence for the verdict is: for BUSY and the
// silence after it, the last BUSY reply.
func (g *Group) evidenceAge(i *Instance) time.Duration {
	switch i.Verdict.State {
	case monitor.StateScriptBlocked:
		return g.now.Since(max(i.Evidence.BusyLast, i.Evidence.Hidden))
	case monitor.StateFinishing:
		return 0 // the grace itself bounds it
	}
	return 0
}

// askAll asks every peer once a second while the master is sdown, over RESP:
// agreement does not depend on gossip.
func (g *Group) askAll() {
	if !g.master().Down() || g.attempt.voting() {
		return
	}
	if g.askedAt != monitor.Never && !g.after(g.askedAt, askPeriod) {
		return
	}
	g.askedAt = g.now
	g.lookAgain(g.now.Add(askPeriod))
	for _, v := range g.voters {
		g.ask(v, g.epochs.Current, "")
	}
}

// ask asks one voter; a candidate's own id asks for its vote.
func (g *Group) ask(v *Voter, epoch uint64, candidate quorum.ID) uint64 {
	q := quorum.Question{
		Peer: v.ID, Addr: v.Addr, Group: g.set.Name, Master: g.config.Master,
		Epoch: epoch, Candidate: candidate, Deadline: time.Second,
	}
	if p := g.roster.Get(v.ID); p != nil {
		q.Kind = p.Kind
	}
	q.Effect = g.effect + 1
	return g.do(Ask{q})
}

// answered takes a peer's answer.
func (g *Group) answered(a quorum.Answer) {
	if g.confirmed(a) || a.Err != "" {
		g.attemptAnswered(a)
		return
	}
	v := g.voter(a.Peer)
	if v == nil {
		return
	}
	g.said(v, a)
	g.attemptAnswered(a)
	g.configAnswered(v, a)
}

// said notes what a voter says of the master, its vote and its epoch.
func (g *Group) said(v *Voter, a quorum.Answer) {
	v.SaidDown, v.SaidAt = a.Down, a.At
	if a.Leader != "" {
		v.VotedFor, v.VotedEpoch = a.Leader, a.LeaderEpoch
	}
	if p := g.roster.Get(v.ID); p != nil && a.Kind != quorum.KindUnknown {
		p.Kind = a.Kind
	}
	if o := a.Opinion; o != nil && o.Author == v.ID {
		v.Opinion, v.OpinionAt = *o, a.At // its own word, now: that renews it
	}
	g.epochSeen(max(a.CurrentEpoch, a.LeaderEpoch, a.Config.Epoch))
}

// epochSeen takes a higher epoch that a confirmed peer told us.
func (g *Group) epochSeen(epoch uint64) {
	if g.epochs.Observe(epoch) {
		g.warn("+new-epoch", utoa(epoch), "")
		g.dirty = true
	}
}

// voteAsked answers a candidate: our vote in that epoch if it can have it, else
// whom we voted for last. A vote is answered after it is durable.
func (g *Group) voteAsked(in VoteAsked) {
	reason := g.refuseVote(in)
	if reason == "" {
		if g.epochs.Observe(in.Epoch) {
			g.warn("+new-epoch", utoa(in.Epoch), "")
		}
		g.ballot.Cast(in.Candidate, in.Epoch, g.leaseFor(in.Candidate))
		g.standBack()
		g.warn("+vote-for-leader", string(in.Candidate)+" "+utoa(in.Epoch), "")
	}
	if g.ballot.Leader == in.Candidate && g.ballot.Epoch == in.Epoch {
		g.promise() // also when asked again: the first answer may still wait for the disk
	}
	g.do(AnswerVote{Ticket: in.Ticket, Leader: g.ballot.Leader, Epoch: g.ballot.Epoch})
}

func (g *Group) refuseVote(in VoteAsked) monitor.Reason {
	switch {
	case in.Candidate == g.self:
		return quorum.ReasonImpostor
	case g.voter(in.Candidate) == nil:
		return quorum.ReasonNotVoter
	case !g.epochs.Plausible(in.Epoch):
		return quorum.ReasonEpochAbsurd
	case g.shared.unsaved != "":
		return quorum.ReasonUnsaved
	case !g.impostor.IsZero():
		return quorum.ReasonImpostor
	case g.attempt.leads():
		return quorum.ReasonPromoting
	case g.ownBusy() && g.set.Busy == BusyWait:
		return quorum.ReasonBlocked
	}
	return g.ballot.Refuse(g.now, in.Candidate, in.Epoch)
}

// leaseFor is how long a vote binds us: three seconds for a picket, Sentinel's
// spacing for a redis-sentinel, which knows no lease.
func (g *Group) leaseFor(candidate quorum.ID) monitor.Instant {
	if p := g.roster.Get(candidate); p != nil && p.Kind == quorum.KindSentinel {
		return g.now.Add(2 * g.set.FailoverTimeout)
	}
	return g.now.Add(quorum.LeaseLength)
}

// released takes a candidate's giving up of an epoch: its lease ends, and what it
// was about to order will not come.
func (g *Group) released(r quorum.Release) {
	g.ballot.Free(r.Candidate, r.Epoch)
	if o := g.ordered; o != nil && o.Leader == r.Candidate && o.Epoch == r.Epoch {
		g.ordered = nil
	}
}

// freeDeadSentinel ends the long lease of a redis-sentinel that is itself down.
func (g *Group) freeDeadSentinel() {
	if !g.ballot.Leased(g.now) || g.ballot.Leader == g.self {
		return
	}
	v := g.voter(g.ballot.Leader)
	p := g.roster.Get(g.ballot.Leader)
	if v != nil && p != nil && p.Kind == quorum.KindSentinel && p.Down(g.now, g.set.DownAfter) {
		g.ballot.Free(g.ballot.Leader, g.ballot.Epoch)
	}
}
