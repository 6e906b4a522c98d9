package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// User is a line "user <name> [<rule> ...]". What its rules mean is not known here:
// that takes the table of commands.
type User struct {
	Name  string
	Rules []string

	line line
}

// Fail returns the error of the user's line, in redis-sentinel's words. The rules do not
// show in it: they may hold a password.
func (u User) Fail(problem, advice string) *LineError {
	e := u.line.fail(fmt.Errorf("Error in user declaration '%s': %s", u.Name, problem))
	e.Advice = advice
	return e
}

// userEntry describes the directive; its lines are read by planUser.
var userEntry = entry[Config]{min: 1, max: -1, traits: secret, show: func(*Config) [][]string { return nil },
	read: func(*Config, []string) error { return nil },
	Directive: Directive{Name: "user", Syntax: "<name> [<rule> ...]", Default: "user default on nopass ~* &* +@all",
		About: "a user who may log in, by the rules of Redis' ACL; written back when ACL SETUSER changes it; not beside aclfile"}}

// channelsByDefault reads acl-pubsub-default.
func channelsByDefault(s string) (bool, error) {
	word, err := oneOf("allchannels", "resetchannels")(s)
	return word == "allchannels", err
}

func inChannels(all bool) string {
	if all {
		return "allchannels"
	}
	return "resetchannels"
}

// planUser plans the line of a user. The command line repeats what an earlier start wrote
// into the file, and the file what an included file says: the former of each stands.
func (r *reader) planUser(l line) (step, error) {
	if !userEntry.takes(len(l.words) - 1) {
		return step{}, wrongCount(userEntry.Directive)
	}
	return step{line: l, apply: func(l line) error {
		u := User{Name: l.words[1], Rules: slices.Clone(l.words[2:]), line: l}
		if l.inner || l.commandLine() {
			r.cfg.origin.foreign = append(r.cfg.origin.foreign, u)
		}
		i := slices.IndexFunc(r.cfg.Users, func(other User) bool { return other.Name == u.Name })
		switch {
		case i < 0:
			r.cfg.Users = append(r.cfg.Users, u)
		case l.commandLine() && !r.cfg.Users[i].line.commandLine(), !l.inner && r.cfg.Users[i].line.inner:
			r.cfg.Users[i] = u
		case l.inner && !r.cfg.Users[i].line.inner:
		default:
			return problem{fmt.Sprintf("Error in user declaration '%s': Duplicate user found. A user can only be defined once in config files", u.Name),
				"Delete one of the lines."}
		}
		return nil
	}}, nil
}

// userLines renders the users. The default user as requirepass alone makes it is written
// only where the file has such a line: redis-sentinel always writes it, and from then on
// requirepass has no effect any more.
func userLines(users []User, requirePass string) []wanted {
	var list []wanted
	for _, u := range users {
		list = append(list, wanted{key: lineKey("user", u.Name), words: u.words(), optional: u.isImplied(requirePass)})
	}
	return list
}

func (u User) words() []string { return append([]string{"user", u.Name}, u.Rules...) }

// isImplied reports whether this is the default user without a line of its own.
func (u User) isImplied(requirePass string) bool {
	credential := "nopass"
	if requirePass != "" {
		sum := sha256.Sum256([]byte(requirePass))
		credential = "#" + hex.EncodeToString(sum[:])
	}
	rules := slices.DeleteFunc(slices.Clone(u.Rules), func(r string) bool { return r == "sanitize-payload" })
	return u.Name == "default" && slices.Equal(rules, []string{"on", credential, "~*", "&*", "+@all"})
}

// userText renders the line of a user. Hashes of passwords begin with #, which needs no
// quotes within a line.
func userText(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if !isPlain(strings.ReplaceAll(w, "#", "x")) {
			quoted[i] = quote(w)
		}
	}
	return strings.Join(quoted, " ")
}

// userState renders the users for a state file: each with the mark of what the operator's
// file says of it, and those of the file that are no more.
func userState(st State, from origin) []wanted {
	var list []wanted
	for _, w := range userLines(st.Users, from.requirePass) {
		if !w.optional || slices.ContainsFunc(from.users, func(u User) bool { return u.Name == w.words[1] }) {
			w.optional = false
			list = append(list, w, noteLine("over-user", w.words[1], from.userMark(w.words[1])))
		}
	}
	for _, u := range from.users {
		if st.Users != nil && !slices.ContainsFunc(st.Users, func(other User) bool { return other.Name == u.Name }) {
			list = append(list, noteLine("removed-user", u.Name, from.userMark(u.Name)))
		}
	}
	return list
}

// userMark tells what a file says of a user from anything else that it may say, without
// giving away a secret. requirepass is part of it for the default user.
func (o origin) userMark(name string) string {
	text := ""
	for _, u := range o.users {
		if u.Name == name {
			text = join(u.words()...)
		}
	}
	if name == "default" {
		text += "\n" + o.requirePass
	}
	return sumOf([]byte(text))
}

// resumeUsers puts the saved users over those of the file, but for those whose line the
// operator has changed since.
func (s savedState) resumeUsers(c *Config) {
	if c.ACLFile != "" {
		return
	}
	c.Users = slices.DeleteFunc(c.Users, func(u User) bool {
		mark, ok := s.mark("removed-user", u.Name)
		return ok && mark == c.origin.userMark(u.Name)
	})
	for _, u := range s.cfg.Users {
		if mark, ok := s.mark("over-user", u.Name); !ok || mark != c.origin.userMark(u.Name) {
			continue
		}
		i := slices.IndexFunc(c.Users, func(other User) bool { return other.Name == u.Name })
		if i < 0 {
			c.Users = append(c.Users, u)
		} else {
			c.Users[i] = u
		}
	}
}
