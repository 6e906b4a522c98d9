package scale

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// header explains the tables to who reads the file.
var header = fmt.Sprintf(`# Picket and redis-sentinel 7.0.15 at size

Written by make bench-scale on a machine with %d cores, which the monitors, the faked servers and the
driver share. The estate (deploy/estate) is N masters with a replica each, on loopback, which speak as redis-server
7.0.15 does. Three monitors of one program at a time, quorum 2 (or as the head says), down-after 5000, failover-timeout 10000.

* first answer: from the start of the processes until the last monitor gave its first address of a master.
* all known: until every monitor shows every group up, with its replica and both peers (INFO, asked every 200 ms).
* CPU: utime + stime of a monitor (mean) from /proc/PID/stat, in seconds until all were known, and in %% of
  a core over %v when nothing happens, %v after the start at the earliest. Memory: VmRSS at the end of that, and VmHWM at the end of all. Files: open ones.
* query: SENTINEL GET-MASTER-ADDR-BY-NAME, 50 a second to each monitor at a fixed pace, all groups in turn; times count
  from when a question was due. While starting: from one second after the start until all known, or the third second.
* stalls: "+tilt" in redis-sentinel's logs, "this process stood still" in Picket's; sum of all.
* storm: %d masters die at once, killed (connections closed, then refused) or hung (the kernel answers, nothing else
  does). From that moment until a replica got SLAVEOF NO ONE, and until every monitor gives the new address.
  down-after is 5 s; silence of a hung server counts for Picket after %v, as a script may be running.
* wrong failovers: promotions in groups that nothing ailed.
* "-": did not happen within %v.

`, runtime.NumCPU(), 20*time.Second, settled, stormSize, silence, patience)

// row is a line of a table, with one cell for each result.
type row struct {
	name string
	cell func(*result) string
}

var rows = []row{
	{"first answer, s", func(r *result) string { return inSeconds(r.firstAnswer) }},
	{"all known, s", func(r *result) string { return inSeconds(r.allKnown) }},
	{"CPU until then, s", func(r *result) string { return inSeconds(r.startCPU) }},
	{"CPU, % of a core", func(r *result) string { return fmt.Sprintf("%.1f", r.cpu) }},
	{"memory, MB (at most)", func(r *result) string { return fmt.Sprintf("%.0f (%.0f)", r.memory, r.top) }},
	{"open files", func(r *result) string { return fmt.Sprint(r.files) }},
	{"query while starting, ms: p50 / p99", func(r *result) string { return r.starting.String() }},
	{"query, ms: p50 / p99", func(r *result) string { return r.steady.String() }},
	{"stalls (TILT)", func(r *result) string { return fmt.Sprint(r.tilts) }},
	{"100 killed: promoted", func(r *result) string { return r.storm("killed").counts() }},
	{"… half / all, s", func(r *result) string { return r.storm("killed").times() }},
	{"… named by all monitors, s", func(r *result) string { return inSeconds(r.storm("killed").allNamed) }},
	{"… query meanwhile, ms: p50 / p99", func(r *result) string { return r.storm("killed").queries.String() }},
	{"100 hung: promoted", func(r *result) string { return r.storm("hung").counts() }},
	{"… half / all, s", func(r *result) string { return r.storm("hung").times() }},
	{"… named by all monitors, s", func(r *result) string { return inSeconds(r.storm("hung").allNamed) }},
	{"… query meanwhile, ms: p50 / p99", func(r *result) string { return r.storm("hung").queries.String() }},
	{"wrong failovers", func(r *result) string { return fmt.Sprint(r.falseFailovers) }},
	{"(the estate's own CPU, % of a core)", func(r *result) string { return fmt.Sprintf("%.0f", r.estateCPU) }},
}

// tables sets results side by side, as a table that is also Markdown.
func tables(results []*result) string {
	lines := [][]string{{"masters + replicas"}, {""}}
	for _, r := range results {
		head := fmt.Sprintf("%d + %d %s", r.masters, r.masters, r.program)
		if *monitors != 3 {
			head += fmt.Sprintf(", %d monitor(s)", *monitors)
		}
		lines[0] = append(lines[0], head)
	}
	for _, row := range rows {
		line := []string{row.name}
		for _, r := range results {
			line = append(line, row.cell(r))
		}
		lines = append(lines, line)
	}
	return align(lines)
}

func align(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for n, line := range lines {
		for i, width := range widths {
			if n == 1 { // the rule below the head
				b.WriteString("|" + strings.Repeat("-", width+2))
				continue
			}
			fmt.Fprintf(&b, "| %s%s ", line[i], strings.Repeat(" ", width-len([]rune(line[i]))))
		}
		b.WriteString("|\n")
	}
	return b.String()
}

func inSeconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", d.Seconds())
}

func (s spans) String() string {
	if s.count == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f / %.1f", float64(s.p50.Microseconds())/1000, float64(s.p99.Microseconds())/1000)
}

// storm returns the storm of that kind, an empty one when there was none.
func (r *result) storm(how string) *storm {
	for _, s := range r.storms {
		if s.how == how {
			return s
		}
	}
	return &storm{}
}

func (s *storm) counts() string {
	if s.size == 0 {
		return "-"
	}
	return fmt.Sprintf("%d", s.promoted)
}

func (s *storm) times() string {
	if s.promoted == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f / %.2f", s.half.Seconds(), s.allPromoted.Seconds())
}
