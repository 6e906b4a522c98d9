package config

import (
	"slices"
	"strings"
)

// ACL DELUSER takes a user's line out of the main file. One that stands in an included
// file or on the command line stays, so a note in the main file says that it is void: by a
// mark of what it says, so that the operator's next word about the user stands again.

// foreignMark tells what lines outside the main file say of a user from anything else
// that they may say, without giving away a secret; "" when there is none.
func (o origin) foreignMark(name string) string {
	var lines []string
	for _, u := range o.foreign {
		if u.Name == name {
			lines = append(lines, join(u.words()...))
		}
	}
	if lines == nil {
		return ""
	}
	return sumOf([]byte(strings.Join(lines, "\n")))
}

// dropDeletedUsers forgets the users whose lines a note says are void. A line of the main
// file was written after the note.
func (c *Config) dropDeletedUsers(notes []note) {
	if c.ACLFile != "" {
		return
	}
	for _, n := range notes {
		if n.verb == "removed-user" && n.args[1] == c.origin.foreignMark(n.args[0]) {
			c.Users = slices.DeleteFunc(c.Users, func(u User) bool { return u.Name == n.args[0] && (u.line.inner || u.line.commandLine()) })
		}
	}
}

// deletedUsers are the notes of the users that are no more although a line outside the
// main file has them.
func (o origin) deletedUsers(st State) []wanted {
	if st.Users == nil {
		return nil
	}
	var list []wanted
	seen := map[string]bool{}
	for _, u := range st.Users {
		seen[u.Name] = true
	}
	for _, u := range o.foreign {
		if !seen[u.Name] {
			seen[u.Name] = true
			list = append(list, noteLine("removed-user", u.Name, o.foreignMark(u.Name)))
		}
	}
	return list
}
