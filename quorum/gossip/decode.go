package gossip

import (
	"encoding/binary"
	"math"
	"time"

	"picket/monitor"
	"picket/quorum"
)

const (
	textLimit = 512                  // bytes of one text: a group's name, a host, a reason
	ageLimit  = 365 * 24 * time.Hour // an older opinion is as good as none
)

// decodeFrame reads what encode wrote. It takes any bytes: items that it does
// not know or that are malformed are passed over, and a frame that ends early
// yields the items before it.
func decodeFrame(frame []byte) []message {
	if len(frame) == 0 || frame[0] != frameVersion {
		return nil
	}
	var messages []message
	r := reader{rest: frame[1:]}
	for len(r.rest) > 0 {
		k := kind(r.byte())
		body := r.bytes(math.MaxInt)
		if r.bad {
			break
		}
		if m, ok := decodeItem(k, body); ok {
			messages = append(messages, m)
		}
	}
	return messages
}

func decodeItem(k kind, body []byte) (message, bool) {
	r := reader{rest: body}
	switch k {
	case kindOpinion:
		o := r.opinion()
		return message{opinion: &o}, !r.bad
	case kindConfig, kindOrder:
		c := r.config()
		c.Ordered = k == kindOrder
		return message{config: &c}, !r.bad
	case kindRelease:
		l := r.release()
		return message{release: &l}, !r.bad
	}
	return message{}, false
}

// reader takes fields off a body. After the first malformed field it is bad and
// yields zero values.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) opinion() quorum.Opinion {
	o := quorum.Opinion{Author: r.id()}
	o.Version = quorum.Version{Boot: r.uint(), Seq: r.uint()}
	o.Group = r.name()
	o.Master = r.addr()
	o.RunID = r.text()
	o.State = monitor.ParseState(r.text())
	o.Reason = monitor.Reason(r.text())
	o.Down = r.byte() == 1
	o.Age = time.Duration(min(r.uint(), uint64(ageLimit.Microseconds()))) * time.Microsecond
	o.Epoch = r.uint()
	return o
}

func (r *reader) config() quorum.Configuration {
	c := quorum.Configuration{Author: r.id(), Group: r.name(), Epoch: r.uint()}
	c.Leader = quorum.ID(r.text())
	r.require(c.Leader == "" || monitor.ValidID(string(c.Leader)))
	c.Master = r.addr()
	r.require(c.Master.Host != "" && c.Master.Port > 0)
	return c
}

func (r *reader) release() quorum.Release {
	return quorum.Release{Group: r.name(), Candidate: r.id(), Epoch: r.uint()}
}

func (r *reader) id() quorum.ID {
	id := r.text()
	r.require(monitor.ValidID(id))
	return quorum.ID(id)
}

func (r *reader) name() string {
	name := r.text()
	r.require(name != "")
	return name
}

func (r *reader) addr() monitor.Addr {
	host, port := r.text(), r.uint()
	r.require(port <= math.MaxUint16)
	return monitor.Addr{Host: host, Port: int(port & math.MaxUint16)}
}

func (r *reader) text() string { return string(r.bytes(textLimit)) }

func (r *reader) bytes(limit uint64) []byte {
	n := r.uint()
	r.require(n <= limit && n <= uint64(len(r.rest)))
	if r.bad {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.require(n > 0)
	if r.bad {
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) byte() byte {
	r.require(len(r.rest) > 0)
	if r.bad {
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) require(holds bool) { r.bad = r.bad || !holds }
