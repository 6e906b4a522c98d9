package gossip

import (
	"sync"

	"picket/monitor"
	"picket/quorum"
)

// outboxLimit bounds what waits for one member: a few messages for each of
// several thousand groups.
const outboxLimit = 16384

// parcel is a message and since when it waits.
type parcel struct {
	message
	since monitor.Instant
}

// subject is what a message speaks of. Of two messages on the same subject only
// the newer is worth sending.
type subject struct {
	kind  kind
	group string
	id    quorum.ID
}

// outbox holds what waits for one member, oldest subject first. It does not grow
// with the number of messages told, only with that of subjects.
type outbox struct {
	ready chan struct{} // has room for one: something waits

	mu      sync.Mutex
	waiting map[subject]parcel
	order   []subject
}

func newOutbox() *outbox {
	return &outbox{ready: make(chan struct{}, 1), waiting: map[subject]parcel{}}
}

// put queues p unless something newer on its subject waits already. It reports
// false when there is no room.
func (o *outbox) put(p parcel) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := p.subject()
	old, known := o.waiting[s]
	switch {
	case known && old.newer(p.message):
		return true
	case !known && len(o.order) >= outboxLimit:
		return false
	case !known:
		o.order = append(o.order, s)
	}
	o.waiting[s] = p
	select {
	case o.ready <- struct{}{}:
	default:
	}
	return true
}

// take empties the outbox.
func (o *outbox) take() []parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	parcels := make([]parcel, 0, len(o.order))
	for _, s := range o.order {
		parcels = append(parcels, o.waiting[s])
	}
	clear(o.waiting)
	o.order = o.order[:0]
	return parcels
}

func (m message) subject() subject {
	switch {
	case m.opinion != nil:
		return subject{kindOpinion, m.opinion.Group, m.opinion.Author}
	case m.config != nil:
		return subject{kindConfig, m.config.Group, m.config.Author}
	}
	return subject{kindRelease, m.release.Group, m.release.Candidate}
}

// newer reports whether m makes n, on the same subject, not worth telling.
func (m message) newer(n message) bool {
	switch {
	case m.opinion != nil:
		return m.opinion.Version.Newer(n.opinion.Version)
	case m.config != nil:
		return m.config.Supersedes(*n.config)
	}
	return m.release.Epoch > n.release.Epoch
}
