package ask

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// Peer is another monitor that we keep links to.
type Peer struct {
	ID   quorum.ID
	Addr monitor.Addr
	Kind quorum.Kind
}

// Sink takes what peers said.
type Sink interface {
	Contacted(quorum.Contact)
	Answered(quorum.Answer)
}

// Links makes connections to peers and knows how we present ourselves. It is
// called from many goroutines at once.
type Links interface {
	// Dial connects to a peer, with TLS where that is configured.
	Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error)
	// PeerCredentials are sentinel-user and sentinel-pass, "" when not set.
	PeerCredentials() (user, pass string)
	// Self is our id and the address we announce; an empty host stands for the
	// local address of the connection.
	Self() (quorum.ID, monitor.Addr)
}

// Config says what an Asker works with.
type Config struct {
	Sink      Sink
	Links     Links
	Clock     func() monitor.Instant
	Log       *zap.Logger
	PingEvery time.Duration // 0 is one second, as in Sentinel
}

// Bounds on what is under way at once. A core that waits for its answers before
// it asks again stays far below them.
const (
	openLimit       = 8192 // questions and releases
	confirmWorkers  = 32   // confirmations of strangers asked at once
	confirmQueue    = 256  // confirmations of strangers waiting: anybody can invent addresses
	confirmsPerPeer = 4096 // confirmations of one known peer, asked and waiting: one for each group at a start
)

var (
	errTooManyOpen    = errors.New("too many questions are open")
	errTooManyWaiting = errors.New("too many confirmations are waiting")
)

// Asker holds the links to all peers.
type Asker struct {
	cfg Config

	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	running   sync.WaitGroup
	strangers chan quorum.Confirmation

	mu     sync.Mutex
	closed bool
	open   int
	peers  map[quorum.ID]*peer
}

// New starts an Asker with no peers.
func New(cfg Config) *Asker {
	cfg.PingEvery = cmp.Or(cfg.PingEvery, time.Second)
	a := &Asker{
		cfg:       cfg,
		strangers: make(chan quorum.Confirmation, confirmQueue),
		peers:     map[quorum.ID]*peer{},
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	for range confirmWorkers {
		a.running.Go(a.confirmer)
	}
	return a
}

// Reconcile says who all peers are; links to others end. A peer is known by its
// id; with a new address its links are made anew.
func (a *Asker) Reconcile(peers []Peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	wanted := make(map[quorum.ID]*peer, len(peers))
	for _, p := range peers {
		old := a.peers[p.ID]
		switch {
		case wanted[p.ID] != nil: // named twice: the first counts
		case old != nil && old.Addr == p.Addr:
			wanted[p.ID] = old
		default:
			wanted[p.ID] = a.startPeer(p)
		}
	}
	for id, old := range a.peers {
		if wanted[id] != old {
			old.stop()
		}
	}
	a.peers = wanted
}

// Renew makes all links anew, because the credentials have changed. The end of the old
// ones is not reported; what is asked on them now is answered still.
func (a *Asker) Renew() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.peers {
		p.door.renew()
		select {
		case p.renew <- struct{}{}:
		default:
		}
	}
}

// Ask sends a question and returns; exactly one Answer follows, within the
// question's deadline (0 is one second).
func (a *Asker) Ask(q quorum.Question) {
	if !a.begin(func() { a.cfg.Sink.Answered(a.answer(q)) }) {
		a.refuse(questionBlank(q), errTooManyOpen)
	}
}

// Confirm asks who answers at an address and returns; exactly one Answer
// follows. News of a known peer's address wait neither for strangers, whose
// addresses anybody can invent, nor for other peers.
func (a *Asker) Confirm(c quorum.Confirmation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	taken := false
	if p := a.peerAt(c.Addr); p != nil {
		taken = a.confirmPeer(p, c)
	} else {
		taken = a.queueStranger(c)
	}
	if !taken {
		a.running.Go(func() { a.deliverError(confirmationBlank(c), errTooManyWaiting) })
	}
}

// queueStranger reports whether there is room. The lock is held.
func (a *Asker) queueStranger(c quorum.Confirmation) bool {
	select {
	case a.strangers <- c:
		return true
	default:
		return false
	}
}

// Release tells a peer that we gave up an epoch, best effort. Only pickets know
// leases; a redis-sentinel is told nothing.
func (a *Asker) Release(p Peer, r quorum.Release) {
	if p.Kind != quorum.KindSentinel {
		a.begin(func() { a.release(p, r) })
	}
}

// Hello tells a peer our hello without the help of a Redis, best effort. A newer
// hello for the same group replaces one that still waits.
func (a *Asker) Hello(p Peer, h monitor.Hello) {
	d := a.doorOf(p.ID)
	if d == nil || !d.hellos.put(h) {
		return // not a peer, or somebody sends already
	}
	if !a.begin(func() { a.sendHellos(d) }) {
		d.hellos.drop()
	}
}

// Close ends all links; questions still open are answered with an error. Nothing
// is delivered after it returned, nor for what is asked after it was called.
func (a *Asker) Close() {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		a.cancel()
		close(a.strangers)
		for _, p := range a.peers {
			p.stop()
		}
	}
	a.mu.Unlock()
	a.running.Wait()
}

// begin runs f in a goroutine of its own, unless too many run already. It
// reports false for that reason only.
func (a *Asker) begin(f func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return true
	}
	if a.open >= openLimit {
		return false
	}
	a.open++
	a.running.Go(func() {
		f()
		a.mu.Lock()
		a.open--
		a.mu.Unlock()
	})
	return true
}

// refuse answers from another goroutine: whoever asks may be the one that has
// to take the answer.
func (a *Asker) refuse(blank quorum.Answer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.running.Go(func() { a.deliverError(blank, err) })
	}
}

func (a *Asker) deliverError(blank quorum.Answer, err error) {
	blank.At = a.cfg.Clock()
	blank.Err = err.Error()
	a.cfg.Sink.Answered(blank)
}

func (a *Asker) doorOf(id quorum.ID) *door {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.peers[id]; p != nil {
		return p.door
	}
	return nil
}

// doorAt finds the links to an address, or makes some for one use.
func (a *Asker) doorAt(addr monitor.Addr) (d *door, release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.peerAt(addr); p != nil {
		return p.door, func() {}
	}
	d = newDoor(a, addr)
	return d, d.close
}

// peerAt finds the peer at an address, nil for a stranger. The lock is held.
func (a *Asker) peerAt(addr monitor.Addr) *peer {
	for _, p := range a.peers {
		if p.Addr == addr {
			return p
		}
	}
	return nil
}
