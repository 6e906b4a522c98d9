package gossip

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

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

// Pool is this monitor's membership in the gossip. Its methods may be called
// from any goroutine, from the callbacks too, and do not wait, except Close.
type Pool struct {
	cfg        Config
	name       string // our node name
	log        *zap.Logger
	clock      func() monitor.Instant
	list       *memberlist.Memberlist
	opened     chan struct{} // closed once list is set
	roster     roster
	keys       keys
	joiner     *joiner
	advertised atomic.Pointer[monitor.Addr]

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	closing sync.Once
}

// Start opens the gossip port and joins nobody yet: see Reconcile. An error
// names the address and the directive to change.
func Start(cfg Config) (*Pool, error) {
	p := &Pool{cfg: cfg, name: nodeName(cfg.ID, cfg.Boot), log: cfg.Log, clock: cfg.Clock, opened: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.roster.couriers = map[string]*courier{}
	p.joiner = newJoiner(p)
	if err := p.listen(); err != nil {
		p.cancel()
		return nil, err
	}
	close(p.opened)
	p.running.Go(func() { p.joiner.run(p.ctx) })
	return p, nil
}

// Addr is the address that other monitors reach the pool at.
func (p *Pool) Addr() monitor.Addr { return *p.advertised.Load() }

// TellOpinion sends an opinion to every member now, best effort. Its age grows
// by the time that it waits here.
func (p *Pool) TellOpinion(o quorum.Opinion) { p.tell(message{opinion: &o}) }

// TellConfig sends a configuration to every member now, by datagram and, because
// clients depend on it, over TCP too.
func (p *Pool) TellConfig(c quorum.Configuration) { p.tell(message{config: &c}) }

// TellRelease sends a release to every member now, best effort.
func (p *Pool) TellRelease(r quorum.Release) { p.tell(message{release: &r}) }

func (p *Pool) tell(m message) { p.roster.tell(parcel{message: m, since: p.clock()}) }

// Reconcile says where all other monitors gossip, as far as is known; it
// replaces what was said before. New addresses are joined at once; those that
// are no members are tried again every three seconds, which also heals
// partitions: memberlist heals none by itself.
func (p *Pool) Reconcile(known []monitor.Addr) { p.joiner.want(known) }

// member reports whether a member, or we ourselves, gossip at a.
func (p *Pool) member(a monitor.Addr) bool { return a == p.Addr() || p.roster.at(a) }

// goodbyeTimeout bounds how long Close waits for its goodbye to be sent.
const goodbyeTimeout = 500 * time.Millisecond

// Close says goodbye to the members and leaves nothing running. It takes up to
// two seconds when members do not answer. It must not be called from a callback.
func (p *Pool) Close() { p.closing.Do(p.close) }

func (p *Pool) close() {
	p.keys.mu.Lock() // nothing is started from now on
	p.cancel()
	p.keys.mu.Unlock()
	p.roster.close()
	if err := p.list.Leave(goodbyeTimeout); err != nil {
		p.log.Debug("gossip goodbye not sent", zap.Error(err))
	}
	if err := p.list.Shutdown(); err != nil {
		p.log.Warn("gossip not shut down", zap.Error(err))
	}
	p.running.Wait()
}

// Parameters of DeriveKey. Changing one splits the pool from older releases.
const (
	keySalt   = "picket gossip key, version 1"
	keyRounds = 100_000 // some 20 ms, to make guessing a captured pool's password slow
	keyBytes  = 32      // AES-256
)

// DeriveKey makes the pool's key of a secret that all monitors share, such as
// sentinel-pass: PBKDF2 with SHA-256. An empty secret gives nil: no encryption.
func DeriveKey(secret string) []byte {
	if secret == "" {
		return nil
	}
	key, err := pbkdf2.Key(sha256.New, secret, []byte(keySalt), keyRounds, keyBytes)
	if err != nil {
		panic("derive gossip key: " + err.Error()) // only in FIPS mode with other parameters than ours
	}
	return key
}
