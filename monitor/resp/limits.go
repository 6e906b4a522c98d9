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

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

// errLineTooLong is what a line over its limit is called until the reader of
// that line gives it Redis' name.
var errLineTooLong = errors.New("line too long")
