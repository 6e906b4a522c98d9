package respapi

// maxGlobSteps bounds a match, in bytes of the pattern that are looked at. A
// pattern of 128 bytes and a name of as many can take half of it.
const maxGlobSteps = 2 * 128 * 128

// MatchGlob matches text against a pattern by the rules of Redis
// (stringmatchlen): *, ?, [abc], [^a-z] and \ to quote; case matters. A match
// that takes too many steps is given up and false; no pattern and text of 128
// bytes each do.
func MatchGlob(pattern, text string) bool {
	var star, tried string // the pattern after the last star, and the text that it was last tried on
	starred := false
	for steps := 0; steps <= maxGlobSteps; {
		if pattern != "" && pattern[0] == '*' {
			pattern, steps = pattern[1:], steps+1
			star, tried, starred = pattern, text, true
			if pattern == "" {
				return true
			}
			continue
		}
		if text == "" {
			return pattern == "" // a longer match of the star would not help
		}
		rest, hit := matchByte(pattern, text[0])
		steps += len(pattern) - len(rest)
		switch {
		case hit:
			pattern, text = rest, text[1:]
		case starred:
			tried = tried[1:]
			pattern, text = star, tried
		default:
			return false
		}
	}
	return false
}

// matchByte matches what the pattern has for one byte, other than a star, and
// returns what follows it.
func matchByte(p string, c byte) (rest string, hit bool) {
	switch {
	case p == "":
		return p, false
	case p[0] == '?':
		return p[1:], true
	case p[0] == '[':
		hit, rest = bracket(p[1:], c)
		return rest, hit
	case p[0] == '\\' && len(p) >= 2:
		p = p[1:]
	}
	return p[1:], p[0] == c
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
