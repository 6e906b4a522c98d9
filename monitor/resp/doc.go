// Package resp reads and writes the Redis serialisation protocol, RESP2 and RESP3.
//
// It owns the bytes and nothing else: [CommandReader] reads what clients send
// to a server, [ReplyReader] reads what servers answer, and the Append
// functions write both. [BoundedConn] holds the replies that another library reads
// to the same limits. Every reader is bounded in lengths, elements and
// nesting; it never recurses, and its memory grows with the bytes that arrived,
// not with the lengths that a sender announced. The package imports nothing of
// Picket. A reader belongs to one goroutine; the Append functions are pure.
//
// Tests are tables, and fuzz targets whose seeds go test runs: one for each
// reader, and one that holds BoundedConn to what ReplyReader accepts.
package resp
