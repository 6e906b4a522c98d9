package estate

import (
	"bytes"
	"errors"
	"strconv"
)

var errProtocol = errors.New("not an array of bulk strings")

// parse takes one command, an array of bulk strings, from data. Without a whole
// one there args is nil and rest is data.
func parse(data []byte) (args []string, rest []byte, err error) {
	n, at, err := number(data, '*')
	if at == nil || err != nil {
		return nil, data, err
	}
	for range n {
		size, body, err := number(at, '$')
		if body == nil || err != nil {
			return nil, data, err
		}
		if len(body) < size+2 {
			return nil, data, nil
		}
		args, at = append(args, string(body[:size])), body[size+2:]
	}
	return args, at, nil
}

// number reads a line such as "*3" or "$12". Without a whole line rest is nil.
func number(data []byte, kind byte) (n int, rest []byte, err error) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	line, rest, ok := bytes.Cut(data, []byte("\r\n"))
	if data[0] != kind {
		return 0, nil, errProtocol
	}
	if !ok {
		return 0, nil, nil
	}
	n, err = strconv.Atoi(string(line[1:]))
	if err != nil || n < 1 && kind == '*' || n < 0 || n > 1<<20 {
		return 0, nil, errProtocol
	}
	return n, rest, nil
}

// reply collects what one connection is answered.
type reply struct{ b []byte }

func (r *reply) raw(s string)    { r.b = append(r.b, s...) }
func (r *reply) simple(s string) { r.raw("+" + s + "\r\n") }
func (r *reply) fail(s string)   { r.raw("-" + s + "\r\n") }
func (r *reply) integer(n int)   { r.raw(":" + strconv.Itoa(n) + "\r\n") }
func (r *reply) bulk(s string)   { r.raw("$" + strconv.Itoa(len(s)) + "\r\n" + s + "\r\n") }

func (r *reply) array(list ...string) {
	r.raw("*" + strconv.Itoa(len(list)) + "\r\n")
	for _, s := range list {
		r.bulk(s)
	}
}

// pushed returns an array as RESP3 pushes it, where that is spoken.
func (r *reply) pushed(resp3 bool) []byte {
	if !resp3 {
		return r.b
	}
	b := bytes.Clone(r.b)
	b[0] = '>'
	return b
}
