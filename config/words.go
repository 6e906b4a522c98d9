package config

import (
	"fmt"
	"strings"
)

var errUnbalanced = problem{"Unbalanced quotes in configuration line.", "Close the quotes, and leave a blank behind them."}

// split breaks a line into words by the rules of Redis' sdssplitargs: words are
// separated by blanks; "..." understands \n \r \t \b \a \xHH and \ before any other
// character; '...' understands only \'. A closing quote must end its word.
func split(line string) ([]string, error) {
	var words []string
	s := &scanner{text: line}
	for s.skipBlanks() {
		word, err := s.word()
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

type scanner struct {
	text string
	at   int
	out  strings.Builder
}

func isBlank(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }

// skipBlanks reports whether a word follows.
func (s *scanner) skipBlanks() bool {
	for s.at < len(s.text) && isBlank(s.text[s.at]) {
		s.at++
	}
	return s.at < len(s.text)
}

func (s *scanner) word() (string, error) {
	s.out.Reset()
	for s.at < len(s.text) && !isBlank(s.text[s.at]) {
		c := s.text[s.at]
		s.at++
		switch c {
		case '"':
			return s.quoted(c, s.escape)
		case '\'':
			return s.quoted(c, s.apostrophe)
		default:
			s.out.WriteByte(c)
		}
	}
	return s.out.String(), nil
}

// quoted reads up to the closing quote, which ends the word: a blank or the end of
// the line must follow it.
func (s *scanner) quoted(quote byte, escape func()) (string, error) {
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '\\' && s.at < len(s.text):
			escape()
		case c == quote:
			if s.at < len(s.text) && !isBlank(s.text[s.at]) {
				return "", errUnbalanced
			}
			return s.out.String(), nil
		default:
			s.out.WriteByte(c)
		}
	}
	return "", errUnbalanced
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'a': '\a'}

// escape writes what a backslash inside double quotes stands for.
func (s *scanner) escape() {
	c := s.text[s.at]
	if c == 'x' && s.at+2 < len(s.text) && isHex(s.text[s.at+1]) && isHex(s.text[s.at+2]) {
		s.out.WriteByte(unhex(s.text[s.at+1])<<4 | unhex(s.text[s.at+2]))
		s.at += 3
		return
	}
	if e, ok := escapes[c]; ok {
		c = e
	}
	s.out.WriteByte(c)
	s.at++
}

// apostrophe writes what a backslash inside single quotes stands for: itself, but
// for \'.
func (s *scanner) apostrophe() {
	if s.text[s.at] != '\'' {
		s.out.WriteByte('\\')
		return
	}
	s.out.WriteByte('\'')
	s.at++
}

func isHex(c byte) bool {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// join renders words as one line that split reads back as the same words. It never
// holds a line break, whatever the words hold.
func join(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// quote renders one word, in double quotes only if it would be misread without.
func quote(word string) string {
	if isPlain(word) {
		return word
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(word) {
		writeEscaped(&b, word[i])
	}
	b.WriteByte('"')
	return b.String()
}

// isPlain reports whether word needs no quotes. A saved state has tens of thousands of
// words, nearly all of them plain.
func isPlain(word string) bool {
	for i := range len(word) {
		c := word[i]
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '\\' || c == '#' {
			return false
		}
	}
	return word != ""
}

func writeEscaped(b *strings.Builder, c byte) {
	switch {
	case c == '"' || c == '\\':
		b.WriteByte('\\')
		b.WriteByte(c)
	case c < ' ' || c >= 0x7f:
		fmt.Fprintf(b, `\x%02x`, c)
	default:
		b.WriteByte(c)
	}
}

// Printable reports whether s is free of control characters, which no value of a
// directive, of SENTINEL SET or of SENTINEL MONITOR may hold.
func Printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
