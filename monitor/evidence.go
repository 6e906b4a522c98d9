package monitor

import "time"

// Evidence is what one probe has shown of one instance. It holds facts and
// times; [Judge] draws the conclusion.
type Evidence struct {
	Link   uint64 // generation of the newest ping link
	LinkUp bool
	LinkAt Instant // when it came up
	// Unanswered is when the first unanswered PING was written or the link was
	// lost, whichever came first; Never when the last PING was answered.
	Unanswered Instant
	// Invalid is when the first PING was written that got no reply which Sentinel
	// counts as valid (its act_ping_time); Never after a valid reply.
	Invalid    Instant
	LastReply  Instant
	LastValid  Instant
	Reply      Reply // the last reply's class
	Text       string
	Ack        Ack
	Cause      Cause   // why the link was lost or could not be made; CauseNone since the last reply
	Gone       bool    // the process was seen to end: a dial was refused
	Back       Instant // when the first reply came after that
	QueueFull  Instant // a second connection timed out beside an acknowledged link
	Blind      Instant // our own process stood still until then; nothing before is held against the instance
	Hidden     Instant // INFO was answered BUSY: what a MISCONF on PING hides
	Excused    Instant // the last reply that explains why it does not serve: BUSY, or that we may not see
	NotLoading Instant // the last reply other than LOADING, or when the watch began

	BusySpell  uint64        // counts the spells, so that one can be named
	BusyFrom   Instant       // last valid reply before the current BUSY spell
	BusyLast   Instant       // last BUSY reply of the current spell, Never outside one
	BusyEnded  Instant       // when the last spell ended
	BusyLength time.Duration // how long the last spell was
}

// NewEvidence returns the evidence on an instance that is watched from now on.
// As in Sentinel, an instance that never answers ages from that moment.
func NewEvidence(now Instant) Evidence {
	return Evidence{Unanswered: now, Invalid: now, NotLoading: now}
}

// Observe takes one report into account. Reports of an older link are ignored.
func (e *Evidence) Observe(r Report) {
	if r.Link < e.Link && r.Kind != ReportQueueFull && r.Kind != ReportRefused {
		return
	}
	switch r.Kind {
	case ReportLinkUp:
		e.Link, e.LinkUp, e.LinkAt, e.Ack = r.Link, true, r.At, AckUnknown // it proves a kernel, not a process
	case ReportReplied:
		e.replied(r)
	case ReportPending:
		sent := max(r.Sent, e.Blind)
		e.Unanswered = Earliest(e.Unanswered, sent)
		e.Invalid = Earliest(e.Invalid, sent)
		e.Ack = r.Ack
	case ReportLinkLost, ReportDialFailed:
		e.lost(r)
	case ReportQueueFull:
		e.QueueFull = r.At
	case ReportRefused:
		if r.Reply.Busy() {
			e.Hidden = r.At
		}
	}
}

func (e *Evidence) replied(r Report) {
	if e.Gone && e.Cause != CauseNone {
		e.Back = r.At
	}
	e.Link, e.LinkUp, e.Cause = max(e.Link, r.Link), true, CauseNone
	e.busy(r)
	if r.Reply != ReplyLoading {
		e.NotLoading = r.At
	}
	e.Unanswered, e.LastReply, e.Ack = Never, r.At, AckAcked
	e.Reply, e.Text = r.Reply, r.Text
	if r.Reply.Serving() {
		e.LastValid, e.Invalid = r.At, Never
		return
	}
	e.Invalid = Earliest(e.Invalid, r.Sent)
	if r.Reply.Busy() || r.Reply.Blind() {
		e.Excused = r.At
	}
}

// busy follows the spells in which the instance answers BUSY. A spell starts at
// the last valid reply before it: the script began after that.
func (e *Evidence) busy(r Report) {
	if r.Reply.Busy() {
		if e.BusyLast == Never {
			e.BusySpell++
			e.BusyFrom = e.LastValid
			if e.BusyFrom == Never {
				e.BusyFrom = r.Sent
			}
		}
		e.BusyLast = r.At
		return
	}
	if e.BusyLast != Never {
		e.BusyEnded, e.BusyLength, e.BusyLast = r.At, r.At.Sub(e.BusyFrom), Never
	}
}

func (e *Evidence) lost(r Report) {
	if r.Cause == CauseRefused {
		e.Gone = true
	}
	e.LinkUp, e.Cause, e.Ack = false, r.Cause, AckUnknown
	e.Unanswered = Earliest(e.Unanswered, r.At)
	e.Invalid = Earliest(e.Invalid, r.At)
}

// Delay moves every running deadline by d: our own process stood still, so what
// was not seen meanwhile is not held against the instance. It resets none.
func (e *Evidence) Delay(d time.Duration) {
	for _, t := range []*Instant{&e.Unanswered, &e.Invalid, &e.QueueFull, &e.BusyFrom, &e.LinkAt, &e.Hidden, &e.Excused} {
		if *t != Never {
			*t = t.Add(d)
		}
	}
}

// unexplained is since when its replies are neither valid nor an explanation: a
// script that ran longer than down-after does not make the first reply that we
// do not understand a death.
func (e *Evidence) unexplained() Instant { return max(e.Invalid, e.Excused, e.Hidden) }

// Connected reports Sentinel's flag "disconnected", negated.
func (e *Evidence) Connected() bool { return e.LinkUp }
