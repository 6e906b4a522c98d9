package resp

import "errors"

// ProtocolError is what is wrong with the bytes of a peer, in Redis' words:
// "Protocol error: invalid bulk length". The stream cannot be read on after it.
type ProtocolError string

// Error returns the text, which a server sends after "-ERR ".
func (e ProtocolError) Error() string { return string(e) }

// CommandLimits bound one command of a client. Zero fields mean the default.
type CommandLimits struct {
	Args   int // elements of the array, default 1024
	Bulk   int // bytes of one argument, default 1 MiB
	Inline int // bytes of one line, default 64 KiB
	Total  int // bytes of all arguments together, default 4 MiB
}

// unauthenticated are Redis' limits for a client that has not authenticated and
// must (processMultibulkBuffer).
var unauthenticated = CommandLimits{Args: 10, Bulk: 16384}

func (l CommandLimits) withDefaults() CommandLimits {
	l.Args = orDefault(l.Args, 1024)
	l.Bulk = orDefault(l.Bulk, 1<<20)
	l.Inline = orDefault(l.Inline, 64<<10)
	l.Total = orDefault(l.Total, 4<<20)
	return l
}

// ReplyLimits bound one reply of a server. Zero fields mean the default.
type ReplyLimits struct {
	Line     int // bytes of one line, default 64 KiB
	Bulk     int // bytes of one string, default 1 MiB
	Elements int // values of one reply, nested ones included, default 65536
	Depth    int // nesting, default 8
	Total    int // bytes of one reply, default 4 MiB
}

func (l ReplyLimits) withDefaults() ReplyLimits {
	l.Line = orDefault(l.Line, 64<<10)
	l.Bulk = orDefault(l.Bulk, 1<<20)
	l.Elements = orDefault(l.Elements, 1<<16)
	l.Depth = orDefault(l.Depth, 8)
	l.Total = orDefault(l.Total, 4<<20)
	return l
}

// What can be wrong with a reply.
const (
	errReplyLine     = ProtocolError("Protocol error: malformed reply line")
	errLongReplyLine = ProtocolError("Protocol error: too big reply line")
	errKind          = ProtocolError("Protocol error: unknown reply type")
	errScalar        = ProtocolError("Protocol error: malformed reply value")
	errVerbatim      = ProtocolError("Protocol error: verbatim string without a format")
	errBlobLength    = ProtocolError("Protocol error: invalid bulk length")
	errElements      = ProtocolError("Protocol error: invalid multibulk length")
	errManyElements  = ProtocolError("Protocol error: too many elements in a reply")
	errDeepReply     = ProtocolError("Protocol error: reply nested too deep")
	errBigReply      = ProtocolError("Protocol error: too big reply")
)

// blobLength reads what the header of a string announces, in bytes; -1 is null.
// Streamed strings ("$?") have no length and are refused.
func (l ReplyLimits) blobLength(kind Kind, text []byte) (int, error) {
	n, ok := parseInt(text)
	if ok && n == -1 && kind == KindBulk {
		return -1, nil
	}
	if !ok || n < 0 || n > int64(l.Bulk) {
		return 0, errBlobLength
	}
	return int(n), nil
}

// elements reads how many values follow the header of an aggregate, twice the
// number of pairs in a map; -1 is null. Streamed aggregates ("*?") are refused.
func (l ReplyLimits) elements(kind Kind, text []byte) (int, error) {
	n, ok := parseInt(text)
	if ok && n == -1 && kind == KindArray {
		return -1, nil
	}
	if !ok || n < 0 || n > int64(l.Elements) {
		return 0, errElements
	}
	if kind == KindMap || kind == kindAttribute {
		n *= 2
	}
	return int(n), nil
}

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

// errLineTooLong is what a line over its limit is called until the reader of
// that line gives it Redis' name.
var errLineTooLong = errors.New("line too long")
