package monitor

import (
	"testing"
	"time"
)

const (
	ms  = time.Millisecond
	sec = time.Second

	// start is when each row's instance answered PONG last, or was first watched.
	start Instant = Instant(time.Hour)
	// downAfter and threshold give a silence limit of 6.25 s, and 1 s of quiet before a verdict says so.
	downAfter = 2 * sec
	threshold = 5 * sec
)

// look is one moment, counted from start, and whether the verdict counts toward SDOWN then.
type look struct {
	at   time.Duration
	down bool
}

// counted is the looks at a verdict that counts once it is older than limit; a
// negative limit is never.
func counted(from, limit time.Duration) []look {
	if limit < 0 {
		return []look{{from, false}, {from + 24*time.Hour, false}}
	}
	return []look{{from, false}, {from + limit, false}, {from + limit + 1, true}, {from + limit + time.Hour, true}}
}

// row is one row of the design's evidence table: after these reports, under
// these rules, this verdict holds at each look.
type row struct {
	name    string
	reports []Report
	rules   func(*Rules)
	state   State
	reason  Reason
	looks   []look
}

func at(d time.Duration) Instant { return start.Add(d) }

func answer(d time.Duration, r Reply) Report {
	return Report{Link: 1, Kind: ReportReplied, At: at(d), Sent: at(d), Reply: r}
}

func pending(d time.Duration, a Ack) Report {
	return Report{Link: 1, Kind: ReportPending, At: at(d), Sent: at(d), Ack: a}
}

func cut(c Cause) Report { return Report{Link: 1, Kind: ReportLinkLost, At: start, Cause: c} }

// served is an instance that answered PONG at start, and then what follows.
func served(then ...Report) []Report {
	return append([]Report{{Link: 1, Kind: ReportLinkUp, At: start}, answer(0, ReplyPong)}, then...)
}

var (
	queueFull = Report{Link: 1, Kind: ReportQueueFull, At: at(500 * ms)}
	hidden    = Report{Link: 1, Kind: ReportRefused, At: at(4 * sec), Reply: ReplyBusyScript}
)

func cutReplicas(r *Rules)  { r.CutSince = start }
func applying(r *Rules)     { r.ApplyUntil = at(10 * sec) }
func misconfUp(r *Rules)    { r.MisconfDown = false }
func noGrace(r *Rules)      { r.Silence = r.DownAfter }
func busyFailover(r *Rules) { r.BusyDownFrom = 5 * sec }
func rebooted(r *Rules)     { r.RebootSince, r.RebootAfter = start, 3*sec }
func bereft(r *Rules)       { r.Bereft = true }
func demoted(r *Rules)      { r.HeldMaster, r.RoleSince = true, start }

var table = []row{
	{"+PONG", served(), nil, StateUp, ReasonPong, counted(0, -1)},
	{"-BUSY naming SCRIPT KILL", served(answer(0, ReplyBusyScript)), nil, StateScriptBlocked, ReasonBusyEval, counted(0, -1)},
	{"-BUSY naming FUNCTION KILL", served(answer(0, ReplyBusyFunction)), nil, StateScriptBlocked, ReasonBusyFunction, counted(0, -1)},
	{"-BUSY naming anything else", served(answer(0, ReplyBusyModule)), nil, StateScriptBlocked, ReasonBusyModule, counted(0, -1)},
	{"-BUSY, not yet for busy-failover-after", served(answer(0, ReplyBusyScript)), busyFailover,
		StateScriptBlocked, ReasonBusyEval, []look{{0, false}, {5*sec - 1, false}}},
	{"-BUSY for busy-failover-after", served(answer(0, ReplyBusyScript)), busyFailover,
		StateScriptBlocked, ReasonBusyTooLong, []look{{5 * sec, true}, {time.Hour, true}}},
	{"-LOADING", served(answer(0, ReplyLoading)), nil, StateLoading, ReasonLoading, counted(0, -1)},
	{"-LOADING after a restart", served(answer(0, ReplyLoading)), rebooted, StateLoading, ReasonLoading, []look{{0, false}, {3 * sec, false}}},
	{"-LOADING for master-reboot-down-after-period", served(answer(0, ReplyLoading)), rebooted,
		StateLoading, ReasonRebooted, []look{{3*sec + 1, true}}},
	{"-MASTERDOWN", served(answer(0, ReplyMasterDown)), nil, StateStale, ReasonMasterDown, counted(0, -1)},
	{"-MISCONF", served(answer(0, ReplyMisconf)), nil, StateDegraded, ReasonMisconf, counted(0, downAfter)},
	{"-MISCONF, which the knob lets pass", served(answer(0, ReplyMisconf)), misconfUp, StateDegraded, ReasonMisconf, counted(0, -1)},
	{"-MISCONF that masks BUSY", served(answer(0, ReplyMisconf), hidden), nil, StateScriptBlocked, ReasonBusyHidden,
		[]look{{4 * sec, false}, {7*sec - 1, false}}},
	{"-MISCONF that masked BUSY a while ago", served(answer(0, ReplyMisconf), hidden), nil, StateDegraded, ReasonMisconf, []look{{7 * sec, true}}},

	{"-NOAUTH", served(answer(0, ReplyNoAuth)), nil, StateBlind, ReasonNoAuth, counted(0, -1)},
	{"-WRONGPASS", served(answer(0, ReplyWrongPass)), nil, StateBlind, ReasonWrongPass, counted(0, -1)},
	{"-NOPERM", served(answer(0, ReplyNoPerm)), nil, StateBlind, ReasonNoPerm, counted(0, -1)},
	{"-DENIED", served(answer(0, ReplyProtected)), nil, StateBlind, ReasonProtected, counted(0, -1)},
	{"max clients", served(answer(0, ReplyMaxClients)), nil, StateBlind, ReasonMaxClients, counted(0, -1)},
	{"blind, replicas cut off for down-after at most", served(answer(0, ReplyNoAuth)), cutReplicas, StateBlind, ReasonNoAuth, []look{{0, false}, {downAfter, false}}},
	{"blind, replicas cut off for longer", served(answer(0, ReplyNoAuth)), cutReplicas, StateBlind, ReasonReplicasCut, []look{{downAfter + 1, true}}},
	{"blind for less than the replicas are cut off", served(answer(3*sec, ReplyNoAuth)), cutReplicas, StateBlind, ReasonReplicasCut, counted(3*sec, downAfter)},
	{"PONG while the replicas are cut off", served(), cutReplicas, StateUp, ReasonPong, counted(0, -1)},
	{"any other reply", served(answer(0, ReplyOther)), nil, StateAlive, ReasonUnknownReply, counted(0, downAfter)},

	{"pending for a moment", served(pending(0, AckAcked)), nil, StateUp, ReasonPong, []look{{0, false}, {sec - 1, false}}},
	{"pending and ACKed within the silence limit", served(pending(0, AckAcked)), nil, StateSilent, ReasonSilent, []look{{sec, false}, {6250 * ms, false}}},
	{"pending, nobody knows whether ACKed", served(pending(0, AckUnknown)), nil, StateSilent, ReasonSilent, []look{{sec, false}, {6250 * ms, false}}},
	{"pending and ACKed for longer", served(pending(0, AckAcked)), nil, StateHung, ReasonHung, []look{{6250*ms + 1, true}, {time.Hour, true}}},
	{"silence without grace", served(pending(0, AckAcked)), noGrace, StateSilent, ReasonSilent, []look{{sec, false}, {downAfter, false}}},
	{"silence without grace for longer", served(pending(0, AckAcked)), noGrace, StateHung, ReasonHung, []look{{downAfter + 1, true}}},
	{"finishing, as long as the BUSY spell was", served(answer(39*sec, ReplyBusyScript), pending(40*sec, AckAcked)), nil,
		StateFinishing, ReasonFinishing, []look{{41 * sec, false}, {80 * sec, false}}},
	{"hung, as silent for longer than the BUSY spell was", served(answer(39*sec, ReplyBusyScript), pending(40*sec, AckAcked)), nil,
		StateHung, ReasonHung, []look{{80*sec + 1, true}}},
	{"finishing, at least 2 s", served(answer(sec, ReplyBusyScript), pending(sec, AckAcked)), noGrace,
		StateFinishing, ReasonFinishing, []look{{2 * sec, false}, {3 * sec, false}}},
	{"finishing, 5 minutes at most", served(answer(time.Hour, ReplyBusyScript), pending(time.Hour, AckAcked)), nil,
		StateFinishing, ReasonFinishing, []look{{time.Hour + 300*sec, false}}},
	{"silent for longer than that", served(answer(time.Hour, ReplyBusyScript), pending(time.Hour, AckAcked)), nil,
		StateHung, ReasonHung, []look{{time.Hour + 300*sec + 1, true}}},
	{"a replica that applies", served(pending(0, AckAcked)), applying, StateApplying, ReasonApplying, []look{{sec, false}, {10*sec - 1, false}}},
	{"a replica past its grace", served(pending(0, AckAcked)), applying, StateHung, ReasonHung, []look{{10 * sec, true}}},
	{"accept queue full", served(pending(0, AckAcked), queueFull), nil, StateSilent, ReasonQueueFull, []look{{sec, false}, {6250 * ms, false}}},
	{"accept queue full for longer", served(pending(0, AckAcked), queueFull), nil, StateHung, ReasonHung, []look{{6250*ms + 1, true}}},

	{"refused", served(cut(CauseRefused)), nil, StateGone, ReasonRefused, counted(0, downAfter)},
	{"EOF a moment ago", served(cut(CauseClosed)), nil, StateUp, ReasonPong, []look{{0, false}, {sec - 1, false}}},
	{"EOF", served(cut(CauseClosed)), nil, StateGone, ReasonClosed, counted(sec, downAfter-sec)},
	{"RST", served(cut(CauseReset)), nil, StateGone, ReasonClosed, counted(sec, downAfter-sec)},
	{"bytes not ACKed on an open link", served(pending(0, AckUnacked)), nil, StateUnreachable, ReasonUnacked, counted(0, downAfter)},
	{"ETIMEDOUT", served(cut(CauseNoAck)), nil, StateUnreachable, ReasonUnacked, counted(0, downAfter)},
	{"no route", served(cut(CauseNoRoute)), nil, StateUnreachable, ReasonNoRoute, counted(0, downAfter)},
	{"connect times out", served(cut(CauseTimeout)), nil, StateUnreachable, ReasonDialTimeout, counted(0, downAfter)},
	{"name no longer resolves", served(cut(CauseUnresolved)), nil, StateUnreachable, ReasonUnresolved, counted(0, downAfter)},
	{"not RESP", served(cut(CauseProtocol)), nil, StateAlive, ReasonNotRESP, counted(0, downAfter)},
	{"TLS handshake fails", served(cut(CauseTLS)), nil, StateBlind, ReasonTLS, counted(0, -1)},
	{"TLS handshake fails, and the replicas are cut off", served(cut(CauseTLS)), cutReplicas, StateBlind, ReasonReplicasCut,
		[]look{{downAfter + 1, true}, {downAfter + time.Hour, true}}},
	{"no socket of our own", served(cut(CauseLocal)), nil, StateBlind, ReasonLocal, counted(0, -1)},
	{"never reached", nil, nil, StateUnknown, ReasonNotReached, counted(0, downAfter)},
	{"came back without its data", served(), bereft, StateGone, ReasonBereft, []look{{0, true}, {24 * time.Hour, true}}},
	{"reports role replica while held to be master", served(), demoted, StateRoleMismatch, ReasonRoleMismatch, counted(0, downAfter+2*InfoPeriod)},
}

// evidence is what a row's reports leave behind, and the rules it is judged by.
func (tc row) evidence() (Evidence, Rules) {
	e := NewEvidence(start)
	for _, r := range tc.reports {
		e.Observe(r)
	}
	limits := Rules{DownAfter: downAfter, Silence: SilenceLimit(downAfter, threshold), MisconfDown: true}
	if tc.rules != nil {
		tc.rules(&limits)
	}
	return e, limits
}

// TestJudge also demands that every rule of Judge is the deciding one in some row.
func TestJudge(t *testing.T) {
	reached := make([]bool, len(rules))
	for _, tc := range table {
		t.Run(tc.name, func(t *testing.T) {
			e, limits := tc.evidence()
			for _, l := range tc.looks {
				want := Verdict{State: tc.state, Reason: tc.reason, Down: l.down}
				if got := Judge(at(l.at), &e, limits); got != want {
					t.Errorf("after %v: %v %q down=%v, want %v %q down=%v", l.at, got.State, got.Reason, got.Down, want.State, want.Reason, want.Down)
				}
				reached[deciding(at(l.at), &e, limits)] = true
			}
		})
	}
	for i, yes := range reached {
		if !yes {
			t.Errorf("no row reaches rule %d, %v %q", i, rules[i].state, rules[i].reason)
		}
	}
}

// deciding is the index of the rule that Judge goes by.
func deciding(now Instant, e *Evidence, limits Rules) int {
	for i, r := range rules {
		if r.when(&sight{Evidence: e, Rules: limits, now: now}) {
			return i
		}
	}
	return -1
}

// Once a dial was refused the process is known to have ended. Back is its first
// answer after that, not a later one.
func TestGoneAndBack(t *testing.T) {
	e := NewEvidence(start)
	e.Observe(answer(0, ReplyPong))
	e.Observe(cut(CauseReset))
	if e.Gone {
		t.Error("a lost link proves that a process ended")
	}
	e.Observe(Report{Link: 1, Kind: ReportDialFailed, At: at(sec), Cause: CauseRefused})
	if !e.Gone || e.Back != Never || e.Connected() {
		t.Errorf("refused: gone %v, back %v, connected %v", e.Gone, e.Back, e.Connected())
	}
	for _, d := range []time.Duration{3 * sec, 4 * sec} {
		e.Observe(Report{Link: 2, Kind: ReportReplied, At: at(d), Sent: at(2 * sec), Reply: ReplyLoading})
		if !e.Gone || e.Back != at(3*sec) || !e.Connected() {
			t.Errorf("answered: gone %v, back %v after start, connected %v", e.Gone, e.Back.Sub(start), e.Connected())
		}
	}
}
