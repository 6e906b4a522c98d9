package config

import (
	"fmt"
	"slices"
	"strings"
)

// SetRequest is one SENTINEL SET.
type SetRequest struct {
	Words       []string // what follows the name of the master: option value [option value ...]
	DenyScripts bool     // deny-scripts-reconfig
}

// Change is one option that SENTINEL SET changed, as the event +set shows it.
type Change struct {
	Option string   // as the client wrote it
	Shown  []string // its values; a password is shown as ******
}

// Refusal is an error whose text is an error reply of the RESP door, "ERR" included.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// setWordsAt is the index of the first option in the whole command: SENTINEL SET <name> ...
const setWordsAt = 3

// Set applies every option of one SENTINEL SET, or none of them when one is refused:
// Sentinel itself leaves the earlier ones applied. The error is a Refusal with
// Sentinel's text (sentinel.c, sentinelSetCommand).
func (g *Group) Set(req SetRequest) ([]Change, error) {
	for i, word := range req.Words {
		if !Printable(word) {
			return nil, Refusal(fmt.Sprintf("ERR Invalid argument at index %d for SENTINEL SET: control characters are not allowed", setWordsAt+i))
		}
	}
	draft := g.Clone()
	var changes []Change
	for len(req.Words) > 0 {
		change, err := draft.setOne(req)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
		req.Words = req.Words[1+len(change.Shown):]
	}
	*g = draft
	return changes, nil
}

// setOne applies the first option of a request.
func (g *Group) setOne(req SetRequest) (Change, error) {
	option, args := req.Words[0], req.Words[1:]
	e, ok := find(groupTable, "sentinel "+strings.ToLower(option))
	if !ok || !e.has(settable) || len(args) < e.min {
		return Change{}, Refusal(fmt.Sprintf("ERR Unknown option or number of arguments for SENTINEL SET '%s'", option))
	}
	args = args[:e.min]
	if err := req.checkScript(e, args[0]); err != nil {
		return Change{}, err
	}
	most := max(len(g.Rename), maxRenames) // the file may have more
	if tooLong(args) || e.read(g, args) != nil || len(g.Rename) > most {
		return Change{}, Refusal(fmt.Sprintf("ERR Invalid argument '%s' for SENTINEL SET '%s'", clip(offending(args)), option))
	}
	if e.has(secret) {
		args = []string{masked}
	}
	return Change{Option: option, Shown: args}, nil
}

// tooLong reports whether one of the arguments is.
func tooLong(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return len(arg) > maxValue })
}

// offending is the argument that an error names: the empty or too long one of two, else
// the first.
func offending(args []string) string {
	for _, arg := range args {
		if arg == "" || len(arg) > maxValue {
			return arg
		}
	}
	return args[0]
}
