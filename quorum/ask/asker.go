package ask

import (
	"context"
	"net"
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
	PingEvery time.Duration // 0 is one second
}

// Asker holds the links to all peers.
type Asker struct{}

// New starts an Asker with no peers.
func New(cfg Config) *Asker { return &Asker{} }

// Reconcile says who all peers are; links to others end. A peer is known by its
// id; with a new address its links are made anew.
func (a *Asker) Reconcile(peers []Peer) {}

// Ask sends a question and returns; exactly one Answer follows, within the
// question's deadline.
func (a *Asker) Ask(q quorum.Question) {}

// Confirm asks who answers at an address and returns; exactly one Answer
// follows.
func (a *Asker) Confirm(c quorum.Confirmation) {}

// Release tells a peer that we gave up an epoch, best effort.
func (a *Asker) Release(p Peer, r quorum.Release) {}

// Hello tells a peer our hello without the help of a Redis, best effort. A newer
// hello for the same group replaces one that still waits.
func (a *Asker) Hello(p Peer, h monitor.Hello) {}

// Close ends all links; questions still open are answered with an error. Nothing
// is delivered after it returned.
func (a *Asker) Close() {}
