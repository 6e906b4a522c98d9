package acl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DefaultUser is the user of connections that have not logged in. It always is.
const DefaultUser = "default"

// What an edit of the users is refused for.
const (
	ErrName        = cause("Usernames can't contain spaces or null characters")
	ErrDefaultUser = cause("The 'default' user cannot be removed")
)

// What all users may hold together: the bytes of their rules, written out, and
// the number of users, selectors, passwords and patterns. They are written into
// the configuration file, and anyone may add users to a monitor whose default
// user has no password. Only ACL SETUSER is refused for them; what a file holds
// is its owner's affair.
const (
	maxBytes = 1 << 20
	maxParts = 2048
)

const errUnreadable = cause("These rules cannot be written into a file so that the next start reads them back; leave out quotes and parentheses")

var (
	tooManyBytes = cause(fmt.Sprintf("All users together may have at most %d bytes of rules", maxBytes))
	tooManyParts = cause(fmt.Sprintf("There may be at most %d users, selectors, passwords and patterns together, and as many rules in one command", maxParts))
)

// Users is a set of users, the default user among them. It never changes.
type Users struct {
	table  *Table
	pubsub PubSub
	sorted []*User // by their names, each rendered
	bytes  int     // of all rules
	parts  int
}

// NewUsers returns the users of a server that has none configured: the default
// user, who may do everything without a password.
func NewUsers(t *Table, p PubSub) *Users {
	s := &Users{table: t, pubsub: p}
	all, err := newUser(DefaultUser, t, p).With("+@all", "~*", "&*", "on", "nopass")
	if err != nil {
		panic(err) // these are rules
	}
	return s.put(all)
}

// Get returns a user by its name.
func (s *Users) Get(name string) (*User, bool) {
	at, ok := s.find(name)
	if !ok {
		return nil, false
	}
	return s.sorted[at], true
}

func (s *Users) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.sorted, name, func(u *User, name string) int { return cmp.Compare(u.name, name) })
}

// Default returns the default user.
func (s *Users) Default() *User {
	u, _ := s.Get(DefaultUser)
	return u
}

// All returns the users in the order of their names.
func (s *Users) All() []*User { return slices.Clone(s.sorted) }

// Lines returns the users as lines of a configuration file. They are rendered
// when a user is changed, so that this is quick.
func (s *Users) Lines() []string {
	lines := make([]string, len(s.sorted))
	for i, u := range s.sorted {
		lines[i] = u.line
	}
	return lines
}

// Set returns the users with one changed by rules, or added (ACL SETUSER). The
// error is ErrName, a [*RuleError], an [*UnmatchedError] or says that there
// are too many.
func (s *Users) Set(name string, rules []string) (*Users, error) {
	if countRules(rules) > maxParts {
		return nil, tooManyParts
	}
	next, err := s.change(name, rules)
	switch {
	case err != nil:
		return nil, err
	case !next.readable(name):
		return nil, errUnreadable
	case next.parts > max(maxParts, s.parts):
		return nil, tooManyParts
	case next.bytes > max(maxBytes, s.bytes):
		return nil, tooManyBytes
	}
	return next, nil
}

// readable reports whether the user's line makes the same user again: a line that does
// not would keep the next start from succeeding, or give other rights.
func (s *Users) readable(name string) bool {
	u, _ := s.Get(name)
	again, err := newUser(name, s.table, s.pubsub).With(u.words...)
	return err == nil && slices.Equal(again.rules(), u.rules())
}

// countRules counts words, those within selectors too, before any work is done on them.
func countRules(rules []string) int {
	n := len(rules)
	for _, rule := range rules {
		n += strings.Count(rule, " ")
	}
	return n
}

func (s *Users) change(name string, rules []string) (*Users, error) {
	u, known := s.Get(name)
	if !known {
		if !writable(name) || name == "" {
			return nil, ErrName
		}
		u = newUser(name, s.table, s.pubsub)
	}
	u, err := u.With(rules...)
	if err != nil {
		return nil, err
	}
	return s.put(u), nil
}

// Define returns the users with one defined anew by a line of the configuration.
// The caller has seen to it that no name comes twice.
func (s *Users) Define(name string, rules []string) (*Users, error) {
	if name == DefaultUser {
		return s.change(name, append([]string{"reset"}, rules...))
	}
	return s.without(name).change(name, rules)
}

// SetDefaultPassword returns the users with the default user's only password,
// the directive requirepass; with "" it needs none.
func (s *Users) SetDefaultPassword(password string) *Users {
	rule := "nopass"
	if password != "" {
		rule = ">" + password
	}
	u, err := s.Default().With("resetpass", rule)
	if err != nil {
		panic(err) // these are rules
	}
	return s.put(u)
}

// Delete returns the users without those named, and how many there were. The
// default user stays: ErrDefaultUser.
func (s *Users) Delete(names ...string) (*Users, int, error) {
	if slices.Contains(names, DefaultUser) {
		return nil, 0, ErrDefaultUser
	}
	next := s.without(names...)
	return next, len(s.sorted) - len(next.sorted), nil
}

func (s *Users) without(names ...string) *Users {
	next := *s
	next.sorted = slices.Clone(s.sorted)
	for _, name := range names {
		if at, ok := next.find(name); ok {
			u := next.sorted[at]
			next.bytes, next.parts = next.bytes-len(u.line), next.parts-u.parts()
			next.sorted = slices.Delete(next.sorted, at, at+1)
		}
	}
	return &next
}

func (s *Users) put(u *User) *Users {
	next := s.without(u.name)
	u = u.rendered()
	at, _ := next.find(u.name)
	next.sorted = slices.Insert(next.sorted, at, u)
	next.bytes, next.parts = next.bytes+len(u.line), next.parts+u.parts()
	return next
}

// Load returns the users of an ACL file, which replace all of s; a default user
// that the file does not name is as NewUsers makes it. The error names every
// line that is wrong, in one line as Redis does (ACLLoadFromFile).
func (s *Users) Load(path, text string) (*Users, error) {
	l := loader{path: path, users: NewUsers(s.table, s.pubsub), seen: map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		if words := strings.Split(strings.Trim(line, " \t\r\n"), " "); words[0] != "" {
			l.line(i+1, words)
		}
	}
	if l.errors.Len() > 0 {
		l.errors.WriteString("WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
		return nil, cause(l.errors.String())
	}
	return l.users, nil
}

type loader struct {
	path   string
	users  *Users
	seen   map[string]bool
	errors strings.Builder
}

func (l *loader) line(no int, words []string) {
	switch {
	case words[0] != "user" || len(words) < 2:
		fmt.Fprintf(&l.errors, "%s:%d should start with user keyword followed by the username. ", l.path, no)
		return
	case words[1] == "" || !writable(words[1]):
		fmt.Fprintf(&l.errors, "'%s:%d: username '%s' contains invalid characters. ", l.path, no, words[1])
		return
	case l.seen[words[1]]:
		fmt.Fprintf(&l.errors, "WARNING: Duplicate user '%s' found on line %d. ", words[1], no)
		return
	}
	l.seen[words[1]] = true
	rules := make([]string, 0, len(words))
	for _, w := range words[2:] {
		rules = append(rules, strings.Trim(w, "\t\r\n"))
	}
	merged, err := merge(rules)
	if err != nil {
		fmt.Fprintf(&l.errors, "%s:%d: Unmatched parenthesis in selector definition.", l.path, no)
		return
	}
	l.define(no, words[1], merged)
}

// define adds a user, rule by rule, as each may be wrong by itself. In an ACL file
// the default user too begins as a new one, without "reset".
func (l *loader) define(no int, name string, rules []string) {
	u, told := newUser(name, l.users.table, l.users.pubsub), false
	for _, rule := range rules {
		if err := u.do(rule); err != nil {
			told = l.fail(no, err, told)
		}
	}
	l.users = l.users.put(u)
}

// fail tells of every rule that names an unknown command, and of other mistakes of a
// line the first: those that follow may come of it. Only the former are repeated:
// others may hold a password.
func (l *loader) fail(no int, err error, told bool) bool {
	var rule *RuleError
	if errors.As(err, &rule) && rule.Unknown() {
		fmt.Fprintf(&l.errors, "%s:%d: Error in applying operation '%s': %s. ", l.path, no, rule.Rule, rule.Cause)
		return told
	}
	if !told {
		fmt.Fprintf(&l.errors, "%s:%d: %s. ", l.path, no, err)
	}
	return true
}
