package config

import (
	"errors"
	"slices"
	"strings"

	"picket/monitor"
)

// Revision is what the configuration file says anew while a monitor runs. What can
// change then is taken up from it ([Revision.Group], [Revision.Globals], Added);
// what cannot is named.
type Revision struct {
	Added    []Group  // monitor lines that are new, or name another master; LeaderEpoch is 0 where no line tells it
	Gone     []string // groups whose monitor line is no longer there
	Moved    []string // groups whose monitor line names another master
	Listed   []string // groups that have a monitor line
	Later    []string // directives that take effect at the next start only
	Warnings []string // of reading, as in Config

	before, after origin
}

// ErrOwnFile says why a file that holds the state is not read again.
var ErrOwnFile = errors.New("the state is kept in the configuration file, which is written while the monitor runs: " +
	"change settings with SENTINEL SET and SENTINEL CONFIG SET, or set state-dir")

// Reread reads the configuration file, with what it includes and the command line of the
// start, again. It changes nothing: the caller takes up what the Revision says, and then
// calls [Config.Take] and [Store.Take]. The error joins everything that is wrong, as that
// of [Load]; without state-dir it is ErrOwnFile.
func (c *Config) Reread() (*Revision, error) {
	if c.StateDir == "" {
		return nil, ErrOwnFile
	}
	read, err := readAll(c.Path, c.origin.words)
	if err != nil {
		return nil, err
	}
	v := &Revision{Warnings: read.Warnings, before: c.origin, after: read.origin}
	v.compareGroups()
	v.Later = c.origin.process.differing(read.origin.process)
	if !slices.EqualFunc(v.before.users, v.after.users, sameUser) {
		v.Later = append(v.Later, userEntry.Name)
	}
	return v, nil
}

func sameUser(a, b User) bool { return a.Name == b.Name && slices.Equal(a.Rules, b.Rules) }

// differing names the directives of the process that two readings have with other values.
func (c *Config) differing(other *Config) []string {
	var names []string
	for _, e := range slices.Concat(doorTable, tlsTable, hostTable, gossipTable) {
		if !slices.EqualFunc(e.show(c), e.show(other), slices.Equal) {
			names = append(names, e.Name)
		}
	}
	return names
}

func (v *Revision) compareGroups() {
	for _, g := range v.after.groups {
		name := g.Settings.Name
		v.Listed = append(v.Listed, name)
		old, known := v.before.line(name)
		moved := known && old.Saved.Master != g.Saved.Master
		if moved {
			v.Moved = append(v.Moved, name)
		}
		if _, stood := v.before.byName[name]; !stood || moved { // one that comes back is new
			g = g.Clone()
			if g.Saved.LeaderEpoch == unsaid {
				g.Saved.LeaderEpoch = 0
			}
			v.Added = append(v.Added, g)
		}
	}
	for _, g := range v.before.groups {
		if _, ok := v.after.byName[g.Settings.Name]; !ok {
			v.Gone = append(v.Gone, g.Settings.Name)
		}
	}
}

// Group gives g the settings whose lines have changed, and returns them as the event +set
// shows them. What SENTINEL SET changed stays where the line is what it was. A group that
// only SENTINEL MONITOR knew so far takes all settings that the file now has for it.
func (v *Revision) Group(g *Group) []Change {
	now, ok := v.after.byName[g.Settings.Name]
	if !ok {
		return nil
	}
	before, ok := v.before.line(g.Settings.Name)
	if !ok {
		before = g.Clone()
	}
	var changes []Change
	for _, e := range groupTable {
		if e.has(settable) && !slices.EqualFunc(e.show(&before), e.show(&now), slices.Equal) {
			e.copy(g, &now)
			changes = append(changes, changesOf(e, &now)...)
		}
	}
	return changes
}

// changesOf shows the lines of a directive as changes; one that has none is shown empty.
func changesOf(e entry[Group], g *Group) []Change {
	option := strings.TrimPrefix(e.Name, "sentinel ")
	if e.has(secret) {
		return []Change{{Option: option, Shown: []string{masked}}}
	}
	var list []Change
	for _, args := range e.show(g) {
		list = append(list, Change{Option: option, Shown: args})
	}
	if len(list) == 0 {
		list = []Change{{Option: option, Shown: []string{quote("")}}}
	}
	return list
}

// Globals gives g the settings of the whole monitor whose lines have changed, and returns
// the names of their directives.
func (v *Revision) Globals(g *Globals) []string {
	var names []string
	for _, e := range globalTable {
		if !slices.EqualFunc(e.show(&v.before.globals), e.show(&v.after.globals), slices.Equal) {
			e.copy(g, &v.after.globals)
			names = append(names, e.Name)
		}
	}
	return names
}

// over is what the state is compared with from now on, where it was compared with o. What
// takes effect at the next start only is still what it was.
func (v *Revision) over(o origin) origin {
	gone := map[string]Group{}
	for _, lines := range []map[string]Group{o.gone, o.byName} {
		for name, g := range lines {
			if _, stands := v.after.byName[name]; !stands {
				gone[name] = g
			}
		}
	}
	o.text, o.elsewhere, o.globals = v.after.text, v.after.elsewhere, v.after.globals
	o.groups, o.byName, o.gone = v.after.groups, v.after.byName, gone
	return o
}

// line is the monitor line that a group came from, with its settings: one that is gone is
// still where the group came from, so that the next start does not monitor it any more.
func (o origin) line(group string) (Group, bool) {
	g, ok := o.byName[group]
	if !ok {
		g, ok = o.gone[group]
	}
	return g, ok
}

// Take makes a revision what the next Reread is compared with.
func (c *Config) Take(v *Revision) { c.origin = v.over(c.origin) }

// Take makes a revision what states are compared with: what it changed came from the file.
func (s *Store) Take(v *Revision) {
	s.from = v.over(s.from)
	s.known = renderings{} // they say where a group differs from the file
}

// forget drops the lines that are gone of groups that are gone too: one of that name that
// SENTINEL MONITOR makes did not come from the file.
func (o origin) forget(watched []Group) {
	present := named(watched)
	for name := range o.gone {
		if _, ok := present[name]; !ok {
			delete(o.gone, name)
		}
	}
}

// Master is the address that the monitor line of a group has now; the zero Addr when there is none.
func (v *Revision) Master(group string) monitor.Addr { return v.after.byName[group].Saved.Master }
