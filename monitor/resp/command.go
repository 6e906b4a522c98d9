package resp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// CommandReader reads the commands of one client, as arrays of bulk strings or
// as inline lines (readQueryFromClient, processInlineBuffer,
// processMultibulkBuffer).
type CommandReader struct {
	r      *bufio.Reader
	limits CommandLimits
	before CommandLimits // of a client that must authenticate first; zero: none
}

// NewCommandReader returns a reader of r. Zero limits mean the defaults.
func NewCommandReader(r io.Reader, limits CommandLimits) *CommandReader {
	return &CommandReader{r: bufio.NewReaderSize(r, firstBuffer), limits: limits.withDefaults()}
}

// RequireAuth bounds the commands that follow as Redis does those of a client
// that has yet to authenticate, until [CommandReader.Authenticated].
func (c *CommandReader) RequireAuth() { c.before = unauthenticated }

// Authenticated ends what RequireAuth began.
func (c *CommandReader) Authenticated() { c.before = CommandLimits{} }

// Read returns the next command, which has at least one argument: empty lines
// and empty arrays are passed over, as in Redis. The error is a
// [ProtocolError] when the client's bytes make no command, io.EOF between
// commands, io.ErrUnexpectedEOF within one, or that of the underlying reader.
func (c *CommandReader) Read() ([]string, error) {
	for {
		args, err := c.readOne()
		if err != nil || len(args) > 0 {
			return args, err
		}
	}
}

func (c *CommandReader) readOne() ([]string, error) {
	first, err := c.r.Peek(1)
	if err != nil {
		return nil, err
	}
	if first[0] == '*' {
		args, err := c.array()
		return args, midway(err)
	}
	args, err := c.inline()
	return args, midway(err)
}

func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *CommandReader) inline() ([]string, error) {
	line, err := readLine(c.r, c.limits.Inline)
	if errors.Is(err, errLineTooLong) {
		return nil, ProtocolError("Protocol error: too big inline request")
	}
	if err != nil {
		return nil, err
	}
	args, ok := splitInline(string(bytes.TrimSuffix(line, []byte{'\r'})))
	if !ok {
		return nil, ProtocolError("Protocol error: unbalanced quotes in request")
	}
	if len(args) > c.limits.Args {
		return nil, ProtocolError("Protocol error: too big inline request")
	}
	return args, nil
}

func (c *CommandReader) array() ([]string, error) {
	n, err := c.length(header{'*', "mbulk count", "multibulk", c.limits.Args, c.before.Args})
	if err != nil || n <= 0 {
		return nil, err
	}
	args, total := make([]string, 0, min(n, 8)), 0
	for range n {
		arg, err := c.bulk()
		if err != nil {
			return nil, err
		}
		if total += len(arg); total > c.limits.Total {
			return nil, ProtocolError("Protocol error: invalid bulk length")
		}
		args = append(args, arg)
	}
	return args, nil
}

func (c *CommandReader) bulk() (string, error) {
	n, err := c.length(header{'$', "bulk count", "bulk", c.limits.Bulk, c.before.Bulk})
	if err != nil {
		return "", err
	}
	if n < 0 {
		return "", ProtocolError("Protocol error: invalid bulk length")
	}
	return readN(c.r, n)
}

// header is a line such as "*3" as it is expected: its type byte, what errors
// call the line and its number, and the most that number may be, also while the
// client must still authenticate.
type header struct {
	kind  byte
	line  string
	what  string
	limit int
	early int
}

// length reads a header line and returns its number.
func (c *CommandReader) length(h header) (int, error) {
	text, err := readLine(c.r, c.limits.Inline)
	if errors.Is(err, errLineTooLong) {
		return 0, ProtocolError("Protocol error: too big " + h.line + " string")
	}
	if err != nil {
		return 0, err
	}
	if len(text) == 0 || text[0] != h.kind {
		return 0, ProtocolError(fmt.Sprintf("Protocol error: expected '%c', got '%s'", h.kind, firstChar(text)))
	}
	digits, ended := cutCR(text[1:])
	n, ok := parseInt(digits)
	if !ended || !ok || n > int64(h.limit) {
		return 0, ProtocolError("Protocol error: invalid " + h.what + " length")
	}
	if h.early > 0 && n > int64(h.early) {
		return 0, ProtocolError("Protocol error: unauthenticated " + h.what + " length")
	}
	return int(n), nil
}

// firstChar is the byte that stood where a type byte should.
func firstChar(line []byte) string {
	if len(line) == 0 {
		return " "
	}
	return string(line[:1])
}
