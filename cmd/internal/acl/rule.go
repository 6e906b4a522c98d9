package acl

import (
	"fmt"
	"strings"
)

// cause is why a rule or an edit is refused, in Redis' words where it has them
// (ACLSetUserStringError).
type cause string

func (c cause) Error() string { return string(c) }

const (
	errUnknown        = cause("Unknown command or category name in ACL")
	errSyntax         = cause("Syntax error")
	errNoSuchPassword = cause("The password you are trying to remove from the user does not exist")
	errHash           = cause("The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters")
	errFirstArgOfSub  = cause("Allowing first-arg of a subcommand is not supported")
)

var (
	errAfterAllKeys     = afterAll("allkeys", "resetkeys", "patterns")
	errAfterAllChannels = afterAll("allchannels", "resetchannels", "channels")
)

func afterAll(all, reset, list string) cause {
	return cause(fmt.Sprintf("Adding a pattern after the * pattern (or the '%s' flag) is not valid and does not have any effect. "+
		"Try '%s' to start with an empty list of %s", all, reset, list))
}

// RuleError is a rule that is not one.
type RuleError struct {
	Rule  string // as it was given: it may hold a password
	Cause string // in Redis' words
}

// Error is the cause alone: a rule may hold a password.
func (e *RuleError) Error() string { return e.Cause }

// Unknown reports whether the rule names a command or a category that is not
// known. Such a rule holds no secret.
func (e *RuleError) Unknown() bool { return e.Cause == errUnknown.Error() }

// UnmatchedError is a selector whose parenthesis is never closed.
type UnmatchedError struct{ Rule string }

// Error is Redis' text.
func (e *UnmatchedError) Error() string {
	return fmt.Sprintf("Unmatched parenthesis in acl selector starting at '%s'.", e.Rule)
}

// merge puts selectors together again that were spread over several words
// (ACLMergeSelectorArguments).
func merge(rules []string) ([]string, error) {
	var merged []string
	open := -1
	for i, rule := range rules {
		switch {
		case open >= 0 && !strings.HasSuffix(rule, ")"):
		case open >= 0:
			merged = append(merged, strings.Join(rules[open:i+1], " "))
			open = -1
		case strings.HasPrefix(rule, "(") && !strings.HasSuffix(rule, ")"):
			open = i
		default:
			merged = append(merged, rule)
		}
	}
	if open >= 0 {
		return nil, &UnmatchedError{rules[open]}
	}
	return merged, nil
}
