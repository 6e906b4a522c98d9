package sim

import (
	"slices"
	"time"

	"picket/failover"
	"picket/monitor"
)

const (
	firstPending = 50 * time.Millisecond
	nextPending  = 100 * time.Millisecond
	commandWait  = 2 * time.Second

	overtakenAfter = 250 * time.Millisecond
	publishPeriod  = 2 * time.Second
	keepAlive      = 17 * time.Second // until the kernel finds a dead link on which nothing is sent
)

// probe watches one instance for one monitor, as monitor/probe does.
type probe struct {
	n       *node
	group   string
	addr    monitor.Addr
	srv     *server // nil: no such host
	want    failover.Target
	stopped bool

	links    uint64
	link     *link
	reply    monitor.Reply // the last on this link
	dialled  time.Duration
	dialling bool

	infoAt   time.Duration // when the next INFO is due, never when none is
	infoBusy bool
	asked    bool // a fresh INFO is wanted
	pubBusy  bool
	pubAt    time.Duration
}

// link is one connection that carries PINGs, one at a time.
type link struct {
	number  uint64
	life    int // the server's process
	closed  bool
	sent    monitor.Instant
	written time.Duration
	pending bool
	arrived bool
	acked   bool
	cut     time.Duration // since when nobody is at the other end, never while somebody is
}

// retarget makes the probes of a group what the core wants.
func (n *node) retarget(group string, targets []failover.Target) {
	var kept []*probe
	for _, p := range n.probes {
		wanted := p.group != group || slices.ContainsFunc(targets, func(t failover.Target) bool { return t.Addr == p.addr })
		if wanted {
			kept = append(kept, p)
			continue
		}
		p.stop()
	}
	n.probes = kept
	for _, t := range targets {
		if p := n.probe(group, t.Addr); p != nil {
			p.repace(t)
			continue
		}
		p := &probe{n: n, group: group, addr: t.Addr, srv: n.w.serverAt(t.Addr), want: t, infoAt: never, pubAt: never, dialled: never}
		n.probes = append(n.probes, p)
		n.later(0, p.dial)
	}
}

func (n *node) probe(group string, addr monitor.Addr) *probe {
	for _, p := range n.probes {
		if p.group == group && p.addr == addr {
			return p
		}
	}
	return nil
}

func (p *probe) repace(t failover.Target) {
	if p.want == t {
		return
	}
	p.want = t
	if p.infoAt != never && p.infoAt > p.n.w.now+t.InfoEvery {
		p.planInfo(t.InfoEvery)
	}
	if p.pubAt != never && p.pubAt > p.n.w.now+t.PublishEvery {
		p.planPublish(t.PublishEvery)
	}
	if p.link == nil {
		p.dialAgain()
	} else if !p.link.pending {
		p.planPing(p.link)
	}
}

func (p *probe) stop() {
	p.stopped = true
	if p.link != nil {
		p.link.closed = true
		p.link = nil
	}
}

func (p *probe) observe(r monitor.Report) {
	if p.stopped {
		return
	}
	r.Addr, r.At = p.addr, p.n.clock()
	p.n.input(p.group, failover.Observed{Report: r})
}

// dial opens a ping link.
func (p *probe) dial() {
	if p.stopped || p.link != nil || p.dialling {
		return
	}
	p.dialling, p.dialled = true, p.n.w.now
	p.n.dialServer(p.srv, min(max(p.want.DialEvery, time.Second), 5*time.Second), func(life int, cause monitor.Cause) {
		p.dialling = false
		if p.stopped {
			return
		}
		if cause != monitor.CauseNone {
			p.observe(monitor.Report{Link: p.links, Kind: monitor.ReportDialFailed, Cause: cause})
			p.dialAgain()
			return
		}
		p.connected(life)
	})
}

func (p *probe) dialAgain() {
	wait := max(0, p.dialled+p.want.DialEvery-p.n.w.now)
	p.n.later(wait, p.dial)
}

func (p *probe) connected(life int) {
	p.n.w.linkNumber++
	l := &link{number: p.n.w.linkNumber, life: life, cut: never}
	p.links, p.link, p.reply = l.number, l, monitor.ReplyNone
	p.observe(monitor.Report{Link: l.number, Kind: monitor.ReportLinkUp})
	p.ping(l)
}

// ping writes one PING.
func (p *probe) ping(l *link) {
	if l.closed || l.pending {
		return
	}
	n := p.n
	l.sent, l.written, l.pending, l.arrived, l.acked, l.cut = n.clock(), n.w.now, true, false, false, never
	sent := l.sent
	n.w.net.segment(n.host, p.srv.host, func() {
		l.arrived = true
		p.srv.arrive(l.life, request{
			serve: func() {
				reply := p.srv.answer()
				n.w.net.segment(p.srv.host, n.host, n.hear(func() { p.replied(l, sent, reply) }))
			},
			reset: func() { n.w.net.packet(p.srv.host, n.host, n.hear(func() { p.lost(l, monitor.CauseReset) })) },
		})
	})
	n.later(firstPending, func() { p.stillPending(l, sent) })
}

func (p *probe) planPing(l *link) {
	wait := max(0, l.written+p.want.PingEvery-p.n.w.now)
	p.n.later(wait, func() {
		if !l.closed && !l.pending && p.n.w.now >= l.written+p.want.PingEvery {
			p.ping(l)
		}
	})
}

func (p *probe) replied(l *link, sent monitor.Instant, reply monitor.Reply) {
	if l.closed || !l.pending || l.sent != sent {
		return
	}
	l.pending = false
	news := p.reply != reply || p.n.clock().Since(sent) > time.Second
	p.reply = reply
	p.observe(monitor.Report{Link: l.number, Kind: monitor.ReportReplied, Sent: sent, Reply: reply, Text: reply.String()})
	if l.closed {
		return
	}
	if reply == monitor.ReplyMaxClients || reply == monitor.ReplyProtected {
		p.lost(l, monitor.CauseClosed)
		return
	}
	if news || p.asked {
		p.inform()
		p.publishNow()
	}
	p.planPing(l)
}

// stillPending reports a PING that stays unanswered.
func (p *probe) stillPending(l *link, sent monitor.Instant) {
	if l.closed || !l.pending || l.sent != sent {
		return
	}
	ack := p.ack(l)
	p.observe(monitor.Report{Link: l.number, Kind: monitor.ReportPending, Sent: sent, Ack: ack})
	if l.closed || !l.pending || l.sent != sent {
		return
	}
	limit := max(1500*time.Millisecond, p.want.PingEvery*3/2)
	if ack == monitor.AckUnacked && p.n.w.now-l.written > limit || l.cut != never && p.n.w.now-l.cut > keepAlive {
		p.lost(l, monitor.CauseNoAck)
		return
	}
	p.n.later(nextPending, func() { p.stillPending(l, sent) })
}

// ack is what our kernel knows of the bytes of the pending PING.
func (p *probe) ack(l *link) monitor.Ack {
	n := p.n
	open := n.w.net.both(resp, n.host, p.srv.host)
	l.acked = l.acked || open && l.arrived
	switch {
	case open && p.srv.up && p.srv.life == l.life:
		l.cut = never
	case l.cut == never:
		l.cut = n.w.now
	}
	switch {
	case l.acked:
		return monitor.AckAcked
	case n.w.now-l.written > 250*time.Millisecond:
		return monitor.AckUnacked
	}
	return monitor.AckUnknown
}

func (p *probe) lost(l *link, cause monitor.Cause) {
	if l.closed {
		return
	}
	l.closed = true
	p.link, p.reply = nil, monitor.ReplyNone
	p.observe(monitor.Report{Link: l.number, Kind: monitor.ReportLinkLost, Cause: cause})
	if !p.stopped {
		p.dialAgain()
	}
}

// answers reports whether the instance answered on the present link.
func (p *probe) answers() bool { return !p.stopped && p.link != nil && p.reply != monitor.ReplyNone }

// listens reports whether it takes PUBLISH and SUBSCRIBE.
func (p *probe) listens() bool {
	return p.answers() && p.reply.Serving() && (!p.link.pending || p.n.w.now-p.link.written < firstPending)
}
