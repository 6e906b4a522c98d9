package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// forge lets a stranger lie: by a hello on an instance's channel, where anybody
// may publish, or as a member of the gossip pool that no group has as a voter.
// redis-sentinel believes every hello, so that only worlds without one are lied to.
func (w *World) forge() {
	n, g := w.someGroup()
	if g == nil {
		return
	}
	h := w.lie(n, g)
	if w.rng.Float64() < 0.6 {
		w.logf("a forged hello on %s: %s at %s, epoch %d, %s is master by epoch %d", g.group.Master(), reverse(quorum.ID(h.ID)), h.Peer,
			h.CurrentEpoch, h.Master, h.ConfigEpoch)
		w.channel(w.serverAt(g.group.Master()), h)
		return
	}
	c := quorum.Configuration{
		Author: quorum.ID(w.newID()), Group: h.Group, Epoch: h.ConfigEpoch, Leader: quorum.ID(w.newID()), Master: h.Master,
		Ordered: w.rng.Float64() < 0.3,
	}
	w.logf("a stranger gossips to %s: %s is master by epoch %d, ordered %t", n, c.Master, c.Epoch, c.Ordered)
	n.input(h.Group, failover.ConfigHeard{Configuration: c})
	n.input(h.Group, failover.Released{Release: quorum.Release{Group: h.Group, Candidate: c.Author, Epoch: c.Epoch}})
}

// lie is a hello of which something is true, so that it is looked at.
func (w *World) lie(n *node, g *watched) monitor.Hello {
	h := n.hello(g)
	other := w.anyNode()
	h.ID, h.Peer = string(other.id), other.addr
	if w.rng.Float64() < 0.5 {
		h.ID = w.newID()
	}
	switch w.rng.IntN(3) {
	case 0:
		h.Peer = monitor.Addr{Host: "10.9.9.9", Port: 26379} // nobody is there
	case 1:
		h.Peer = w.anyNode().addr // somebody else is
	}
	h.Master = pick(w.rng, w.servers[len(w.servers)-1].addr, w.anyServer().addr, monitor.Addr{Host: "10.9.9.8", Port: 6379})
	h.ConfigEpoch += pick(w.rng, uint64(0), 1, 5, 1<<20, 1<<40)
	h.CurrentEpoch = max(h.CurrentEpoch, h.ConfigEpoch)
	return h
}

// failoverAtRival is SENTINEL FAILOVER on a redis-sentinel, which asks nobody for
// a vote: what it promotes may share its epoch with what a picket promotes.
func (w *World) failoverAtRival() {
	r := pick(w.rng, w.rivals...)
	g := pick(w.rng, r.groups...)
	if !r.up || g.phase != rivalIdle {
		return
	}
	r.epoch++
	g.failover = r.epoch
	w.logf("%s: SENTINEL FAILOVER %s, epoch %d", r.name, g.name, g.failover)
	r.promote(g)
	if w.rng.Float64() < 0.5 {
		w.after(w.span(0, 2*time.Second), w.operatorFailover)
	}
}
