package ask

import (
	"context"
	"time"

	"picket/quorum"
)

const (
	confirmDeadline = 2 * time.Second
	// confirmBatch is how many confirmations go to a peer in one write. At the start of
	// a thousand groups each has one to make of each peer, and with a write for each
	// they take as many turns on a busy machine.
	confirmBatch = 64
)

func confirmationBlank(c quorum.Confirmation) quorum.Answer {
	return quorum.Answer{Effect: c.Effect, Peer: c.Hinted, Addr: c.Addr, Group: c.Group}
}

// awaited is a confirmation that is answered, if only with an error, by its deadline.
type awaited struct {
	quorum.Confirmation
	until time.Time
}

func await(c quorum.Confirmation) awaited { return awaited{c, time.Now().Add(confirmDeadline)} }

// confirmPeer reports whether there is room. The lock is held.
func (a *Asker) confirmPeer(p *peer, c quorum.Confirmation) bool {
	if p.confirming >= confirmsPerPeer {
		return false
	}
	p.confirming++
	p.confirms = append(p.confirms, await(c))
	if p.confirmers < laneWidth {
		p.confirmers++
		a.running.Go(func() { a.confirmPeers(p) })
	}
	return true
}

// confirmPeers asks a known peer for what waits until nothing does.
func (a *Asker) confirmPeers(p *peer) {
	for list := a.takeConfirms(p); len(list) > 0; list = a.takeConfirms(p) {
		for _, answer := range a.confirm(p.door, list) {
			a.cfg.Sink.Answered(answer)
		}
		a.mu.Lock()
		p.confirming -= len(list)
		a.mu.Unlock()
	}
}

// takeConfirms removes some of what waits, the oldest first; with none left the caller
// is done.
func (a *Asker) takeConfirms(p *peer) []awaited {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := min(len(p.confirms), confirmBatch)
	list := p.confirms[:n:n]
	p.confirms = p.confirms[n:]
	if n == 0 {
		p.confirmers--
		p.confirms = nil
	}
	return list
}

// confirmer answers confirmations of strangers until the Asker is closed.
func (a *Asker) confirmer() {
	for c := range a.strangers {
		d := newDoor(a, c.Addr)
		d.dialFor = strangerDial
		a.cfg.Sink.Answered(a.confirm(d, []awaited{await(c)})[0])
		d.close()
	}
}

// confirm takes until the deadline of the first at most, with the wait for a link. An
// answer with an error holds nothing else.
func (a *Asker) confirm(d *door, list []awaited) []quorum.Answer {
	ctx, cancel := context.WithDeadline(a.ctx, list[0].until)
	defer cancel()
	got := make([]quorum.Answer, len(list))
	err := d.exchange(ctx, d.confirms, func(l *link) error {
		for n, c := range list {
			got[n] = confirmationBlank(c.Confirmation)
		}
		return a.confirmOn(ctx, l, got)
	})
	for n, c := range list {
		if err != nil {
			sent := got[n].Sent
			got[n] = confirmationBlank(c.Confirmation)
			got[n].Sent, got[n].Err = sent, err.Error()
		}
		got[n].At = a.cfg.Clock()
	}
	return got
}

// confirmOn asks for all in one write where it knows what the other end is; otherwise
// the first one tells.
func (a *Asker) confirmOn(ctx context.Context, l *link, got []quorum.Answer) error {
	for len(got) > 0 {
		some := got
		if l.kind == quorum.KindUnknown {
			some = got[:1]
		}
		if err := a.confirmSome(ctx, l, some); err != nil {
			return err
		}
		got = got[len(some):]
	}
	return nil
}

// confirmSome returns what is wrong with the connection; what is wrong with one reply
// stands in its answer.
func (a *Asker) confirmSome(ctx context.Context, l *link, got []quorum.Answer) error {
	var commands [][]any
	for n := range got {
		got[n].Sent = a.cfg.Clock()
		commands = append(commands, a.identification(l, got[n].Group)...)
	}
	each := len(commands) / len(got)
	replies, err := l.do(ctx, commands...)
	if err != nil {
		return err
	}
	for n := range got {
		blank := got[n]
		if err := a.identify(ctx, l, replies[n*each:(n+1)*each], &got[n]); err != nil {
			blank.Err = err.Error()
			got[n] = blank
		}
	}
	return nil
}
