package monitor

import "time"

// InfoPeriod is how often INFO is asked of a healthy instance (Sentinel's info_period).
const InfoPeriod = 10 * time.Second

// DefaultThreshold is busy-reply-threshold where it could not be learned: Redis' default.
const DefaultThreshold = 5 * time.Second

// hiddenFor is how long a BUSY that INFO showed behind MISCONF stands.
const hiddenFor = 3 * time.Second

// maxThreshold is the most that busy-reply-threshold is counted for.
const maxThreshold = 15 * time.Second

// SilenceLimit is how long an instance whose kernel acknowledges our bytes may
// be silent before it counts as hung: max(down-after, T + max(1 s, T/4)), where
// T is its busy-reply-threshold, unknown when negative and counted for at most 15 s.
func SilenceLimit(downAfter, threshold time.Duration) time.Duration {
	if threshold < 0 {
		threshold = DefaultThreshold
	}
	t := min(threshold, maxThreshold)
	return max(downAfter, t+max(time.Second, t/4))
}

// Rules are the limits by which one instance is judged.
type Rules struct {
	DownAfter    time.Duration
	Silence      time.Duration // see SilenceLimit; DownAfter where silence has no grace
	MisconfDown  bool
	HeldMaster   bool    // we hold it to be the master
	RoleSince    Instant // since when it reports role slave while held to be master
	CutSince     Instant // since when every replica that answers has lost its link to this master
	ApplyUntil   Instant // a replica may be silent until then: it applies a script's effects
	Bereft       bool    // held to be master, it is a new process that lacks what its replicas have
	RebootSince  Instant // since when it is up again with a new run id and has not answered PONG
	RebootAfter  time.Duration
	BusyDownFrom time.Duration // a BUSY spell as long as this counts as down; 0: never
}

// SilentAfter is how long a PING is unanswered before the verdict says so:
// half of down-after, between 250 ms and 1 s, and never more than down-after.
func (r Rules) SilentAfter() time.Duration {
	return min(max(r.DownAfter/2, 250*time.Millisecond), time.Second, r.DownAfter)
}

// sight is one look at the evidence.
type sight struct {
	*Evidence
	Rules
	now Instant
}

// age is how long the instance has not answered at all.
func (s *sight) age() time.Duration { return s.now.Since(s.Unanswered) }

// finishGrace is how long the silence after a BUSY spell may last: as long as the
// spell, between 2 s and 5 minutes. Of a script of two million SETs, which took 8 s,
// the effects took 0.7 s with a replica, and 3.2 s with an append only file beside it
// (measured; a slow disk takes longer).
func (s *sight) finishGrace() time.Duration {
	return min(max(s.Unanswered.Sub(s.BusyFrom), 2*time.Second), 5*time.Minute)
}

// rule is one row of the evidence table. The first row that matches holds.
// limit is the age at which it counts toward SDOWN; never when negative.
type rule struct {
	state  State
	reason Reason
	when   func(*sight) bool
	limit  func(*sight) time.Duration
}

func never(*sight) time.Duration         { return -1 }
func atOnce(*sight) time.Duration        { return 0 }
func afterDown(s *sight) time.Duration   { return s.DownAfter }
func lost(c Cause) func(*sight) bool     { return func(s *sight) bool { return s.lost() && s.Cause == c } }
func answered(r Reply) func(*sight) bool { return func(s *sight) bool { return s.Reply == r } }

// lost reports that the link was lost and nothing answered since; a link that
// came up again has a moment to be answered on.
func (s *sight) lost() bool {
	return s.Unanswered != Never && (!s.LinkUp || s.waited() < s.SilentAfter())
}

// waited is how long an answer is due on the link that is up now.
func (s *sight) waited() time.Duration { return s.now.Since(max(s.Unanswered, s.LinkAt)) }

// closed reports a link that the other side ended and that could not be renewed
// yet. For a moment that proves nothing: CLIENT KILL does it too.
func closed(c Cause) func(*sight) bool {
	return func(s *sight) bool {
		return s.Unanswered != Never && !s.LinkUp && s.Cause == c && s.age() >= s.SilentAfter()
	}
}

// cutOff reports that every replica that answers has lost its link, too: then not
// only we cannot see the master.
func (s *sight) cutOff() bool { return s.CutSince != Never && s.now.Since(s.CutSince) > s.DownAfter }

func (s *sight) quiet() bool {
	return s.LinkUp && s.Unanswered != Never && s.waited() >= s.SilentAfter()
}

// rules is the evidence table of the design.
var rules = []rule{
	{StateGone, ReasonRefused, lost(CauseRefused), afterDown},
	{StateGone, ReasonClosed, closed(CauseClosed), afterDown},
	{StateGone, ReasonClosed, closed(CauseReset), afterDown},
	{StateUnreachable, ReasonUnacked, lost(CauseNoAck), afterDown},
	{StateUnreachable, ReasonNoRoute, lost(CauseNoRoute), afterDown},
	{StateUnreachable, ReasonDialTimeout, lost(CauseTimeout), afterDown},
	{StateUnreachable, ReasonUnresolved, lost(CauseUnresolved), afterDown},
	{StateAlive, ReasonNotRESP, lost(CauseProtocol), afterDown},
	{StateBlind, ReasonReplicasCut, func(s *sight) bool { return lost(CauseTLS)(s) && s.cutOff() }, afterDown},
	{StateBlind, ReasonTLS, lost(CauseTLS), never},
	{StateBlind, ReasonLocal, lost(CauseLocal), never},
	{StateUnreachable, ReasonUnacked, func(s *sight) bool { return s.LinkUp && s.Unanswered != Never && s.Ack == AckUnacked }, afterDown},
	{StateFinishing, ReasonFinishing, func(s *sight) bool { return s.quiet() && s.BusyLast != Never && s.age() <= s.finishGrace() }, never},
	{StateApplying, ReasonApplying, func(s *sight) bool { return s.quiet() && s.now < s.ApplyUntil }, never},
	{StateSilent, ReasonQueueFull, func(s *sight) bool { return s.quiet() && s.age() <= s.Silence && s.QueueFull >= s.Unanswered }, never},
	{StateSilent, ReasonSilent, func(s *sight) bool { return s.quiet() && s.age() <= s.Silence }, never},
	{StateHung, ReasonHung, (*sight).quiet, atOnce},
	{StateUnknown, ReasonNotReached, func(s *sight) bool { return s.LastReply == Never }, afterDown},
	{StateScriptBlocked, ReasonBusyTooLong, func(s *sight) bool {
		return s.Reply.Busy() && s.BusyDownFrom > 0 && s.now.Since(s.BusyFrom) >= s.BusyDownFrom
	}, atOnce},
	{StateScriptBlocked, ReasonBusyEval, answered(ReplyBusyScript), never},
	{StateScriptBlocked, ReasonBusyFunction, answered(ReplyBusyFunction), never},
	{StateScriptBlocked, ReasonBusyModule, answered(ReplyBusyModule), never},
	{StateGone, ReasonBereft, func(s *sight) bool { return s.Bereft && s.Reply == ReplyPong }, atOnce},
	{StateRoleMismatch, ReasonRoleMismatch, func(s *sight) bool { return s.HeldMaster && s.RoleSince != Never && s.Reply == ReplyPong }, roleLimit},
	{StateLoading, ReasonRebooted, func(s *sight) bool {
		return s.Reply == ReplyLoading && s.RebootSince != Never && s.RebootAfter > 0 && s.now.Since(s.RebootSince) > s.RebootAfter
	}, atOnce},
	{StateLoading, ReasonLoading, answered(ReplyLoading), never},
	{StateStale, ReasonMasterDown, answered(ReplyMasterDown), never},
	{StateScriptBlocked, ReasonBusyHidden, func(s *sight) bool {
		return s.Reply == ReplyMisconf && s.Hidden != Never && s.now.Since(s.Hidden) < hiddenFor
	}, never},
	{StateDegraded, ReasonMisconf, answered(ReplyMisconf), func(s *sight) time.Duration {
		if !s.MisconfDown {
			return -1
		}
		return s.DownAfter
	}},
	{StateBlind, ReasonReplicasCut, func(s *sight) bool { return s.Reply.Blind() && s.cutOff() }, afterDown},
	{StateBlind, ReasonNoAuth, answered(ReplyNoAuth), never},
	{StateBlind, ReasonWrongPass, answered(ReplyWrongPass), never},
	{StateBlind, ReasonNoPerm, answered(ReplyNoPerm), never},
	{StateBlind, ReasonProtected, answered(ReplyProtected), never},
	{StateBlind, ReasonMaxClients, answered(ReplyMaxClients), never},
	{StateUp, ReasonPong, answered(ReplyPong), never},
	{StateAlive, ReasonUnknownReply, func(*sight) bool { return true }, afterDown},
}

// roleLimit is Sentinel's: a master that reports slave for down-after plus two
// INFO periods is down (sentinelCheckSubjectivelyDown).
func roleLimit(s *sight) time.Duration { return s.DownAfter + 2*InfoPeriod }

// Judge concludes from the evidence what the instance is doing and whether that
// counts as SDOWN at now. Since is left to the caller, who knows the verdict before.
func Judge(now Instant, e *Evidence, limits Rules) Verdict {
	s := sight{Evidence: e, Rules: limits, now: now}
	if s.plainlyUp() {
		return Verdict{State: StateUp, Reason: ReasonPong}
	}
	return s.judge()
}

// plainlyUp is the common case, told without the table: the last PING was
// answered by PONG, and the instance is what we hold it to be.
func (s *sight) plainlyUp() bool {
	return s.Unanswered == Never && s.Reply == ReplyPong && s.LastReply != Never && (!s.HeldMaster || s.RoleSince == Never) && !s.Bereft
}

// judge goes through the table.
func (s sight) judge() Verdict {
	for i := range rules {
		if r := &rules[i]; r.when(&s) {
			return Verdict{State: r.state, Reason: r.reason, Down: s.counts(r)}
		}
	}
	panic("unreachable: the last rule matches everything")
}

func (s *sight) counts(r *rule) bool {
	limit := r.limit(s)
	if limit < 0 {
		return false
	}
	from := s.Unanswered // silence and lost links
	switch {
	case r.state == StateRoleMismatch:
		from = s.RoleSince
	case from == Never && s.Reply.Blind():
		from = s.Invalid // held against it by its replicas only
	case from == Never:
		from = s.unexplained() // replies that Sentinel does not count as valid
	}
	return limit == 0 || (from != Never && s.now.Since(from) > limit)
}

// NextLook is the earliest instant after now at which Judge may conclude
// something else from the same evidence; Never when none is ahead.
func NextLook(now Instant, e *Evidence, limits Rules) Instant {
	s := &sight{Evidence: e, Rules: limits, now: now}
	next := Never
	consider := func(from Instant, d time.Duration) {
		if from == Never || d <= 0 {
			return
		}
		at := from.Add(d) // rules that hold from d on change here, those that hold past d just after
		if at <= now {
			at++
		}
		if at > now {
			next = Earliest(next, at)
		}
	}
	consider(e.Unanswered, s.SilentAfter())
	if e.Unanswered != Never {
		consider(max(e.Unanswered, e.LinkAt), s.SilentAfter())
	}
	consider(e.Unanswered, limits.Silence)
	consider(e.Unanswered, limits.DownAfter)
	consider(e.Invalid, limits.DownAfter)
	consider(e.unexplained(), limits.DownAfter)
	if e.BusyLast != Never {
		consider(e.Unanswered, s.finishGrace())
		consider(e.BusyFrom, limits.BusyDownFrom)
	}
	if limits.ApplyUntil > now {
		next = Earliest(next, limits.ApplyUntil)
	}
	consider(e.Hidden, hiddenFor)
	consider(limits.RoleSince, roleLimit(s))
	consider(limits.RebootSince, limits.RebootAfter)
	consider(limits.CutSince, limits.DownAfter)
	return next
}
