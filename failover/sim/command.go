package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
)

// dialServer connects to a server and calls then once: with the process
// reached, or with the cause of the failure.
func (n *node) dialServer(s *server, limit time.Duration, then func(life int, cause monitor.Cause)) {
	decided := false
	decide := func(life int, cause monitor.Cause) func() {
		return n.hear(func() {
			if !decided {
				decided = true
				then(life, cause)
			}
		})
	}
	cause := monitor.CauseTimeout
	if s != nil && n.w.net.dark[s.host] && n.w.rng.Float64() < 0.3 {
		cause = monitor.CauseNoRoute
	}
	n.w.after(limit, decide(0, cause))
	if s == nil {
		return
	}
	n.w.net.packet(n.host, s.host, func() {
		switch {
		case !s.up:
			n.w.net.packet(s.host, n.host, decide(0, monitor.CauseRefused))
		case s.full && s.silent():
		default:
			n.w.net.packet(s.host, n.host, decide(s.life, monitor.CauseNone))
		}
	})
}

// outcome of one command on a connection of its own.
type sent uint8

const (
	notSent   sent = iota // no connection
	wroteOnly             // written, no answer in time
	replied
)

// command is something to do on a server over a fresh connection.
type command struct {
	srv   *server
	limit time.Duration
	// write is asked at the moment of writing; false gives the order up.
	write func() bool
	// recalled says that the order is not wanted any more: it is not written, and
	// if it was, its answer is not waited for.
	recalled func() bool
	// serve runs on the server and returns what is done with its answer at home.
	serve func() func()
	// done tells how it ended, when no answer came.
	done func(sent)
}

// command carries out c.
func (n *node) command(c command) {
	over, state := false, notSent
	n.later(c.limit, func() {
		if !over {
			over = true
			c.done(state)
		}
	})
	n.dialServer(c.srv, c.limit, func(life int, cause monitor.Cause) {
		if over {
			return
		}
		if cause != monitor.CauseNone {
			over = true
			c.done(notSent)
			return
		}
		if c.recalled != nil && c.recalled() {
			n.w.reach("an order was recalled")
			over = true
			c.done(notSent)
			return
		}
		if c.write != nil && !c.write() {
			over = true
			return
		}
		state = wroteOnly
		n.w.net.segment(n.host, c.srv.host, func() {
			c.srv.arrive(life, request{
				serve: func() {
					home := c.serve()
					n.w.net.segment(c.srv.host, n.host, n.hear(func() {
						if !over {
							over = true
							home()
						}
					}))
				},
				reset: func() {
					n.w.net.packet(c.srv.host, n.host, n.hear(func() {
						if !over {
							over = true
							c.done(wroteOnly)
						}
					}))
				},
			})
		})
	})
}

// planInfo sets when INFO is asked next.
func (p *probe) planInfo(wait time.Duration) {
	at := p.n.w.now + wait
	p.infoAt = at
	p.n.later(wait, func() {
		if p.infoAt == at {
			p.inform()
		}
	})
}

// inform asks for INFO now.
func (p *probe) inform() {
	if p.infoBusy {
		p.asked = true
		return
	}
	if !p.answers() {
		p.asked = true // at the first reply
		return
	}
	p.infoBusy, p.asked = true, false
	p.planInfo(p.want.InfoEvery)
	asked := p.n.clock()
	p.n.command(command{
		srv: p.srv, limit: commandWait,
		serve: func() func() {
			reply, info, limit := p.srv.answer(), p.srv.info(), p.srv.limit
			if p.srv.noGet {
				limit = -1
			}
			return func() { p.informed(reply, monitor.InfoReport{Addr: p.addr, Sent: asked, Info: info, Threshold: limit}) }
		},
		done: func(s sent) {
			if s == notSent && p.link != nil && p.link.pending && p.link.acked {
				p.observe(monitor.Report{Link: p.link.number, Kind: monitor.ReportQueueFull, Sent: p.link.sent,
					Ack: monitor.AckAcked, Cause: monitor.CauseTimeout})
			}
			p.informDone()
		},
	})
}

func (p *probe) informed(reply monitor.Reply, r monitor.InfoReport) {
	defer p.informDone()
	if p.stopped {
		return
	}
	p.overtaken(r.Sent)
	refused := reply.Busy() || reply.Blind()
	if reply == monitor.ReplyMisconf && p.srv.script.busy(p.n.w.now) {
		refused, reply = true, p.srv.script.kind
	}
	if refused {
		p.observe(monitor.Report{Link: p.links, Kind: monitor.ReportRefused, Reply: reply})
		return
	}
	r.At = p.n.clock()
	if p.srv.noGet {
		r.Denied = []string{"config|get"}
	}
	p.n.input(p.group, failover.Informed{InfoReport: r})
}

// overtaken replaces the ping link when something was answered that was asked
// long after a PING that still is not.
func (p *probe) overtaken(asked monitor.Instant) {
	l := p.link
	if l == nil || !l.pending || !l.acked || asked.Sub(l.sent) < overtakenAfter {
		return
	}
	p.n.w.reach("a link was overtaken")
	l.closed = true
	p.link, p.reply = nil, monitor.ReplyNone
	p.n.later(0, p.dial)
}

func (p *probe) informDone() {
	p.infoBusy = false
	if p.asked && !p.stopped {
		p.inform()
	}
}

// publishNow sends our hello to the instance's channel, and plans the next.
func (p *probe) publishNow() {
	p.planPublish(p.want.PublishEvery)
	g := p.n.groups[p.group]
	if g == nil || p.pubBusy || !p.listens() {
		return
	}
	p.pubBusy = true
	hello := p.n.hello(g)
	p.n.command(command{
		srv: p.srv, limit: commandWait,
		serve: func() func() {
			if p.srv.serving() && p.n.w.now >= p.srv.fenced {
				p.n.w.channel(p.srv, hello)
			}
			return func() { p.pubBusy = false }
		},
		done: func(sent) { p.pubBusy = false },
	})
}

func (p *probe) planPublish(wait time.Duration) {
	at := p.n.w.now + wait
	p.pubAt = at
	p.n.later(wait, func() {
		if p.pubAt == at {
			p.publishNow()
		}
	})
}

// channel carries a hello to everyone who is subscribed on a server.
func (w *World) channel(s *server, h monitor.Hello) {
	for _, n := range w.nodes {
		if string(n.id) == h.ID || !n.up {
			continue
		}
		for _, p := range n.probes {
			if p.srv == s && p.want.Listen && p.link != nil && p.link.life == s.life && p.reply.Serving() {
				w.net.segment(s.host, n.host, n.hear(func() { n.input(h.Group, failover.Hinted{Hello: h}) }))
				break
			}
		}
	}
	for _, r := range w.rivals {
		if string(r.id) != h.ID && r.up {
			w.net.segment(s.host, r.host, func() { r.hello(h) })
		}
	}
}
