package probe

import (
	"context"
	"net"
	"time"

	"picket/monitor"
)

// dial connects within max(DialEvery, 1 s), but no longer than 5 s.
func (i *instance) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(i.ctx, i.dialLimit())
	defer cancel()
	done := make(chan dialled, 1)
	go func() { // its deep stack goes with it, and does not stay with the loop for ever
		nc, err := i.p.cfg.Links.Dial(ctx, i.addr)
		done <- dialled{nc, err}
	}()
	o := <-done
	return o.nc, o.err
}

func (i *instance) dialLimit() time.Duration {
	return min(max(i.state().want.DialEvery, time.Second), 5*time.Second)
}

// openDials bounds how many dials to one instance are under way at a time: the
// first, for paths that are slow, and the newest, for those just mended.
const openDials = 3

// dialAgain is dial, with another dial every DialEvery while nobody answers: the
// kernel repeats a SYN only after a second, which is how long a network would be
// mended unnoticed. The first that ends is the outcome, however it does; but not
// a later one that our own side ends (no file left), which proves nothing.
func (i *instance) dialAgain() (net.Conn, error) {
	every := i.state().want.DialEvery
	if every >= i.dialLimit() {
		return i.dial()
	}
	ctx, cancel := context.WithTimeout(i.ctx, i.dialLimit())
	defer cancel()
	outcomes, over := make(chan dialled), make(chan struct{})
	defer close(over)
	again := time.NewTicker(every)
	defer again.Stop()
	var later []context.CancelFunc
	defer func() { cancelAll(later) }()
	for one := ctx; ; {
		go i.dialOnce(one, outcomes, over)
		for one = nil; one == nil; {
			select {
			case o := <-outcomes:
				switch {
				case o.err == nil || len(later) == 0 || causeOf(o.err) != monitor.CauseLocal:
					return o.nc, o.err
				case ctx.Err() != nil:
					return nil, ctx.Err() // time is up; what we ended ourselves proves nothing
				}
			case <-again.C:
				if len(later) == openDials-1 {
					later[0]()
					later = later[1:]
				}
				next, end := context.WithCancel(ctx)
				one, later = next, append(later, end)
			}
		}
	}
}

// dialOnce hands the outcome of one dial over, if it is still wanted.
func (i *instance) dialOnce(ctx context.Context, outcomes chan<- dialled, over <-chan struct{}) {
	nc, err := i.p.cfg.Links.Dial(ctx, i.addr)
	select {
	case outcomes <- dialled{nc, err}:
	case <-over:
		discard(nc)
	}
}

func cancelAll(list []context.CancelFunc) {
	for _, cancel := range list {
		cancel()
	}
}

// dialled is how one dial ended.
type dialled struct {
	nc  net.Conn
	err error
}

// discard closes a connection that came too late, if it is one.
func discard(nc net.Conn) {
	if nc != nil {
		_ = nc.Close()
	}
}
