package sim

import (
	"encoding/binary"
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

func (s ballotState) clone() ballotState {
	s.messages = slices.Clone(s.messages)
	return s
}

// key tells states apart. Leases are told by how much of them is left, and the
// order of the messages does not matter.
func (s *ballotState) key() string {
	b := make([]byte, 0, 256)
	b = append(b, byte(s.campaigns), byte(s.crashes), byte(s.ticks))
	for i := range s.voters {
		v := &s.voters[i]
		b = append(b, ordinal(v.ballot.Leader), byte(v.ballot.Epoch), s.left(v.ballot.LeaseEnd()), ordinal(v.saved.Leader),
			byte(v.saved.Epoch), byte(v.epoch))
		if v.running {
			b = append(b, 1, byte(v.camp), s.left(v.lease), v.yes, bit(v.leads))
		}
		b = append(b, s.votes[i][:s.campaigns+1]...)
	}
	b = append(b, s.leaders[:s.campaigns+1]...)
	packed := make([]uint32, 0, 32)
	for _, m := range s.messages {
		packed = append(packed, uint32(m.kind)|uint32(m.from)<<4|uint32(m.to)<<8|uint32(m.epoch)<<12|uint32(m.leader)<<20|uint32(bit(m.held))<<24)
	}
	slices.Sort(packed)
	for _, m := range slices.Compact(packed) {
		b = binary.LittleEndian.AppendUint32(b, m)
	}
	return string(b)
}

func (s *ballotState) left(t monitor.Instant) byte {
	if t <= s.now {
		return 0
	}
	return byte(t.Sub(s.now)/(50*time.Millisecond)) + 1
}

func bit(f bool) byte {
	if f {
		return 1
	}
	return 0
}

func ordinal(who quorum.ID) byte {
	if who == "" {
		return 0
	}
	return who[0] - 'a' + 1
}
