package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"picket/monitor"
)

// line is one line of the configuration.
type line struct {
	file  string // "" for the command line
	no    int
	raw   string
	words []string
	seq   int  // the order in which the lines were read
	inner bool // of an included file
}

// fail makes the LineError of the line.
func (l line) fail(err error) *LineError {
	e := &LineError{seq: l.seq, File: l.file, Line: l.no, Text: maskLine(l.raw), Problem: err.Error()}
	if p, ok := errors.AsType[problem](err); ok {
		e.Problem, e.Advice = p.text, p.advice
	}
	return e
}

func (l line) commandLine() bool { return l.file == "" }

// phase orders the lines: Sentinel lets them stand in any order.
type phase uint8

const (
	phaseFirst   phase = iota // what the monitor lines depend on
	phaseMonitor              // "sentinel monitor"
	phaseLast                 // what names a group
)

// reader applies lines to a Config and gathers every error.
type reader struct {
	cfg    *Config
	groups map[string]int  // name -> index in cfg.Groups
	inner  map[string]bool // groups whose monitor line is in an included file
	moved  map[string]bool // groups whose address a failover wrote, not the operator
	seen   map[string]bool
	errs   []*LineError
	lines  int    // read so far
	dir    string // of the last dir line: later paths are relative to it
	notes  []note

	ownState bool // what is read is our saved state, which no operator wrote
}

func newReader() *reader {
	return &reader{cfg: newConfig(), groups: map[string]int{}, inner: map[string]bool{}, moved: map[string]bool{}, seen: map[string]bool{}}
}

// step is one line with what to do about it.
type step struct {
	line
	phase phase
	apply func(l line) error
}

// read applies the lines, phase by phase and in their order within each.
func (r *reader) read(lines []line) {
	var steps []step
	for _, l := range lines {
		s, err := r.plan(l)
		if err != nil {
			r.errs = append(r.errs, l.fail(err))
			continue
		}
		steps = append(steps, s)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.phase, b.phase) })
	for _, s := range steps {
		if err := s.apply(s.line); err != nil {
			r.errs = append(r.errs, s.fail(err))
			continue
		}
		r.cfg.stands(s.line)
	}
}

// err joins everything that is wrong, in the order of the lines.
func (r *reader) err() error {
	slices.SortStableFunc(r.errs, func(a, b *LineError) int { return cmp.Compare(a.seq, b.seq) })
	var errs []error
	for _, e := range r.errs {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// plan finds out what a line is.
func (r *reader) plan(l line) (step, error) {
	for _, word := range l.words {
		if !Printable(word) {
			return step{}, problem{"control characters are not allowed.", "Delete them from the value."}
		}
	}
	name := strings.ToLower(strings.Join(nameOf(l.words), " "))
	if name == userEntry.Name {
		return r.planUser(l)
	}
	if e, ok := find(processTable, name); ok {
		return planOne(l, e, r.cfg)
	}
	if e, ok := find(globalTable, name); ok {
		return planOne(l, e, &r.cfg.Globals)
	}
	if e, ok := find(groupTable, name); ok && !e.has(setOnly) {
		return r.planGroup(l, e)
	}
	if name == "sentinel" { // alone it is the mode, as on the command line
		return step{line: l, apply: func(line) error { return nil }}, nil
	}
	if check, ok := isIgnored(name); ok {
		return step{line: l, apply: func(l line) error { return check(l.words[1:]) }}, nil
	}
	return step{}, unknown(name)
}

// planOne plans a directive that stands alone, not in a group.
func planOne[T any](l line, e entry[T], t *T) (step, error) {
	args := l.words[len(nameOf(l.words)):]
	if !e.takes(len(args)) {
		return step{}, wrongCount(e.Directive)
	}
	return step{line: l, apply: func(line) error { return e.read(t, args) }}, nil
}

// planGroup plans a line of the form "sentinel <option> <name> ...".
func (r *reader) planGroup(l line, e entry[Group]) (step, error) {
	if len(l.words) < 3 || !e.takes(len(l.words)-3) {
		return step{}, wrongCount(e.Directive)
	}
	if e.Name == "sentinel monitor" {
		return step{line: l, phase: phaseMonitor, apply: r.monitor}, nil
	}
	if e.Name == "sentinel config-epoch" && l.words[3] != "0" {
		r.moved[l.words[2]] = true
	}
	return step{line: l, phase: phaseLast, apply: func(l line) error { return r.option(l, e) }}, nil
}

// monitor applies a monitor line: sentinel monitor <name> <host> <port> <quorum>.
func (r *reader) monitor(l line) error {
	name, host, port := l.words[2], l.words[3], l.words[4]
	quorum, err := whole(1, 1<<31-1, "Quorum must be 1 or greater.")(l.words[5])
	if err != nil {
		return err
	}
	addr, err := readAddr(host, port)
	if err != nil {
		return err
	}
	if err := r.resolvable(name, host); err != nil {
		return err
	}
	i, known := r.groups[name]
	switch {
	case known && l.commandLine(): // the file was rewritten: its address may be newer
		r.cfg.Groups[i].Settings.Quorum = quorum
		return nil
	case known && l.inner && !r.inner[name]: // so it was: what is written goes into the main file
		return nil
	case known && !l.inner && r.inner[name]:
		r.cfg.Groups[i] = untold(name, addr, quorum)
		r.inner[name] = false
		return nil
	case known:
		return problem{"Duplicate master name.", "Delete one of the lines, or give it another name."}
	}
	r.groups[name], r.inner[name] = len(r.cfg.Groups), l.inner
	r.cfg.Groups = append(r.cfg.Groups, untold(name, addr, quorum))
	return nil
}

// untold is a group of which no more is read yet than its monitor line.
func untold(name string, master monitor.Addr, quorum int) Group {
	g := NewGroup(name, master, quorum)
	g.Saved.LeaderEpoch = unsaid
	return g
}

// resolvable refuses a master by name unless resolve-hostnames is on, as Sentinel
// does; but a replica that announced its name may have been promoted since, and a
// monitor that did its work must be able to start again.
func (r *reader) resolvable(name, host string) error {
	if _, err := netip.ParseAddr(host); err == nil || r.cfg.ResolveHostnames {
		return nil
	}
	if r.moved[name] {
		r.cfg.warn("the master of %s is %s since a failover, a host name, while resolve-hostnames is no: add sentinel resolve-hostnames yes", name, host)
		return nil
	}
	return problem{"Can't resolve instance hostname.", "Write a numeric address, or add: sentinel resolve-hostnames yes"}
}

// option applies a line of a group.
func (r *reader) option(l line, e entry[Group]) error {
	i, ok := r.groups[l.words[2]]
	if !ok {
		return problem{"No such master with specified name.", fmt.Sprintf("Add: sentinel monitor %s <host> <port> <quorum>", quote(l.words[2]))}
	}
	args := l.words[3:]
	if err := r.oncePerFile(l, e, args); err != nil {
		return err
	}
	if err := r.checkScript(e, args); err != nil {
		return err
	}
	err := e.read(&r.cfg.Groups[i], r.lenient(l, e, args))
	if (l.commandLine() || len(r.cfg.origin.elsewhere) > 0) && (err == error(errDuplicateReplica) || err == error(errDuplicatePeer)) {
		return nil // it was written into the file at an earlier start
	}
	return err
}

// lenient takes parallel-syncs below 1 as 1, with a warning: Sentinel takes it from the
// file, and then its failovers repoint no replica until they time out.
func (r *reader) lenient(l line, e entry[Group], args []string) []string {
	if n, ok := integer(args[0]); e.Name != "sentinel parallel-syncs" || !ok || n > 0 {
		return args
	}
	r.cfg.warn("parallel-syncs of %s is %s, with which no replica would follow a new master: it is taken as 1", l.words[2], args[0])
	return []string{"1"}
}

// oncePerFile refuses a second rename of a command. The command line may repeat
// what an earlier start wrote into the file.
func (r *reader) oncePerFile(l line, e entry[Group], args []string) error {
	if e.Name != "sentinel rename-command" || l.commandLine() || len(r.cfg.origin.elsewhere) > 0 {
		return nil
	}
	key := join(l.words[2], strings.ToUpper(args[0]))
	if r.seen[key] {
		return problem{"Same command renamed multiple times with rename-command.", "Delete one of the lines."}
	}
	r.seen[key] = true
	return nil
}

// wrongCount is the error of a known directive with too few or too many arguments.
func wrongCount(d Directive) error {
	text := wrongArguments
	switch {
	case strings.HasPrefix(d.Name, "sentinel "):
		text = "Unrecognized sentinel configuration statement."
	case d.Name == "include" || d.Name == "rename-command":
		text = badDirective
	}
	return problem{text, fmt.Sprintf("Write: %s %s", d.Name, d.Syntax)}
}

const badDirective = "Bad directive or wrong number of arguments"

// unknown is the error of a directive that nobody knows.
func unknown(name string) error {
	text, advice := badDirective, "Delete the line."
	rest, isSentinel := strings.CutPrefix(name, "sentinel ")
	if isSentinel {
		text = "Unrecognized sentinel configuration statement."
		if _, _, known := traitsOf(rest); known {
			return problem{text, fmt.Sprintf("Write %s without the word sentinel.", rest)}
		}
	} else if _, _, known := traitsOf("sentinel " + name); known {
		return problem{text, fmt.Sprintf("Write: sentinel %s", name)}
	}
	if near := nearest(name); near != "" {
		advice = fmt.Sprintf("Did you mean %s?", near)
	}
	return problem{text, advice}
}

// nearest returns the supported directive that differs from name by at most two
// letters, "" when there is none.
func nearest(name string) string {
	best, found := 3, ""
	for _, d := range Directives() {
		if n := distance(name, d.Name); n < best {
			best, found = n, d.Name
		}
	}
	return found
}

// distance counts the letters to insert, delete or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
