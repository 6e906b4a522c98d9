package config

import "strings"

// lexCommandLine makes lines of the words of the command line as redis-server does
// (server.c, main): a word that begins with "--" begins a line, unless the line before
// it has a name and no value yet: a password may be "--x". A bare --sentinel is the
// switch that makes a redis-server a sentinel and says nothing here; --supervised alone
// is taken as auto.
func (r *reader) lexCommandLine(words []string) []line {
	var lines []line
	for len(words) > 0 {
		n := r.wordsOfLine(words)
		if l, ok := r.commandLine(words[:n]); ok {
			lines = append(lines, l)
			lines = append(lines, r.follow(l, source{})...)
		}
		words = words[n:]
	}
	return lines
}

// wordsOfLine counts the words that make the line at the head of words.
func (r *reader) wordsOfLine(words []string) int {
	n := 1
	for n < len(words) && (!strings.HasPrefix(words[n], "--") || (n == 1 && takesDashes(words[0]))) {
		n++
	}
	return n
}

// commandLine makes one line of its words, none of a bare --sentinel.
func (r *reader) commandLine(words []string) (line, bool) {
	name, ok := strings.CutPrefix(words[0], "--")
	l := r.line(line{raw: strings.TrimPrefix(join(words...), "--")})
	parts, err := split(name)
	switch {
	case !ok || err != nil || len(parts) == 0:
		r.errs = append(r.errs, l.fail(problem{"expected a directive.", "Write: --<directive> <value> ..."}))
		return l, false
	case len(words) == 1 && strings.EqualFold(name, "sentinel"):
		return l, false
	case len(words) == 1 && strings.EqualFold(name, "save"):
		words = append(words, "")
	}
	l.words = append(parts, words[1:]...)
	l.raw = join(l.words...)
	return l, true
}

// takesDashes reports whether a word that begins with dashes is the value of the one
// before it: so it is after a name without a value. --sentinel and --save may stand
// without, as for redis-server, and --supervised too.
func takesDashes(word string) bool {
	switch strings.ToLower(word) {
	case "--sentinel", "--save", "--supervised":
		return false
	}
	return strings.HasPrefix(word, "--") && len(strings.Fields(word)) == 1
}
