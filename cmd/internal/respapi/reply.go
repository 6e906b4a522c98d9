package respapi

import (
	"fmt"
	"strconv"

	"picket/failover"
	"picket/monitor/resp"
)

// reply is the answer to one command, built up in the client's protocol.
type reply struct {
	buf    []byte
	proto  resp.Proto
	failed bool // an error was written
	outlay outlay
	aside  int  // bytes beside buf of which the reply will be made
	lost   bool // there was no budget for it
}

func (r *reply) simple(text string) { r.put(resp.AppendSimple(r.buf, text)) }
func (r *reply) ok()                { r.simple("OK") }
func (r *reply) number(n int64)     { r.put(resp.AppendInt(r.buf, n)) }

// double writes a number as Redis does: with 17 digits, in RESP2 as text.
func (r *reply) double(f float64) {
	text := strconv.FormatFloat(f, 'g', 17, 64)
	if r.proto == resp.RESP2 {
		r.bulk(text)
		return
	}
	r.put(append(append(append(r.buf, ','), text...), "\r\n"...))
}

func (r *reply) bulk(text string) { r.put(resp.AppendBulk(r.buf, text)) }
func (r *reply) null()            { r.put(resp.AppendNull(r.buf, r.proto)) }
func (r *reply) array(n int)      { r.put(resp.AppendArray(r.buf, n)) }
func (r *reply) mapOf(pairs int)  { r.put(resp.AppendMap(r.buf, r.proto, pairs)) }
func (r *reply) set(n int)        { r.put(resp.AppendSet(r.buf, r.proto, n)) }
func (r *reply) text(text string) { r.put(resp.AppendVerbatim(r.buf, r.proto, text)) }

// fail writes an error with its code: "ERR no such thing".
func (r *reply) fail(text string) {
	r.failed = true
	r.put(resp.AppendError(r.buf, text))
}

func (r *reply) failf(format string, values ...any) { r.fail(fmt.Sprintf(format, values...)) }

func (r *reply) pair(key, value string) {
	r.bulk(key)
	r.bulk(value)
}

func (r *reply) bulks(texts []string) {
	r.array(len(texts))
	for _, t := range texts {
		r.bulk(t)
	}
}

// lines writes an array of simple strings, which is what HELP answers with.
func (r *reply) lines(texts []string) {
	r.array(len(texts))
	for _, t := range texts {
		r.simple(t)
	}
}

// fields writes a map whose values are all bulk strings.
func (r *reply) fields(f fields) {
	r.mapOf(len(f) / 2)
	for _, t := range f {
		r.bulk(t)
	}
}

// call is one command of one client while it runs.
type call struct {
	*conn
	reply
	args   []string
	hangUp bool // close the connection once the reply is written
}

// view finds the group that an argument names, or answers that there is none.
func (c *call) view(name string) (*failover.View, bool) {
	v, ok := c.srv.cfg.Reader.View(name)
	if !ok {
		c.refuse(NoSuchMaster)
	}
	return v, ok
}

func (c *call) refuse(r Refusal) { c.fail(string(r)) }
