package e2e

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"picket/deploy/lab"
)

// columns follow scene and program.
var columns = []string{"verdict on the master", "failovers", "lost", "pinned lost", "duplicated", "resurrected", "s without a write", "master", "outcome"}

func (f figures) cells() []string {
	verdict := strings.Join(f.verdicts, ", ")
	if verdict == "" {
		verdict = "-"
	}
	lost, pinned, dup, back := "?", "?", "?", "?"
	if f.settled {
		lost, pinned = of(f.clients), of(f.pinned)
		dup = fmt.Sprint(len(f.clients.Duplicated) + len(f.pinned.Duplicated))
		back = fmt.Sprint(len(f.clients.Resurrected) + len(f.pinned.Resurrected))
	}
	if len(f.broken) > 0 {
		lost += "; " + strings.Join(f.broken, "; ")
	}
	return []string{verdict, fmt.Sprint(f.failovers), lost, pinned, dup, back, fmt.Sprintf("%.1f", f.outage.Seconds()), f.master}
}

func (f figures) String() string { return strings.Join(f.cells(), " | ") }

func of(l lab.Loss) string { return fmt.Sprintf("%d of %d", len(l.Lost), l.Acked) }

func (r row) cells() []string {
	outcome := "well"
	switch {
	case !r.figures.settled:
		outcome = fmt.Sprintf("not well %d s after the heal", settlePatience/time.Second)
	case r.err != nil && r.program == picket:
		outcome = "NOT AS IT MUST BE"
	case r.err != nil:
		outcome = strings.ReplaceAll(r.err.Error(), "\n", "; ")
	}
	return append(r.figures.cells(), strings.Join(append([]string{outcome}, r.figures.notes...), "; "))
}

// sorted are the rows in the order of the scenes, Picket's first.
func (s *sheet) sorted() []row {
	s.Lock()
	defer s.Unlock()
	rows := slices.Clone(s.rows)
	slices.SortStableFunc(rows, func(a, b row) int { return a.scene - b.scene })
	return rows
}

// table is for the terminal.
func (s *sheet) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "scene\tprogram\t%s\n", strings.Join(columns, "\t"))
	all := faults()
	for _, r := range s.sorted() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", all[r.scene].name, r.program.Name(), strings.Join(r.cells(), "\t"))
	}
	w.Flush()
	return b.String()
}
