package acl

import (
	"slices"
	"strings"
)

// Reason is why something was refused. A later one says more of a refusal.
type Reason uint8

// Reasons.
const (
	Allowed Reason = iota
	DeniedCommand
	DeniedAuth
	DeniedChannel
)

// String is the word of ACL LOG.
func (r Reason) String() string {
	return [...]string{"allowed", "command", "auth", "channel"}[r]
}

// Denial is why a user may not run a command.
type Denial struct {
	Reason Reason
	Object string // the command's full name, or the channel
}

// Check returns why the user may not run the command with these arguments, of
// which the first is the command's own name; Allowed if it may. Of several
// selectors that refuse it for different reasons, the one that came furthest
// is told (ACLCheckAllUserCommandPerm).
func (u *User) Check(id ID, args []string) Denial {
	worst, last := Denial{Reason: DeniedCommand, Object: u.table.Name(id)}, 0
	for i := range u.selectors {
		reason, at := u.selectors[i].check(u.table, id, args)
		if reason == Allowed {
			return Denial{}
		}
		if reason > worst.Reason || reason == DeniedChannel && at > last {
			worst, last = Denial{Reason: reason, Object: args[at]}, at
		}
	}
	return worst
}

func (s *selector) check(t *Table, id ID, args []string) (Reason, int) {
	cmd := &t.rows[id]
	if !cmd.Anyone && !s.commands.has(id) && !s.firstArgAllowed(id, args) {
		return DeniedCommand, 0
	}
	for i, channel := range cmd.channels(args) {
		if !s.opens(t, cmd.Channels, channel) {
			return DeniedChannel, i + 1
		}
	}
	return Allowed, 0
}

// opens reports whether a channel, or a pattern where the arguments are such, is allowed.
func (s *selector) opens(t *Table, kind Channels, name string) bool {
	if kind == AllPatterns {
		return s.pattern(name)
	}
	return s.channel(t, name)
}

func (s *selector) firstArgAllowed(id ID, args []string) bool {
	return len(args) > 1 && slices.ContainsFunc(s.firstArgs[id], func(a string) bool { return strings.EqualFold(a, args[1]) })
}

func (r *row) channels(args []string) []string {
	switch r.Channels {
	case OneChannel:
		return args[1:2]
	case AllChannels, AllPatterns:
		return args[1:]
	}
	return nil
}

// channel reports whether a channel matches a pattern that is allowed.
func (s *selector) channel(t *Table, name string) bool {
	return s.allChannels || slices.ContainsFunc(s.channels, func(pattern string) bool { return t.match(pattern, name) })
}

// pattern reports whether a pattern is allowed: to the letter.
func (s *selector) pattern(name string) bool {
	return s.allChannels || slices.Contains(s.channels, name)
}

// MayListen reports whether the user may stay subscribed to these channels and
// patterns (ACLKillPubsubClientsIfNeeded).
func (u *User) MayListen(channels, patterns []string) bool {
	return !slices.ContainsFunc(channels, func(c string) bool { return !u.hears(AllChannels, c) }) &&
		!slices.ContainsFunc(patterns, func(p string) bool { return !u.hears(AllPatterns, p) })
}

func (u *User) hears(kind Channels, name string) bool {
	return slices.ContainsFunc(u.selectors, func(s selector) bool { return s.opens(u.table, kind, name) })
}
