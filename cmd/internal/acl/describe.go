package acl

import (
	"slices"
	"strings"
)

// Permissions describe one selector, as ACL GETUSER shows it.
type Permissions struct {
	Commands string // "-@all +ping"
	Keys     string // "~a* %R~b*"
	Channels string // "&c*"
}

// Flags returns the user's flags in Redis' order.
func (u *User) Flags() []string {
	flags := []string{"off"}
	if u.enabled {
		flags[0] = "on"
	}
	if u.noPass {
		flags = append(flags, "nopass")
	}
	switch u.sanitize {
	case sanitizeSkip:
		flags = append(flags, "skip-sanitize-payload")
	case sanitizePayload:
		flags = append(flags, "sanitize-payload")
	}
	return flags
}

// Passwords returns the SHA-256 of each password in hexadecimal.
func (u *User) Passwords() []string { return slices.Clone(u.passwords) }

// Permissions returns those of the user itself and then of its selectors.
func (u *User) Permissions() []Permissions {
	var list []Permissions
	for i := range u.selectors {
		s := &u.selectors[i]
		list = append(list, Permissions{Commands: strings.Join(s.commandRules(u.table), " "),
			Keys: strings.Join(s.keyRules(), " "), Channels: strings.Join(s.channelRules(), " ")})
	}
	return list
}

// Rules returns the rules that make this user of a new one (ACLDescribeUser).
func (u *User) Rules() string { return strings.Join(u.rules(), " ") }

func (u *User) rules() []string {
	rules := u.Flags()
	for _, hash := range u.passwords {
		rules = append(rules, "#"+hash)
	}
	rules = append(rules, u.selectors[0].rules(u.table)...)
	for i := range u.selectors[1:] {
		rules = append(rules, u.selectors[i+1].text)
	}
	return rules
}

// String returns the user as a line of a configuration file, and of ACL LIST.
func (u *User) String() string {
	if u.line != "" {
		return u.line
	}
	return "user " + u.name + " " + u.Rules()
}

// Words returns the rules as the words of a configuration line. Who calls it must not
// change them.
func (u *User) Words() []string { return u.rendered().words }

// rendered returns the user with its description beside it: to make one takes time, and
// who reads it may have none.
func (u *User) rendered() *User {
	if u.line != "" {
		return u
	}
	next := *u
	rules := u.Rules()
	next.line, next.words = "user "+u.name+" "+rules, strings.Split(rules, " ")
	return &next
}

// inParentheses renders a selector beside the user's own.
func (s *selector) inParentheses(t *Table) string {
	rules := s.rules(t)
	for i := range rules {
		rules[i] = quoted(rules[i])
	}
	return "(" + strings.Join(rules, " ") + ")"
}

func (s *selector) rules(t *Table) []string {
	rules := s.keyRules()
	if !s.allChannels {
		rules = append(rules, "resetchannels")
	}
	rules = append(rules, s.channelRules()...)
	return append(rules, s.commandRules(t)...)
}

func (s *selector) keyRules() []string {
	if s.allKeys {
		return []string{"~*"}
	}
	var rules []string
	for _, k := range s.keys {
		rules = append(rules, k.String())
		// Every key, put together of %R~* and %W~*, stands beside others; "~*" would not be read there.
		if len(s.keys) > 1 && rules[len(rules)-1] == "~*" {
			rules[len(rules)-1] = "%RW~*"
		}
	}
	return rules
}

func (s *selector) channelRules() []string {
	if s.allChannels {
		return []string{"&*"}
	}
	var rules []string
	for _, c := range s.channels {
		rules = append(rules, "&"+c)
	}
	return rules
}

// commandRules describes the commands as Redis does (ACLDescribeSelectorCommandRules):
// from nothing up, or from +@all down, first by the categories that fit best,
// then by single commands.
func (s *selector) commandRules(t *Table) []string {
	d := describer{t: t, want: s, left: s.clone(), said: newSelector(t, ForbidChannels), sign: allows}
	if s.future {
		d.sign = forbids
	}
	d.say(d.sign.opposite().rule("@all"))
	for {
		category, found := d.bestCategory()
		if !found {
			break
		}
		d.say(d.sign.rule("@" + category))
		_ = d.left.category(t, category, d.sign.opposite()) // a known one
		d.applied = append(d.applied, category)
	}
	d.singleCommands()
	return d.rules
}

// describer finds the rules of one selector.
type describer struct {
	t       *Table
	want    *selector
	said    selector // what the rules so far make
	left    selector // what want has that no category has said
	sign    sign     // of the rules that go beyond the first
	applied []string
	rules   []string
}

func (d *describer) say(rule string) {
	d.rules = append(d.rules, rule)
	_ = d.said.apply(d.t, rule) // of known commands and categories, it cannot fail
}

// bestCategory returns the category that says most and needs least correction.
func (d *describer) bestCategory() (best string, found bool) {
	least, most := 0, 0
	for _, c := range categories {
		if slices.Contains(d.applied, c) {
			continue
		}
		same, diff := d.count(c)
		if same > diff && (!found || diff < least || diff == least && same > most) {
			best, found, least, most = c, true, diff, same
		}
	}
	return best, found
}

// count returns how many commands of a category would rightly, and how many
// wrongly, be said by it.
func (d *describer) count(category string) (same, diff int) {
	for i := range d.t.rows {
		if !d.t.rows[i].in(category) {
			continue
		}
		if d.left.commands.has(ID(i)) == (d.sign == allows) {
			same++
		} else {
			diff++
		}
	}
	return same, diff
}

func (d *describer) singleCommands() {
	for i := range d.t.rows {
		id := ID(i)
		allowed := d.want.commands.has(id)
		switch said := d.said.commands.has(id); {
		case allowed && !said:
			d.say(allows.rule(d.t.Name(id)))
		case said && !allowed:
			d.say(forbids.rule(d.t.Name(id)))
		}
		if allowed {
			continue
		}
		for _, arg := range d.want.firstArgs[id] {
			d.say("+" + d.t.Name(id) + "|" + arg)
		}
	}
}
