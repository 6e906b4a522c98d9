package resp

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
)

// ReplyReader reads the replies of one server, in either version of the protocol.
type ReplyReader struct {
	r      *bufio.Reader
	limits ReplyLimits
}

// NewReplyReader returns a reader of r. Zero limits mean the defaults.
func NewReplyReader(r io.Reader, limits ReplyLimits) *ReplyReader {
	return &ReplyReader{r: bufio.NewReaderSize(r, firstBuffer), limits: limits.withDefaults()}
}

// Reset makes the reader read from src, with nothing buffered. It lets one reader
// serve many links, of which few are in the middle of a reply.
func (r *ReplyReader) Reset(src io.Reader, limits ReplyLimits) {
	r.r.Reset(src)
	r.limits = limits.withDefaults()
}

// Buffered is how many bytes came beyond the replies that were read.
func (r *ReplyReader) Buffered() int { return r.r.Buffered() }

// Read returns the next reply; pushes come like any other. An error that the
// server sends is a Value. The error is a [ProtocolError] when the server's
// bytes make no reply or break a limit, io.EOF between replies,
// io.ErrUnexpectedEOF within one, or that of the underlying reader.
func (r *ReplyReader) Read() (Value, error) {
	if _, err := r.r.Peek(1); err != nil {
		return Value{}, err
	}
	b := replyBuilder{ReplyReader: r, values: r.limits.Elements, bytes: r.limits.Total}
	v, err := b.read()
	return v, midway(err)
}

// replyBuilder reads one reply. It keeps the aggregates that wait for elements
// on a stack of its own, so that nesting is bounded by a limit and not by the
// goroutine's stack, and it counts down what the reply may still hold.
type replyBuilder struct {
	*ReplyReader
	open   []frame
	values int
	bytes  int
}

// firstElems is for how many elements room is made before any arrived.
const firstElems = 4

type frame struct {
	value Value
	left  int // elements to come
}

func (b *replyBuilder) read() (Value, error) {
	for {
		v, n, err := b.next()
		if err != nil {
			return Value{}, err
		}
		if n > 0 {
			if len(b.open) == b.limits.Depth {
				return Value{}, errDeepReply
			}
			v.Elems = make([]Value, 0, min(n, firstElems))
			b.open = append(b.open, frame{value: v, left: n})
			continue
		}
		if root, done := b.add(v); done {
			return root, nil
		}
	}
}

// add puts a complete value where it belongs and closes what it completes; done
// means that v completed the reply.
func (b *replyBuilder) add(v Value) (root Value, done bool) {
	for {
		if v.Kind == kindAttribute {
			return Value{}, false // speaks of the value that follows, and is not counted
		}
		if len(b.open) == 0 {
			return v, true
		}
		top := &b.open[len(b.open)-1]
		top.value.Elems = append(top.value.Elems, v)
		if top.left--; top.left > 0 {
			return Value{}, false
		}
		v = top.value
		b.open = b.open[:len(b.open)-1]
	}
}

// next reads one header and, of a string, its bytes; n is how many elements follow.
func (b *replyBuilder) next() (v Value, n int, err error) {
	if b.values--; b.values < 0 {
		return v, 0, errManyElements
	}
	line, err := readLine(b.r, b.limits.Line)
	if errors.Is(err, errLineTooLong) {
		return v, 0, errLongReplyLine
	}
	if err != nil {
		return v, 0, err
	}
	if err := b.spend(len(line)); err != nil {
		return v, 0, err
	}
	text, ended := cutCR(line)
	if !ended || len(text) == 0 {
		return v, 0, errReplyLine
	}
	v.Kind = Kind(text[0])
	switch v.Kind {
	case KindBulk, KindVerbatim, KindBlobError:
		v, err = b.blob(v, text[1:])
		return v, 0, err
	case KindArray, KindSet, KindPush, KindMap, kindAttribute:
		return b.aggregate(v, text[1:])
	}
	v, err = scalar(v, string(text[1:]))
	return v, 0, err
}

func (b *replyBuilder) spend(n int) error {
	if b.bytes -= n; b.bytes < 0 {
		return errBigReply
	}
	return nil
}

func (b *replyBuilder) blob(v Value, length []byte) (Value, error) {
	n, err := b.limits.blobLength(v.Kind, length)
	if err != nil {
		return v, err
	}
	if n < 0 {
		return Value{Kind: KindNull}, nil
	}
	if err := b.spend(n); err != nil {
		return v, err
	}
	text, err := readN(b.r, n)
	if v.Kind == KindVerbatim && err == nil {
		if len(text) < 4 || text[3] != ':' {
			return v, errVerbatim
		}
		text = text[4:]
	}
	v.Str = text
	return v, err
}

func (b *replyBuilder) aggregate(v Value, length []byte) (Value, int, error) {
	n, err := b.limits.elements(v.Kind, length)
	if err != nil {
		return v, 0, err
	}
	if n < 0 {
		return Value{Kind: KindNull}, 0, nil
	}
	return v, n, nil
}

func scalar(v Value, text string) (Value, error) {
	ok := true
	switch v.Kind {
	case KindSimple, KindError:
		v.Str = text
	case KindInt:
		n, err := strconv.ParseInt(text, 10, 64) // RESP allows a plus sign, other than ParseInt
		v.Int, ok = n, err == nil
	case KindNull:
		ok = text == ""
	case KindBool:
		ok = text == "t" || text == "f"
		if text == "t" {
			v.Int = 1
		}
	case KindDouble:
		_, err := strconv.ParseFloat(text, 64)
		v.Str, ok = text, err == nil
	case KindBigNumber:
		digits := strings.TrimLeft(text, "+-")
		v.Str, ok = text, digits != "" && len(text)-len(digits) <= 1 && strings.Trim(digits, "0123456789") == ""
	default:
		return v, errKind
	}
	if !ok {
		return v, errScalar
	}
	return v, nil
}
