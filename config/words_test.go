package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The cases are those of sdssplitargs in redis 7.0.15 (sds.c).
func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		want       []string
	}{
		{"nothing", "", nil},
		{"blanks only", " \t ", nil},
		{"words between blanks", "  port\t26379 \r", []string{"port", "26379"}},
		{"double quotes keep blanks", `a "b c" d`, []string{"a", "b c", "d"}},
		{"an empty word", `logfile ""`, []string{"logfile", ""}},
		{"escapes", `"\n\r\t\b\a\x41\xff\q\"\\"`, []string{"\n\r\t\b\aA\xffq\"\\"}},
		{"an unfinished hex escape is the letter x", `"\x4" "\x"`, []string{"x4", "x"}},
		{"single quotes know one escape", `'a\'b\n"'`, []string{`a'b\n"`}},
		{"quotes may open within a word", `a"b c"`, []string{"ab c"}},
		{"a backslash outside quotes is one", `a\nb`, []string{`a\nb`}},
		{"a hash within a line is no comment", `auth-pass m #x`, []string{"auth-pass", "m", "#x"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := split(tc.line)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitUnbalanced(t *testing.T) {
	for _, line := range []string{`"`, `'`, `a "b`, `"a"b`, `'a'b`, `"a\"`, `'a\'`} {
		if words, err := split(line); err == nil {
			t.Errorf("split(%s) = %q, want an error", line, words)
		}
	}
}

func TestJoinedWordsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(anyText(), 1, 6).Draw(t, "words")
		line := join(words...)
		if !Printable(line) {
			t.Fatalf("join(%q) = %q holds a control character", words, line)
		}
		got, err := split(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(words, got); diff != "" {
			t.Fatalf("%s: %s", line, diff)
		}
	})
}

func TestPlainWordsAreNotQuoted(t *testing.T) {
	if got, want := join("sentinel", "monitor", "m", "10.0.0.1", "6379", "2"), "sentinel monitor m 10.0.0.1 6379 2"; got != want {
		t.Errorf("join = %s, want %s", got, want)
	}
}

func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", `a "b c" 'd'`, `"\x41\n"`, `"`, "a\x00b", `'\''`, "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := split(line)
		if err != nil || len(words) == 0 {
			return
		}
		again, err := split(join(words...))
		if err != nil || !cmp.Equal(words, again) {
			t.Fatalf("split(%q) = %q, read back as %q, %v", line, words, again, err)
		}
	})
}

// anyText draws bytes of every kind, those that could break a line above all.
func anyText() *rapid.Generator[string] {
	nasty := rapid.SampledFrom([]string{"\n", "\r", "\"", "'", "\\", " ", "#", "\x00", "\t", "\\n", "\nsentinel monitor evil 1.1.1.1 1 1", "é", "\xff"})
	piece := rapid.OneOf(nasty, rapid.StringMatching(`[a-zA-Z0-9._:-]{1,5}`))
	return rapid.Custom(func(t *rapid.T) string {
		s := ""
		for _, p := range rapid.SliceOfN(piece, 0, 4).Draw(t, "pieces") {
			s += p
		}
		return s
	})
}
