package config

import (
	"fmt"
	"strings"
)

// configurable names the globals that SENTINEL CONFIG GET tells and SENTINEL CONFIG SET
// changes, in the order in which Sentinel tells them (sentinel.c, sentinelConfigGetCommand;
// loglevel came with Redis 7.2).
var configurable = []string{
	"resolve-hostnames", "announce-hostnames", "announce-ip", "announce-port", "sentinel-user", "sentinel-pass", "loglevel",
}

// Value is the name and the value of one global setting.
type Value struct{ Name, Value string }

// Values returns what SENTINEL CONFIG GET tells, in Sentinel's order; a string that is
// not set is "". The password is told in clear, as Sentinel does.
func (g *Globals) Values() []Value {
	list := make([]Value, 0, len(configurable))
	for _, name := range configurable {
		e, _ := globalEntry(name)
		v := Value{Name: name}
		if lines := e.show(g); len(lines) > 0 {
			v.Value = strings.Join(lines[0], " ")
		}
		list = append(list, v)
	}
	return list
}

// configWordsAt is the index of the first option in SENTINEL CONFIG SET <option> ...
const configWordsAt = 3

// Set applies the options of one SENTINEL CONFIG SET, name and value in turn, or none of
// them. The error is a Refusal with Sentinel's text.
func (g *Globals) Set(words []string) error {
	draft, seen := *g, map[string]bool{}
	for i := 0; i < len(words); i += 2 {
		name := strings.ToLower(words[i])
		e, ok := globalEntry(name)
		switch {
		case !ok:
			return Refusal(fmt.Sprintf("ERR Invalid argument '%s' to SENTINEL CONFIG SET", words[i]))
		case seen[name]:
			return Refusal(fmt.Sprintf("ERR Duplicate argument '%s' to SENTINEL CONFIG SET", words[i]))
		case i+1 == len(words):
			return Refusal(fmt.Sprintf("ERR Missing argument '%s' value", words[i]))
		case !Printable(words[i+1]):
			return Refusal(fmt.Sprintf("ERR Invalid argument at index %d for SENTINEL CONFIG SET: control characters are not allowed", configWordsAt+i+1))
		case len(words[i+1]) > longest(name) || e.read(&draft, words[i+1:i+2]) != nil:
			return Refusal(fmt.Sprintf("ERR Invalid value '%s' to SENTINEL CONFIG SET '%s'", clip(words[i+1]), words[i]))
		}
		seen[name] = true
	}
	*g = draft
	return nil
}

// longest is the most bytes that a global may have.
func longest(name string) int {
	if name == "announce-ip" {
		return MaxName
	}
	return maxValue
}

// globalEntry finds a global by the name that SENTINEL CONFIG gives it.
func globalEntry(name string) (entry[Globals], bool) {
	for _, known := range configurable {
		if known == name && name == "loglevel" {
			return find(globalTable, name)
		}
		if known == name {
			return find(globalTable, "sentinel "+name)
		}
	}
	return entry[Globals]{}, false
}
