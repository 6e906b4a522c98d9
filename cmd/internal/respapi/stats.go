package respapi

import (
	"sync"
	"sync/atomic"
	"time"
)

// stats are counted since the server was made.
type stats struct {
	connections atomic.Int64 // accepted, turned away ones included
	rejected    atomic.Int64 // turned away
	commands    atomic.Int64
	errors      atomic.Int64 // error replies
	dropped     atomic.Int64 // clients that did not read
	overBudget  atomic.Int64 // connections closed for what their unfinished commands held
	reads       atomic.Int64 // from connections
	writes      atomic.Int64
	netIn       atomic.Int64 // bytes
	netOut      atomic.Int64
	rates       rates
}

// tally is what one second saw.
type tally struct{ commands, in, out int64 }

// rates counts by the second, so that INFO can tell of the last whole one.
type rates struct {
	mu          sync.Mutex
	second      int64
	now, before tally
}

func (r *rates) add(at time.Time, t tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(at)
	r.now.commands += t.commands
	r.now.in += t.in
	r.now.out += t.out
}

func (r *rates) read(at time.Time) tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(at)
	return r.before
}

func (r *rates) turn(at time.Time) {
	second := at.Unix()
	switch second - r.second {
	case 0:
		return
	case 1:
		r.before = r.now
	default:
		r.before = tally{}
	}
	r.second, r.now = second, tally{}
}

// countRead and countWrite take what one read or write of a connection moved, in bytes.
func (s *stats) countRead(n int) {
	s.reads.Add(1)
	s.netIn.Add(int64(n))
	s.rates.add(time.Now(), tally{in: int64(n)})
}

func (s *stats) countWrite(n int) {
	s.writes.Add(1)
	s.netOut.Add(int64(n))
	s.rates.add(time.Now(), tally{out: int64(n)})
}

func (s *stats) countCommand() {
	s.commands.Add(1)
	s.rates.add(time.Now(), tally{commands: 1})
}
