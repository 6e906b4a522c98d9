package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// trait is something that the reader or the writer must know about a directive.
type trait uint8

const (
	early    trait = 1 << iota // applied before the monitor lines, whatever its place in the file
	always                     // written even at its default
	secret                     // its values are never shown
	settable                   // SENTINEL SET changes it
	setOnly                    // SENTINEL SET knows it, the file does not
)

// entry is one directive of the table: what the manual says about it, and how
// it is read into, shown from and copied between values of T.
type entry[T any] struct {
	Directive
	aliases []string
	traits  trait
	min     int // fewest arguments, the name of the group not counted
	max     int // most arguments; -1: any number
	read    func(t *T, args []string) error
	show    func(t *T) [][]string // the arguments of its lines; nil means no line
	copy    func(dst, src *T)
}

// field is a directive with one argument that sets one field of T. A field shown as
// "" has no line.
func field[T, V any](at func(*T) *V, parse func(string) (V, error), format func(V) string) entry[T] {
	return entry[T]{
		min: 1, max: 1,
		read: func(t *T, args []string) error {
			v, err := parse(args[0])
			if err == nil {
				*at(t) = v
			}
			return err
		},
		show: func(t *T) [][]string {
			if s := format(*at(t)); s != "" {
				return [][]string{{s}}
			}
			return nil
		},
		copy: func(dst, src *T) { *at(dst) = *at(src) },
	}
}

// doc names and describes the directive.
func (e entry[T]) doc(name, syntax, unit, about string) entry[T] {
	e.Name, e.Syntax, e.Unit, e.About = name, syntax, unit, about
	return e
}

func (e entry[T]) alias(names ...string) entry[T] { e.aliases = names; return e }
func (e entry[T]) unset(text string) entry[T]     { e.Default = text; return e }
func (e entry[T]) is(t trait) entry[T] {
	e.traits |= t
	e.SetChanges = e.traits&settable != 0
	return e
}

func (e entry[T]) has(t trait) bool { return e.traits&t != 0 }

// takes reports whether n arguments are a right number of them.
func (e entry[T]) takes(n int) bool { return n >= e.min && (e.max < 0 || n <= e.max) }

// find returns the entry of a table that answers to name.
func find[T any](table []entry[T], name string) (entry[T], bool) {
	for i := range table {
		if table[i].Name == name || slices.Contains(table[i].aliases, name) {
			return table[i], true
		}
	}
	return entry[T]{}, false
}

// problem is what is wrong with a value, in Sentinel's words where it has them, and
// what to do.
type problem struct{ text, advice string }

func (p problem) Error() string { return strings.TrimSpace(p.text + " " + p.advice) }

func plain(s string) (string, error) { return s, nil }
func same(s string) string           { return s }

// whole reads a whole number between lo and hi.
func whole(lo, hi int, text string) func(string) (int, error) {
	return func(s string) (int, error) {
		n, ok := integer(s)
		if !ok || n < int64(lo) || n > int64(hi) {
			return 0, problem{text, "Give a whole number between " + strconv.Itoa(lo) + " and " + strconv.Itoa(hi) + "."}
		}
		return int(n), nil
	}
}

// integer reads a number as Redis does (string2ll): decimal digits after at most a minus,
// no leading zeros.
func integer(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
}

func unsigned(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, problem{"Invalid epoch.", "Give a whole number, 0 or more."}
	}
	return n, nil
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// maxMillis keeps every sum of a few durations far from overflowing: some 31 years.
const maxMillis = 1_000_000_000_000

// millis reads a duration in whole milliseconds, at least lo of them.
func millis(lo int64, text string) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		n, ok := integer(s)
		if !ok || n < lo || n > maxMillis {
			return 0, problem{text, "Give whole milliseconds without a unit, such as 30000."}
		}
		return time.Duration(n) * time.Millisecond, nil
	}
}

func inMillis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// seconds reads a duration in whole seconds.
func seconds(s string) (time.Duration, error) {
	n, err := number(0, maxInt)(s)
	return time.Duration(n) * time.Second, err
}

func inSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func yesNo(text string) func(string) (bool, error) {
	return func(s string) (bool, error) {
		switch strings.ToLower(s) {
		case "yes":
			return true, nil
		case "no":
			return false, nil
		}
		return false, problem{text, "Write yes or no."}
	}
}

func inYesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// oneOf reads one of some words.
func oneOf[S ~string](words ...S) func(string) (S, error) {
	return func(s string) (S, error) {
		w := S(strings.ToLower(s))
		if !slices.Contains(words, w) {
			var list []string
			for _, word := range words {
				list = append(list, string(word))
			}
			return "", problem{"argument(s) must be one of the following: " + strings.Join(list, ", "), ""}
		}
		return w, nil
	}
}
