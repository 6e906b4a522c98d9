package config

import (
	"fmt"
	"slices"
)

// layOver puts the saved state over what the file says. Topology, epochs and votes come
// from the state; settings from the file, but for those that SENTINEL SET changed while
// the file said what it says now.
func (s savedState) layOver(c *Config) {
	if c.MyID != "" && s.cfg.MyID != "" && c.MyID != s.cfg.MyID {
		c.warn("sentinel myid in %s differs from the saved one, which stands", c.Path)
	}
	if s.cfg.MyID != "" {
		c.MyID = s.cfg.MyID
	}
	c.Boot = max(c.Boot, s.cfg.Boot)
	c.CurrentEpoch = max(c.CurrentEpoch, s.cfg.CurrentEpoch)
	for _, e := range globalTable {
		if mark, ok := s.mark("over-global", e.Name); ok && mark == fingerprint(e, &c.origin.globals) {
			e.copy(&c.Globals, &s.cfg.Globals)
		}
	}
	s.resumeUsers(c)
	s.dropRemoved(c)
	groups := named(s.cfg.Groups)
	for i := range c.Groups {
		if saved, ok := groups[c.Groups[i].Settings.Name]; ok {
			s.resumeGroup(c, &c.Groups[i], saved)
		}
	}
	s.addGroups(c)
}

func (c *Config) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// mark returns the last argument of the note whose other arguments are given.
func (s savedState) mark(verb string, first ...string) (string, bool) {
	for _, n := range s.notes[lineKey(verb, first...)] {
		if len(n.args) == len(first)+1 && slices.Equal(n.args[:len(first)], first) {
			return n.args[len(first)], true
		}
	}
	return "", false
}

// note returns the note of a group.
func (s savedState) note(verb, group string) (note, bool) {
	list := s.notes[lineKey(verb, group)]
	if len(list) == 0 {
		return note{}, false
	}
	return list[0], true
}

// dropRemoved drops the groups that SENTINEL REMOVE took away, and says so: a line that
// stands in the file and is not followed is looked for.
func (s savedState) dropRemoved(c *Config) {
	c.Groups = slices.DeleteFunc(c.Groups, func(g Group) bool {
		if !s.removed(g) {
			return false
		}
		c.warn("the monitor line of %s in %s is not followed, SENTINEL REMOVE took the group away: delete the line, or "+
			"watch the master with SENTINEL MONITOR", g.Settings.Name, c.Path)
		return true
	})
}

// removed reports whether SENTINEL REMOVE took away the monitor line that g stands for.
func (s savedState) removed(g Group) bool {
	n, ok := s.note("removed", g.Settings.Name)
	return ok && slices.Equal(n.args[1:], showMonitor(&g)[0])
}

// resumeGroup puts the saved state of a group over what the file says of it.
func (s savedState) resumeGroup(c *Config, g *Group, saved Group) {
	if n, ok := s.note("file", g.Settings.Name); ok && n.addrOf() != g.Saved.Master {
		c.warn("the monitor line of %s in %s names another master than before; the saved one, %s, stands: "+
			"SENTINEL REMOVE and SENTINEL MONITOR change it", g.Settings.Name, c.Path, saved.Saved.Master)
	}
	base := g.Clone()
	g.Saved = saved.Saved
	for _, e := range groupTable {
		if mark, ok := s.mark("over", g.Settings.Name, e.Name); ok && e.has(settable) && mark == fingerprint(e, &base) {
			e.copy(g, &saved)
		}
	}
}

// addGroups adds the groups that SENTINEL MONITOR made. One that came from the file and
// is no longer there was deleted by the operator.
func (s savedState) addGroups(c *Config) {
	present := named(c.Groups)
	for _, saved := range s.cfg.Groups {
		name := saved.Settings.Name
		if _, ok := present[name]; ok {
			continue
		}
		if _, fromFile := s.note("file", name); fromFile {
			c.warn("%s is no longer in %s and is no longer monitored", name, c.Path)
			continue
		}
		c.Groups = append(c.Groups, saved)
	}
}
