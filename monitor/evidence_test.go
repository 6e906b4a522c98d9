package monitor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// watch is one instance under a script of reports. Times are counted from start.
type watch struct {
	e     Evidence
	rules Rules
	now   Instant
}

// The commands of testdata/evidence:
//
//	watch [down-after=] [threshold=] [busy-down=] [silence-grace=no]   starts anew
//	report at= kind= [link=] [sent=] [reply=] [ack=] [cause=]          Observe, then the verdict
//	judge at=                                                          the verdict at that moment
//	wait until=                                                        every change of verdict till then
//	stall for=                                                         our own process stood still
//	spell                                                              what is known of BUSY spells
func TestEvidence(t *testing.T) {
	datadriven.Walk(t, "testdata/evidence", func(t *testing.T, path string) {
		w := &watch{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "watch":
				return w.begin(t, d)
			case "report":
				w.now = moment(t, d, "at")
				w.e.Observe(w.report(t, d))
				return w.verdict()
			case "judge":
				w.now = moment(t, d, "at")
				return w.verdict()
			case "wait":
				return w.wait(moment(t, d, "until"))
			case "stall":
				stood := period(t, d, "for", 0)
				w.e.Delay(stood)
				w.now = w.now.Add(stood)
				return w.verdict()
			case "spell":
				return w.spell()
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func (w *watch) begin(t *testing.T, d *datadriven.TestData) string {
	*w = watch{e: NewEvidence(start), now: start}
	w.rules = Rules{DownAfter: period(t, d, "down-after", 2*sec), MisconfDown: true, BusyDownFrom: period(t, d, "busy-down", 0)}
	w.rules.Silence = SilenceLimit(w.rules.DownAfter, period(t, d, "threshold", 5*sec))
	if d.HasArg("silence-grace") {
		w.rules.Silence = w.rules.DownAfter
	}
	return fmt.Sprintf("quiet after %v, hung after %v, down after %v", w.rules.SilentAfter(), w.rules.Silence, w.rules.DownAfter)
}

func (w *watch) report(t *testing.T, d *datadriven.TestData) Report {
	kinds := []string{"", "link-up", "replied", "pending", "lost", "dial-failed", "queue-full", "refused"}
	r := Report{Link: w.e.Link, Kind: ReportKind(word(t, d, "kind", kinds)), At: w.now, Sent: w.now}
	if d.HasArg("sent") {
		r.Sent = moment(t, d, "sent")
	}
	d.MaybeScanArgs(t, "link", &r.Link)
	r.Reply = Reply(word(t, d, "reply", replyNames[:]))
	r.Ack = Ack(word(t, d, "ack", []string{"unknown", "acked", "unacked"}))
	r.Cause = Cause(word(t, d, "cause", causeNames[:]))
	return r
}

// verdict renders the moment and what is concluded then, e.g. "3s hung silent-past-limit DOWN".
func (w *watch) verdict() string {
	v := Judge(w.now, &w.e, w.rules)
	text := fmt.Sprintf("%v %v %s", w.now.Sub(start).Round(time.Microsecond), v.State, v.Reason)
	if v.Down {
		text += " DOWN"
	}
	return text
}

// wait looks when NextLook says so, as the daemon does.
func (w *watch) wait(until Instant) string {
	var changes []string
	what := func() string { _, v, _ := strings.Cut(w.verdict(), " "); return v }
	for was := what(); ; was = what() {
		next := NextLook(w.now, &w.e, w.rules)
		if next == Never || next > until {
			w.now = until
			break
		}
		if w.now = next; what() != was {
			changes = append(changes, w.verdict())
		}
	}
	if len(changes) == 0 {
		return "nothing changes"
	}
	return strings.Join(changes, "\n")
}

func (w *watch) spell() string {
	text := "no spell runs"
	if w.e.BusyLast != Never {
		text = fmt.Sprintf("a spell runs since %v, last seen at %v", w.e.BusyFrom.Sub(start), w.e.BusyLast.Sub(start))
	}
	if w.e.BusyEnded != Never {
		text += fmt.Sprintf("; one of %v ended at %v", w.e.BusyLength, w.e.BusyEnded.Sub(start))
	}
	return text
}

func moment(t *testing.T, d *datadriven.TestData, key string) Instant {
	t.Helper()
	if !d.HasArg(key) {
		d.Fatalf(t, "%s needs %s=", d.Cmd, key)
	}
	return start.Add(period(t, d, key, 0))
}

// period reads a duration argument, without one it is otherwise.
func period(t *testing.T, d *datadriven.TestData, key string, otherwise time.Duration) time.Duration {
	t.Helper()
	var text string
	if !d.MaybeScanArgs(t, key, &text) {
		return otherwise
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		d.Fatalf(t, "%s: %v", key, err)
	}
	return v
}

// word reads an argument that is one of names, and returns which; the first without one.
func word(t *testing.T, d *datadriven.TestData, key string, names []string) int {
	t.Helper()
	var text string
	if !d.MaybeScanArgs(t, key, &text) {
		return 0
	}
	i := slices.Index(names, text)
	if i < 0 {
		d.Fatalf(t, "%s=%s is none of %v", key, text, names)
	}
	return i
}
