package probe

import (
	"context"
	"sync/atomic"
)

// hold says for how long a command link is ours.
type hold uint8

const (
	holdNone hold = iota
	holdKept      // until it is lost
	holdLent      // until what was due is done
)

// lentLinks is how many links may be lent at a time. One that leads to a server
// which does not answer is given back after commandTimeout.
const lentLinks = 1000

// allowance bounds how many command links are open at a time, where files are short:
// as many are kept as there is room for, and the others lent.
type allowance struct {
	keep int64 // 0: there is room for all
	kept atomic.Int64
	lent chan struct{}
}

func newAllowance(keep int) *allowance {
	a := &allowance{keep: int64(keep)}
	if keep > 0 {
		a.lent = make(chan struct{}, lentLinks)
	}
	return a
}

// take waits until a link may be opened. It returns holdNone when ctx ends first.
func (a *allowance) take(ctx context.Context) hold {
	if a.keep <= 0 || a.kept.Add(1) <= a.keep {
		return holdKept
	}
	a.kept.Add(-1)
	select {
	case a.lent <- struct{}{}:
		return holdLent
	case <-ctx.Done():
		return holdNone
	}
}

// give takes back what take gave.
func (a *allowance) give(h hold) {
	switch {
	case h == holdKept && a.keep > 0:
		a.kept.Add(-1)
	case h == holdLent:
		<-a.lent
	}
}
