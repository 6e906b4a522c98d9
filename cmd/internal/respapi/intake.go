package respapi

import (
	"errors"
	"net"
	"sync/atomic"
)

// freeIntake is what a connection's command may hold without being charged, in
// bytes; that includes the first buffer of an idle one. With the budget used up,
// clients can still ask where the master is.
const freeIntake = 4 << 10

var errOverBudget = errors.New("the monitor holds too many unfinished commands, try again later")

// budget is what the unfinished commands, or the unread replies, of all connections share.
type budget struct {
	limit int64
	used  atomic.Int64 // bytes
}

func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }

// intake reads a connection and charges the budget for the command that is being
// read and, until it is answered, run. It belongs to the connection's reader.
type intake struct {
	nc       net.Conn
	count    func(n int) // takes the bytes of each read
	budget   *budget
	received int64 // bytes of this command
	charged  int64
}

// Read refuses with errOverBudget what does not fit into the budget.
func (i *intake) Read(p []byte) (int, error) {
	if !i.charge(int64(len(p))) {
		return 0, errOverBudget
	}
	n, err := i.nc.Read(p)
	i.count(n)
	i.received += int64(n)
	return n, err
}

// charge pays for the bytes received, twice because buffers double and small
// arguments have headers, and for the space that waits for more.
func (i *intake) charge(space int64) bool {
	more := max(0, 2*i.received+space-freeIntake) - i.charged
	if more <= 0 {
		return true
	}
	if !i.budget.take(more) {
		return false
	}
	i.charged += more
	return true
}

// done gives back what the command was charged.
func (i *intake) done() {
	i.budget.give(i.charged)
	i.received, i.charged = 0, 0
}
