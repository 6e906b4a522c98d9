package scale

import (
	"context"
	"slices"
	"sync"
	"time"

	"picket/deploy/estate"
	"picket/deploy/lab"
)

// askEvery is the pace at which one client asks one monitor for addresses.
const askEvery = 20 * time.Millisecond

// asker asks one monitor for the address of one master after the other, at a
// fixed pace whatever the answers do: a slow answer delays no later question, so
// the times it takes count all who would have waited.
type asker struct {
	addr   string
	groups int

	mu      sync.Mutex
	first   time.Time // of an answer that names an address
	answers []answered
	waiting []time.Time // questions that are not answered yet
	lost    []time.Time // questions whose connection ended before
}

type answered struct {
	asked time.Time
	took  time.Duration
}

func newAsker(addr string, groups int) *asker { return &asker{addr: addr, groups: groups} }

// run connects again whenever the connection is lost, until ctx ends.
func (a *asker) run(ctx context.Context) {
	for ctx.Err() == nil {
		c, err := lab.Dial(ctx, a.addr, nil)
		if err == nil {
			a.ask(ctx, c)
			c.Close()
		}
		pause(ctx, 5*time.Millisecond)
	}
}

func (a *asker) ask(ctx context.Context, c *lab.Conn) {
	a.mu.Lock()
	a.lost, a.waiting = append(a.lost, a.waiting...), nil
	a.mu.Unlock()
	done := make(chan struct{})
	go func() { defer close(done); a.receive(c) }()
	defer func() { c.Close(); <-done }()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-done:
			return
		case due := <-tick.C:
			a.mu.Lock()
			a.waiting = append(a.waiting, due)
			a.mu.Unlock()
			c.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := c.Write(lab.Encode("SENTINEL", "GET-MASTER-ADDR-BY-NAME", estate.Name(n%a.groups))); err != nil {
				return
			}
		}
	}
}

func (a *asker) receive(c *lab.Conn) {
	for {
		reply, err := c.Receive()
		if err != nil {
			return
		}
		now := time.Now()
		a.mu.Lock()
		if reply != nil && a.first.IsZero() {
			a.first = now
		}
		a.answers = append(a.answers, answered{a.waiting[0], now.Sub(a.waiting[0])})
		a.waiting = a.waiting[1:]
		a.mu.Unlock()
	}
}

func (a *asker) firstAnswer() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.first
}

// summarise looks at the questions asked between from and to, those that wait
// for an answer still included.
func summarise(askers []*asker, from, to time.Time) spans {
	var list []time.Duration
	within := func(t time.Time) bool { return t.After(from) && t.Before(to) }
	for _, a := range askers {
		a.mu.Lock()
		for _, q := range a.answers {
			if within(q.asked) {
				list = append(list, q.took)
			}
		}
		for _, q := range slices.Concat(a.lost, a.waiting) {
			if within(q) {
				list = append(list, time.Since(q))
			}
		}
		a.mu.Unlock()
	}
	return quantiles(list)
}
