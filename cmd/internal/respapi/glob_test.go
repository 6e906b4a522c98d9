package respapi

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatchGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"*", "", true}, {"**", "", true}, {"a*", "a", true},
		{"*", "+switch-master", true}, {"+*", "+sdown", true}, {"+*", "-sdown", false}, {"[-+]sdown", "-sdown", true},
		{"[-+]sdown", "xsdown", false}, {"h?llo", "hello", true}, {"h?llo", "hllo", false}, {"h*llo", "heeeello", true},
		{"h[^e]llo", "hallo", true}, {"h[^e]llo", "hello", false}, {"h[a-c]llo", "hbllo", true}, {"h[c-a]llo", "hbllo", true},
		{`h\*llo`, "h*llo", true}, {`h\*llo`, "hello", false}, {`[\]]`, "]", true}, {"[a", "a", true}, {"[", "a", false},
		{"[^", "a", true}, {`\`, `\`, true}, {"A", "a", false}, {"*a*b", "xaxb", true}, {"*a*b", "xbxa", false}, {"a*b*c", "abbbc", true},
	} {
		if got := MatchGlob(test.pattern, test.text); got != test.want {
			t.Errorf("MatchGlob(%q, %q) = %v", test.pattern, test.text, got)
		}
	}
}

// The pattern that brought down old Redis (CVE-2022-36021) takes no time here.
func TestMatchGlobIsNotExponential(t *testing.T) {
	if MatchGlob(strings.Repeat("a*", 500)+"b", strings.Repeat("a", 1000)) {
		t.Error("matched")
	}
}

// Neither stars nor classes nor both make it slow: with a thousand of either
// the match is given up after maxGlobSteps.
func TestMatchGlobIsBounded(t *testing.T) {
	for name, pattern := range map[string]string{
		"stars":   strings.Repeat("*a", 100_000) + "b",
		"classes": strings.Repeat("*[^b]", 100_000) + "x",
		"a class": "*[" + strings.Repeat("c", 100_000) + "]",
	} {
		if MatchGlob(pattern, strings.Repeat("a", 100_000)) {
			t.Errorf("%s: matched", name)
		}
	}
}

// The allowed patterns match whatever names we publish as the plain definition
// says: the bound does not show.
func TestMatchGlobAgreesWithItsDefinition(t *testing.T) {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"*", "?", "a", "b", "[ab]", "[^a]", "[b-a]", "[", `\`, `\*`, "]", "^", "-", "[^"}), 0, 12)
	texts := rapid.StringOfN(rapid.RuneFrom([]rune(`ab*]\^-`)), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		pattern, text := strings.Join(words.Draw(t, "pattern"), ""), texts.Draw(t, "text")
		if got, want := MatchGlob(pattern, text), defined(pattern, text); got != want {
			t.Fatalf("MatchGlob(%q, %q) = %v, want %v", pattern, text, got, want)
		}
	})
}

// defined is the definition of a match, in as much time as it takes.
func defined(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == '*':
		return defined(p[1:], s) || (s != "" && defined(p, s[1:]))
	case s == "":
		return false
	case p[0] == '?':
		return defined(p[1:], s[1:])
	case p[0] == '[':
		hit, rest := bracket(p[1:], s[0])
		return hit && defined(rest, s[1:])
	case p[0] == '\\' && len(p) > 1:
		p = p[1:]
	}
	return p[0] == s[0] && defined(p[1:], s[1:])
}
