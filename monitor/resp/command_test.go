package resp

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readAll returns what a client's bytes mean, and the error that ended them.
func readAll(r *CommandReader) (commands [][]string, err error) {
	for {
		args, err := r.Read()
		if err != nil {
			return commands, err
		}
		commands = append(commands, args)
	}
}

func TestCommandReader(t *testing.T) {
	long := strings.Repeat("a", 200)
	for name, test := range map[string]struct {
		in   string
		want [][]string
		err  string // io errors by name, protocol errors in Redis' words
	}{
		"an array":                     {"*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n", [][]string{{"PING", "hi"}}, "EOF"},
		"an inline command":            {"PING  hi\r\n", [][]string{{"PING", "hi"}}, "EOF"},
		"inline without return":        {"PING\n", [][]string{{"PING"}}, "EOF"},
		"pipelined":                    {"PING\r\n*1\r\n$1\r\nx\r\ny\n", [][]string{{"PING"}, {"x"}, {"y"}}, "EOF"},
		"empty lines":                  {"\n\r\n   \r\nPING\r\n", [][]string{{"PING"}}, "EOF"},
		"empty arrays":                 {"*0\r\n*-1\r\n*-7\r\nPING\r\n", [][]string{{"PING"}}, "EOF"},
		"empty argument":               {"*2\r\n$0\r\n\r\n$1\r\nx\r\n", [][]string{{"", "x"}}, "EOF"},
		"binary argument":              {"*1\r\n$4\r\n\r\n\x00\xff\r\n", [][]string{{"\r\n\x00\xff"}}, "EOF"},
		"bulk end is not looked at":    {"*1\r\n$3\r\nabcXYPING\r\n", [][]string{{"abc"}, {"PING"}}, "EOF"},
		"cut in the array":             {"*2\r\n$4\r\nPING\r\n", nil, "unexpected EOF"},
		"cut in a bulk":                {"*1\r\n$4\r\nPI", nil, "unexpected EOF"},
		"cut in a line":                {"PIN", nil, "unexpected EOF"},
		"array length is no number":    {"*x\r\n", nil, "Protocol error: invalid multibulk length"},
		"array length missing":         {"*\r\n", nil, "Protocol error: invalid multibulk length"},
		"array length with plus":       {"*+1\r\n", nil, "Protocol error: invalid multibulk length"},
		"array length without return":  {"*1\n$4\r\nPING\r\n", nil, "Protocol error: invalid multibulk length"},
		"array too long":               {"*9\r\n", nil, "Protocol error: invalid multibulk length"},
		"array length beyond 64 bits":  {"*99999999999999999999\r\n", nil, "Protocol error: invalid multibulk length"},
		"array header endless":         {"*" + long, nil, "Protocol error: too big mbulk count string"},
		"array of numbers":             {"*1\r\n:4\r\n", nil, "Protocol error: expected '$', got ':'"},
		"array of a bare word":         {"*1\r\nPING\r\n", nil, "Protocol error: expected '$', got 'P'"},
		"bulk length is no number":     {"*1\r\n$x\r\n", nil, "Protocol error: invalid bulk length"},
		"bulk length negative":         {"*1\r\n$-1\r\n", nil, "Protocol error: invalid bulk length"},
		"bulk too long":                {"*1\r\n$33\r\n", nil, "Protocol error: invalid bulk length"},
		"bulk header endless":          {"*1\r\n$" + long, nil, "Protocol error: too big bulk count string"},
		"arguments too long together":  {"*3\r\n$32\r\n" + long[:32] + "\r\n$32\r\n" + long[:32] + "\r\n$1\r\nx\r\n", nil, "Protocol error: invalid bulk length"},
		"inline endless":               {long, nil, "Protocol error: too big inline request"},
		"inline too long":              {long + "\n", nil, "Protocol error: too big inline request"},
		"inline with too many words":   {"a b c d e f g h i\n", nil, "Protocol error: too big inline request"},
		"inline with unbalanced quote": {"\"foo\r\n", nil, "Protocol error: unbalanced quotes in request"},
		"good before bad":              {"PING\r\n*x\r\n", [][]string{{"PING"}}, "Protocol error: invalid multibulk length"},
	} {
		t.Run(name, func(t *testing.T) {
			limits := CommandLimits{Args: 8, Bulk: 32, Inline: 100, Total: 64}
			for how, in := range map[string]io.Reader{
				"at once": strings.NewReader(test.in), "byte by byte": iotest.OneByteReader(strings.NewReader(test.in)),
			} {
				got, err := readAll(NewCommandReader(in, limits))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: commands (-want +got):\n%s", how, diff)
				}
				if err.Error() != test.err {
					t.Errorf("%s: error %q, want %q", how, err, test.err)
				}
			}
		})
	}
}

func TestUnauthenticatedLimits(t *testing.T) {
	for name, test := range map[string]struct{ in, err string }{
		"arguments":      {"*11\r\n", "Protocol error: unauthenticated multibulk length"},
		"bytes":          {"*1\r\n$16385\r\n", "Protocol error: unauthenticated bulk length"},
		"just within it": {"*10\r\n$16384\r\n", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewCommandReader(strings.NewReader(test.in), CommandLimits{})
			r.RequireAuth()
			if _, err := r.Read(); err.Error() != test.err {
				t.Errorf("before AUTH: %q, want %q", err, test.err)
			}
			r = NewCommandReader(strings.NewReader(test.in), CommandLimits{})
			r.RequireAuth()
			r.Authenticated()
			if _, err := r.Read(); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("after AUTH: %q, want the end of the bytes", err)
			}
		})
	}
}

func TestSplitInline(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
		ok   bool
	}{
		{``, nil, true},
		{" \t a\tb ", []string{"a", "b"}, true},
		{`"a b" 'c d'`, []string{"a b", "c d"}, true},
		{`"" ''`, []string{"", ""}, true},
		{`"\x41\n\r\t\b\a\"\\\q\xzz"`, []string{"A\n\r\t\b\a\"\\qxzz"}, true},
		{`'\' \n'`, []string{`' \n`}, true},
		{`pre"fix"`, []string{"prefix"}, true},
		{`"a"b`, nil, false},
		{`'a'b`, nil, false},
		{`"a`, nil, false},
		{`'a`, nil, false},
		{`'PI''NG'`, nil, false},
		{`"a\`, nil, false},
		{"a\x00b", []string{"a"}, true},
		{"a\vb \vc", []string{"a\vb", "c"}, true},
	} {
		got, ok := splitInline(test.line)
		if ok != test.ok || !cmp.Equal(got, test.want) {
			t.Errorf("splitInline(%q) = %q, %v, want %q, %v", test.line, got, ok, test.want, test.ok)
		}
	}
}

func TestParseInt(t *testing.T) {
	for _, good := range []string{"0", "1", "-1", "9223372036854775807", "-9223372036854775808"} {
		if _, ok := ParseInt(good); !ok {
			t.Errorf("ParseInt(%q) refused", good)
		}
	}
	for _, bad := range []string{"", "-", "+1", "01", "-0", " 1", "1 ", "0x1", "1_000", "9223372036854775808", "1e3", strings.Repeat("1", 99)} {
		if n, ok := ParseInt(bad); ok {
			t.Errorf("ParseInt(%q) = %d, want a refusal", bad, n)
		}
	}
}

// What a sender announces must not make the reader allocate: an argument of a
// megabyte that never comes costs a chunk.
func TestMemoryGrowsWithBytesReceived(t *testing.T) {
	for name, read := range map[string]func(in io.Reader) error{
		"command": func(in io.Reader) error { _, err := NewCommandReader(in, CommandLimits{}).Read(); return err },
		"reply":   func(in io.Reader) error { _, err := NewReplyReader(in, ReplyLimits{}).Read(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			const rounds = 100
			for range rounds {
				if err := read(strings.NewReader("*1024\r\n$1048576\r\nabc")); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("error %v, want an unexpected EOF", err)
				}
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / rounds; each > 64<<10 {
				t.Errorf("%d bytes allocated for 25 received", each)
			}
		})
	}
}

// A bulk that is dripped byte by byte must cost neither stack nor more than
// its own size, however many reads it takes.
func TestDrippedBulk(t *testing.T) {
	in := io.MultiReader(strings.NewReader("*1\r\n$1048576\r\n"), io.LimitReader(zeros{}, 1<<20), strings.NewReader("\r\n"))
	args, err := NewCommandReader(iotest.OneByteReader(in), CommandLimits{}).Read()
	if err != nil || len(args[0]) != 1<<20 {
		t.Fatalf("read %d arguments, error %v", len(args), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Whatever a client sends: read at once and byte by byte it is the same, what is read
// and written again reads the same, and no command breaks the limits, which are
// Redis' own before the client has authenticated.
func FuzzCommandReader(f *testing.F) {
	for _, seed := range []string{"PING\r\n", "*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n", "*0\r\n*-1\r\n", "\"a\\x41\" 'b'\n",
		"*1\r\n$99\r\n", "*99\r\n", "*1\r\n:1\r\n", "\n\n\r\n", "*1\r\n$-1\r\n", "a\x00b\n", "*1024\r\n$1048576\r\n", "*11\r\n$1\r\na\r\n"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, early bool) {
		limits := CommandLimits{Args: 16, Bulk: 64, Inline: 128, Total: 256}
		whole, err := readAll(newReader(bytes.NewReader(in), limits, early))
		parts, err2 := readAll(newReader(iotest.OneByteReader(bytes.NewReader(in)), limits, early))
		if diff := cmp.Diff(whole, parts); diff != "" || err.Error() != err2.Error() {
			t.Fatalf("read at once and byte by byte differ: %v, %v\n%s", err, err2, diff)
		}
		for _, args := range whole {
			written := AppendCommand(nil, args...)
			again, err := NewCommandReader(bytes.NewReader(written), CommandLimits{}).Read()
			if err != nil || !cmp.Equal(args, again) {
				t.Fatalf("%q written and read again is %q, %v", args, again, err)
			}
			if size := len(strings.Join(args, "")); len(args) == 0 || len(args) > limits.Args || size > limits.Total {
				t.Fatalf("%d arguments of %d bytes", len(args), size)
			}
		}
		mustCostWhatCame(t, in, func(r io.Reader) error { _, err := newReader(r, CommandLimits{}, early).Read(); return err })
	})
}

func newReader(in io.Reader, limits CommandLimits, early bool) *CommandReader {
	r := NewCommandReader(in, limits)
	if early {
		r.RequireAuth()
	}
	return r
}
