package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
)

// PubSub is what a new selector may do with channels before a rule says so:
// the directive acl-pubsub-default.
type PubSub uint8

// The values of acl-pubsub-default.
const (
	ForbidChannels PubSub = iota // resetchannels, the default since Redis 7
	AllowChannels
)

// sanitize is a flag about RESTORE, which a monitor does not have; it is kept.
type sanitize uint8

const (
	sanitizeUnsaid sanitize = iota
	sanitizeSkip
	sanitizePayload
)

// User is one user. It never changes.
type User struct {
	name      string
	enabled   bool
	noPass    bool
	sanitize  sanitize
	passwords []string // SHA-256 in lower-case hexadecimal
	selectors []selector
	table     *Table
	pubsub    PubSub

	line  string   // as it is written; made by rendered
	words []string // of line, without "user" and the name
}

// newUser returns a user as ACL SETUSER makes it: off, without any permission.
func newUser(name string, t *Table, p PubSub) *User {
	return &User{name: name, table: t, pubsub: p, selectors: []selector{newSelector(t, p)}}
}

// Name returns the user's name.
func (u *User) Name() string { return u.name }

// Enabled reports whether the user is on.
func (u *User) Enabled() bool { return u.enabled }

// NoPassword reports whether every password is the user's.
func (u *User) NoPassword() bool { return u.noPass }

// Accepts reports whether the user may log in with the password. It takes the
// same time for every password that is not right.
func (u *User) Accepts(password string) bool {
	if !u.enabled {
		return false
	}
	if u.noPass {
		return true
	}
	got, right := []byte(hashOf(password)), 0
	for _, want := range u.passwords {
		right |= subtle.ConstantTimeCompare(got, []byte(want))
	}
	return right == 1
}

func hashOf(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// With returns the user changed by the rules in their order, all of them or
// none. The error is a [*RuleError] or an [*UnmatchedError].
func (u *User) With(rules ...string) (*User, error) {
	merged, err := merge(rules)
	if err != nil {
		return nil, err
	}
	next := u.clone()
	for _, rule := range merged {
		if err := next.do(rule); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// clone copies what rules change. Only the first selector, the user's own, is ever
// changed after it was made.
func (u *User) clone() *User {
	next := *u
	next.line, next.words = "", nil
	next.passwords, next.selectors = slices.Clone(u.passwords), slices.Clone(u.selectors)
	next.selectors[0] = next.selectors[0].clone()
	return &next
}

// do carries out one rule of a user that nobody else holds yet. One that fails leaves
// it as it was.
func (u *User) do(rule string) error {
	if err := u.apply(rule); err != nil {
		return &RuleError{Rule: rule, Cause: err.Error()}
	}
	return nil
}

// parts counts the user, its selectors, passwords and patterns.
func (u *User) parts() int {
	n := len(u.selectors) + len(u.passwords)
	for i := range u.selectors {
		s := &u.selectors[i]
		n += len(s.keys) + len(s.channels)
		for _, args := range s.firstArgs {
			n += len(args)
		}
	}
	return n
}

// apply carries out one rule (ACLSetUser). An empty one does nothing.
func (u *User) apply(rule string) error {
	if rule == "" {
		return nil
	}
	switch strings.ToLower(rule) {
	case "on":
		u.enabled = true
	case "off":
		u.enabled = false
	case "skip-sanitize-payload":
		u.sanitize = sanitizeSkip
	case "sanitize-payload":
		u.sanitize = sanitizePayload
	case "nopass":
		u.noPass, u.passwords = true, nil
	case "resetpass":
		u.noPass, u.passwords = false, nil
	case "clearselectors":
		u.selectors = u.selectors[:1]
	case "reset":
		fresh := newUser(u.name, u.table, u.pubsub)
		fresh.sanitize = sanitizePayload
		*u = *fresh
	default:
		return u.applyPrefixed(rule)
	}
	return nil
}

func (u *User) applyPrefixed(rule string) error {
	switch rule[0] {
	case '>', '#':
		return u.addPassword(rule)
	case '<', '!':
		return u.dropPassword(rule)
	case '(':
		if strings.HasSuffix(rule, ")") {
			return u.addSelector(rule[1 : len(rule)-1])
		}
	}
	return u.selectors[0].apply(u.table, rule)
}

// passwordOf reads >password and #hash, or <password and !hash.
func passwordOf(rule string) (string, error) {
	if rule[0] == '>' || rule[0] == '<' {
		return hashOf(rule[1:]), nil
	}
	if !isHash(rule[1:]) {
		return "", errHash
	}
	return rule[1:], nil
}

func isHash(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

func (u *User) addPassword(rule string) error {
	hash, err := passwordOf(rule)
	if err != nil {
		return err
	}
	if !slices.Contains(u.passwords, hash) {
		u.passwords = append(u.passwords, hash)
	}
	u.noPass = false
	return nil
}

func (u *User) dropPassword(rule string) error {
	hash, err := passwordOf(rule)
	if err != nil {
		return err
	}
	i := slices.Index(u.passwords, hash)
	if i < 0 {
		return errNoSuchPassword
	}
	u.passwords = slices.Delete(u.passwords, i, i+1)
	return nil
}

// addSelector adds a selector of the rules between parentheses.
func (u *User) addSelector(text string) error {
	s := newSelector(u.table, u.pubsub)
	rules, ok := splitRules(text)
	if !ok {
		return errSyntax
	}
	for _, rule := range rules {
		if err := s.apply(u.table, rule); err != nil {
			return err
		}
	}
	s.text = s.inParentheses(u.table)
	u.selectors = append(u.selectors, s)
	return nil
}
