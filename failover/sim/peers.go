package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// peerLink pings one peer once a second, as quorum/ask does.
type peerLink struct {
	n       *node
	id      quorum.ID
	addr    monitor.Addr
	stopped bool
}

// repeer keeps links with the peers that the core has.
func (n *node) repeer() {
	wanted := map[quorum.ID]bool{}
	for _, p := range n.mon.Peers() {
		wanted[p.ID] = true
		if old := n.peers[p.ID]; old != nil {
			if old.addr == p.Addr {
				continue
			}
			old.stopped = true
		}
		l := &peerLink{n: n, id: p.ID, addr: p.Addr}
		n.peers[p.ID] = l
		n.later(0, l.ping)
		if !p.Gossip.IsZero() {
			n.join(p.Gossip)
		}
	}
	for id, l := range n.peers {
		if !wanted[id] {
			l.stopped = true
			delete(n.peers, id)
		}
	}
}

func (l *peerLink) ping() {
	if l.stopped {
		return
	}
	started := l.n.w.now
	contact := func(reply monitor.Reply, cause monitor.Cause) {
		if l.stopped {
			return
		}
		l.n.mon.Contacted(quorum.Contact{Peer: l.id, Addr: l.addr, At: l.n.clock(), Reply: reply, Cause: cause})
		l.n.touchPeers()
		l.n.later(max(0, started+time.Second-l.n.w.now), l.ping)
	}
	l.n.call(rpc{
		to: l.addr, limit: 3 * time.Second,
		serve: func(door, func(func())) func() { return func() { contact(monitor.ReplyPong, monitor.CauseNone) } },
		fail:  func(c monitor.Cause) { contact(monitor.ReplyNone, c) },
	})
}

// door is a monitor that others speak to over RESP: a picket or a redis-sentinel.
type door interface {
	location() int
	alive() bool
	// whenAwake runs f now, or when the process runs again.
	whenAwake(f func())
	identify(group string) quorum.Answer
}

func (n *node) location() int      { return n.host }
func (n *node) alive() bool        { return n.up }
func (n *node) whenAwake(f func()) { n.hear(f)() }

// rpc is one request to another monitor.
type rpc struct {
	to    monitor.Addr
	limit time.Duration
	// serve runs at the other end and returns what its answer does at home, or
	// nil when it answers later, through the reply function.
	serve func(d door, reply func(home func())) func()
	fail  func(monitor.Cause)
}

// call carries out a request; exactly one of the answer's function and fail runs.
func (n *node) call(c rpc) {
	over := false
	finish := func(f func()) func() {
		return n.hear(func() {
			if !over {
				over = true
				f()
			}
		})
	}
	n.w.after(c.limit, finish(func() { c.fail(monitor.CauseTimeout) }))
	d := n.w.doorAt(c.to)
	if d == nil {
		return
	}
	n.w.net.segment(n.host, d.location(), func() {
		if !d.alive() {
			n.w.net.packet(d.location(), n.host, finish(func() { c.fail(monitor.CauseRefused) }))
			return
		}
		d.whenAwake(func() {
			reply := func(home func()) { n.w.net.segment(d.location(), n.host, finish(home)) }
			if home := c.serve(d, reply); home != nil {
				reply(home)
			}
		})
	})
}

// ask asks a peer IS-MASTER-DOWN-BY-ADDR and, in the same write, who it is and
// what it holds.
func (n *node) ask(q quorum.Question) {
	sent := n.clock()
	blank := quorum.Answer{Effect: q.Effect, Peer: q.Peer, Addr: q.Addr, Group: q.Group, Sent: sent}
	answered := func(a quorum.Answer) {
		a.At = n.clock()
		n.input(q.Group, failover.Answered{Answer: a})
	}
	n.call(rpc{
		to: q.Addr, limit: q.Deadline,
		serve: func(d door, reply func(func())) func() {
			finish := func(down bool, leader quorum.ID, epoch uint64) func() {
				a := d.identify(q.Group)
				a.Effect, a.Addr, a.Group, a.Sent = q.Effect, q.Addr, q.Group, sent
				a.Down, a.Leader, a.LeaderEpoch = down, leader, epoch
				if a.Peer != q.Peer {
					a = blank
					a.Err = "another monitor answers at this address"
				}
				return func() { answered(a) }
			}
			if other, ok := d.(*node); ok {
				other.hint(monitor.Hello{Peer: n.addr, ID: string(n.id), Group: q.Group})
				other.isDown(q, func(down bool, leader quorum.ID, epoch uint64) { reply(finish(down, leader, epoch)) })
				return nil
			}
			return finish(d.(*rival).isDown(q))
		},
		fail: func(c monitor.Cause) {
			blank.Err = c.String()
			answered(blank)
		},
	})
}

// isDown answers IS-MASTER-DOWN-BY-ADDR, with a vote where one is asked for.
func (n *node) isDown(q quorum.Question, answer func(down bool, leader quorum.ID, epoch uint64)) {
	g := n.groupAt(q.Master)
	if g == nil {
		answer(false, "", 0)
		return
	}
	down := g.group.Opinion(n.clock()).Down
	if q.Candidate == "" {
		answer(down, "", 0)
		return
	}
	in := failover.VoteAsked{Epoch: q.Epoch, Candidate: q.Candidate}
	if reason := g.group.VoteRefusal(n.clock(), in); reason != "" {
		n.w.reach("vote refused: " + string(reason))
		n.w.reach("reason " + string(reason))
		n.w.stats.Refusals++
		if reason == quorum.ReasonBlocked {
			n.w.stats.Vetoes++
		}
	}
	n.lastTicket++
	in.Ticket = n.lastTicket
	n.tickets[in.Ticket] = ticket{q.Candidate, q.Epoch, func(a failover.AnswerVote) { answer(down, a.Leader, a.Epoch) }}
	n.input(g.set.Name, in)
}

func (n *node) groupAt(master monitor.Addr) *watched {
	for _, name := range n.order {
		if g := n.groups[name]; g.group.Master() == master {
			return g
		}
	}
	return nil
}

// identify answers SENTINEL PEER.
func (n *node) identify(group string) quorum.Answer {
	a := quorum.Answer{Peer: n.id, Kind: quorum.KindPicket, CurrentEpoch: n.mon.CurrentEpoch(), Gossip: n.gossip, Boot: n.disk.boot}
	g := n.groups[group]
	if g == nil {
		return a
	}
	a.KnowsGroup, a.Config = true, g.group.Configuration()
	if g.told {
		o := g.opinion
		a.Opinion = &o
	}
	return a
}

// hint hands a hello to its group. One without a master is SENTINEL PEER's word
// on the caller: it tells nothing new of the configuration.
func (n *node) hint(h monitor.Hello) {
	g := n.groups[h.Group]
	if g == nil || h.ID == string(n.id) {
		return
	}
	if h.Master.IsZero() {
		c := g.group.Configuration()
		h.Master, h.ConfigEpoch = c.Master, c.Epoch
	}
	n.input(h.Group, failover.Hinted{Hello: h})
}

// confirm asks who is at an address.
func (n *node) confirm(c quorum.Confirmation) {
	sent := n.clock()
	answered := func(a quorum.Answer) {
		a.Effect, a.Addr, a.Group, a.Sent, a.At = c.Effect, c.Addr, c.Group, sent, n.clock()
		n.input(c.Group, failover.Answered{Answer: a})
	}
	n.call(rpc{
		to: c.Addr, limit: 2 * time.Second,
		serve: func(d door, _ func(func())) func() {
			if other, ok := d.(*node); ok {
				other.hint(monitor.Hello{Peer: n.addr, ID: string(n.id), Group: c.Group})
			}
			a := d.identify(c.Group)
			return func() { answered(a) }
		},
		fail: func(cause monitor.Cause) { answered(quorum.Answer{Peer: c.Hinted, Err: cause.String()}) },
	})
}

// release frees voters by gossip and over RESP.
func (n *node) release(r quorum.Release) {
	n.broadcast(func(to *node) { to.input(r.Group, failover.Released{Release: r}) })
	for _, p := range n.mon.Peers() {
		n.call(rpc{
			to: p.Addr, limit: time.Second,
			serve: func(d door, _ func(func())) func() {
				if other, ok := d.(*node); ok {
					other.input(r.Group, failover.Released{Release: r})
				}
				return func() {}
			},
			fail: func(monitor.Cause) {},
		})
	}
}

// announce publishes the hello at once, through the instances and to each peer.
func (n *node) announce(g *watched) {
	for _, p := range n.probes {
		if p.group == g.set.Name {
			p.publishNow()
		}
	}
	hello := n.hello(g)
	for _, peer := range g.group.Saved().Peers {
		n.call(rpc{
			to: peer.Addr, limit: time.Second,
			serve: func(d door, _ func(func())) func() {
				switch d := d.(type) {
				case *node:
					d.hint(hello)
				case *rival:
					d.hello(hello)
				}
				return func() {}
			},
			fail: func(monitor.Cause) {},
		})
	}
}
