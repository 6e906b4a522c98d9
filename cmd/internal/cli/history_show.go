package cli

import (
	"fmt"
	"strings"
	"time"

	"picket/cmd/internal/history"
)

// recordRow is a record as a line of the table.
func recordRow(r history.Record) row {
	kind := string(r.Kind)
	if r.Planned {
		kind += " (planned)"
	}
	if r.Unseen {
		kind += " (unseen)"
	}
	return row{mood: moodOfRecord(r), cells: []string{
		r.ID, r.Start.Local().Format(time.DateTime), r.Group, kind, string(r.Outcome), r.Reason, r.From, orDash(r.To), outage(r), lost(r),
	}}
}

func moodOfRecord(r history.Record) mood {
	switch {
	case r.Outcome == history.OutcomeRunning:
		return warn
	case r.Kind == history.KindFailover && !r.Planned && !r.Unseen:
		return alarm
	}
	return plain
}

// outage is how long there was no master, or how long a script blocked it.
func outage(r history.Record) string {
	switch {
	case r.Kind == history.KindFailover && r.OutageMillis >= 0:
		return spell(r.OutageMillis)
	case r.Kind == history.KindScriptBlocked && !r.End.IsZero():
		return spell(r.End.Sub(r.Start).Milliseconds())
	}
	return "-"
}

func lost(r history.Record) string {
	if r.Kind != history.KindFailover {
		return "-"
	}
	return bytesOf(r.DivergenceBytes)
}

// inFull renders a record with all that it holds.
func inFull(r history.Record, s style) []string {
	lines := []string{s.paint(heading, fmt.Sprintf("%s of %s, record %s of monitor %s", r.Kind, r.Group, r.ID, r.Monitor))}
	add := func(name, text string) {
		if text != "" && text != "-" {
			lines = append(lines, fmt.Sprintf("  %-10s %s", name, text))
		}
	}
	add("began", r.Start.Local().Format(time.DateTime))
	if !r.End.IsZero() {
		add("took", spell(r.End.Sub(r.Start).Milliseconds()))
	}
	add("outcome", string(r.Outcome))
	add("reason", explained(r.Reason))
	add("master", r.From)
	add("new master", r.To)
	add("outage", outage(r))
	add("lost", lost(r))
	if r.Epoch > 0 {
		add("epoch", fmt.Sprintf("%d, led by %s", r.Epoch, orDash(r.Leader)))
	}
	add("votes", strings.Join(r.Votes, " "))
	add("not for it", strings.Join(r.VotesNot, " "))
	lines = append(lines, candidateLines(r, s)...)
	lines = append(lines, timelineLines(r, s)...)
	return append(lines, evidenceLines(r, s)...)
}

func candidateLines(r history.Record, s style) []string {
	if len(r.Candidates) == 0 {
		return nil
	}
	lines := []string{s.paint(heading, "Candidates, best first")}
	for _, c := range r.Candidates {
		lines = append(lines, fmt.Sprintf("  %s: %s, lineage rank %d, priority %d, offset %d", c.Address, explained(c.Reason), c.Rank, c.Priority, c.Offset))
	}
	return lines
}

func timelineLines(r history.Record, s style) []string {
	lines := []string{s.paint(heading, "Timeline, in seconds")}
	for _, m := range r.Timeline {
		text := fmt.Sprintf("%9.3f  %-20s %s", m.At.Sub(r.Start).Seconds(), m.Event, m.Text)
		if m.Reason != "" && !strings.Contains(m.Text, m.Reason) {
			text += " (" + m.Reason + ")"
		}
		lines = append(lines, s.paint(moods[m.Event], text))
	}
	if r.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("           %d further events found no room", r.Omitted))
	}
	return lines
}

func evidenceLines(r history.Record, s style) []string {
	var lines []string
	for _, f := range r.Evidence {
		lines = append(lines, s.paint(heading, fmt.Sprintf("What was known at %s, after %.3f s", f.When, f.At.Sub(r.Start).Seconds())))
		for _, line := range f.Lines {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}
