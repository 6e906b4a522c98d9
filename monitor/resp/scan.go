package resp

import (
	"bytes"
	"fmt"
)

// longestHeader is more than any header that announces a number needs, in bytes.
const longestHeader = 32

// replyScanner follows a server's replies as their bytes pass by and says where
// they stop being replies within the limits. It keeps none of them. Its rules are
// those of [ReplyReader], but that a reply is refused as soon as what it announces
// is too much, and that the text of numbers and the like is left to the reader.
type replyScanner struct {
	limits ReplyLimits

	head [longestHeader]byte // the beginning of the current line
	line int                 // how much of the current line passed, in bytes
	last byte                // what passed last of it
	skip int                 // bytes of a string that are still to come, with those that end it

	within bool // a reply began and did not end
	values int  // how many values it may still hold
	bytes  int  // and how many bytes
	owed   int  // values that must follow: the reply itself, and the elements it announced
	open   []openAggregate
}

type openAggregate struct {
	left      int // elements that did not begin
	attribute bool
}

// scan follows p. With an error, n is where in p the line begins that is refused,
// 0 when it began before p. The stream cannot be followed after it.
func (s *replyScanner) scan(p []byte) (n int, err error) {
	for n < len(p) {
		if s.skip > 0 {
			n += s.pass(len(p) - n)
			continue
		}
		line, _, whole := bytes.Cut(p[n:], []byte{'\n'})
		if err := s.take(line); err != nil {
			return n, err
		}
		if !whole {
			break
		}
		if err := s.header(); err != nil {
			return n, err
		}
		n += len(line) + 1
	}
	return len(p), nil
}

// pass lets the bytes of a string go by.
func (s *replyScanner) pass(n int) int {
	n = min(n, s.skip)
	if s.skip -= n; s.skip == 0 {
		s.complete()
	}
	return n
}

// take adds a piece to the current line.
func (s *replyScanner) take(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	copy(s.head[min(s.line, longestHeader):], piece)
	s.line += len(piece)
	s.last = piece[len(piece)-1]
	if s.line > s.limits.Line {
		return errLongReplyLine
	}
	return nil
}

// header judges the current line, which is whole.
func (s *replyScanner) header() error {
	line := s.line
	s.line = 0
	if line >= s.limits.Line { // the newline counts
		return errLongReplyLine
	}
	if !s.within {
		s.within, s.values, s.bytes, s.owed = true, s.limits.Elements, s.limits.Total, 1
	}
	s.values--
	if err := s.spend(line); err != nil {
		return err
	}
	if line < 2 || s.last != '\r' {
		return errReplyLine
	}
	if err := s.value(Kind(s.head[0]), s.head[1:min(line-1, longestHeader)]); err != nil {
		return err
	}
	if s.owed > s.values {
		return errManyElements
	}
	return nil
}

func (s *replyScanner) spend(n int) error {
	if s.bytes -= n; s.bytes < 0 {
		return errBigReply
	}
	return nil
}

// value begins a value; text is what its header says after the type byte, cut at
// a length at which it cannot be a number any more.
func (s *replyScanner) value(kind Kind, text []byte) error {
	s.begin(kind)
	switch kind {
	case KindBulk, KindVerbatim, KindBlobError:
		return s.blob(kind, text)
	case KindArray, KindSet, KindPush, KindMap, kindAttribute:
		return s.aggregate(kind, text)
	case KindSimple, KindError, KindInt, KindNull, KindBool, KindDouble, KindBigNumber:
		s.complete()
		return nil
	}
	return ProtocolError(fmt.Sprintf("%s %q", errKind, kind)) // no more of it: an echo would show our password
}

// begin counts a value as one that was owed. An attribute is none: it speaks of
// the value that follows.
func (s *replyScanner) begin(kind Kind) {
	if kind == kindAttribute {
		return
	}
	s.owed--
	if len(s.open) > 0 {
		s.open[len(s.open)-1].left--
	}
}

func (s *replyScanner) blob(kind Kind, text []byte) error {
	n, err := s.limits.blobLength(kind, text)
	switch {
	case err != nil:
		return err
	case n < 0:
		s.complete()
		return nil
	}
	s.skip = n + 2
	return s.spend(n)
}

func (s *replyScanner) aggregate(kind Kind, text []byte) error {
	n, err := s.limits.elements(kind, text)
	switch {
	case err != nil:
		return err
	case n == 0 && kind == kindAttribute:
		return nil
	case n <= 0:
		s.complete()
		return nil
	case len(s.open) == s.limits.Depth:
		return errDeepReply
	}
	s.owed += n
	s.open = append(s.open, openAggregate{left: n, attribute: kind == kindAttribute})
	return nil
}

// complete ends a value and what it completes. An attribute completes nothing.
func (s *replyScanner) complete() {
	for len(s.open) > 0 {
		top := s.open[len(s.open)-1]
		if top.left > 0 {
			return
		}
		s.open = s.open[:len(s.open)-1]
		if top.attribute {
			return
		}
	}
	s.within = false
}
