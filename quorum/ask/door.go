package ask

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
)

const (
	laneWidth  = 4                // links for questions, and as many for confirmations, to one peer
	voteWidth  = 64               // links for votes: each waits for the peer's disk, which commits in groups
	idleLimit  = laneWidth        // links kept open; more only until the next ping
	idleFor    = 30 * time.Second // how long
	helloBatch = 256              // hellos in one write
)

// lane bounds the links that one kind of request may occupy. Votes have a lane of
// their own: they must not wait behind questions that a peer is slow to answer.
// So have confirmations, since anybody's hint can cause them.
type lane chan struct{}

// door is the request links to one address. Each request has a link to itself
// while it lasts, since replies on one link come in order.
type door struct {
	asker    *Asker
	addr     monitor.Addr
	dialFor  time.Duration // how long connecting may take
	polls    lane
	votes    lane
	confirms lane
	hellos   *helloBox

	mu     sync.Mutex
	closed bool
	era    int        // counts the renewals; a link of an older one is not used again
	idle   []idleLink // the one used last is last
}

type idleLink struct {
	*link
	since time.Time
}

// renew lets no link be used again that was made before.
func (d *door) renew() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.era++
	for _, l := range d.idle {
		l.close()
	}
	d.idle = nil
}

func (d *door) now() (era int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.era
}

func newDoor(a *Asker, addr monitor.Addr) *door {
	return &door{
		asker: a, addr: addr, dialFor: dialTimeout, hellos: newHelloBox(),
		polls: make(lane, laneWidth), votes: make(lane, voteWidth), confirms: make(lane, laneWidth),
	}
}

// exchange lends a link to f once there is one in the lane. A link that was idle
// may have been closed by the peer long ago; f is then run once more on a new one,
// so f must be harmless to repeat.
func (d *door) exchange(ctx context.Context, in lane, f func(*link) error) error {
	select {
	case in <- struct{}{}:
		defer func() { <-in }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a free connection: %w", ctx.Err())
	}
	if l := d.takeIdle(); l != nil {
		err := d.lend(l, f)
		if err == nil || l.usable() || ctx.Err() != nil || errors.Is(err, errNoAnswer) {
			return err
		}
	}
	dialling, cancel := context.WithTimeout(ctx, d.dialFor)
	era := d.now() // before the credentials are read
	l, err := d.asker.openLink(dialling, d.addr)
	cancel()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	l.era = era
	return d.lend(l, f)
}

func (d *door) lend(l *link, f func(*link) error) error {
	err := f(l)
	d.giveBack(l)
	return err
}

func (d *door) takeIdle() *link {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.idle)
	if n == 0 {
		return nil
	}
	l := d.idle[n-1].link
	d.idle = d.idle[:n-1]
	return l
}

func (d *door) giveBack(l *link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || l.era != d.era || !l.usable() || len(d.idle) >= voteWidth {
		l.close()
		return
	}
	d.idle = append(d.idle, idleLink{l, time.Now()})
}

// trim closes links that were not used for a while, and those that a burst of
// votes left over.
func (d *door) trim(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.idle) > idleLimit || len(d.idle) > 0 && now.Sub(d.idle[0].since) > idleFor {
		d.idle[0].close()
		d.idle = d.idle[1:]
	}
}

func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, l := range d.idle {
		l.close()
	}
	d.idle = nil
}

// helloBox holds the hellos that wait for one peer, one for each group.
type helloBox struct {
	mu      sync.Mutex
	sending bool
	waiting map[string]monitor.Hello
}

func newHelloBox() *helloBox { return &helloBox{waiting: map[string]monitor.Hello{}} }

// put reports whether the caller must see to it that somebody sends.
func (b *helloBox) put(h monitor.Hello) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[h.Group] = h
	start := !b.sending
	b.sending = true
	return start
}

// take removes some hellos, in the order of their groups; with none left the
// sender is done.
func (b *helloBox) take() []monitor.Hello {
	b.mu.Lock()
	defer b.mu.Unlock()
	groups := slices.Sorted(maps.Keys(b.waiting))
	groups = groups[:min(len(groups), helloBatch)]
	hellos := make([]monitor.Hello, len(groups))
	for i, g := range groups {
		hellos[i] = b.waiting[g]
		delete(b.waiting, g)
	}
	b.sending = len(hellos) > 0
	return hellos
}

// drop forgets what waits, since nobody can send it now.
func (b *helloBox) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.waiting)
	b.sending = false
}

// sendHellos sends until none waits. Those that cannot be sent are dropped: new
// ones follow every two seconds.
func (a *Asker) sendHellos(d *door) {
	for hellos := d.hellos.take(); len(hellos) > 0; hellos = d.hellos.take() {
		ctx, cancel := context.WithTimeout(a.ctx, defaultDeadline)
		err := d.exchange(ctx, d.polls, func(l *link) error {
			commands := make([][]any, len(hellos))
			for i, h := range hellos {
				h.Peer.Host = cmp.Or(h.Peer.Host, l.localHost()) // redis-sentinel takes an empty one as it is
				commands[i] = []any{"PUBLISH", monitor.HelloChannel, h.String()}
			}
			_, err := l.do(ctx, commands...)
			return err
		})
		cancel()
		if err != nil {
			a.cfg.Log.Debug("hello not sent", zap.Stringer("peer", d.addr), zap.Error(err))
		}
	}
}
