package config

import (
	"slices"
	"strings"

	"picket/monitor"
)

// globalLines renders what st says of the process as lines of a file that stands for
// itself: the operator's own file. Lines at their default are optional.
func globalLines(st State) []wanted {
	fresh := newConfig().Globals
	list := identityLines(st)
	for _, e := range globalTable {
		list = append(list, entryLines(e, &st.Globals, &fresh)...)
	}
	return list
}

// fileLines renders a group for such a file.
func fileLines(g Group) []wanted { return groupLines(g, groupTable) }

// identityLines renders who we are and how far we have come.
func identityLines(st State) []wanted {
	list := []wanted{
		{key: "sentinel current-epoch", words: []string{"sentinel", "current-epoch", decimal(st.CurrentEpoch)}},
		noteLine("boot", decimal(st.Boot)),
	}
	if st.MyID != "" {
		list = slices.Insert(list, 0, wanted{key: "sentinel myid", words: []string{"sentinel", "myid", string(st.MyID)}})
	}
	return list
}

// groupLines renders a group by the given part of the table, and its notes.
func groupLines(g Group, table []entry[Group]) []wanted {
	fresh := NewGroup("", monitor.Addr{}, 1)
	var list []wanted
	for _, e := range table {
		if !e.has(setOnly) {
			list = append(list, entryLines(e, &g, &fresh, g.Settings.Name)...)
		}
	}
	return append(list, notesOf(g.Settings.Name, g.Saved)...)
}

// entryLines renders one directive, of the group if one is named.
func entryLines[T any](e entry[T], t, fresh *T, group ...string) []wanted {
	prefix := append(strings.Fields(e.Name), group...)
	optional := !e.has(always) && slices.EqualFunc(e.show(t), e.show(fresh), slices.Equal)
	var list []wanted
	for _, args := range e.show(t) {
		list = append(list, wanted{key: lineKey(e.Name, group...), words: append(slices.Clone(prefix), args...), optional: optional})
	}
	return list
}

// lineKey is the key of the lines of a directive or note, of the group if one is named.
func lineKey(name string, group ...string) string {
	if len(group) == 0 {
		return name
	}
	return name + "\x00" + group[0]
}
