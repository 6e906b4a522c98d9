// Package resp reads and writes the Redis serialisation protocol, RESP2 and RESP3.
//
// It owns the bytes and nothing else: [CommandReader] reads what clients send
// to a server, [ReplyReader] reads what servers answer, and the Append
// functions write both. Every reader is bounded in lengths, elements and
// nesting; it never recurses, and its memory grows with the bytes that arrived,
// not with the lengths that a sender announced. The package imports nothing of
// Picket. A reader belongs to one goroutine; the Append functions are pure.
//
// Tests are tables, and fuzz targets for both readers whose seeds go test runs.
package resp
