package monitor

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// span is a time as configurations and probes have them: whole milliseconds,
// often a round number, so that limits coincide.
func span(most time.Duration) *rapid.Generator[time.Duration] {
	round := []time.Duration{0, 100 * ms, 250 * ms, 500 * ms, sec, 2 * sec, 5 * sec, 15 * sec, 30 * sec, time.Minute, 3 * time.Minute}
	round = slices.DeleteFunc(round, func(d time.Duration) bool { return d > most })
	return rapid.OneOf(rapid.SampledFrom(round), rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, most.Milliseconds()).Draw(t, "ms")) * ms
	}))
}

func drawReport(t *rapid.T, now Instant) Report {
	r := Report{Link: rapid.Uint64Range(1, 3).Draw(t, "link"), At: now, Sent: now.Add(-span(2*sec).Draw(t, "rtt"))}
	r.Kind = rapid.SampledFrom([]ReportKind{ReportLinkUp, ReportReplied, ReportPending, ReportLinkLost, ReportDialFailed, ReportQueueFull}).Draw(t, "kind")
	r.Reply = Reply(rapid.IntRange(int(ReplyPong), int(ReplyOther)).Draw(t, "reply"))
	r.Ack = Ack(rapid.IntRange(int(AckUnknown), int(AckUnacked)).Draw(t, "ack"))
	r.Cause = Cause(rapid.IntRange(int(CauseClosed), int(CauseLocal)).Draw(t, "cause"))
	return r
}

// drawEvidence is what up to 12 reports and stalls leave behind, and when the last came.
func drawEvidence(t *rapid.T) (Evidence, Instant) {
	now := start
	e := NewEvidence(now)
	for range rapid.IntRange(0, 12).Draw(t, "reports") {
		now = now.Add(span(30*sec).Draw(t, "step") + ms)
		if rapid.IntRange(0, 9).Draw(t, "stall") == 0 {
			e.Delay(span(10*sec).Draw(t, "stalled"))
		}
		e.Observe(drawReport(t, now))
	}
	return e, now
}

func drawRules(t *rapid.T, now Instant) Rules {
	since := func(label string) Instant {
		if rapid.Bool().Draw(t, label) {
			return Never
		}
		return now.Add(-span(time.Minute).Draw(t, label+" ago"))
	}
	r := Rules{DownAfter: ms + span(time.Minute).Draw(t, "down-after"), MisconfDown: rapid.Bool().Draw(t, "misconf"),
		HeldMaster: rapid.Bool().Draw(t, "held"), RoleSince: since("role"), CutSince: since("cut"), RebootSince: since("reboot"),
		RebootAfter: span(time.Minute).Draw(t, "reboot after"), BusyDownFrom: span(time.Minute).Draw(t, "busy down from")}
	r.Silence = SilenceLimit(r.DownAfter, span(30*sec).Draw(t, "threshold"))
	if rapid.Bool().Draw(t, "applying") {
		r.ApplyUntil = now.Add(span(time.Minute).Draw(t, "apply") - 10*sec)
	}
	return r
}

// changes is every moment at which a limit could be reached: where a NextLook
// that forgets one would be caught.
func changes(e Evidence, r Rules) []Instant {
	limits := []time.Duration{0, r.DownAfter, r.Silence, r.SilentAfter(), r.RebootAfter, r.BusyDownFrom, r.DownAfter + 2*InfoPeriod,
		2 * sec, time.Minute, max(0, e.Unanswered.Sub(e.BusyFrom)/4)}
	var all []Instant
	for _, from := range []Instant{e.Unanswered, e.Invalid, e.BusyFrom, e.BusyLast, e.QueueFull, r.RoleSince, r.CutSince, r.ApplyUntil, r.RebootSince} {
		for _, d := range limits {
			if from != Never {
				all = append(all, from.Add(d-1), from.Add(d), from.Add(d+1), from.Add(d+ms))
			}
		}
	}
	return all
}

// holds checks that the verdict at now stays until NextLook: the shell sleeps until then.
func holds(t interface{ Fatalf(string, ...any) }, now Instant, e Evidence, r Rules) {
	next, want := NextLook(now, &e, r), Judge(now, &e, r)
	if next != Never && next <= now {
		t.Fatalf("the next look is %v before now", now.Sub(next))
	}
	for _, when := range append(changes(e, r), now.Add(24*time.Hour)) {
		if when <= now || next != Never && when >= next {
			continue
		}
		if got := Judge(when, &e, r); got != want {
			t.Fatalf("%v after now, %v before the next look: %+v, now %+v", when.Sub(now), next.Sub(when), got, want)
		}
	}
}

func TestVerdictHoldsUntilNextLook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, last := drawEvidence(t)
		r := drawRules(t, last)
		holds(t, last.Add(span(time.Minute).Draw(t, "since the last report")), e, r)
	})
}

// The same for each row of the evidence table, looked at whenever a limit is near.
func TestRowsHoldUntilNextLook(t *testing.T) {
	for _, tc := range table {
		t.Run(tc.name, func(t *testing.T) {
			e, r := tc.evidence()
			for _, now := range changes(e, r) {
				holds(t, max(now, start), e, r)
			}
		})
	}
}

// Looking only when NextLook says so ends: no verdict is looked at forever.
func TestLooksEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, now := drawEvidence(t)
		r := drawRules(t, now)
		for looks := 0; now != Never; looks++ {
			if looks > 20 {
				t.Fatal("20 looks at the same evidence were not enough")
			}
			now = NextLook(now, &e, r)
		}
	})
}
