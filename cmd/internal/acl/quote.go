package acl

import (
	"strconv"
	"strings"
)

// splitRules breaks the inside of a selector into words. Redis reads quotes
// there (sdssplitargs); so a pattern that holds one is written in double
// quotes, with a backslash before " and \.
func splitRules(text string) ([]string, bool) {
	var words []string
	for text = strings.TrimLeft(text, blanks); text != ""; text = strings.TrimLeft(text, blanks) {
		word, rest, ok := cutWord(text)
		if !ok {
			return nil, false
		}
		words, text = append(words, word), rest
	}
	return words, true
}

const blanks = " \t\n\v\f\r"

func cutWord(text string) (word, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.IndexByte(blanks, c) >= 0:
			return b.String(), text[i:], true
		case c == '"' || c == '\'':
			end, ok := unquote(&b, text[i:])
			return b.String(), text[min(i+end, len(text)):], ok
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", true
}

// unquote reads a quoted string to its end, which must end the word too.
func unquote(b *strings.Builder, text string) (end int, ok bool) {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && quote == '"':
			i += escape(b, text[i+1:])
		case c == '\\' && i+1 < len(text) && text[i+1] == '\'':
			i++
			b.WriteByte(text[i])
		case c == quote:
			last := i+1 == len(text) || strings.IndexByte(blanks, text[i+1]) >= 0
			return i + 1, last
		default:
			b.WriteByte(c)
		}
	}
	return len(text), false
}

// escape reads what follows a backslash and returns its length. A control character is
// refused with the rule that holds it.
func escape(b *strings.Builder, text string) int {
	if text[0] == 'x' && len(text) > 2 {
		if c, err := strconv.ParseUint(text[1:3], 16, 8); err == nil {
			b.WriteByte(byte(c))
			return 3
		}
	}
	if at := strings.IndexByte("nrtba", text[0]); at >= 0 {
		b.WriteByte("\n\r\t\b\a"[at])
		return 1
	}
	b.WriteByte(text[0])
	return 1
}

// quoted renders a rule so that splitRules reads it back; a parenthesis at its
// end would end the selector.
func quoted(rule string) string {
	if !strings.ContainsAny(rule, `"'\`) && !strings.HasSuffix(rule, ")") {
		return rule
	}
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(rule) + `"`
}
