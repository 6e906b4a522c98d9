package daemon

import (
	"slices"
	"sync"
	"sync/atomic"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
	"picket/quorum/gossip"
)

// sink takes what the shells saw and puts it before the loop.
type sink struct{ loop *loop }

// Observed takes a probe's report.
func (s sink) Observed(group string, r monitor.Report) {
	s.loop.d.measurePing(group, r)
	// Behind a queue it takes its place there: it must not overtake what its link said before.
	if r.Routine && len(s.loop.jobs) == 0 && s.loop.routine.put(job{group: group, in: failover.Observed{Report: r}}) {
		return
	}
	s.loop.put(job{group: group, in: failover.Observed{Report: r}})
}

// Informed takes an INFO reply.
func (s sink) Informed(group string, r monitor.InfoReport) {
	s.loop.put(job{group: group, in: failover.Informed{InfoReport: r}})
}

// HelloHeard takes a hello from an instance's channel. The channel of one group
// may carry hellos of others.
func (s sink) HelloHeard(_ string, _ monitor.Addr, payload string) {
	if h, err := monitor.ParseHello(payload); err == nil {
		s.hint(h)
	}
}

// hint hands a hello to its group, unless it is our own echo.
func (s sink) hint(h monitor.Hello) {
	if id, self := s.loop.d.links.Self(); h.ID == string(id) && h.Peer.Port == self.Port && s.loop.d.isLocal(h.Peer.Host) {
		return
	}
	s.loop.put(job{group: h.Group, in: failover.Hinted{Hello: h}})
}

// Contacted takes a sign of a peer's life.
func (s sink) Contacted(c quorum.Contact) { s.loop.put(job{in: failover.Contacted{Contact: c}}) }

// Answered takes a peer's answer.
func (s sink) Answered(a quorum.Answer) {
	s.loop.put(job{group: a.Group, in: failover.Answered{Answer: a}})
}

// OpinionHeard takes a gossiped opinion. Gossip must not wait: when the loop is
// that far behind, the next one, a second later, will do.
func (s sink) OpinionHeard(o quorum.Opinion) {
	s.offer(job{group: o.Group, in: failover.OpinionHeard{Opinion: o}})
}

// ConfigHeard takes a gossiped configuration.
func (s sink) ConfigHeard(c quorum.Configuration) {
	s.offer(job{group: c.Group, in: failover.ConfigHeard{Configuration: c}})
}

// ReleaseHeard takes a candidate's giving up.
func (s sink) ReleaseHeard(r quorum.Release) {
	s.offer(job{group: r.Group, in: failover.Released{Release: r}})
}

// MemberChanged takes the pool's word on a peer. It is said only once, so it is
// kept until the loop looks, at its next beat.
func (s sink) MemberChanged(m gossip.Member) {
	s.loop.members.put(failover.MemberChanged{ID: m.ID, Gossip: m.Addr, Alive: m.Alive})
}

// memberBox holds what the gossip pool said since the loop last looked.
type memberBox struct {
	mu  sync.Mutex
	new []failover.MemberChanged
}

func (b *memberBox) put(m failover.MemberChanged) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.new = slices.DeleteFunc(b.new, func(o failover.MemberChanged) bool { return o.ID == m.ID })
	b.new = append(b.new, m)
}

func (b *memberBox) take() []failover.MemberChanged {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.new
	b.new = nil
	return list
}

// routineBox holds reports that say nothing new until the loop is awake anyway:
// most of what a monitor sees is such, and waking the loop costs more than the step.
type routineBox struct {
	some atomic.Bool
	mu   sync.Mutex
	jobs []job
	done []job // what was taken last, to be used again
}

// put reports false when the box is full.
func (b *routineBox) put(j job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.jobs) >= queueLength {
		return false
	}
	b.jobs = append(b.jobs, j)
	b.some.Store(true)
	return true
}

// take empties the box. The list is good until the next call.
func (b *routineBox) take() []job {
	if !b.some.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.done)
	b.jobs, b.done = b.done[:0], b.jobs
	b.some.Store(false)
	return b.done
}

func (s sink) offer(j job) {
	select {
	case s.loop.jobs <- j:
	default:
	}
}

// gossipState is what a member that just joined is told.
type gossipState struct{ d *Daemon }

// Opinions returns our opinions, aged to now.
func (s gossipState) Opinions() []quorum.Opinion {
	var list []quorum.Opinion
	for _, slot := range s.d.board.slots.Load().order {
		if o := slot.opinion.Load(); o != nil {
			list = append(list, o.aged(s.d.clock()))
		}
	}
	return list
}

// Configs returns the configurations that we hold.
func (s gossipState) Configs() []quorum.Configuration {
	var list []quorum.Configuration
	for _, slot := range s.d.board.slots.Load().order {
		if c := slot.config.Load(); c != nil {
			list = append(list, *c)
		}
	}
	return list
}
