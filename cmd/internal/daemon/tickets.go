package daemon

import (
	"sync"

	"picket/failover"
)

// tickets match answers of the core to those who wait for them at a door.
type tickets struct {
	mu        sync.Mutex
	last      uint64
	votes     map[uint64]chan failover.AnswerVote
	failovers map[uint64]chan failover.AnswerFailover
}

func (t *tickets) init() {
	t.votes = map[uint64]chan failover.AnswerVote{}
	t.failovers = map[uint64]chan failover.AnswerFailover{}
}

func (t *tickets) newVote() (uint64, chan failover.AnswerVote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	ch := make(chan failover.AnswerVote, 1)
	t.votes[t.last] = ch
	return t.last, ch
}

func (t *tickets) newFailover() (uint64, chan failover.AnswerFailover) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	ch := make(chan failover.AnswerFailover, 1)
	t.failovers[t.last] = ch
	return t.last, ch
}

// forget drops a ticket whose holder has gone.
func (t *tickets) forget(ticket uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.votes, ticket)
	delete(t.failovers, ticket)
}

func (t *tickets) vote(a failover.AnswerVote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ch := t.votes[a.Ticket]; ch != nil {
		delete(t.votes, a.Ticket)
		ch <- a
	}
}

func (t *tickets) failover(a failover.AnswerFailover) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ch := t.failovers[a.Ticket]; ch != nil {
		delete(t.failovers, a.Ticket)
		ch <- a
	}
}

// drop answers an effect that will not be carried out: no vote was given.
func (t *tickets) drop(a failover.Action) {
	switch a := a.(type) {
	case failover.AnswerVote:
		t.vote(failover.AnswerVote{Ticket: a.Ticket})
	case failover.AnswerFailover:
		t.failover(failover.AnswerFailover{Ticket: a.Ticket, Refusal: "ERR the state could not be saved"})
	}
}
