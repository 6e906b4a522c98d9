package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"picket/failover"
	"picket/monitor"
)

// followFor is how long after a switch its record still takes events: the other
// replicas follow, the old master returns.
const followFor = time.Hour

// silentFor is how long an operator's failover may go without an event before it counts
// as one that came to nothing: longer than any step of a failover takes.
const silentFor = 10 * time.Minute

// Recorder turns the events of groups into records. It is for one goroutine.
type Recorder struct {
	monitor string
	boot    uint64
	number  uint64
	keep    func(Record)
	groups  map[string]*open
}

// open are the records of one group that are not over yet.
type open struct {
	trouble  *Record   // the master is down, or a failover was asked for
	touched  time.Time // its last event of its own
	odown    bool      // enough monitors agreed
	held     string    // what stood against the failover last
	selected time.Time
	blocked  *Record // a script blocks the master
	kill     bool    // it was killed
	switched *Record // the last failover, while the group settles
}

// NewRecorder makes the recorder of one run of a monitor. keep takes a record
// each time that it changed in a way worth keeping.
func NewRecorder(id string, boot uint64, keep func(Record)) *Recorder {
	return &Recorder{monitor: id, boot: boot, keep: keep, groups: map[string]*open{}}
}

// Events takes what one step of a group published. account tells what the group
// knows now; it is asked only where that is kept.
func (r *Recorder) Events(now time.Time, events []monitor.Event, account func() failover.Account) {
	for _, e := range events {
		if e.Group == "" || e.Level < monitor.LevelNotice && !ofMaster(e) {
			continue
		}
		s := step{Recorder: r, open: r.of(e.Group), now: now, e: e, account: account}
		s.take()
	}
	for _, e := range events {
		if e.Name == "-sdown" && ofMaster(e) {
			s := step{Recorder: r, open: r.of(e.Group), now: now, e: e}
			s.up()
		}
	}
}

// Refused notes that an operator asked for a failover and was refused.
func (r *Recorder) Refused(now time.Time, refusal string, a failover.Account) {
	rec := r.start(KindRefused, a.Group, now)
	rec.From, rec.Planned, rec.Reason, rec.Outcome, rec.End = a.Master.Addr.String(), true, refusal, OutcomeNotAllowed, now
	rec.find(now, "SENTINEL FAILOVER", a)
	rec.choose(a.Candidates)
	r.keep(rec.clone())
}

// Forget ends the records of a group that is watched no longer.
func (r *Recorder) Forget(now time.Time, group string) {
	if o := r.groups[group]; o != nil {
		s := step{Recorder: r, open: o, now: now}
		s.over(OutcomeInterrupted)
		s.end(&o.blocked, OutcomeInterrupted)
	}
	delete(r.groups, group)
}

func (r *Recorder) of(group string) *open {
	o := r.groups[group]
	if o == nil {
		o = &open{}
		r.groups[group] = o
	}
	return o
}

func (r *Recorder) start(kind Kind, group string, now time.Time) *Record {
	r.number++
	return &Record{
		ID: fmt.Sprintf("%d-%d", r.boot, r.number), Monitor: r.monitor, Kind: kind, Group: group, Start: now,
		Outcome: OutcomeRunning, OutageMillis: Unknown, DivergenceBytes: Unknown,
	}
}

// ofMaster reports whether an event is about the group's master.
func ofMaster(e monitor.Event) bool { return strings.HasPrefix(e.Payload, "master ") }

// step is one event of one group.
type step struct {
	*Recorder
	*open
	now     time.Time
	e       monitor.Event
	account func() failover.Account
}

func (s *step) take() {
	s.begin()
	if s.ofAttempt() {
		s.touched = s.now
	}
	for _, rec := range []*Record{s.trouble, s.blocked, s.settling()} {
		if rec != nil {
			rec.note(s.now, s.e)
		}
	}
	s.turn()
}

// ofAttempt reports whether the event is one of a failover, or of its master.
func (s *step) ofAttempt() bool {
	switch s.e.Name {
	case "+try-failover", "+elected-leader", "+selected-slave", "+promoted-slave", failover.EventFailoverHeld:
		return true
	case "+sdown", "+odown":
		return ofMaster(s.e)
	}
	return strings.HasPrefix(s.e.Name, "+failover-state")
}

// settling is the last failover, while what happens belongs to it: not any more
// once the next trouble has begun.
func (s *step) settling() *Record {
	if s.switched != nil && (s.trouble != nil || s.now.Sub(s.switched.End) > followFor) {
		s.switched = nil
	}
	return s.switched
}

// begin opens a record where the event begins something. What was open, and cannot be
// what the event goes on with, ends before: an attempt may end without an event.
func (s *step) begin() {
	if s.stale() {
		s.over(OutcomeInterrupted)
	}
	switch s.e.Name {
	case "+reset-master":
		s.over(OutcomeInterrupted)
		s.end(&s.blocked, OutcomeInterrupted)
	case "+sdown", "+odown", "+try-failover", failover.EventFailoverHeld, "+switch-master":
		if s.trouble == nil && (ofMaster(s.e) || s.e.Name == "+switch-master") {
			s.beginTrouble()
		}
	case failover.EventScriptBlocked:
		if s.blocked == nil && ofMaster(s.e) {
			a := s.account()
			s.blocked, s.kill = s.start(KindScriptBlocked, s.e.Group, s.now), false
			s.blocked.From, s.blocked.Reason = a.Master.Addr.String(), string(s.e.Reason)
			s.blocked.find(s.now, s.e.Name, a)
			s.keep(s.blocked.clone())
		}
	}
}

// stale reports whether the open trouble is over, though no event has said so. A
// fresh +sdown means that the master was up just before, unless an operator's failover
// goes on meanwhile.
func (s *step) stale() bool {
	if s.trouble == nil {
		return false
	}
	planned := s.trouble.Planned
	switch s.e.Name {
	case "+sdown":
		return ofMaster(s.e) && !(planned && s.account().Attempt != nil)
	case "+try-failover":
		return planned
	case "+odown", failover.EventFailoverHeld, "+switch-master", failover.EventScriptBlocked:
		return planned && s.now.Sub(s.touched) > silentFor
	}
	return false
}

func (s *step) beginTrouble() {
	a := s.account()
	s.trouble, s.odown, s.held, s.selected = s.start(KindRefused, s.e.Group, s.now), false, "", time.Time{}
	t := s.trouble
	t.From, t.Reason = a.Master.Addr.String(), string(s.e.Reason)
	t.Planned, t.Unseen = s.e.Reason == failover.ReasonOperator, s.e.Name == "+switch-master"
	if s.e.Name != "+switch-master" {
		t.find(s.now, s.e.Name, a)
	}
	if s.e.Name != "+switch-master" && a.Master.Down && a.Master.LastValid != failover.Unheard {
		t.Start = s.now.Add(-a.Master.LastValid) // it has served no longer than that
	}
}

// turn does what the event means for the open records.
func (s *step) turn() {
	switch name := s.e.Name; {
	case name == "+odown" && s.trouble != nil:
		s.odown = true
		s.look()
	case name == "-sdown" && ofMaster(s.e), name == "-odown":
		s.recovered()
	case name == "+elected-leader":
		s.look()
	case name == "+selected-slave":
		s.selected = s.now
	case name == failover.EventFailoverHeld, strings.HasPrefix(name, "-failover-abort"):
		s.refused()
	case name == "+switch-master":
		s.switchedTo()
	case name == "+failover-end", name == "+convert-to-slave", name == failover.EventDivergence:
		s.settle()
	case name == failover.EventScriptKill:
		s.kill = s.kill || strings.Contains(s.e.Payload, " outcome=killed")
	case name == failover.EventScriptUnblocked && ofMaster(s.e):
		s.unblocked()
	}
}

// look keeps what is known now: who sees what, the votes, the candidates.
func (s *step) look() {
	if s.trouble == nil {
		return
	}
	a := s.account()
	s.trouble.find(s.now, s.e.Name, a)
	s.trouble.choose(a.Candidates)
	if a.Attempt != nil {
		s.trouble.Votes, s.trouble.VotesNot = words(a.Attempt.Votes), words(a.Attempt.Refused)
		s.trouble.Epoch = a.Attempt.Epoch
	}
	s.keep(s.trouble.clone())
}

func words[T ~string](list []T) []string {
	var words []string
	for _, w := range list {
		words = append(words, string(w))
	}
	return words
}

// refused notes why a failover does not go on. One that an operator asked for is over.
func (s *step) refused() {
	if s.trouble == nil {
		return
	}
	if s.held != string(s.e.Reason) {
		s.held = string(s.e.Reason)
		s.look()
	}
	if s.trouble.Planned && strings.HasPrefix(s.e.Name, "-failover-abort") {
		s.trouble.Reason = s.held
		s.end(&s.trouble, OutcomeNotAllowed)
	}
}

// recovered ends the trouble, at -odown where there was an odown: it follows -sdown in
// the same step. A planned failover does not hang on that.
func (s *step) recovered() {
	if s.trouble != nil && !s.trouble.Planned && (s.e.Name != "-sdown" || !s.odown) {
		s.over(OutcomeRecovered)
	}
}

// up ends what is open still when the step is over in which the master came up: no
// -odown came, because the agreement was forgotten before.
func (s *step) up() {
	if s.trouble != nil && !s.trouble.Planned {
		s.over(OutcomeRecovered)
	}
}

// over ends the trouble without a switch. What never was more than this monitor's own
// view, and passed, is no record: it is in the log.
func (s *step) over(outcome Outcome) {
	t := s.trouble
	if t == nil || !t.Planned && !s.odown && s.held == "" {
		s.trouble = nil
		return
	}
	if s.held != "" {
		t.Reason = s.held
	}
	s.end(&s.trouble, outcome)
	s.odown = false
}

// switchedTo ends the trouble by a failover, whoever led it.
func (s *step) switchedTo() {
	a, t := s.account(), s.trouble
	t.Kind, t.To, t.Epoch, t.Leader = KindFailover, a.Master.Addr.String(), a.Configuration.Epoch, string(a.Configuration.Leader)
	if t.From == t.To { // it began with the switch: what is known is the new master already
		t.From = switchedFrom(s.e.Payload)
	}
	t.OutageMillis = s.outage()
	t.find(s.now, s.e.Name, a)
	s.switched = t
	if s.blocked != nil {
		s.end(&s.blocked, OutcomeLeftBehind)
	}
	s.end(&s.trouble, OutcomeSwitched)
}

// switchedFrom reads the old master from the event: <group> <old host> <old port> <new host> <new port>.
func switchedFrom(payload string) string {
	f := strings.Fields(payload)
	if len(f) < 5 {
		return ""
	}
	port, _ := strconv.Atoi(f[2])
	return monitor.Addr{Host: f[1], Port: port}.String()
}

// outage is for how long nobody took writes. Under a planned failover the old master
// serves until the order; who did not lead it cannot know when that was.
func (s *step) outage() int64 {
	switch {
	case !s.trouble.Planned && !s.trouble.Unseen && s.trouble.Start.Before(s.now):
		return s.now.Sub(s.trouble.Start).Milliseconds()
	case s.trouble.Planned && !s.selected.IsZero():
		return s.now.Sub(s.selected).Milliseconds()
	}
	return Unknown
}

// settle notes what comes after a switch.
func (s *step) settle() {
	rec := s.switched
	if rec == nil {
		return
	}
	if _, bytes, ok := strings.Cut(s.e.Payload, " bytes="); ok && s.e.Name == failover.EventDivergence {
		number, _, _ := strings.Cut(bytes, " ")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			rec.DivergenceBytes = n
		}
	}
	s.keep(rec.clone())
}

// unblocked ends a script's record.
func (s *step) unblocked() {
	outcome := OutcomeEnded
	if s.kill {
		outcome = OutcomeKilled
	}
	s.end(&s.blocked, outcome)
}

// end closes one of the open records and keeps it.
func (s *step) end(at **Record, outcome Outcome) {
	rec := *at
	if rec == nil {
		return
	}
	rec.End, rec.Outcome = s.now, outcome
	s.keep(rec.clone())
	*at = nil
}
