package config

import (
	"reflect"
	"slices"
	"strings"
)

// renderings keeps how each group was rendered last, and how each line of the file was
// read: a monitor of a thousand groups saves many times a second while a few of them
// change. Each save keeps what it met and nothing else.
type renderings struct {
	groups map[string]rendering // by name
	lines  map[string]docLine   // by their text
	length int                  // of the last list, and a little
}

// rendering is a group and the lines that it was rendered as. Neither is ever changed.
type rendering struct {
	group Group
	lines []wanted
	spare []string // keys of the lines at their default that nobody asks for, which are left out
}

// manner is how groups are rendered.
type manner struct {
	render func(Group) []wanted
	asked  func(key string) bool // whether lines at their default are of use
}

// addGroups appends the lines of groups to list, those of a group that is what it was
// as they were.
func (r *renderings) addGroups(list []wanted, groups []Group, how manner) []wanted {
	now := make(map[string]rendering, len(groups))
	list = slices.Grow(list, r.length)
	for _, g := range groups {
		// Of the monitor, not of the group: they are in no line of it.
		g.Saved.CurrentEpoch, g.Saved.Promise = 0, 0
		kept, ok := r.groups[g.Settings.Name]
		if !ok || !reflect.DeepEqual(kept.group, g) || slices.ContainsFunc(kept.spare, how.asked) {
			kept = how.rendering(g)
		}
		now[g.Settings.Name] = kept
		list = append(list, kept.lines...)
	}
	r.groups, r.length = now, len(list)+len(list)/16
	return list
}

func (how manner) rendering(g Group) rendering {
	r := rendering{group: g.Clone()}
	for _, w := range how.render(g) {
		if w.optional && !how.asked(w.key) {
			r.spare = append(r.spare, w.key)
			continue
		}
		w.line = w.text()
		r.lines = append(r.lines, w)
	}
	return r
}

// parse reads a file as parseDocument does.
func (r *renderings) parse(text []byte) document {
	d := document{lines: make([]docLine, 0, len(r.lines)), places: make(map[string][]int, len(r.lines))}
	now := make(map[string]docLine, len(r.lines))
	for raw := range rawLines(text) {
		l, ok := now[raw]
		if !ok {
			if l, ok = r.lines[raw]; !ok {
				l = readLine(strings.Clone(raw)) // not the whole text with it
			}
			now[l.raw] = l
		}
		d.add(l)
	}
	r.lines = now
	return d
}
