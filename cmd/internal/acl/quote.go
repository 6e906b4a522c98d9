package acl

import "strings"

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

// unquote reads a quoted string to its end, which must end the word too. What
// control characters could be written by escapes no rule may hold anyway.
func unquote(b *strings.Builder, text string) (end int, ok bool) {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (quote == '"' || text[i+1] == '\''):
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

// quoted renders a rule so that splitRules reads it back; a parenthesis at its
// end would end the selector.
func quoted(rule string) string {
	if !strings.ContainsAny(rule, `"'\`) && !strings.HasSuffix(rule, ")") {
		return rule
	}
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(rule) + `"`
}
