package monitor

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The common case, which is told without the table, is what the table says.
func TestPlainlyUpIsWhatTheTableSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := NewEvidence(start)
		now := start
		for range rapid.IntRange(1, 12).Draw(t, "reports") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 4000).Draw(t, "ms")) * time.Millisecond)
			e.Observe(Report{
				Link: rapid.Uint64Range(1, 3).Draw(t, "link"), Kind: rapid.Custom(anyKind).Draw(t, "kind"), At: now, Sent: now - 1,
				Reply: Reply(rapid.IntRange(int(ReplyPong), int(ReplyOther)).Draw(t, "reply")),
				Ack:   Ack(rapid.IntRange(0, 2).Draw(t, "ack")), Cause: Cause(rapid.IntRange(1, 10).Draw(t, "cause")),
			})
			limits := Rules{DownAfter: downAfter, Silence: SilenceLimit(downAfter, threshold), HeldMaster: rapid.Bool().Draw(t, "held")}
			if rapid.Bool().Draw(t, "mismatch") {
				limits.RoleSince = start
			}
			s := sight{Evidence: &e, Rules: limits, now: now}
			if want := s.judge(); s.plainlyUp() && want != (Verdict{State: StateUp, Reason: ReasonPong}) {
				t.Fatalf("plainly up, and the table says %v %q down=%v", want.State, want.Reason, want.Down)
			}
		}
	})
}

// anyKind is a report, most often of a reply.
func anyKind(t *rapid.T) ReportKind {
	if rapid.Bool().Draw(t, "replied") {
		return ReportReplied
	}
	return ReportKind(rapid.IntRange(int(ReportLinkUp), int(ReportRefused)).Draw(t, "any"))
}
