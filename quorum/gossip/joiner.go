package gossip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
)

const (
	// rejoinEvery is how often an address that is no member is tried again.
	rejoinEvery = 3 * time.Second
	// joinLimit bounds the attempts under way, each of which may take streamTimeout.
	joinLimit = 16
)

// seed is an address where another monitor should be gossiping.
type seed struct {
	busy   bool      // an attempt is under way
	due    time.Time // of the next attempt
	failed bool      // the last attempt failed, and that was logged
}

// joiner brings the addresses that we know and memberlist does not together
// again. memberlist forgets members it could not reach for a while, so after a
// partition nothing but this rejoins the halves.
type joiner struct {
	pool   *Pool
	notify chan struct{} // has room for one: look at the seeds

	mu    sync.Mutex
	seeds map[monitor.Addr]*seed
}

func newJoiner(p *Pool) *joiner {
	return &joiner{pool: p, notify: make(chan struct{}, 1), seeds: map[monitor.Addr]*seed{}}
}

// want replaces the addresses; those that are new are due at once.
func (j *joiner) want(known []monitor.Addr) {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := make(map[monitor.Addr]*seed, len(known))
	for _, a := range known {
		kept[a] = j.seeds[a]
		if kept[a] == nil {
			kept[a] = &seed{}
			j.wake()
		}
	}
	j.seeds = kept
}

func (j *joiner) wake() {
	select {
	case j.notify <- struct{}{}:
	default:
	}
}

// run tries seeds as they fall due until the pool is closed.
func (j *joiner) run(ctx context.Context) {
	tick := time.NewTicker(rejoinEvery / 3)
	defer tick.Stop()
	for {
		for _, a := range j.due(time.Now()) {
			j.pool.running.Go(func() { j.try(ctx, a) })
		}
		select {
		case <-ctx.Done():
			return
		case <-j.notify:
		case <-tick.C:
		}
	}
}

// due picks the seeds to try now, in order, and marks them as busy.
func (j *joiner) due(now time.Time) []monitor.Addr {
	j.mu.Lock()
	defer j.mu.Unlock()
	var due []monitor.Addr
	busy := 0
	for a, s := range j.seeds {
		switch {
		case s.busy:
			busy++
		case !now.Before(s.due) && !j.pool.member(a):
			due = append(due, a)
		}
	}
	slices.SortFunc(due, monitor.Addr.Compare)
	due = due[:max(0, min(len(due), joinLimit-busy))]
	for _, a := range due {
		j.seeds[a].busy = true
	}
	return due
}

// try joins one address and notes how that went.
func (j *joiner) try(ctx context.Context, a monitor.Addr) {
	err := j.join(ctx, a)
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.seeds[a]
	if s == nil {
		return // no longer wanted
	}
	s.busy, s.due = false, time.Now().Add(rejoinEvery)
	if err != nil && !s.failed && ctx.Err() == nil {
		j.pool.log.Info("gossip address not joined, will try again", zap.Stringer("addr", a), zap.Error(err))
	}
	s.failed = err != nil
}

func (j *joiner) join(ctx context.Context, a monitor.Addr) error {
	numeric, err := resolve(ctx, a)
	if err != nil {
		return err
	}
	if j.pool.member(numeric) {
		return nil
	}
	_, err = j.pool.list.Join([]string{numeric.String()})
	return single(err)
}

// single takes the one error out of the list, rendered over several lines, that
// memberlist makes of it.
func single(err error) error {
	type list interface {
		error
		WrappedErrors() []error
	}
	if l, ok := errors.AsType[list](err); ok && len(l.WrappedErrors()) == 1 {
		return l.WrappedErrors()[0]
	}
	return err
}

// resolve turns a name into its first address. memberlist would ask a name
// server over TCP for every record of the name.
func resolve(ctx context.Context, a monitor.Addr) (monitor.Addr, error) {
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return monitor.Addr{Host: ip.Unmap().String(), Port: a.Port}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", a.Host)
	if err != nil || len(ips) == 0 {
		return monitor.Addr{}, fmt.Errorf("resolve %s: %w", a.Host, err)
	}
	return monitor.Addr{Host: ips[0].Unmap().String(), Port: a.Port}, nil
}
