package probe

import (
	"context"
	"time"
)

// pacer lets the links that follow the ping links open one after the other, the first
// ones of each instance: thousands at once would hold up what is urgent. While the
// process is late, which is when it is short of processor, they open more slowly.
type pacer struct {
	turn  chan struct{} // held by who may change what follows
	last  time.Time     // when one went
	spare int           // how many may go at once
	pace  time.Duration
}

const (
	fastestPace = 1500 * time.Microsecond
	slowestPace = 8 * time.Millisecond
	// lateBy is from when on a timer counts as late.
	lateBy = 2 * time.Millisecond
	// pausedFor is after which pause there is no crowd any more.
	pausedFor = time.Second
)

func newPacer() *pacer { return &pacer{turn: make(chan struct{}, 1)} }

// wait returns when the caller may go on, is to hurry, or ctx ends.
func (p *pacer) wait(ctx context.Context, hurry <-chan struct{}) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-hurry:
		return
	case <-ctx.Done():
		return
	}
	if time.Since(p.last) > pausedFor {
		p.spare, p.pace = atOnce, fastestPace
	}
	began := time.Now()
	if p.spare > 0 {
		p.spare--
	} else {
		select {
		case <-time.After(p.pace):
			p.adapt(time.Since(began) - p.pace)
		case <-hurry:
		case <-ctx.Done():
		}
	}
	p.last = time.Now()
}

// adapt takes by how much a timer was late.
func (p *pacer) adapt(late time.Duration) {
	if late > lateBy {
		p.pace = min(p.pace*2, slowestPace)
		return
	}
	p.pace = max(p.pace*9/10, fastestPace)
}
