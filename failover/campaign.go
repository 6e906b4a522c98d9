package failover

import (
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// phase is how far a failover has come.
type phase uint8

const (
	phaseJitter  phase = iota // a moment's wait, so that monitors do not campaign at once
	phaseVoting               // votes are asked
	phaseSelect               // elected: a replica is chosen
	phasePromote              // the promotion is ordered
	phaseReconf               // promoted: the other replicas follow
)

// attempt is one failover that this monitor tries to lead.
type attempt struct {
	forced   bool         // asked for by an operator
	wish     monitor.Addr // whom the operator wants promoted, zero: the best
	renewal  bool         // promotes nobody: gives the configuration that we hold an epoch of its own
	phase    phase
	started  monitor.Instant
	entered  monitor.Instant // when the phase began
	until    monitor.Instant // when the jitter or the voting ends
	lease    monitor.Instant // until when a promotion may be ordered
	epoch    uint64
	ballots  *quorum.Ballots
	pending  map[uint64]quorum.ID // vote requests under way, by effect
	chosen   monitor.Addr
	effect   uint64          // of the promotion
	unknown  bool            // the promotion was sent and its reply lost
	inDoubt  bool            // it was ordered, and is not known to have come to nothing
	asked    monitor.Instant // when INFO was last asked for because of that
	promise  uint64          // our own vote
	durable  bool            // it is on disk
	oldOwner monitor.Addr
}

func (a *attempt) voting() bool { return a != nil && a.phase == phaseVoting }

// ordering reports whether a promotion of ours is in flight.
func (a *attempt) ordering() bool { return a != nil && a.phase == phasePromote }

// leads reports whether we were elected and have not promoted yet: until then, or
// until we give up, nobody else gets our vote.
func (a *attempt) leads() bool {
	return a != nil && (a.phase == phaseSelect || a.phase == phasePromote)
}

// word is Sentinel's name for the phase.
func (a *attempt) word() string {
	if a == nil || a.renewal {
		return ""
	}
	return [...]string{"wait_start", "wait_start", "select_slave", "wait_promotion", "reconf_slaves"}[a.phase]
}

const (
	maxJitter  = 30 * time.Millisecond
	voteWait   = time.Second // how long a candidate waits for votes
	retryMin   = 150 * time.Millisecond
	retryMax   = time.Second
	backoffMax = 10 * time.Second
)

// advanceAttempt starts a failover that is due and moves a running one on.
func (g *Group) advanceAttempt() {
	g.freeDeadSentinel()
	if g.attempt == nil || g.attempt.phase == phaseReconf && g.odownSince != monitor.Never {
		g.considerAttempt()
	}
	for {
		a := g.attempt
		if a == nil {
			return
		}
		was := a.phase
		[...]func(*Group, *attempt){
			(*Group).advanceJitter, (*Group).advanceVoting, (*Group).advanceSelect,
			(*Group).advancePromote, (*Group).advanceReconf,
		}[a.phase](g, a)
		if g.attempt == nil || g.attempt == a && a.phase == was {
			return
		}
	}
}

// considerAttempt starts a failover once the master is odown, or says what holds it.
func (g *Group) considerAttempt() {
	if g.odownSince == monitor.Never {
		g.held = ""
		return
	}
	g.held = g.holdReason()
	if g.held != "" {
		g.tellHeld()
		return
	}
	if g.attempt != nil {
		g.endReconf() // the master just promoted is down: its replicas cannot follow it
	}
	g.attempt = &attempt{
		phase: phaseJitter, started: g.now, entered: g.now, oldOwner: g.config.Master,
		until: g.now.Add(g.jitter()),
	}
}

// jitter is the wait before a campaign, up to 30 ms. Each monitor has a part of
// it for itself, by its place among the usable voters, so that two seldom
// campaign at once and split the votes.
func (g *Group) jitter() time.Duration {
	part := maxJitter / time.Duration(g.votersUsable())
	from := part * time.Duration(g.place())
	return g.rand.between(from, from+part/3)
}

// place is this monitor's place among the usable voters, by id.
func (g *Group) place() int {
	n := 0
	for _, v := range g.voters {
		if v.ID < g.self && g.usable(v) {
			n++
		}
	}
	return n
}

// holdReason says why a failover that is due must not start now.
func (g *Group) holdReason() monitor.Reason {
	switch {
	case g.shared.unsaved != "":
		return quorum.ReasonUnsaved
	case !g.impostor.IsZero():
		return quorum.ReasonImpostor
	case g.epochs.Exhausted():
		return quorum.ReasonNoEpochs
	case g.ballot.Leased(g.now) && g.ballot.Leader != g.self:
		g.lookAgain(g.ballot.LeaseEnd())
		return ReasonLeaseHeld
	case g.votersUsable() < g.needed():
		g.lookAgain(g.now.Add(time.Second))
		return ReasonNoMajority
	case !g.mayBeElectable():
		g.lookAgain(g.now.Add(time.Second))
		return ReasonNoReplica
	case g.now < g.retryAt:
		g.lookAgain(g.retryAt)
		return ReasonRetryWait
	}
	return ""
}

// mayBeElectable reports whether some replica is electable, or may be once it
// has answered INFO.
func (g *Group) mayBeElectable() bool {
	for _, c := range g.candidates(g.odownSince) {
		if c.Reason == ReasonElectable || c.Reason == ReasonNoInfo {
			return true
		}
	}
	return g.adoptable() != nil || g.restorable()
}

// tellHeld says once, for each reason and odown, that a failover is held back.
func (g *Group) tellHeld() {
	if g.held == ReasonLeaseHeld || g.held == ReasonRetryWait || g.held == g.heldTold {
		return
	}
	g.heldTold = g.held
	if g.held == ReasonNoReplica {
		g.warn("-failover-abort-no-good-slave", g.masterSubject().String(), g.held)
	}
	g.warn(EventFailoverHeld, g.masterSubject().String()+" reason="+string(g.held), g.held)
}

// failoverAsked starts a failover on an operator's word (SENTINEL FAILOVER).
func (g *Group) failoverAsked(in FailoverAsked) {
	refusal := ""
	switch {
	case g.attempt != nil:
		refusal = "INPROG Failover already in progress"
	case !g.someElectable():
		refusal = "NOGOODSLAVE No suitable replica to promote"
	case g.wishRefused(in.To) != "":
		refusal = "NOGOODSLAVE " + in.To.String() + " cannot be promoted: " + string(g.wishRefused(in.To))
	case g.votersUsable() < g.needed():
		refusal = "NOQUORUM " + itoa(g.votersUsable()) + " usable Sentinels, " + itoa(g.needed()) + " votes are needed to lead a failover. " +
			"SENTINEL RESET forgets the ones that are gone for good, SENTINEL SET lowers the quorum"
	case g.shared.unsaved != "":
		refusal = "ERR this monitor cannot save its state and may not lead: " + g.shared.unsaved
	case !g.impostor.IsZero():
		refusal = "ERR another monitor has this monitor's id and neither may lead: " + g.impostor.String()
	case g.epochs.Exhausted():
		refusal = "ERR no epoch is left to vote in: stop all monitors and lower the epochs in their files"
	}
	if refusal == "" {
		g.attempt = &attempt{forced: true, wish: in.To, started: g.now, entered: g.now, until: g.now, oldOwner: g.config.Master}
		g.retarget = true
		for _, i := range g.replicas() {
			g.do(Refresh{Addr: i.Addr})
		}
	}
	g.do(AnswerFailover{Ticket: in.Ticket, Refusal: refusal})
}

// wishRefused says why the replica that an operator wants cannot be promoted, or "".
func (g *Group) wishRefused(wish monitor.Addr) monitor.Reason {
	if wish.IsZero() {
		return ""
	}
	list := g.wished(wish, monitor.Never)
	switch {
	case len(list) == 0:
		return ReasonNotReplica
	case list[0].Reason == ReasonElectable:
		return ""
	}
	return list[0].Reason
}

// wished lists the candidates, best first: all of them, or the one that was wished for.
func (g *Group) wished(wish monitor.Addr, since monitor.Instant) []Candidate {
	list := g.candidates(since)
	if wish.IsZero() {
		return list
	}
	return slices.DeleteFunc(list, func(c Candidate) bool { return !g.same(c.Addr, wish) })
}

func (g *Group) someElectable() bool {
	for _, c := range g.candidates(monitor.Never) {
		if c.Reason == ReasonElectable {
			return true
		}
	}
	return false
}

func (g *Group) advanceJitter(a *attempt) {
	if !a.forced && !a.renewal {
		if g.odownSince == monitor.Never {
			g.attempt = nil
			return
		}
		if g.held = g.holdReason(); g.held != "" {
			g.attempt = nil
			return
		}
	}
	if g.now < a.until {
		g.lookAgain(a.until)
		return
	}
	if (a.forced || a.renewal) && g.ballot.Leased(g.now) && g.ballot.Leader != g.self {
		g.lookAgain(g.ballot.LeaseEnd())
		return
	}
	if g.epochs.Exhausted() {
		g.notElected(a)
		return
	}
	g.campaign(a)
}

// campaign opens an epoch, votes for itself and asks for the other votes. Both
// are promises: the requests leave after they are durable.
func (g *Group) campaign(a *attempt) {
	a.epoch = g.epochs.Next()
	a.phase, a.entered, a.until = phaseVoting, g.now, g.now.Add(voteWait)
	a.lease = g.now.Add(quorum.LeaderLease)
	a.ballots = quorum.NewBallots(g.self, a.epoch)
	a.pending = map[uint64]quorum.ID{}
	reason := ReasonODown
	if a.forced {
		reason = ReasonOperator
	}
	if a.renewal {
		reason = ReasonEqualEpochs
	}
	g.warn("+new-epoch", utoa(a.epoch), reason)
	if !a.renewal {
		g.warn("+try-failover", g.masterSubject().String(), reason)
	}
	g.ballot.Cast(g.self, a.epoch, monitor.Never)
	a.promise = g.promise()
	g.warn("+vote-for-leader", string(g.self)+" "+utoa(a.epoch), reason)
	for _, v := range g.voters {
		a.pending[g.ask(v, a.epoch, g.self)] = v.ID
	}
}

func (g *Group) advanceVoting(a *attempt) {
	if a.durable && a.ballots.For() >= g.needed() {
		g.elected(a)
		return
	}
	if !a.durable {
		return // the requests have not left
	}
	if len(a.pending) == 0 || g.now >= a.until {
		g.notElected(a)
		return
	}
	g.lookAgain(a.until)
}

// attemptAnswered counts a vote. Answers to anything but this epoch's requests
// change nothing.
func (g *Group) attemptAnswered(answer quorum.Answer) {
	a := g.attempt
	if !a.voting() {
		return
	}
	voter, asked := a.pending[answer.Effect]
	if !asked || voter != answer.Peer {
		return
	}
	delete(a.pending, answer.Effect)
	if answer.Err == "" {
		a.ballots.Count(voter, answer.Leader, answer.LeaderEpoch)
	}
}

func (g *Group) elected(a *attempt) {
	a.phase, a.entered = phaseSelect, g.now
	g.ballot.Renew(a.lease) // our own vote binds us too, while we may order
	g.backoff = 0
	if a.renewal {
		g.renewed(a)
		return
	}
	g.warn("+elected-leader", g.masterSubject().String(), ReasonElected)
	g.warn("+failover-state-select-slave", g.masterSubject().String(), ReasonElected)
	for _, i := range g.replicas() {
		if i.InfoSent < g.newsSince(a) {
			g.do(Refresh{Addr: i.Addr})
		}
	}
}

// newsSince is how recent a replica's INFO must be for the choice. While replicas
// may be syncing with a bereft master, what they held a moment ago may be gone.
func (g *Group) newsSince(a *attempt) monitor.Instant {
	if g.bereft(g.master()) {
		return a.entered
	}
	if g.odownSince != monitor.Never && g.odownSince < a.started {
		return g.odownSince
	}
	return a.started
}

func (g *Group) notElected(a *attempt) {
	if a.renewal {
		g.retryLater(a)
		return
	}
	g.warn("-failover-abort-not-elected", g.masterSubject().String(), ReasonNotElected)
	g.retryLater(a)
}

// retryLater ends an attempt before its promotion was ordered, frees its voters
// and sets when to try again: 150 to 1000 ms, doubling to 10 s.
func (g *Group) retryLater(a *attempt) {
	g.release(a)
	wait := g.rand.between(retryMin, retryMax)
	if g.backoff > 0 {
		wait = min(2*g.backoff, backoffMax)
	}
	g.backoff = wait
	g.retryAt = g.now.Add(wait)
	g.lookAgain(g.retryAt)
	g.attempt, g.retarget = nil, true
}

// release frees the voters of an attempt that will not promote under its epoch;
// not while an order of it may still be carried out.
func (g *Group) release(a *attempt) {
	if a.epoch != 0 && a.phase < phaseReconf && !a.inDoubt {
		g.ballot.Free(g.self, a.epoch)
		g.releaseVoters(a)
	}
}

// releaseVoters tells the voters. A campaign that is not durable yet has none, and
// a later process of ours may open its epoch again, for which it must not be told
// that we gave up.
func (g *Group) releaseVoters(a *attempt) {
	if a.epoch != 0 && a.durable {
		g.do(TellRelease{quorum.Release{Group: g.set.Name, Candidate: g.self, Epoch: a.epoch}})
	}
}

// abandon ends whatever attempt runs, with the event that Sentinel has for it, if any.
func (g *Group) abandon(event string, reason monitor.Reason) {
	a := g.attempt
	if a == nil {
		return
	}
	if event != "" {
		g.warn(event, g.masterSubject().String(), reason)
	}
	if a.phase == phaseReconf {
		g.endReconf()
		return
	}
	g.retryLater(a)
}

// persistFailed ends a campaign whose promise could not be saved: its requests
// never left.
func (g *Group) persistFailed() {
	if a := g.attempt; a != nil && a.phase <= phaseVoting {
		g.attempt = nil
	}
}

// standBack ends our own campaign because we voted for another.
func (g *Group) standBack() {
	if a := g.attempt; a != nil && a.phase < phaseSelect {
		g.releaseVoters(a)
		g.attempt = nil
	}
}

// settleRunID accepts the master's process as it is, once no failover runs.
func (g *Group) settleRunID() {
	if m := g.master(); g.attempt == nil && m.Info.RunID != "" && m.InfoSent >= m.Evidence.LastReply.Add(-time.Second) {
		m.RunID, m.Evidence.Gone = m.Info.RunID, m.Evidence.Gone && !m.Evidence.LinkUp
	}
}
