package resp

import (
	"bytes"
	"errors"
	"io"
	"math"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func bulks(texts ...string) []Value {
	var values []Value
	for _, t := range texts {
		values = append(values, Value{Kind: KindBulk, Str: t})
	}
	return values
}

func TestReplyReader(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		want Value
	}{
		"simple":              {"+PONG\r\n", Value{Kind: KindSimple, Str: "PONG"}},
		"error":               {"-BUSY Redis is busy\r\n", Value{Kind: KindError, Str: "BUSY Redis is busy"}},
		"blob error":          {"!5\r\nERR x\r\n", Value{Kind: KindBlobError, Str: "ERR x"}},
		"integer":             {":-12\r\n", Value{Kind: KindInt, Int: -12}},
		"integer with plus":   {":+12\r\n", Value{Kind: KindInt, Int: 12}},
		"bulk":                {"$4\r\na\r\nb\r\n", Value{Kind: KindBulk, Str: "a\r\nb"}},
		"empty bulk":          {"$0\r\n\r\n", Value{Kind: KindBulk}},
		"null bulk":           {"$-1\r\n", Value{Kind: KindNull}},
		"null array":          {"*-1\r\n", Value{Kind: KindNull}},
		"null":                {"_\r\n", Value{Kind: KindNull}},
		"true":                {"#t\r\n", Value{Kind: KindBool, Int: 1}},
		"false":               {"#f\r\n", Value{Kind: KindBool}},
		"double":              {",-1.5e3\r\n", Value{Kind: KindDouble, Str: "-1.5e3"}},
		"infinity":            {",inf\r\n", Value{Kind: KindDouble, Str: "inf"}},
		"big number":          {"(-12345678901234567890123\r\n", Value{Kind: KindBigNumber, Str: "-12345678901234567890123"}},
		"verbatim":            {"=7\r\ntxt:abc\r\n", Value{Kind: KindVerbatim, Str: "abc"}},
		"empty array":         {"*0\r\n", Value{Kind: KindArray}},
		"array":               {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", Value{Kind: KindArray, Elems: bulks("a", "b")}},
		"set":                 {"~1\r\n$1\r\na\r\n", Value{Kind: KindSet, Elems: bulks("a")}},
		"push":                {">1\r\n$1\r\na\r\n", Value{Kind: KindPush, Elems: bulks("a")}},
		"map":                 {"%1\r\n$1\r\nk\r\n$1\r\nv\r\n", Value{Kind: KindMap, Elems: bulks("k", "v")}},
		"nested":              {"*2\r\n*1\r\n*0\r\n$1\r\na\r\n", Value{Kind: KindArray, Elems: []Value{{Kind: KindArray, Elems: []Value{{Kind: KindArray}}}, bulks("a")[0]}}},
		"attribute before":    {"|1\r\n+k\r\n+v\r\n+PONG\r\n", Value{Kind: KindSimple, Str: "PONG"}},
		"attribute within":    {"*2\r\n|1\r\n+k\r\n*1\r\n+v\r\n$1\r\na\r\n$1\r\nb\r\n", Value{Kind: KindArray, Elems: bulks("a", "b")}},
		"attribute of nought": {"|0\r\n+PONG\r\n", Value{Kind: KindSimple, Str: "PONG"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReplyReader(iotest.OneByteReader(strings.NewReader(test.in+"+next\r\n")), ReplyLimits{})
			got, err := r.Read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if next, err := r.Read(); err != nil || next.Str != "next" {
				t.Errorf("the reply after it reads %+v, %v", next, err)
			}
			if _, err := r.Read(); err != io.EOF {
				t.Errorf("at the end: %v, want EOF", err)
			}
		})
	}
}

func TestReplyReaderRefuses(t *testing.T) {
	limits := ReplyLimits{Line: 64, Bulk: 32, Elements: 8, Depth: 3, Total: 100}
	for name, test := range map[string]struct{ in, err string }{
		"an unknown type":             {"hello\r\n", "unknown reply type"},
		"HTTP":                        {"HTTP/1.1 400 Bad Request\r\n", "unknown reply type"},
		"an empty line":               {"\r\n", "malformed reply line"},
		"a bare newline":              {"+PONG\n", "malformed reply line"},
		"an endless line":             {"+" + strings.Repeat("a", 100), "too big reply line"},
		"a bulk too long":             {"$33\r\n", "invalid bulk length"},
		"a streamed bulk":             {"$?\r\n", "invalid bulk length"},
		"a null blob error":           {"!-1\r\n", "invalid bulk length"},
		"too many elements":           {"*9\r\n", "invalid multibulk length"},
		"too many in all":             {"*4\r\n*2\r\n+a\r\n+a\r\n*2\r\n+a\r\n+a\r\n*2\r\n", "too many elements"},
		"nesting":                     {"*1\r\n*1\r\n*1\r\n*1\r\n", "nested too deep"},
		"too many bytes":              {"*4\r\n$32\r\n" + strings.Repeat("a", 32) + "\r\n$32\r\n" + strings.Repeat("a", 32) + "\r\n$32\r\n", "too big reply"},
		"a number that is none":       {":1x\r\n", "malformed reply value"},
		"a bool that is none":         {"#x\r\n", "malformed reply value"},
		"a double that is none":       {",x\r\n", "malformed reply value"},
		"a big number, doubly signed": {"(--1\r\n", "malformed reply value"},
		"a null with a value":         {"_x\r\n", "malformed reply value"},
		"verbatim, no format":         {"=3\r\nabc\r\n", "verbatim string without a format"},
		"attributes forever":          {strings.Repeat("|0\r\n", 20), "too many elements"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewReplyReader(strings.NewReader(test.in), limits).Read()
			var bad ProtocolError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want a protocol error: %s", err, test.err)
			}
		})
	}
}

func TestReplyCutOff(t *testing.T) {
	const whole = "*3\r\n$1\r\na\r\n:1\r\n%1\r\n+k\r\n+v\r\n"
	for n := 1; n < len(whole); n++ {
		if _, err := NewReplyReader(strings.NewReader(whole[:n]), ReplyLimits{}).Read(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v, want an unexpected EOF", n, err)
		}
	}
}

// Whatever a server sends: read at once and byte by byte it is the same, what is read
// and written again reads the same, no reply breaks the limits, and what a header
// announces costs nothing until it comes.
func FuzzReplyReader(f *testing.F) {
	for _, seed := range []string{"+PONG\r\n", "-ERR x\r\n", ":1\r\n", "$3\r\nabc\r\n", "*2\r\n$1\r\na\r\n*0\r\n", "%1\r\n+k\r\n_\r\n",
		"|1\r\n+k\r\n+v\r\n#t\r\n", ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n", "=7\r\ntxt:abc\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n", ",1.5\r\n(1\r\n",
		"*65536\r\n$1048576\r\n", "%32768\r\n=1048576\r\n", "*-1\r\n$-1\r\n!3\r\nERR\r\n~1\r\n#f\r\n:+1\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		limits := ReplyLimits{Line: 64, Bulk: 64, Elements: 32, Depth: 4, Total: 512}
		whole, parts := NewReplyReader(bytes.NewReader(in), limits), NewReplyReader(iotest.OneByteReader(bytes.NewReader(in)), limits)
		for {
			a, err := whole.Read()
			b, err2 := parts.Read()
			if diff := cmp.Diff(a, b); diff != "" || (err == nil) != (err2 == nil) {
				t.Fatalf("read at once and byte by byte differ: %v, %v\n%s", err, err2, diff)
			}
			if err != nil {
				break
			}
			mustBeWithin(t, a, limits)
			again, err := NewReplyReader(bytes.NewReader(appendValue(nil, a)), ReplyLimits{}).Read()
			if diff := cmp.Diff(a, again); diff != "" || err != nil {
				t.Fatalf("written %q it reads otherwise: %v\n%s", appendValue(nil, a), err, diff)
			}
		}
		mustCostWhatCame(t, in, func(r io.Reader) error { _, err := NewReplyReader(r, ReplyLimits{}).Read(); return err })
	})
}

// mustBeWithin holds a reply to the limits.
func mustBeWithin(t *testing.T, v Value, limits ReplyLimits) {
	t.Helper()
	values, size := 0, 0
	var look func(v Value, depth int)
	look = func(v Value, depth int) {
		values++
		size += len(v.Str)
		if depth > limits.Depth || len(v.Str) > max(limits.Bulk, limits.Line) || v.Kind == kindAttribute {
			t.Fatalf("at depth %d holds %+v", depth, v)
		}
		for _, e := range v.Elems {
			look(e, depth+1)
		}
	}
	look(v, 0)
	if values > limits.Elements || size > limits.Total {
		t.Fatalf("%d values of %d bytes", values, size)
	}
}

// appendValue writes a value as a server does.
func appendValue(dst []byte, v Value) []byte {
	switch v.Kind {
	case KindInt:
		return AppendInt(dst, v.Int)
	case KindNull:
		return AppendNull(dst, RESP3)
	case KindBool:
		return appendLine(dst, '#', map[int64]string{0: "f", 1: "t"}[v.Int])
	case KindBulk:
		return AppendBulk(dst, v.Str)
	case KindVerbatim:
		return AppendVerbatim(dst, RESP3, v.Str)
	case KindBlobError:
		return append(append(appendHeader(dst, byte(v.Kind), int64(len(v.Str))), v.Str...), "\r\n"...)
	case KindArray, KindSet, KindPush, KindMap:
		n := len(v.Elems)
		if v.Kind == KindMap {
			n /= 2
		}
		dst = appendHeader(dst, byte(v.Kind), int64(n))
		for _, e := range v.Elems {
			dst = appendValue(dst, e)
		}
		return dst
	}
	return append(append(append(dst, byte(v.Kind)), v.Str...), "\r\n"...)
}

// mustCostWhatCame: no length that is announced makes a reader allocate before its
// bytes came. What looks dear is measured again, exactly.
func mustCostWhatCame(t *testing.T, in []byte, read func(io.Reader) error) {
	t.Helper()
	all := func() {
		r := bytes.NewReader(in)
		for read(r) == nil {
		}
	}
	bound := 256<<10 + 128*uint64(len(in))
	before := allocatedEver()
	all()
	if allocatedEver()-before <= bound {
		return
	}
	var from, to runtime.MemStats
	least := uint64(math.MaxUint64)
	for range 3 { // others may allocate meanwhile
		runtime.ReadMemStats(&from)
		all()
		runtime.ReadMemStats(&to)
		least = min(least, to.TotalAlloc-from.TotalAlloc)
	}
	if least > bound {
		t.Fatalf("%d bytes cost %d of memory", len(in), least)
	}
}

// allocatedEver is cheaper than runtime.ReadMemStats and counts late.
func allocatedEver() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
