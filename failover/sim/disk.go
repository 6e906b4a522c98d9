package sim

import (
	"time"

	"picket/failover"
)

// disk is what a monitor's state is saved on.
type disk struct {
	boot    uint64
	state   state // durable
	latency time.Duration
	failing bool
}

// state is what one write makes durable.
type state struct {
	epoch  uint64
	groups []savedGroup
}

type savedGroup struct {
	set   failover.Settings
	saved failover.Saved
}

func (s state) group(name string) failover.Saved {
	for _, g := range s.groups {
		if g.set.Name == name {
			return g.saved
		}
	}
	return failover.Saved{}
}

const (
	lazySave  = time.Second // how long a fact may wait to be saved
	retrySave = time.Second
)

// saving is what waits for the disk, as in the daemon.
type saving struct {
	wanted  bool
	busy    bool
	waiting []gated
	flying  []gated
	writing state
	lazyAt  time.Duration
	failed  bool
}

// gated is a promise and the effects that depend on it.
type gated struct {
	group   string
	promise uint64
	effects []failover.Effect
}

// promise holds those effects back that depend on it until the state behind them
// is durable.
func (n *node) promise(g *watched, out failover.Output) {
	var bound, free []failover.Effect
	for _, e := range out.Effects {
		if failover.NeedsPromise(e.Action) {
			bound = append(bound, e)
		} else {
			free = append(free, e)
		}
	}
	n.effects(g.set.Name, free)
	n.save.waiting = append(n.save.waiting, gated{group: g.set.Name, promise: out.Persist.Promise, effects: bound})
	n.save.wanted = true
	n.startSave()
}

func (n *node) lazily(d time.Duration) {
	n.save.lazyAt = n.w.now + d
	n.later(d, func() {
		if n.save.lazyAt != never && n.w.now >= n.save.lazyAt {
			n.save.lazyAt, n.save.wanted = never, true
			n.startSave()
		}
	})
}

// startSave hands everything that waits to the writer, in one write.
func (n *node) startSave() {
	if n.save.busy || !n.save.wanted {
		return
	}
	n.save.busy, n.save.wanted, n.save.lazyAt = true, false, never
	n.save.flying, n.save.waiting = n.save.waiting, nil
	n.save.writing = state{epoch: n.mon.CurrentEpoch()}
	for _, g := range n.mon.Groups() {
		n.save.writing.groups = append(n.save.writing.groups, savedGroup{set: g.Settings(), saved: g.Saved()})
	}
	took := time.Millisecond + n.disk.latency/2
	if n.disk.latency > 0 {
		took += time.Duration(n.w.rng.Int64N(int64(n.disk.latency)))
	}
	n.written(took)
}

// written ends a write after took. The kernel writes on while the process stands still.
func (n *node) written(took time.Duration) {
	life, failing := n.life, n.disk.failing
	n.w.after(took, func() {
		if n.life != life {
			return
		}
		if !failing {
			n.disk.state = n.save.writing
		}
		n.run(func() { n.saveDone(failing) })
	})
}

// saveDone lets the effects go whose promises are durable, or drops them.
func (n *node) saveDone(failed bool) {
	done := n.save.flying
	n.save.busy, n.save.flying = false, nil
	if failed {
		n.saveFailed(done)
		return
	}
	if n.save.failed {
		n.save.failed = false
		n.tell(n.mon.PersistWorks())
	}
	for _, p := range done {
		n.effects(p.group, p.effects)
		n.input(p.group, failover.Persisted{Promise: p.promise})
	}
	n.startSave()
}

func (n *node) saveFailed(dropped []gated) {
	for _, p := range dropped {
		for _, e := range p.effects {
			if a, ok := e.Action.(failover.AnswerVote); ok {
				n.answerVote(failover.AnswerVote{Ticket: a.Ticket})
			}
		}
	}
	n.save.failed = true
	n.tell(n.mon.PersistFailed("no space left on device"))
	n.lazily(retrySave)
}
