package resp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

// oneWay is a connection of which only reading matters.
type oneWay struct {
	net.Conn
	in io.Reader
}

func (c oneWay) Read(p []byte) (int, error) { return c.in.Read(p) }

// through returns what a reader gets of in, and the error that ended it.
func through(in io.Reader, limits ReplyLimits) (string, error) {
	got, err := io.ReadAll(NewBoundedConn(oneWay{in: in}, limits))
	return string(got), err
}

// cutAt gives in as two pieces.
func cutAt(in string, at int) io.Reader {
	return io.MultiReader(strings.NewReader(in[:at]), strings.NewReader(in[at:]))
}

var bounds = ReplyLimits{Line: 64, Bulk: 32, Elements: 8, Depth: 3, Total: 100}

func TestBoundedConnPasses(t *testing.T) {
	full := "$32\r\n" + strings.Repeat("a", 32) + "\r\n"
	for name, in := range map[string]string{
		"nothing":                       "",
		"scalars":                       "+PONG\r\n-ERR x\r\n:1\r\n_\r\n#t\r\n,1.5\r\n(12\r\n",
		"strings":                       "$3\r\nabc\r\n$0\r\n\r\n!3\r\nERR\r\n=7\r\ntxt:abc\r\n",
		"nulls":                         "$-1\r\n*-1\r\n*1\r\n$-1\r\n",
		"aggregates":                    "*1\r\n+a\r\n~1\r\n+a\r\n>1\r\n+a\r\n%1\r\n+a\r\n+b\r\n*0\r\n",
		"headers within a string":       "$16\r\n\r\n$9999999999\r\n\n\r\n+OK\r\n",
		"all that is allowed":           "*7\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n",
		"as deep as is allowed":         "*1\r\n*1\r\n*1\r\n*0\r\n",
		"a string as long":              full,
		"many replies, each within":     strings.Repeat("*7\r\n"+strings.Repeat("+a\r\n", 7), 5),
		"many long replies":             strings.Repeat(full, 20),
		"attributes":                    "|1\r\n+k\r\n+v\r\n*2\r\n|0\r\n+a\r\n+b\r\n+PONG\r\n",
		"an attribute ends no array":    "*1\r\n|1\r\n+k\r\n*1\r\n+v\r\n*1\r\n+a\r\n*7\r\n" + strings.Repeat("+a\r\n", 7),
		"values that are for the other": ":x\r\n,x\r\n#x\r\n=3\r\nabc\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for at := range len(in) + 1 {
				if got, err := through(cutAt(in, at), bounds); got != in || err != nil {
					t.Fatalf("cut at %d: passed %q, %v", at, got, err)
				}
			}
			if got, err := through(iotest.OneByteReader(strings.NewReader(in)), bounds); got != in || err != nil {
				t.Errorf("byte by byte: passed %q, %v", got, err)
			}
		})
	}
}

// hostile replies: good is what may be passed on, bad is what makes them so.
var hostile = map[string]struct{ good, bad, err string }{
	"a string of 8 GiB":          {"", "$8589934592\r\n", "invalid bulk length"},
	"a blob error of 8 GiB":      {"", "!8589934592\r\n", "invalid bulk length"},
	"a verbatim of 8 GiB":        {"", "=8589934592\r\n", "invalid bulk length"},
	"a string a byte too long":   {"", "$33\r\n", "invalid bulk length"},
	"beyond 64 bits":             {"", "$99999999999999999999\r\n", "invalid bulk length"},
	"a number like no other":     {"", "$" + strings.Repeat("1", 50) + "\r\n", "invalid bulk length"},
	"a plus sign":                {"", "$+8\r\n", "invalid bulk length"},
	"a leading zero":             {"", "$08\r\n", "invalid bulk length"},
	"a negative string":          {"", "$-2\r\n", "invalid bulk length"},
	"a string without length":    {"", "$\r\n", "invalid bulk length"},
	"a null blob error":          {"", "!-1\r\n", "invalid bulk length"},
	"a streamed string":          {"", "$?\r\n", "invalid bulk length"},
	"a streamed array":           {"", "*?\r\n", "invalid multibulk length"},
	"a null map":                 {"", "%-1\r\n", "invalid multibulk length"},
	"an array of 2^33":           {"", "*8589934592\r\n", "invalid multibulk length"},
	"a set of 2^33":              {"", "~8589934592\r\n", "invalid multibulk length"},
	"a push of 2^33":             {"", ">8589934592\r\n", "invalid multibulk length"},
	"a map of 2^33":              {"", "%8589934592\r\n", "invalid multibulk length"},
	"a map of 2^62":              {"", "%4611686018427387904\r\n", "invalid multibulk length"},
	"an attribute of 2^33":       {"", "|8589934592\r\n", "invalid multibulk length"},
	"a map whose pairs are many": {"", "%4\r\n", "too many elements"},
	"announced together":         {"*3\r\n*3\r\n+a\r\n", "*3\r\n", "too many elements"},
	"one announced too many":     {"", "*8\r\n", "too many elements"},
	"attributes for ever":        {strings.Repeat("|0\r\n", 7), "|0\r\n", "too many elements"},
	"attributes within":          {"*2\r\n" + strings.Repeat("|0\r\n", 5), "|0\r\n", "too many elements"},
	"attributes with pairs":      {strings.Repeat("|1\r\n+k\r\n+v\r\n", 2), "|1\r\n", "too many elements"},
	"a line a byte too long":     {"", "+" + strings.Repeat("a", 62) + "\r\n", "too big reply line"},
	"nested":                     {"*1\r\n*1\r\n*1\r\n", "*1\r\n", "nested too deep"},
	"nested attributes":          {"|1\r\n|1\r\n", "|1\r\n", "too many elements"},
	"many bytes": {"*4\r\n$32\r\n" + strings.Repeat("a", 32) + "\r\n$32\r\n" + strings.Repeat("a", 32) + "\r\n", "$32\r\n",
		"too big reply"},
	"many bytes in lines":  {"*2\r\n+" + strings.Repeat("a", 60) + "\r\n", "+" + strings.Repeat("a", 60) + "\r\n", "too big reply"},
	"a bare newline":       {"", "+PONG\n", "malformed reply line"},
	"an empty line":        {"", "\r\n", "malformed reply line"},
	"a lone newline":       {"", "\n", "malformed reply line"},
	"HTTP":                 {"", "HTTP/1.1 400 Bad Request\r\n", "unknown reply type 'H'"},
	"a streamed piece":     {"", ";4\r\n", "unknown reply type"},
	"after a good reply":   {"+OK\r\n$3\r\nabc\r\n", "$33\r\n", "invalid bulk length"},
	"hidden in an element": {"*2\r\n$4\r\n$1\r\n\r\n", "$33\r\n", "invalid bulk length"},
}

// However the bytes are cut, the reader never sees the line that is refused to its end.
func TestBoundedConnRefuses(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			in := c.good + c.bad + "+more\r\n"
			for at := range len(in) + 1 {
				got, err := through(cutAt(in, at), bounds)
				var bad ProtocolError
				if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("cut at %d: error %v, want a protocol error: %s", at, err, c.err)
				}
				if !strings.HasPrefix(got, c.good) || len(got) >= len(c.good+c.bad) {
					t.Fatalf("cut at %d: passed %q, want %q and no whole line of the rest", at, got, c.good)
				}
			}
		})
	}
}

func TestBoundedConnRefusesAnEndlessLine(t *testing.T) {
	for _, kind := range []string{"+", "-", "$", ":"} {
		got, err := through(io.MultiReader(strings.NewReader(kind), zeros{}), bounds)
		if !errors.Is(err, errLongReplyLine) || len(got) > bounds.Line {
			t.Errorf("%q: passed %d bytes, error %v", kind, len(got), err)
		}
	}
}

// The end is for ever: what comes after a refused header is not in step with it.
func TestBoundedConnEndsTheStream(t *testing.T) {
	c := NewBoundedConn(oneWay{in: strings.NewReader("+OK\r\n$33\r\n+OK\r\n")}, bounds)
	b := make([]byte, 100)
	if n, err := c.Read(b); n != 5 || err != nil {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	for range 2 {
		if n, err := c.Read(b); n != 0 || !errors.Is(err, errBlobLength) {
			t.Errorf("after the end: %d bytes, %v", n, err)
		}
	}
}

// What the connection below says is passed on, and it can be found.
func TestBoundedConnIsTransparent(t *testing.T) {
	below := oneWay{in: iotest.ErrReader(io.ErrClosedPipe)}
	c := NewBoundedConn(below, ReplyLimits{})
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
	if c.NetConn() != net.Conn(below) {
		t.Errorf("the connection below is %v", c.NetConn())
	}
	if c.replies.limits != (ReplyLimits{}).withDefaults() {
		t.Errorf("zero limits are %+v", c.replies.limits)
	}
}

// verdict reads all replies of in; bad is the protocol error that ended them.
func verdict(read func() error) (replies int, bad error) {
	for {
		err := read()
		if err == nil {
			replies++
			continue
		}
		if _, ok := errors.AsType[ProtocolError](err); ok {
			bad = err
		}
		return replies, bad
	}
}

// A BoundedConn passes every whole reply that ReplyReader accepts, and none that
// it refuses, but for what is wrong within a value.
func FuzzBoundedConn(f *testing.F) {
	for _, c := range hostile {
		f.Add([]byte(c.good+c.bad), uint8(3))
	}
	f.Add([]byte("*2\r\n$1\r\na\r\n|1\r\n+k\r\n+v\r\n%1\r\n+k\r\n*-1\r\n+PONG\r\n"), uint8(1))
	f.Add([]byte("=7\r\ntxt:abc\r\n!3\r\nERR\r\n>1\r\n~1\r\n_\r\n#t\r\n,1\r\n(1\r\n"), uint8(2))
	f.Fuzz(func(t *testing.T, in []byte, piece uint8) {
		alone := NewReplyReader(bytes.NewReader(in), bounds)
		want, refused := verdict(func() error { _, err := alone.Read(); return err })
		cut := func() io.Reader { return pieces{bytes.NewReader(in), int(piece%64) + 1} }
		behind := NewReplyReader(NewBoundedConn(oneWay{in: cut()}, bounds), bounds)
		if got, bad := verdict(func() error { _, err := behind.Read(); return err }); got != want {
			t.Fatalf("%d replies passed, want %d (%v, %v)", got, want, refused, bad)
		}
		passed, bad := through(cut(), bounds)
		if inValue := errors.Is(refused, errScalar) || errors.Is(refused, errVerbatim); refused != nil && !inValue && bad == nil {
			t.Fatalf("passed what the reader refuses: %v", refused)
		}
		if bad == nil && passed != string(in) {
			t.Fatalf("passed %q", passed)
		}
		if _, whole := through(bytes.NewReader(in), bounds); whole != bad {
			t.Fatalf("at once it is refused for %v, in pieces for %v", whole, bad)
		}
	})
}

// pieces reads at most size bytes at a time.
type pieces struct {
	io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.size)]) }
