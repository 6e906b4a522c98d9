package probe

import (
	"context"
	"net"
	"sync"
	"time"

	"picket/monitor"
)

// instance is one watched Redis. Its three loops share what stands below mu.
type instance struct {
	p      *Prober
	group  string
	addr   monitor.Addr
	ctx    context.Context
	cancel context.CancelFunc
	turn   time.Time // when to dial first
	// Each loop sleeps on its own channel, so that waking one cannot be lost to another.
	wakePing, wakeCommand, wakeHello chan struct{}
	hurry                            chan struct{} // the first INFO is to wait for nobody

	mu         sync.Mutex
	want       Target
	ping       *pingConn // nil while the ping link is down
	generation uint64    // of the newest ping link
	reply      monitor.Reply
	others     map[net.Conn]struct{} // the connections of the other two links
	renewing   bool                  // the links are being replaced: report no loss
	refreshed  bool                  // INFO is wanted at once
	deaf       bool                  // the ACL user may not subscribe to the hello channel
	announced  bool                  // the hello is wanted at once
	heard      net.Conn              // on which hellos are awaited
}

func (p *Prober) start(t Target) *instance {
	i := &instance{
		p: p, group: t.Group, addr: t.Addr, want: t, turn: p.nextTurn(t),
		wakePing: make(chan struct{}, 1), wakeCommand: make(chan struct{}, 1), wakeHello: make(chan struct{}, 1),
		hurry:  make(chan struct{}, 1),
		others: map[net.Conn]struct{}{},
	}
	p.watched.Add(1)
	i.ctx, i.cancel = context.WithCancel(p.ctx)
	p.wg.Go(i.pingLoop)
	p.wg.Go(i.commandLoop)
	p.wg.Go(i.helloLoop)
	return i
}

// stop ends the loops without waiting for them.
func (i *instance) stop() {
	i.cancel()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closeLinks()
}

// repace takes new paces and wakes who may be sleeping by the old ones.
func (i *instance) repace(t Target) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.want == t {
		return
	}
	if i.heard != nil && t.PublishEvery > i.want.PublishEvery {
		_ = i.heard.SetReadDeadline(t.quietEnd()) // what is awaited now may come by the new pace
	}
	i.want = t
	i.wakeAll()
}

func (i *instance) refresh() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refreshed = true
	wake(i.wakeCommand)
	wake(i.hurry)
}

func (i *instance) announce() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.announced = true
	wake(i.wakeCommand)
}

func (i *instance) reconnect() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.renewing = true
	i.closeLinks()
	i.wakeAll()
}

// closeLinks closes the connections under their users. The caller holds mu.
func (i *instance) closeLinks() {
	if i.ping != nil {
		_ = i.ping.Close() // its user learns of it by the error of its read
	}
	i.closeOthers()
}

func (i *instance) closeOthers() {
	for c := range i.others {
		_ = c.Close()
	}
}

func (i *instance) wakeAll() {
	if i.ping != nil {
		i.ping.kick()
	}
	wake(i.wakePing)
	wake(i.wakeCommand)
	wake(i.wakeHello)
}

// state is what the loops need to know of the instance at one moment.
type state struct {
	want       Target
	ping       *pingConn
	generation uint64
	reply      monitor.Reply // the last one on this link, ReplyNone before the first
}

// answers reports whether the instance has answered on its present ping link.
func (s state) answers() bool { return s.ping != nil && s.reply != monitor.ReplyNone }

// listens reports whether the instance takes PUBLISH and SUBSCRIBE. While a
// script or an unanswered PING holds it up, asking would only pile up connections.
func (s state) listens() bool {
	return s.ping != nil && s.reply.Serving() && s.ping.outstanding() < firstPending
}

func (i *instance) state() state {
	i.mu.Lock()
	defer i.mu.Unlock()
	return state{want: i.want, ping: i.ping, generation: i.generation, reply: i.reply}
}

// keep registers a connection, so that stop and reconnect can close it under its
// user. It reports false when it is too late for a new one.
func (i *instance) keep(c net.Conn) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ctx.Err() != nil {
		_ = c.Close()
		return false
	}
	i.others[c] = struct{}{}
	return true
}

// drop closes a connection that keep registered.
func (i *instance) drop(c net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.others, c)
	if i.heard == c {
		i.heard = nil
	}
	_ = c.Close()
}

// sleep waits for d, for a wake-up or for the end. It reports false at the end.
func (i *instance) sleep(d time.Duration, woken <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-i.ctx.Done():
	}
	return i.ctx.Err() == nil
}

func (i *instance) observe(r monitor.Report) {
	if i.ctx.Err() != nil {
		return
	}
	r.Addr, r.At = i.addr, i.p.cfg.Clock()
	i.p.cfg.Sink.Observed(i.group, r)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
