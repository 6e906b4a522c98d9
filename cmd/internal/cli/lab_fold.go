package cli

import (
	"slices"
	"strings"
	"time"
)

// foldWithin is how close together the same event must come from several
// monitors to be told as one.
const foldWithin = 100 * time.Millisecond

// told is one line of the event stream: an event, and which monitors published it.
type told struct {
	at       time.Time // the first of them
	name     string
	text     string // the payload, shortened
	same     string // what is alike in the same event of another monitor
	monitors []int
}

// fold joins the same event of several monitors into one line. Lines leave it in
// the order in which their first event came.
type fold struct {
	monitors int
	open     []told
}

// add takes one event of a monitor.
func (f *fold) add(monitor int, one told) {
	for i := range f.open {
		line := &f.open[i]
		if line.name == one.name && line.same == one.same && one.at.Sub(line.at) <= foldWithin &&
			!slices.Contains(line.monitors, monitor) {
			line.monitors = append(line.monitors, monitor)
			return
		}
	}
	one.monitors = []int{monitor}
	f.open = append(f.open, one)
}

// ready takes out the lines, from the oldest on, that no event can join any more.
func (f *fold) ready(now time.Time) []told {
	n := 0
	for n < len(f.open) && (len(f.open[n].monitors) == f.monitors || now.Sub(f.open[n].at) > foldWithin) {
		n++
	}
	return f.take(n)
}

// rest takes out every line.
func (f *fold) rest() []told { return f.take(len(f.open)) }

func (f *fold) take(n int) []told {
	lines := f.open[:n:n]
	f.open = slices.Clone(f.open[n:])
	return lines
}

// who names the monitors of a line in columns, so that one that is missing leaves a gap.
func who(monitors []int, all int) string {
	names := make([]string, all)
	for i := range names {
		names[i] = "  "
		if slices.Contains(monitors, i) {
			names[i] = monitorName(i)
		}
	}
	return strings.Join(names, " ")
}
