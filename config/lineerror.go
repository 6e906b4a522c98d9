package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// LineError is one thing wrong with the configuration: where, what, and what to do.
type LineError struct {
	File    string // "" for the command line
	Line    int    // counted from 1; 0 for the command line
	Text    string // the line, its secrets masked
	Problem string // in Sentinel's words where it has them
	Advice  string // what to do, may be ""

	seq int // the order in which the lines were read
}

func (e *LineError) Error() string {
	where := "command line"
	if e.File != "" {
		where = fmt.Sprintf("%s line %d", e.File, e.Line)
	}
	text := fmt.Sprintf("%s: '%s': %s", where, e.Text, e.Problem)
	if e.Advice == "" {
		return text
	}
	return strings.TrimSuffix(text, ".") + ". " + e.Advice
}

// masked stands for a secret in everything that is shown.
const masked = "******"

// maskLine renders a line for people and logs. Of a line whose directive holds a
// secret only the name is kept; so it is when the name is unknown but looks as if:
// a mistyped requirepass must not put the password into the log.
func maskLine(raw string) string {
	words, err := split(raw)
	if err != nil {
		words = strings.Fields(raw)
	}
	name := nameOf(words)
	traits, group, known := traitsOf(strings.ToLower(strings.Join(name, " ")))
	if traits&secret == 0 && (known || !soundsSecret(name)) {
		return visible(raw)
	}
	if group {
		name = words[:min(len(words), len(name)+1)]
	}
	return join(append(slices.Clone(name), masked)...)
}

// nameOf returns the words that name a directive: one, or two after "sentinel".
func nameOf(words []string) []string {
	if len(words) > 1 && strings.EqualFold(words[0], "sentinel") {
		return words[:2]
	}
	return words[:min(len(words), 1)]
}

// traitsOf looks a directive up in every table.
func traitsOf(name string) (traits trait, group, known bool) {
	if e, ok := find(processTable, name); ok {
		return e.traits, false, true
	}
	if e, ok := find(globalTable, name); ok {
		return e.traits, false, true
	}
	e, ok := find(groupTable, name)
	return e.traits, ok, ok
}

// soundsSecret reports whether an unknown directive may be a mistyped secret.
func soundsSecret(name []string) bool {
	word := strings.ToLower(strings.Join(name, " "))
	if traits, _, _ := traitsOf(nearest(word)); traits&secret != 0 {
		return true
	}
	return word == "user" || slices.ContainsFunc([]string{"pass", "auth", "key", "secret"},
		func(hint string) bool { return strings.Contains(word, hint) })
}

// visible replaces what could disturb a terminal or a log.
func visible(s string) string {
	clean := func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}
	return strings.Map(clean, strings.TrimSpace(s))
}
