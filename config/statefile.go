package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A state file is written whole each time. It holds, in the syntax of sentinel.conf, what
// belongs to the monitor (its id, epochs, votes, topology) and, of the settings, only
// those that SENTINEL SET changed. Beside each of these stands the value that the
// operator's file had then ("over"): when that is another one at the next start, the
// operator has spoken later and the file wins.

const stateHeader = `# State of a Picket monitor. Written by picket, do not edit: settings belong into
# the configuration file. Deleting this file makes a new monitor of this one.
`

const sumPrefix = notePrefix + " sum "

// savedState is a state file that was read.
type savedState struct {
	cfg   *Config
	notes map[string][]note // by verb and first argument, see lineKey
}

// parseState reads a state file whole or not at all: it must end in the checksum of
// what stands before.
func parseState(path string, text []byte) (savedState, error) {
	body, err := checkSum(text)
	if err == nil {
		r := newReader()
		r.ownState = true
		r.cfg.ResolveHostnames = true // the file says whether names are resolved, not the state
		lines := r.lex(source{path: path}, string(body))
		r.read(lines)
		r.readNotes()
		if err = r.err(); err == nil {
			return savedState{r.cfg, indexed(r.notes)}, nil
		}
	}
	return savedState{}, fmt.Errorf("read saved state %s: %w; restore it from a backup; or move it away, "+
		"and this monitor starts anew: with a new id, and with the masters that the configuration file names", path, err)
}

func indexed(notes []note) map[string][]note {
	index := map[string][]note{}
	for _, n := range notes {
		key := lineKey(n.verb, n.args...)
		index[key] = append(index[key], n)
	}
	return index
}

func checkSum(text []byte) ([]byte, error) {
	at := bytes.LastIndex(text, []byte(sumPrefix))
	if at < 0 {
		return nil, errors.New("it is cut off: its last line is missing")
	}
	body, sum := text[:at], strings.TrimSpace(string(text[at+len(sumPrefix):]))
	if sum != sumOf(body) {
		return nil, errors.New("it is damaged: its checksum is wrong")
	}
	return body, nil
}

func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// stateText renders the state file: what belongs to the monitor, and where st differs
// from what the operator's file says. The lines of the groups are given.
func stateText(st State, from origin, groups []wanted) []byte {
	list := identityLines(st)
	fresh := newConfig().Globals
	for _, e := range globalTable {
		if mark, ok := override(e, &st.Globals, &from.globals); ok {
			list = append(list, entryLines(e, &st.Globals, &fresh)...)
			list = append(list, noteLine("over-global", e.Name, mark))
		}
	}
	list = append(list, groups...)
	present := named(st.Groups)
	for _, base := range from.groups {
		if _, ok := present[base.Settings.Name]; !ok {
			list = append(list, noteLine("removed", append([]string{base.Settings.Name}, showMonitor(&base)[0]...)...))
		}
	}
	return seal(append(list, userState(st, from)...))
}

// stateManner is that of a state file, which holds no line at its default.
func (from origin) stateManner() manner {
	return manner{from.stateLines, func(string) bool { return false }}
}

// stateLines renders one group: whole when SENTINEL MONITOR made it, else without the
// settings that stand in the operator's file.
func (from origin) stateLines(g Group) []wanted {
	base, ok := from.line(g.Settings.Name)
	if !ok {
		return groupLines(g, groupTable)
	}
	name := g.Settings.Name
	table := slices.Clone(groupTable)
	var marks []wanted
	table = slices.DeleteFunc(table, func(e entry[Group]) bool {
		if !e.has(settable) {
			return false
		}
		mark, over := override(e, &g, &base)
		if over {
			marks = append(marks, noteLine("over", name, e.Name, mark))
		}
		return !over
	})
	list := append(groupLines(g, table), marks...)
	return append(list, noteLine("file", append([]string{name}, showMonitor(&base)[0][:2]...)...))
}

// override reports whether t differs from what the file says, and by what mark the
// value of the file is known again.
func override[T any](e entry[T], t, base *T) (mark string, differs bool) {
	if slices.EqualFunc(e.show(t), e.show(base), slices.Equal) {
		return "", false
	}
	return fingerprint(e, base), true
}

// fingerprint tells one value of a directive from another without giving away a secret.
func fingerprint[T any](e entry[T], t *T) string {
	var lines []string
	for _, args := range e.show(t) {
		lines = append(lines, join(args...))
	}
	text := strings.Join(lines, ", ")
	if e.has(secret) {
		return sumOf([]byte(text))
	}
	return text
}

func seal(list []wanted) []byte {
	var b strings.Builder
	b.WriteString(stateHeader)
	for _, w := range list {
		if !w.optional {
			b.WriteString(w.text() + "\n")
		}
	}
	return []byte(b.String() + sumPrefix + sumOf([]byte(b.String())) + "\n")
}

// named gives quick access to groups by their names.
func named(groups []Group) map[string]Group {
	byName := make(map[string]Group, len(groups))
	for _, g := range groups {
		byName[g.Settings.Name] = g
	}
	return byName
}
