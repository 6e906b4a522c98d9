package daemon

import (
	"maps"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/metrics"
	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// retrySave is how long to wait after a save that failed.
const retrySave = time.Second

// saving is what waits for the disk.
type saving struct {
	wanted  bool    // something is to be saved as soon as the writer is free
	busy    bool    // the writer works
	waiting []gated // promises not handed to the writer yet
	flying  []gated // promises that the writer works on
	asked   []chan error
	flyAsk  []chan error
	lazyAt  monitor.Instant
	revised *config.Revision // of the configuration file, which the writer does not know yet
	failed  bool
}

// gated is a promise and the effects that depend on it.
type gated struct {
	group   string
	promise uint64
	effects []failover.Effect
}

// saveResult is what became of one write.
type saveResult struct{ err error }

// promise holds effects back until the state behind them is durable.
func (l *loop) promise(w *watched, out failover.Output) {
	bound, free := split(out.Effects)
	l.effects(w, free)
	l.save.waiting = append(l.save.waiting, gated{group: w.slot.name, promise: out.Persist.Promise, effects: bound})
	l.save.wanted = true
}

// split parts the effects that depend on a promise from those that do not: a
// slow or full disk delays a vote, never a fence or the watch.
func split(effects []failover.Effect) (bound, free []failover.Effect) {
	for _, e := range effects {
		if failover.NeedsPromise(e.Action) {
			bound = append(bound, e)
		} else {
			free = append(free, e)
		}
	}
	return bound, free
}

// startSave hands everything that waits to the writer, in one write.
func (l *loop) startSave() {
	if l.save.busy || !l.save.wanted {
		return
	}
	l.save.busy, l.save.wanted, l.save.lazyAt = true, false, monitor.Never
	l.save.flying, l.save.waiting = l.save.waiting, nil
	l.save.flyAsk, l.save.asked = l.save.asked, nil
	l.writer.states <- l.write()
}

// write is the next write: the state, and what the configuration file says by now.
func (l *loop) write() write {
	w := write{l.state(), l.save.revised}
	l.save.revised = nil
	return w
}

// state collects what must be durable.
func (l *loop) state() config.State {
	s := config.State{
		MyID: l.d.cfg.MyID, Boot: l.d.cfg.Boot, CurrentEpoch: l.mon.CurrentEpoch(), Globals: *l.d.globals(),
		Users: l.d.users.lines(l.d.door.Users()),
	}
	s.Groups = make([]config.Group, 0, len(l.groups))
	for _, g := range l.mon.Groups() {
		conf := l.groups[g.Settings().Name].conf
		conf.Rename, conf.Saved = maps.Clone(conf.Rename), l.d.writable(g.Saved()) // the copy shares nothing
		s.Groups = append(s.Groups, conf)
	}
	return s
}

// saveDone lets the effects go whose promises are durable, or drops them.
func (l *loop) saveDone(r saveResult) {
	done, asked := l.save.flying, l.save.flyAsk
	l.save.busy, l.save.flying, l.save.flyAsk = false, nil, nil
	for _, ch := range asked {
		ch <- r.err
	}
	for _, warning := range l.d.store.Warnings() {
		l.d.log.Warn("configuration", zap.String("warning", warning))
	}
	if r.err != nil {
		l.saveFailed(done, r.err)
		return
	}
	if l.save.failed {
		l.save.failed = false
		l.d.board.unsaved.Store(nil)
		l.tell(l.mon.PersistWorks())
	}
	for _, p := range done {
		l.effects(l.groups[p.group], p.effects)
		l.step(job{group: p.group, in: failover.Persisted{Promise: p.promise}})
	}
}

func (l *loop) saveFailed(dropped []gated, err error) {
	for _, p := range dropped {
		for _, e := range p.effects {
			l.tickets.drop(e.Action)
		}
	}
	if !l.save.failed {
		l.d.log.Error("state cannot be saved", zap.Error(err))
	}
	l.save.failed = true
	l.d.board.unsaved.Store(new(err.Error()))
	l.tell(l.mon.PersistFailed(err.Error()))
	l.save.lazyAt = l.d.clock().Add(retrySave)
}

// finalSaveWait bounds how long a hung disk can hold up the end.
const finalSaveWait = 400 * time.Millisecond

// finalSave makes the last facts durable before the process ends. Promises do
// not need it: they were durable before they were told.
func (l *loop) finalSave() {
	deadline := time.After(finalSaveWait)
	if l.save.busy && !l.awaitSave(deadline) {
		return
	}
	l.writer.states <- l.write()
	l.awaitSave(deadline)
}

func (l *loop) awaitSave(deadline <-chan time.Time) bool {
	select {
	case r := <-l.saved:
		if r.err != nil {
			l.d.log.Error("state could not be saved at the end", zap.Error(r.err))
		}
		return true
	case <-deadline:
		l.d.log.Error("state could not be saved at the end: the disk did not answer in time")
		return false
	}
}

// write is what the writer is given.
type write struct {
	state   config.State
	revised *config.Revision // nil: the configuration file says what it said before
}

// writer makes states durable, one at a time, beside the loop.
type writer struct {
	store  *config.Store
	states chan write
	saved  chan<- saveResult
	meter  *metrics.Meter
}

func newWriter(d *Daemon, saved chan<- saveResult) *writer {
	return &writer{store: d.store, states: make(chan write, 1), saved: saved, meter: d.board.meter}
}

func (w *writer) run() {
	for next := range w.states {
		if next.revised != nil {
			w.store.Take(next.revised)
		}
		began := time.Now()
		err := w.store.Save(next.state)
		w.meter.Saved(time.Since(began), err)
		w.saved <- saveResult{err: err}
	}
}

func (w *writer) close() { close(w.states) }
