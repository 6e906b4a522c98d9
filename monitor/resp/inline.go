package resp

import "strings"

// splitInline splits a line into words by the rules of redis-cli and
// redis.conf (sdssplitargs): blanks separate; "..." knows \n \r \t \b \a \xHH
// and \c for c; '...' knows \' only; a closing quote must end its word. It
// returns false when quotes are not balanced.
func splitInline(line string) ([]string, bool) {
	var words []string
	for {
		line = strings.TrimLeft(line, blanks)
		if line == "" || line[0] == 0 {
			return words, true
		}
		word, rest, ok := inlineWord(line)
		if !ok {
			return nil, false
		}
		words = append(words, word)
		line = rest
	}
}

const (
	blanks = " \t\n\v\f\r"      // isspace
	ends   = " \t\n\r" + "\x00" // what ends a bare word
)

func inlineWord(s string) (word, rest string, ok bool) {
	var b strings.Builder
	for s != "" && strings.IndexByte(ends, s[0]) < 0 {
		switch s[0] {
		case '"':
			rest, ok = doubleQuoted(&b, s[1:])
			return b.String(), rest, ok
		case '\'':
			rest, ok = singleQuoted(&b, s[1:])
			return b.String(), rest, ok
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return b.String(), s, true
}

func doubleQuoted(b *strings.Builder, s string) (rest string, ok bool) {
	for s != "" && s[0] != 0 {
		switch {
		case len(s) >= 4 && s[:2] == `\x` && isHex(s[2]) && isHex(s[3]):
			b.WriteByte(hexDigit(s[2])<<4 | hexDigit(s[3]))
			s = s[4:]
		case len(s) >= 2 && s[0] == '\\':
			b.WriteByte(unescape(s[1]))
			s = s[2:]
		case s[0] == '"':
			return s[1:], endsWord(s[1:])
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return "", false
}

func singleQuoted(b *strings.Builder, s string) (rest string, ok bool) {
	for s != "" && s[0] != 0 {
		switch {
		case strings.HasPrefix(s, `\'`):
			b.WriteByte('\'')
			s = s[2:]
		case s[0] == '\'':
			return s[1:], endsWord(s[1:])
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return "", false
}

// endsWord reports whether what follows a closing quote may follow it.
func endsWord(s string) bool {
	return s == "" || s[0] == 0 || strings.IndexByte(blanks, s[0]) >= 0
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexDigit(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
