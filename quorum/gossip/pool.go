package gossip

import (
	"errors"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// Sink takes what other monitors said. Messages arrive out of order and more
// than once; the sink orders them by version or epoch. It must not wait.
type Sink interface {
	OpinionHeard(quorum.Opinion)
	ConfigHeard(quorum.Configuration)
	ReleaseHeard(quorum.Release)
}

// Member is another monitor as the pool sees it.
type Member struct {
	ID    quorum.ID
	Boot  uint64
	Addr  monitor.Addr // where it gossips
	Alive bool
}

// Watcher is told when a monitor joins, leaves, dies or moves. A member with our
// own id is another process that uses it. It must not wait.
type Watcher interface{ MemberChanged(Member) }

// State is what this monitor knows, given to a member that just joined and every
// ten seconds to one of them (anti-entropy). Opinions carry their age of that
// moment. It is called from memberlist's goroutines and must not wait.
type State interface {
	Opinions() []quorum.Opinion
	Configs() []quorum.Configuration
}

// PortChoice says what to do when the gossip port is taken.
type PortChoice uint8

// Choices of port.
const (
	PortPreferred PortChoice = iota // taken: any free port, peers learn it over RESP
	PortFixed                       // taken: an error; the operator named it
)

// Config says who we are and how to reach the pool.
type Config struct {
	ID   quorum.ID
	Boot uint64 // durable, rises at every start

	Bind      string // numeric address; "" is every address
	Port      int    // 0 is any free port
	Choice    PortChoice
	Advertise string // address to tell others, numeric or a name; "" finds one

	Key   []byte // 16, 24 or 32 bytes; nil gossips in clear (see DeriveKey)
	Label string // pools with different labels do not mix; "" is "picket"

	Sink    Sink
	Watcher Watcher
	State   State
	Clock   func() monitor.Instant
	Log     *zap.Logger

	Transport memberlist.Transport // nil is TCP and UDP sockets; tests give their own
}

// Pool is this monitor's membership in the gossip. Its methods may be called
// from any goroutine and do not wait, except Close.
type Pool struct{}

// Start joins nobody yet: see Reconcile.
func Start(cfg Config) (*Pool, error) { return nil, errors.New("start gossip: not built yet") }

// Addr is the address that other monitors reach the pool at.
func (p *Pool) Addr() monitor.Addr { return monitor.Addr{} }

// TellOpinion sends an opinion to every member now, best effort. Its age grows
// by the time that it waits here.
func (p *Pool) TellOpinion(quorum.Opinion) {}

// TellConfig sends a configuration to every member now, by datagram and, because
// clients depend on it, over TCP too.
func (p *Pool) TellConfig(quorum.Configuration) {}

// TellRelease sends a release to every member now, best effort.
func (p *Pool) TellRelease(quorum.Release) {}

// Reconcile says where all other monitors gossip, as far as is known; it
// replaces what was said before. New addresses are joined at once; those that
// are no members are tried again every few seconds, which also heals
// partitions: memberlist heals none by itself.
func (p *Pool) Reconcile(known []monitor.Addr) {}

// Close says goodbye to the members and leaves nothing running.
func (p *Pool) Close() {}

// DeriveKey makes the pool's key of a secret that all monitors share, such as
// sentinel-pass. An empty secret gives nil: no encryption.
func DeriveKey(secret string) []byte { return nil }
