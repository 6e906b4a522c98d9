package probe

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// Target is one instance to watch, and how often to ask it.
type Target struct {
	Group     string
	Addr      monitor.Addr
	PingEvery time.Duration // between the writing of two PINGs; default 1 s
	InfoEvery time.Duration // between two INFOs; default 10 s, as Sentinel
	DialEvery time.Duration // between the starts of two dials; default 1 s
	Publish   bool          // announce us on the hello channel
	Listen    bool          // hear what others announce there
	// PublishEvery is between two announcements; default Config.PublishEvery.
	PublishEvery time.Duration
}

// Sink takes what the probe sees. Its methods are called from many goroutines,
// in order for one link. They may block briefly, which slows that link down;
// they must return once Close was called.
type Sink interface {
	Observed(group string, r monitor.Report)
	Informed(group string, r monitor.InfoReport)
	HelloHeard(group string, via monitor.Addr, payload string)
}

// Links is what the probe needs in order to talk to instances.
type Links interface {
	// Dial connects to addr, with TLS where configured, until ctx ends.
	Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error)
	// Credentials returns what to AUTH with; an empty password means not at all.
	Credentials(group string) (user, pass string)
	// Command returns the name by which a group's instances know a command (rename-command).
	Command(group, name string) string
	// Announce returns the hello to publish. An empty Peer.Host stands for the
	// local address of the connection; an empty ID means that there is nothing to say.
	Announce(group string) monitor.Hello
}

// Config is what a Prober needs. Sink, Links and Clock must be set.
type Config struct {
	Sink  Sink
	Links Links
	Clock func() monitor.Instant
	Log   *zap.Logger // default: no log
	ID    quorum.ID   // this monitor, for the connection's name
	// PublishEvery is the pace of hellos; default 2 s (SENTINEL_PUBLISH_PERIOD).
	PublishEvery time.Duration
	// UserTimeout ends a ping link whose bytes are not acknowledged for that long
	// (TCP_USER_TIMEOUT, Linux). Default max(1.5 s, 1.5 * PingEvery).
	UserTimeout time.Duration
	// KeepLinks is how many command links stay open between two uses, where files
	// are short; the others are opened for each use. Default all.
	KeepLinks int
}

// Prober watches instances. Create one with New; end it with Close.
type Prober struct {
	cfg     Config
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	links   atomic.Uint64 // numbers the ping links of all instances
	watched atomic.Int64  // instances
	pacer   *pacer
	late    budget // of replies that are news because they came late
	// allowed is how many command links may be open.
	allowed *allowance
	began   time.Time

	mu     sync.Mutex
	groups map[string]map[monitor.Addr]*instance
	turn   time.Time // when the instance that was started last may dial
}

// New returns a Prober that watches nothing yet.
func New(cfg Config) *Prober {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.PublishEvery <= 0 {
		cfg.PublishEvery = 2 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Prober{cfg: cfg, began: time.Now(), ctx: ctx, cancel: cancel, allowed: newAllowance(cfg.KeepLinks), pacer: newPacer(), groups: map[string]map[monitor.Addr]*instance{}}
}

// Reconcile makes targets the whole watched set of a group: it starts and stops
// instances and changes paces, effective at once. Instances that stay keep their
// links. It never waits for a link to end, so that a Sink may be drained by its
// caller. A report that was on its way may still come after its target is gone.
func (p *Prober) Reconcile(group string, targets []Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	watched := p.groups[group]
	if watched == nil {
		watched = map[monitor.Addr]*instance{}
		p.groups[group] = watched
	}
	wanted := make(map[monitor.Addr]struct{}, len(targets))
	for _, t := range targets {
		wanted[t.Addr] = struct{}{}
		t = t.withDefaults(group)
		if t.PublishEvery <= 0 {
			t.PublishEvery = p.cfg.PublishEvery
		}
		if i, ok := watched[t.Addr]; ok {
			i.repace(t)
			continue
		}
		watched[t.Addr] = p.start(t)
	}
	for addr, i := range watched {
		if _, ok := wanted[addr]; !ok {
			i.stop()
			delete(watched, addr)
			p.watched.Add(-1)
		}
	}
}

func (t Target) withDefaults(group string) Target {
	t.Group = group
	if t.PingEvery <= 0 {
		t.PingEvery = time.Second
	}
	if t.InfoEvery <= 0 {
		t.InfoEvery = 10 * time.Second
	}
	if t.DialEvery <= 0 {
		t.DialEvery = time.Second
	}
	return t
}

// Refresh asks one instance for INFO at once. It does nothing while the
// instance's ping link is down: the first reply on a new link asks for INFO anyway.
func (p *Prober) Refresh(group string, addr monitor.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, ok := p.groups[group][addr]; ok {
		i.refresh()
	}
}

// Announce publishes the group's hello at once on each of its instances.
func (p *Prober) Announce(group string) { p.each(group, (*instance).announce) }

// Reconnect replaces all links of a group, because its credentials changed. The
// loss of the old links is not reported; the new ones are.
func (p *Prober) Reconnect(group string) { p.each(group, (*instance).reconnect) }

// Forget stops watching a group. Like Reconcile it does not wait.
func (p *Prober) Forget(group string) {
	p.Reconcile(group, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.groups, group)
}

// Close stops everything and waits until every goroutine has ended.
func (p *Prober) Close() {
	p.cancel()
	p.mu.Lock()
	for group, watched := range p.groups {
		for _, i := range watched {
			i.stop()
		}
		delete(p.groups, group)
	}
	p.mu.Unlock()
	p.wg.Wait()
}

const (
	// longestBeat is between two bursts of what is due, and crowd how many instances
	// share it. For more the beats come closer: a burst of hundreds of replies holds up
	// the answers to clients.
	longestBeat = 200 * time.Millisecond
	crowd       = 1000
)

// onBeat moves a moment to the nearest beat, which all instances share: what a
// thousand of them do is then done in some bursts a second, and each wakes the
// process once and not a hundred times. There are at least so many in a period.
func (p *Prober) onBeat(t time.Time, every time.Duration, least int) time.Time {
	beat := longestBeat
	for n := p.watched.Load(); n > crowd; n /= 2 {
		beat /= 2
	}
	return p.began.Add(t.Sub(p.began).Round(min(beat, every/time.Duration(least))))
}

const (
	// atOnce is how many instances may begin to dial in the same moment; beyond them
	// there is one every startPace: a thousand handshakes at once would hold up for
	// half a second whatever else the process is asked.
	atOnce    = 32
	startPace = 1500 * time.Microsecond
)

// nextTurn is when an instance that is started now may dial, a ping period later at
// most: by then it would be late. The caller holds mu.
func (p *Prober) nextTurn(t Target) time.Time {
	now := time.Now()
	if earliest := now.Add(-atOnce * startPace); p.turn.Before(earliest) {
		p.turn = earliest
	}
	p.turn = p.turn.Add(startPace)
	return now.Add(max(0, p.turn.Sub(now)) % t.PingEvery)
}

func (p *Prober) each(group string, do func(*instance)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range p.groups[group] {
		do(i)
	}
}
