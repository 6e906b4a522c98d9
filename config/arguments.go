package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// argumentCheck is Redis' check of the arguments of one directive; its error says what
// is wrong in Redis' words (config.c).
type argumentCheck func(args []string) error

const wrongArguments = "wrong number of arguments"

// one checks a directive with one argument.
func one(check func(string) error) argumentCheck {
	return func(args []string) error {
		if len(args) != 1 {
			return problem{wrongArguments, ""}
		}
		return check(args[0])
	}
}

func anything(string) error { return nil }

// known is a directive that Redis knows in this form only.
func known(args []string) error {
	if len(args) != 1 {
		return problem{badDirective, ""}
	}
	return nil
}

func something(args []string) error {
	if len(args) == 0 {
		return problem{wrongArguments, ""}
	}
	return nil
}

const notYesNo = "argument must be 'yes' or 'no'"

func yesOrNo(s string) error {
	_, err := yesNo(notYesNo)(s)
	return err
}

func wordOf(list ...string) func(string) error {
	return func(s string) error {
		_, err := oneOf(list...)(s)
		return err
	}
}

func words(list ...string) argumentCheck {
	return func(args []string) error {
		for _, arg := range args {
			if err := wordOf(list...)(arg); err != nil {
				return err
			}
		}
		return something(args)
	}
}

func numberIn(lo, hi int64) func(string) error {
	return func(s string) error {
		_, err := number(lo, hi)(s)
		return err
	}
}

// number reads a whole number, with Redis' texts.
func number(lo, hi int64) func(string) (int64, error) {
	return func(s string) (int64, error) {
		n, ok := integer(s)
		switch {
		case !ok:
			return 0, problem{"argument couldn't be parsed into an integer", ""}
		case n < lo || n > hi:
			return 0, problem{fmt.Sprintf("argument must be between %d and %d inclusive", lo, hi), ""}
		}
		return n, nil
	}
}

// count is number for the fields that are ints.
func count(lo, hi int64) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := number(lo, hi)(s)
		return int(n), err
	}
}

func sizeFrom(least uint64) func(string) error {
	return func(s string) error {
		_, err := size(least)(s)
		return err
	}
}

// size reads bytes, as "1mb" or without a unit.
func size(least uint64) func(string) (uint64, error) {
	return func(s string) (uint64, error) {
		n, ok := memory(s)
		switch {
		case !ok:
			return 0, problem{"argument must be a memory value", ""}
		case n < least:
			return 0, problem{fmt.Sprintf("argument must be between %d and %d inclusive", least, int64(math.MaxInt64)), ""}
		}
		return n, nil
	}
}

// memory reads digits and a unit as Redis' memtoull does: k, m and g are powers of 1000,
// kb, mb and gb of 1024; nothing at all is 0.
func memory(s string) (uint64, bool) {
	if s == "" {
		return 0, true
	}
	digits := strings.TrimRight(s, "bBkKmMgG")
	unit, ok := map[string]uint64{"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30}[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || n > math.MaxUint64/unit {
		return 0, false
	}
	return n * unit, true
}

func percentOrMemory(s string) error {
	if _, ok := memory(s); ok {
		return nil
	}
	n, ok := integer(strings.TrimSuffix(s, "%"))
	switch {
	case !ok || n < 0 || !strings.HasSuffix(s, "%"):
		return problem{"argument must be a memory or percent value", ""}
	case n > 100:
		return problem{"percentage argument must be less or equal to 100", ""}
	}
	return nil
}

// octal reads a file mode.
func octal(s string) (uint32, error) {
	n, err := strconv.ParseInt("0"+s, 8, 32) // "" is 0
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		n, err = strconv.ParseInt(s, 8, 32)
	}
	switch {
	case err != nil:
		return 0, problem{"argument couldn't be parsed as an octal number", ""}
	case n < 0 || n > 0o777:
		return 0, problem{"argument must be between 0 and 777 inclusive", ""}
	}
	return uint32(n), nil
}

func savePoints(args []string) error {
	if slices.Equal(args, []string{""}) {
		return nil
	}
	for i, arg := range args {
		n, ok := integer(arg)
		if !ok || n < 0 || (i%2 == 0 && n < 1) {
			return problem{"Invalid save parameters", ""}
		}
	}
	if len(args) == 0 || len(args)%2 == 1 {
		return problem{"Invalid save parameters", ""}
	}
	return nil
}

func replicaOf(args []string) error {
	if len(args) != 2 {
		return problem{wrongArguments, ""}
	}
	if strings.EqualFold(args[0], "no") && strings.EqualFold(args[1], "one") {
		return nil
	}
	if n, ok := integer(args[1]); !ok || n < 0 || n > 65535 {
		return problem{"Invalid master port", ""}
	}
	return nil
}

func percentiles(args []string) error {
	if slices.Equal(args, []string{""}) {
		return nil
	}
	for _, arg := range args {
		p, err := strconv.ParseFloat(arg, 64)
		switch {
		case err != nil:
			return problem{"Invalid latency-tracking-info-percentiles parameters", ""}
		case p < 0 || p > 100:
			return problem{"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]", ""}
		}
	}
	return nil
}

func scores(args []string) error {
	if len(args) != 3 {
		return problem{wrongArguments, ""}
	}
	for _, arg := range args {
		if n, ok := integer(arg); !ok || n < -2000 || n > 2000 {
			return problem{"Invalid oom-score-adj-values, elements must be between -2000 and 2000.", ""}
		}
	}
	return nil
}

func eventClasses(s string) error {
	if strings.Trim(s, "Ag$lshzxeKEtmdn") != "" {
		return problem{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'.", ""}
	}
	return nil
}

func announcedHostname(s string) error {
	if len(s) >= 256 {
		return problem{"Hostnames must be less than 256 characters", ""}
	}
	for _, c := range s {
		if c > 0x7f || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", c) {
			return problem{"Hostnames may only contain alphanumeric characters, hyphens or dots", ""}
		}
	}
	return nil
}

// titleTemplate takes what Redis can fill in.
func titleTemplate(s string) error {
	if s == "" {
		return errTemplate
	}
	for {
		_, rest, open := strings.Cut(s, "{")
		if !open {
			return nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !slices.Contains([]string{"title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"}, name) {
			return errTemplate
		}
		s = after
	}
}

var errTemplate = problem{"template format is invalid or contains unknown variables", ""}

// fileName checks a name that must not be empty.
func fileName(name, text string) func(string) error {
	return func(s string) error {
		if s == "" {
			return problem{name + " can't be empty", ""}
		}
		return baseName(text)(s)
	}
}

func baseName(text string) func(string) error {
	return func(s string) error {
		if strings.ContainsAny(s, `/\`) {
			return problem{text, ""}
		}
		return nil
	}
}
