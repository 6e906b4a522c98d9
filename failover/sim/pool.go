package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
)

// member is what one monitor's gossip pool holds of another.
type member struct {
	node  *node
	heard time.Duration
	alive bool
}

// startPool makes the monitor a member of the gossip pool.
func (n *node) startPool() { n.later(time.Second, n.poolBeat) }

// join learns where another member is.
func (n *node) join(gossip monitor.Addr) {
	for _, other := range n.w.nodes {
		if other.gossip == gossip && other != n && n.pool[other.id] == nil {
			n.pool[other.id] = &member{node: other, heard: never}
		}
	}
}

// poolBeat sends signs of life once a second, and takes silence of three
// seconds for absence.
func (n *node) poolBeat() {
	for _, other := range n.w.nodes {
		m := n.pool[other.id]
		if m == nil {
			continue
		}
		n.w.net.datagram(n.host, other.host, other.hear(func() { other.sign(n) }))
		if m.alive && n.w.now-m.heard > 3*time.Second {
			n.membership(m, false)
		}
	}
	n.later(time.Second, n.poolBeat)
}

// sign takes a sign of life from another member. One who returns is told all
// that we hold, as memberlist's push and pull do.
func (n *node) sign(from *node) {
	m := n.pool[from.id]
	if m == nil {
		n.join(from.gossip)
		m = n.pool[from.id]
	}
	m.heard = n.w.now
	if m.alive {
		return
	}
	n.membership(m, true)
	for _, name := range n.order {
		g := n.groups[name]
		c, o, told := g.group.Configuration(), g.opinion, g.told
		n.w.net.datagram(n.host, from.host, from.hear(func() {
			from.input(name, failover.ConfigHeard{Configuration: c})
			if told {
				from.input(name, failover.OpinionHeard{Opinion: o})
			}
		}))
	}
}

func (n *node) membership(m *member, alive bool) {
	m.alive = alive
	n.mon.MemberChanged(n.clock(), failover.MemberChanged{ID: m.node.id, Gossip: m.node.gossip, Alive: alive})
}

// broadcast carries something to every member of the pool; a member that cannot
// be reached may hear it from a third.
func (n *node) broadcast(f func(to *node)) {
	for _, other := range n.w.nodes {
		if other == n || n.pool[other.id] == nil {
			continue
		}
		take := other.hear(func() { f(other) })
		if n.w.net.open(gossip, n.host, other.host) {
			n.w.net.datagram(n.host, other.host, take)
			continue
		}
		for _, third := range n.w.nodes {
			if third != n && third != other && third.up && third.pool[other.id] != nil && n.w.net.open(gossip, n.host, third.host) {
				n.w.net.datagram(third.host, other.host, take)
				break
			}
		}
	}
}
