package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
)

// Deadlines of effects on instances, the daemon's.
const (
	promoteWait = 2 * time.Second
	repointWait = 5 * time.Second
	fenceWait   = time.Second
	killWait    = 10 * time.Second
)

// effects hands requests to the shells.
func (n *node) effects(group string, list []failover.Effect) {
	g := n.groups[group]
	for _, e := range list {
		if g == nil {
			if a, ok := e.Action.(failover.AnswerVote); ok {
				n.answerVote(failover.AnswerVote{Ticket: a.Ticket})
			}
			continue
		}
		n.effect(g, e)
	}
}

func (n *node) effect(g *watched, e failover.Effect) {
	switch a := e.Action.(type) {
	case failover.Refresh:
		if p := n.probe(e.Group, a.Addr); p != nil {
			p.inform()
		}
	case failover.Ask:
		n.w.ledger.asked(n, e.Group, a.Question)
		a.Effect = e.ID
		n.ask(a.Question)
	case failover.Confirm:
		a.Effect = e.ID
		n.confirm(a.Confirmation)
	case failover.TellOpinion:
		g.opinion, g.told = a.Opinion, true
		n.broadcast(func(to *node) { to.input(e.Group, failover.OpinionHeard(a)) })
	case failover.TellConfig:
		if a.Ordered {
			g.ordered = a.Configuration
		}
		n.broadcast(func(to *node) { to.input(e.Group, failover.ConfigHeard(a)) })
	case failover.TellRelease:
		n.release(a.Release)
	case failover.Announce:
		n.announce(g)
	case failover.JoinGossip:
		n.join(a.Addr)
	case failover.Repeer:
		n.repeer()
	case failover.AnswerVote:
		n.w.ledger.answered(n, e.Group, a)
		n.answerVote(a)
	case failover.AnswerFailover:
		n.w.reach("forced failover " + a.Refusal)
	case failover.RunScript:
	default:
		if p, ok := a.(failover.Promote); ok {
			n.w.ledger.orders(n, g, p.Addr)
		}
		n.later(0, func() { n.onInstance(g, e) })
	}
}

func (n *node) answerVote(a failover.AnswerVote) {
	if t, ok := n.tickets[a.Ticket]; ok {
		delete(n.tickets, a.Ticket)
		t.answer(a)
	}
}

// onInstance carries out what acts on an instance.
func (n *node) onInstance(g *watched, e failover.Effect) {
	done := func(d failover.Done) {
		d.Effect = e.ID
		n.w.reach("done " + outcomeOf(e.Action) + " " + d.Outcome.String())
		n.input(e.Group, d)
	}
	switch a := e.Action.(type) {
	case failover.Promote:
		n.promoteOn(g, a, done)
	case failover.Repoint:
		asked := n.w.now
		n.slaveOf(a.Addr, repointWait, order{to: a.To, done: done, recalled: n.recall(g), write: func() bool {
			n.w.ledger.demotes(n, g, a, asked)
			return true
		}})
	case failover.Fence:
		n.fence(g, a, done)
	case failover.Unfence:
		n.w.ledger.unfences(g, a.Addr)
		n.unfence(a, done)
	case failover.Kill:
		n.killScript(a, done)
	}
}

func outcomeOf(a failover.Action) string {
	switch a.(type) {
	case failover.Promote:
		return "promote"
	case failover.Repoint:
		return "repoint"
	case failover.Fence:
		return "fence"
	case failover.Unfence:
		return "unfence"
	}
	return "kill"
}

// order is Sentinel's transaction: SLAVEOF, CONFIG REWRITE, CLIENT KILL.
type order struct {
	to    monitor.Addr // zero: NO ONE
	write func() bool
	done  func(failover.Done)
	// recalled: see command
	recalled func() bool
}

// recall is for orders that serve the configuration of now: the daemon recalls
// them when the group's master changes.
func (n *node) recall(g *watched) func() bool {
	master := g.group.Master()
	return func() bool { return n.groups[g.set.Name] != g || g.group.Master() != master }
}

func (n *node) promoteOn(g *watched, a failover.Promote, done func(failover.Done)) {
	ordered := promotion{epoch: g.ordered.Epoch, addr: a.Addr, forced: g.group.View(n.clock()).Forced}
	n.slaveOf(a.Addr, promoteWait, order{done: done, write: func() bool {
		if n.clock() >= a.Until {
			done(failover.Done{Outcome: failover.OutcomeLeaseOver})
			return false
		}
		if s := n.w.serverAt(a.Addr); s != nil && a.RunID != "" && s.runID != a.RunID {
			done(failover.Done{Outcome: failover.OutcomeNotSent})
			return false
		}
		n.w.ledger.promotes(n, g, ordered)
		return true
	}})
}

func (n *node) slaveOf(addr monitor.Addr, limit time.Duration, o order) {
	s := n.w.serverAt(addr)
	n.command(command{
		srv: s, limit: limit, write: o.write, recalled: o.recalled,
		serve: func() func() {
			refusal := s.order(n.name, o.to)
			return func() {
				if refusal != "" {
					o.done(failover.Done{Outcome: failover.OutcomeRefused, Detail: refusal})
					return
				}
				o.done(failover.Done{Outcome: failover.OutcomeDone})
			}
		},
		done: func(s sent) {
			d := failover.Done{Outcome: failover.OutcomeNotSent}
			if s == wroteOnly {
				d.Outcome = failover.OutcomeUnknown
			}
			o.done(d)
		},
	})
}

// order executes Sentinel's transaction on the server; it returns the refusal.
func (s *server) order(by string, to monitor.Addr) string {
	if reply := s.answer(); reply != monitor.ReplyPong && reply != monitor.ReplyMasterDown && reply != monitor.ReplyMisconf {
		s.w.logf("%s: refuses the order of %s: %s", s, by, reply)
		return reply.String()
	}
	s.w.logf("%s: SLAVEOF by %s to %s", s, by, to)
	if to.IsZero() {
		s.promote()
	} else {
		s.repoint(to)
	}
	s.conf = to
	s.w.clientKill(s)
	return ""
}

// clientKill closes every client's link to a server.
func (w *World) clientKill(s *server) {
	for _, n := range w.nodes {
		for _, p := range n.probes {
			if l := p.link; p.srv == s && l != nil && l.life == s.life {
				w.net.packet(s.host, n.host, n.hear(func() { p.lost(l, monitor.CauseClosed) }))
			}
		}
	}
}

// serverGone tells everyone who has a link to a process that ended.
func (w *World) serverGone(s *server) {
	for _, n := range w.nodes {
		for _, p := range n.probes {
			if l := p.link; p.srv == s && l != nil && l.life == s.life {
				if l.pending { // unread bytes: a RST, which is sent once
					w.net.packet(s.host, n.host, n.hear(func() { p.lost(l, monitor.CauseReset) }))
					continue
				}
				w.net.segment(s.host, n.host, n.hear(func() { p.lost(l, monitor.CauseClosed) }))
			}
		}
	}
}

func (n *node) fence(g *watched, a failover.Fence, tell func(failover.Done)) {
	s, asked := n.w.serverAt(a.Addr), n.w.now
	done := func(d failover.Done) {
		if d.Outcome == failover.OutcomeDone || d.Outcome == failover.OutcomeUnknown {
			n.w.ledger.fenceIsLifted(n, g, a.Addr)
		}
		tell(d)
	}
	config := g.group.Configuration()
	n.command(command{
		srv: s, limit: fenceWait, recalled: n.recall(g),
		write: func() bool {
			n.w.ledger.fences(n, config, a.Addr, asked)
			return true
		},
		serve: func() func() {
			d := failover.Done{Outcome: failover.OutcomeRefused, Reply: s.answer()}
			if !d.Reply.Busy() && !d.Reply.Blind() {
				s.fenced = n.w.now + a.For
				d.Outcome, d.Reply, d.Info = failover.OutcomeDone, monitor.ReplyPong, s.info()
				s.w.logf("%s: fenced by %s for %s", s, n, a.For)
			}
			return func() { done(d) }
		},
		done: func(sent) { done(failover.Done{Outcome: failover.OutcomeUnknown}) },
	})
}

func (n *node) unfence(a failover.Unfence, done func(failover.Done)) {
	s := n.w.serverAt(a.Addr)
	n.command(command{
		srv: s, limit: fenceWait,
		serve: func() func() {
			if r := s.answer(); !r.Busy() && !r.Blind() {
				s.fenced = 0
			}
			return func() { done(failover.Done{Outcome: failover.OutcomeDone}) }
		},
		done: func(sent) { done(failover.Done{Outcome: failover.OutcomeUnknown}) },
	})
}

func (n *node) killScript(a failover.Kill, done func(failover.Done)) {
	s := n.w.serverAt(a.Addr)
	n.command(command{
		srv: s, limit: killWait,
		serve: func() func() {
			outcome := failover.OutcomeDone
			switch {
			case s.blind.Blind():
				outcome = failover.OutcomeRefused
			case !s.script.busy(n.w.now):
				outcome = failover.OutcomeNotBusy
			case s.script.kind != a.Kind:
				outcome = failover.OutcomeRefused
			case s.script.wrote > 0:
				outcome = failover.OutcomeUnkillable
			default:
				s.w.logf("%s: script killed by %s", s, n)
				s.killScript()
			}
			return func() { done(failover.Done{Outcome: outcome}) }
		},
		done: func(c sent) {
			if c == notSent {
				done(failover.Done{Outcome: failover.OutcomeNotSent})
				return
			}
			done(failover.Done{Outcome: failover.OutcomeUnknown})
		},
	})
}
