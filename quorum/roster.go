package quorum

import (
	"slices"
	"time"

	"picket/monitor"
)

// Peer is one other monitor as this process sees it, whatever groups it shares
// with us.
type Peer struct {
	ID          ID
	Addr        monitor.Addr
	Kind        Kind
	Gossip      monitor.Addr
	Boot        uint64
	GossipAlive bool
	GossipSince monitor.Instant // since when GossipAlive has its value

	Connected  bool
	Unanswered monitor.Instant // first unanswered PING or loss of the link
	LastReply  monitor.Instant
	LastValid  monitor.Instant
	Reply      monitor.Reply
	Cause      monitor.Cause
}

// Roster is every peer of this process. Groups share it.
type Roster struct{ peers map[ID]*Peer }

// NewRoster returns an empty roster.
func NewRoster() *Roster { return &Roster{peers: map[ID]*Peer{}} }

// Get returns a peer, or nil.
func (r *Roster) Get(id ID) *Peer { return r.peers[id] }

// Add returns the peer with that id, made known at now if it is new, at addr.
func (r *Roster) Add(now monitor.Instant, id ID, addr monitor.Addr) *Peer {
	p := r.peers[id]
	if p == nil {
		p = &Peer{ID: id, Unanswered: now, GossipSince: now}
		r.peers[id] = p
	}
	p.Addr = addr
	return p
}

// Remove forgets a peer.
func (r *Roster) Remove(id ID) { delete(r.peers, id) }

// All returns the peers ordered by id.
func (r *Roster) All() []*Peer {
	all := make([]*Peer, 0, len(r.peers))
	for _, p := range r.peers {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Peer) int { return compareID(a.ID, b.ID) })
	return all
}

func compareID(a, b ID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Observe takes a sign of a peer's life or of its absence.
func (r *Roster) Observe(c Contact) {
	p := r.peers[c.Peer]
	if p == nil || p.Addr != c.Addr {
		return
	}
	if c.Reply == monitor.ReplyNone {
		p.Connected, p.Cause = false, c.Cause
		p.Unanswered = monitor.Earliest(p.Unanswered, c.At)
		return
	}
	p.Connected, p.Reply, p.LastReply, p.Cause = true, c.Reply, c.At, monitor.CauseNone
	if c.Reply.Serving() {
		p.LastValid, p.Unanswered = c.At, monitor.Never
		return
	}
	p.Unanswered = monitor.Earliest(p.Unanswered, c.At)
}

// peerSlack is how much later than down-after a peer without any sign of absence
// counts as down: two ping periods, for a lost link is reported late.
const peerSlack = 2 * time.Second

// Down reports whether the peer has given no valid answer for longer than
// downAfter, Sentinel's SDOWN of a sentinel.
func (p *Peer) Down(now monitor.Instant, downAfter time.Duration) bool {
	if p.Unanswered != monitor.Never && now.Since(p.Unanswered) > downAfter {
		return true
	}
	return p.LastValid != monitor.Never && now.Since(p.LastValid) > downAfter+peerSlack
}

// DownAt is when the peer will count as down unless it answers before.
func (p *Peer) DownAt(downAfter time.Duration) monitor.Instant {
	at := monitor.Never
	if p.Unanswered != monitor.Never {
		at = p.Unanswered.Add(downAfter + 1)
	}
	if p.LastValid != monitor.Never {
		at = monitor.Earliest(at, p.LastValid.Add(downAfter+peerSlack+1))
	}
	return at
}

// Delay moves running deadlines by d, after our own process stood still.
func (r *Roster) Delay(d time.Duration) {
	for _, p := range r.peers {
		if p.Unanswered != monitor.Never {
			p.Unanswered = p.Unanswered.Add(d)
		}
		if p.LastValid != monitor.Never {
			p.LastValid = p.LastValid.Add(d)
		}
	}
}

// Clone returns an independent copy.
func (r *Roster) Clone() *Roster {
	c := NewRoster()
	for id, p := range r.peers {
		q := *p
		c.peers[id] = &q
	}
	return c
}

// Membership is the gossip pool's word on a peer.
type Membership bool

// What the gossip pool says of a peer.
const (
	MemberGone  Membership = false
	MemberAlive Membership = true
)

// SetGossip takes the gossip pool's word on the peer at now.
func (p *Peer) SetGossip(now monitor.Instant, at monitor.Addr, m Membership) {
	p.Gossip = at
	if p.GossipAlive != bool(m) {
		p.GossipAlive, p.GossipSince = bool(m), now
	}
}
