package cli

import (
	"fmt"
	"strconv"
	"time"
)

// lines renders the report for people.
func (r report) lines(s style) []string {
	var lines []string
	if len(r.Groups) == 0 {
		lines = append(lines, "The monitor at "+r.Monitor+" watches no master.")
	}
	for i, g := range r.Groups {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, g.lines(s)...)
	}
	if !r.Reasons {
		lines = append(lines, "")
		for _, text := range wrap("The monitor at "+r.Monitor+" is a redis-sentinel: it has no reasons for its verdicts, and no lag of replicas.", s.width) {
			lines = append(lines, s.paint(faint, text))
		}
	}
	return lines
}

func (g groupStatus) lines(s style) []string {
	head := fmt.Sprintf("quorum %d of %d monitors, epoch %d", g.Quorum, g.Voters, g.ConfigEpoch)
	if g.BusyPolicy != "" {
		head += ", busy-policy " + g.BusyPolicy
	}
	lines := []string{s.paint(heading, g.Name) + "  " + head}
	rows := []row{g.instance(g.Master)}
	for _, r := range g.Replicas {
		rows = append(rows, g.instance(r))
	}
	for _, m := range g.Monitors {
		rows = append(rows, monitorRow(m))
	}
	lines = append(lines, s.table([]string{"ROLE", "ADDRESS", "STATE", "REASON", "LINK", "LAG", "REPLY", "SEES", "VOTED"}, rows)...)
	for _, p := range g.Problems {
		m, mark := warn, "! "
		if p.Severity == severityDown {
			m = alarm
		}
		if p.About != "" {
			mark += p.About + ": "
		}
		lines = append(lines, s.each(wrap(mark+p.Text, s.width), m)...)
	}
	return lines
}

func (g groupStatus) instance(i instanceStatus) row {
	r := row{cells: []string{i.Role, i.Address, i.State, orDash(i.Reason), linkOf(i), bytesOf(i.Lag), ago(i.LastValid), "-", "-"}}
	switch {
	case i.Down:
		r.mood = alarm
	case i.State != "up":
		r.mood = warn
	case i.Role == "replica" && !i.LinkUp:
		r.mood = warn
	case i.Role == "master":
		r.mood = good
	}
	return r
}

func monitorRow(m monitorStatus) row {
	state, r := "up", row{}
	if m.Down || !m.Connected {
		state, r.mood = "down", warn
	}
	sees := orDash(m.State)
	if m.Reason != "" {
		sees += " (" + m.Reason + ")"
	}
	kind := m.Kind
	if kind == "" || kind == "unknown" {
		kind = "monitor"
	}
	r.cells = []string{kind, m.Address, state, "-", "-", "-", ago(m.LastReply), sees, epochOf(m.VotedEpoch)}
	return r
}

func linkOf(i instanceStatus) string {
	switch {
	case i.Role == "master":
		return "-"
	case i.LinkUp:
		return "up"
	}
	return "down"
}

func epochOf(n int64) string {
	if n <= 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// bytesOf is a number of bytes, - when nobody knows.
func bytesOf(n int64) string {
	switch {
	case n < 0:
		return "-"
	case n < 10_000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 10_000_000:
		return strconv.FormatInt(n/1000, 10) + " kB"
	}
	return strconv.FormatInt(n/1_000_000, 10) + " MB"
}

// ago is how many milliseconds ago something was, - for never.
func ago(ms int64) string {
	if ms < 0 {
		return "-"
	}
	return spell(ms) + " ago"
}

// spell is a time in milliseconds as people read it.
func spell(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return strconv.FormatInt(ms, 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < 48*time.Hour:
		return d.Round(time.Second).String()
	}
	return strconv.Itoa(int(d.Hours()/24)) + " days"
}
