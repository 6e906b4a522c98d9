package respapi

// MatchGlob matches text against a pattern by the rules of Redis
// (stringmatchlen): *, ?, [abc], [^a-z] and \ to quote; case matters. It takes
// time in proportion to the product of the lengths, at worst.
func MatchGlob(pattern, text string) bool {
	var m globMatch
	return m.match(pattern, text)
}

// globMatch carries what stringmatchlen calls skipLongerMatches: once the text
// ran out under a star, longer matches of the stars before it cannot help.
type globMatch struct{ exhausted bool }

func (m *globMatch) match(p, s string) bool {
	for p != "" && s != "" {
		switch p[0] {
		case '*':
			return m.star(p, s)
		case '?':
			p, s = p[1:], s[1:]
		case '[':
			hit, rest := bracket(p[1:], s[0])
			if !hit {
				return false
			}
			p, s = rest, s[1:]
		default:
			if p[0] == '\\' && len(p) >= 2 {
				p = p[1:]
			}
			if p[0] != s[0] {
				return false
			}
			p, s = p[1:], s[1:]
		}
	}
	if s == "" {
		for p != "" && p[0] == '*' {
			p = p[1:]
		}
	}
	return p == "" && s == ""
}

func (m *globMatch) star(p, s string) bool {
	for len(p) > 1 && p[1] == '*' {
		p = p[1:]
	}
	if len(p) == 1 {
		return true
	}
	for s != "" {
		if m.match(p[1:], s) {
			return true
		}
		if m.exhausted {
			return false
		}
		s = s[1:]
	}
	m.exhausted = true
	return false
}

// bracket reads a bracket expression after its '[' and returns whether c is in
// it and what follows the ']'. As in Redis, a class that is never closed ends
// with the pattern.
func bracket(p string, c byte) (hit bool, rest string) {
	negated := p != "" && p[0] == '^'
	if negated {
		p = p[1:]
	}
	for p != "" && p[0] != ']' {
		switch {
		case p[0] == '\\' && len(p) >= 2:
			hit = hit || p[1] == c
			p = p[2:]
		case len(p) >= 3 && p[1] == '-':
			hit = hit || inRange(c, p[0], p[2])
			p = p[3:]
		default:
			hit = hit || p[0] == c
			p = p[1:]
		}
	}
	if p != "" {
		p = p[1:]
	}
	return hit != negated, p
}

func inRange(c, from, to byte) bool {
	if from > to {
		from, to = to, from
	}
	return c >= from && c <= to
}
