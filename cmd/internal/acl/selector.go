package acl

import (
	"maps"
	"slices"
	"strings"
)

// commandSet is a set of commands, by their ids.
type commandSet []uint64

func newSet(t *Table) commandSet { return make(commandSet, len(t.rows)/64+1) }

func (s commandSet) has(id ID) bool { return s[id/64]&(1<<(id%64)) != 0 }

func (s commandSet) add(id ID) { s[id/64] |= 1 << (id % 64) }

func (s commandSet) remove(id ID) { s[id/64] &^= 1 << (id % 64) }

// sign begins a rule about commands.
type sign byte

const (
	allows  sign = '+'
	forbids sign = '-'
)

func (g sign) opposite() sign {
	if g == allows {
		return forbids
	}
	return allows
}

func (g sign) rule(of string) string { return string(rune(g)) + of }

// access is what a key pattern allows.
type access uint8

const (
	reads  access = 1 << iota
	writes        // with reads: everything
)

type keyPattern struct {
	access  access
	pattern string
}

func (k keyPattern) String() string {
	switch k.access {
	case reads | writes:
		return "~" + k.pattern
	case reads:
		return "%R~" + k.pattern
	}
	return "%W~" + k.pattern
}

// selector is one set of permissions: a user may run a command that one of its
// selectors allows in full (aclSelector).
type selector struct {
	allKeys     bool
	keys        []keyPattern
	allChannels bool
	channels    []string
	commands    commandSet
	future      bool // +@all was said: commands that are not known yet are allowed, which shows in the description
	firstArgs   map[ID][]string
	text        string // of one in parentheses, which never changes once it is made
}

func newSelector(t *Table, p PubSub) selector {
	return selector{commands: newSet(t), allChannels: p == AllowChannels}
}

func (s selector) clone() selector {
	s.keys, s.channels, s.commands = slices.Clone(s.keys), slices.Clone(s.channels), slices.Clone(s.commands)
	s.firstArgs = maps.Clone(s.firstArgs) // its lists are never changed in place
	return s
}

// apply carries out one rule of a selector; case of its words is ignored (ACLSetSelector).
func (s *selector) apply(t *Table, rule string) error {
	switch strings.ToLower(rule) {
	case "allkeys", "~*":
		s.allKeys, s.keys = true, nil
	case "resetkeys":
		s.allKeys, s.keys = false, nil
	case "allchannels", "&*":
		s.allChannels, s.channels = true, nil
	case "resetchannels":
		s.allChannels, s.channels = false, nil
	case "allcommands", "+@all":
		s.all(t, allows)
	case "nocommands", "-@all":
		s.all(t, forbids)
	case "alldbs", "resetdbs": // Valkey 9.1 writes them; there are no databases here
	case "":
		return errSyntax
	default:
		return s.applyPrefixed(t, rule)
	}
	return nil
}

func (s *selector) applyPrefixed(t *Table, rule string) error {
	switch {
	case rule[0] == '~' || rule[0] == '%':
		return s.addKeys(rule)
	case rule[0] == '&':
		return s.addChannels(rule[1:])
	case strings.HasPrefix(rule, "+@"), strings.HasPrefix(rule, "-@"):
		return s.category(t, rule[2:], sign(rule[0]))
	case rule[0] == '+':
		return s.allow(t, rule[1:])
	case isDatabases(rule):
		return nil
	case rule[0] == '-':
		id, ok := t.Lookup(rule[1:])
		if !ok {
			return errUnknown
		}
		s.change(t, id, forbids)
		return nil
	}
	return errSyntax
}

func (s *selector) all(t *Table, g sign) {
	for id := range t.rows {
		s.set(ID(id), g)
	}
	s.future, s.firstArgs = g == allows, nil
}

func (s *selector) set(id ID, g sign) {
	if g == allows {
		s.commands.add(id)
	} else {
		s.commands.remove(id)
	}
}

// change allows or forbids a command, and its subcommands with it.
func (s *selector) change(t *Table, id ID, g sign) {
	for i := id; i <= id+ID(t.rows[id].subs); i++ {
		s.set(i, g)
	}
	delete(s.firstArgs, id)
}

func (s *selector) category(t *Table, name string, g sign) error {
	category, ok := categoryOf(name)
	if !ok {
		return errUnknown
	}
	for i := range t.rows {
		if t.rows[i].in(category) {
			s.change(t, ID(i), g)
		}
	}
	return nil
}

// allow reads what follows a plus: a command, a subcommand, or a command with
// the only first argument that it may have.
func (s *selector) allow(t *Table, name string) error {
	at := strings.LastIndexByte(name, '|')
	if at < 0 {
		return s.allowOne(t, name)
	}
	id, ok := t.Lookup(name[:at])
	arg := name[at+1:]
	switch {
	case !ok:
		return errUnknown
	case t.rows[id].sub:
		return errFirstArgOfSub
	case arg == "":
		return errSyntax
	case t.rows[id].subs > 0:
		return s.allowOne(t, name)
	case !writable(arg):
		return errSyntax
	}
	had := s.firstArgs[id]
	if slices.ContainsFunc(had, func(a string) bool { return strings.EqualFold(a, arg) }) {
		return nil
	}
	if s.firstArgs == nil {
		s.firstArgs = map[ID][]string{}
	}
	s.firstArgs[id] = append(slices.Clip(had), arg)
	return nil
}

func (s *selector) allowOne(t *Table, name string) error {
	id, ok := t.Lookup(name)
	if !ok {
		return errUnknown
	}
	s.change(t, id, allows)
	return nil
}

// addKeys reads ~pattern, %R~pattern, %W~pattern and %RW~pattern. There are no
// keys here; the patterns are kept as they are for those who read them back.
func (s *selector) addKeys(rule string) error {
	if s.allKeys {
		return errAfterAllKeys
	}
	k, ok := parseKeys(rule)
	if !ok || !writable(k.pattern) {
		return errSyntax
	}
	i := slices.IndexFunc(s.keys, func(have keyPattern) bool { return have.pattern == k.pattern })
	if i >= 0 {
		s.keys[i].access |= k.access
		return nil
	}
	s.keys = append(s.keys, k)
	return nil
}

// isDatabases recognises Valkey's db=0,1,2.
func isDatabases(rule string) bool {
	list, ok := strings.CutPrefix(strings.ToLower(rule), "db=")
	return ok && list != "" && strings.Trim(list, "0123456789,") == ""
}

func parseKeys(rule string) (keyPattern, bool) {
	if rule[0] == '~' {
		return keyPattern{reads | writes, rule[1:]}, true
	}
	k := keyPattern{}
	for i := 1; i < len(rule); i++ {
		switch c := rule[i]; {
		case (c == 'R' || c == 'r') && k.access&reads == 0:
			k.access |= reads
		case (c == 'W' || c == 'w') && k.access&writes == 0:
			k.access |= writes
		case c == '~' && k.access != 0:
			k.pattern = rule[i+1:]
			return k, true
		default:
			return k, false
		}
	}
	return k, k.access != 0 // %R alone is the empty pattern, as in Redis
}

func (s *selector) addChannels(pattern string) error {
	switch {
	case s.allChannels:
		return errAfterAllChannels
	case !writable(pattern):
		return errSyntax
	case !slices.Contains(s.channels, pattern):
		s.channels = append(s.channels, pattern)
	}
	return nil
}

// writable reports whether text can stand in a rule that is written into a file
// and read back. Redis refuses white space and NUL; we refuse all control
// characters, so that no rule can add a line.
func writable(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] == 0x7f {
			return false
		}
	}
	return true
}
