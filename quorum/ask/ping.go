package ask

import (
	"context"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// pingPatience is how many ping periods a PING may stay unanswered before the link
// is dropped and made anew: after a partition a new connection is quicker than
// what TCP would still retransmit on the old one.
const pingPatience = 3

// peer is a monitor that we keep links to: one for pings, and a door.
type peer struct {
	Peer
	asker  *Asker
	door   *door
	cancel context.CancelFunc
	renew  chan struct{} // our credentials changed

	// Under the Asker's lock:
	confirming int       // confirmations under way, those that wait included
	confirms   []awaited // those that wait
	confirmers int       // goroutines that ask for them
}

// startPeer starts pinging. The Asker's lock is held.
func (a *Asker) startPeer(p Peer) *peer {
	ctx, cancel := context.WithCancel(a.ctx)
	started := &peer{Peer: p, asker: a, door: newDoor(a, p.Addr), cancel: cancel, renew: make(chan struct{}, 1)}
	a.running.Go(func() { started.run(ctx) })
	return started
}

func (p *peer) stop() {
	p.cancel()
	p.door.close()
}

// run makes a ping link, pings on it while it lasts, and makes the next one, at
// most one in each ping period.
func (p *peer) run(ctx context.Context) {
	pace := time.NewTicker(p.asker.cfg.PingEvery)
	defer pace.Stop()
	for ctx.Err() == nil {
		renewed := false
		l, err := p.asker.openLink(ctx, p.Addr)
		if err != nil {
			p.lost(ctx, causeOf(err))
		} else {
			renewed = p.pingOn(ctx, l, pace.C)
			l.close()
		}
		if !renewed {
			p.pause(ctx, pace.C)
		}
	}
}

// pingOn pings at every tick until the link is lost, or to be renewed.
func (p *peer) pingOn(ctx context.Context, l *link, tick <-chan time.Time) (renewed bool) {
	for p.ping(ctx, l) {
		if p.pause(ctx, tick) {
			return true
		}
	}
	return false
}

// pause waits for the next tick, or until the link is to be renewed, and reports that.
func (p *peer) pause(ctx context.Context, tick <-chan time.Time) (renewed bool) {
	select {
	case <-ctx.Done():
	case <-p.renew:
		return true
	case now := <-tick:
		p.door.trim(now)
	}
	return false
}

// ping reports whether the link can take another PING.
func (p *peer) ping(ctx context.Context, l *link) bool {
	limited, cancel := context.WithTimeout(ctx, pingPatience*p.asker.cfg.PingEvery)
	defer cancel()
	replies, err := l.do(limited, []any{"PING"})
	switch {
	case err == nil:
		text, said := replies[0].Text()
		if said != nil {
			text = said.Error()
		}
		p.replied(text)
	case isReply(err): // the handshake was refused: a reply too
		p.replied(err.Error())
	default:
		p.lost(ctx, causeOf(err))
		return false
	}
	return l.usable()
}

func (p *peer) replied(text string) {
	p.asker.cfg.Sink.Contacted(quorum.Contact{
		Peer: p.ID, Addr: p.Addr, At: p.asker.cfg.Clock(), Reply: monitor.ClassifyReply(text),
	})
}

// lost reports that the link ended or could not be made, unless we ended it.
func (p *peer) lost(ctx context.Context, cause monitor.Cause) {
	if ctx.Err() != nil {
		return
	}
	p.asker.cfg.Sink.Contacted(quorum.Contact{Peer: p.ID, Addr: p.Addr, At: p.asker.cfg.Clock(), Cause: cause})
}
