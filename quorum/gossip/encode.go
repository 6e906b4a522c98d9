package gossip

import (
	"encoding/binary"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// A frame is a version byte and then items, each its kind, its length and its
// body. Receivers pass over items of unknown kind and what follows the fields
// that they know in a body, so a newer Picket may add both; a frame of another
// version is ignored as a whole. Words travel as text, not as the numbers of
// our constants, which may change from one release to the next.
const frameVersion = 1

type kind byte

const (
	kindOpinion kind = 1
	kindConfig  kind = 2
	kindRelease kind = 3
	kindOrder   kind = 4 // a configuration that its leader is about to order: never to be read as a fact
)

// datagramLimit keeps an encrypted datagram below the smallest common path MTU.
const datagramLimit = 1200

// message is one thing to tell: exactly one of the pointers is set.
type message struct {
	opinion *quorum.Opinion
	config  *quorum.Configuration
	release *quorum.Release
}

// body renders a message whose opinion, if it is one, waited for the time given.
func (m message) body(waited time.Duration) (kind, []byte) {
	switch {
	case m.opinion != nil:
		return kindOpinion, opinionBody(*m.opinion, waited)
	case m.config != nil && m.config.Ordered:
		return kindOrder, configBody(*m.config)
	case m.config != nil:
		return kindConfig, configBody(*m.config)
	}
	return kindRelease, releaseBody(*m.release)
}

func newFrame() []byte { return []byte{frameVersion} }

func appendItem(frame []byte, k kind, body []byte) []byte {
	frame = append(frame, byte(k))
	frame = binary.AppendUvarint(frame, uint64(len(body)))
	return append(frame, body...)
}

func opinionBody(o quorum.Opinion, waited time.Duration) []byte {
	b := appendText(nil, string(o.Author))
	b = binary.AppendUvarint(b, o.Version.Boot)
	b = binary.AppendUvarint(b, o.Version.Seq)
	b = appendText(b, o.Group)
	b = appendAddr(b, o.Master)
	b = appendText(b, o.RunID)
	b = appendText(b, o.State.String())
	b = appendText(b, string(o.Reason))
	b = append(b, flag(o.Down))
	b = binary.AppendUvarint(b, uint64(max(o.Age+waited, 0).Microseconds()))
	return binary.AppendUvarint(b, o.Epoch)
}

func configBody(c quorum.Configuration) []byte {
	b := appendText(nil, string(c.Author))
	b = appendText(b, c.Group)
	b = binary.AppendUvarint(b, c.Epoch)
	b = appendText(b, string(c.Leader))
	return appendAddr(b, c.Master)
}

func releaseBody(r quorum.Release) []byte {
	b := appendText(nil, r.Group)
	b = appendText(b, string(r.Candidate))
	return binary.AppendUvarint(b, r.Epoch)
}

func appendAddr(b []byte, a monitor.Addr) []byte {
	return binary.AppendUvarint(appendText(b, a.Host), uint64(a.Port))
}

// appendText writes a length and at most textLimit bytes, so that what we send
// is also what a receiver accepts.
func appendText(b []byte, s string) []byte {
	s = s[:min(len(s), textLimit)]
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}
