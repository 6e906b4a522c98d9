package daemon

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/history"
	"picket/config"
	"picket/failover"
	"picket/monitor"
	"picket/monitor/probe"
	"picket/quorum"
)

const (
	// queueLength bounds the inputs that wait; a producer beyond it waits too.
	queueLength = 8192
	// batchLimit bounds how many inputs are stepped before the clock is read again.
	batchLimit = 256
	// heartbeat is how often the loop runs at least; a longer gap is a stall.
	heartbeat = 100 * time.Millisecond
	// stallLimit is the gap from which our own process counts as having stood still.
	stallLimit = 400 * time.Millisecond
	// lazySave is how long a fact may wait to be saved.
	lazySave = time.Second
)

// job is one input for one group, or a function to run between steps.
type job struct {
	group string
	in    failover.Input
	run   func(now monitor.Instant)
}

// loop owns the core. Everything else reaches it through put.
type loop struct {
	d     *Daemon
	mon   *failover.Monitor
	jobs  chan job
	saved chan saveResult
	ready chan struct{} // closed when all groups are watched

	groups   map[string]*watched
	wakes    wakeQueue
	views    views
	writer   *writer
	save     saving
	tickets  tickets
	recorder *history.Recorder
	alive    monitor.Instant
	warnAt   monitor.Instant
	beats    atomic.Uint64
	beatAt   atomic.Int64 // the instant of the last beat
	members  memberBox
	routine  routineBox
	refused  map[quorum.ID]bool    // peers that do not take our credentials, and were told of
	gossip   map[monitor.Addr]bool // addresses that peers gave for their gossip
}

// watched is a group with what the daemon holds of it beside the core.
type watched struct {
	group     *failover.Group
	conf      config.Group // settings, credentials and renames; Saved is taken from the group
	slot      *slot
	wake      monitor.Instant
	index     int             // in the wake queue, -1 when not in it
	touched   bool            // stepped since its view was published
	urgent    bool            // the view must be published at once
	queued    bool            // in the queue of views
	touchedAt monitor.Instant // when it was put there
	targets   []probe.Target  // that the core asked for
	// orders ends when the group's master changes, and with it every Repoint and
	// Fence that has not been written yet.
	orders context.Context
	recall context.CancelFunc
}

func newLoop(d *Daemon, mon *failover.Monitor) *loop {
	l := &loop{
		d: d, mon: mon, jobs: make(chan job, queueLength), saved: make(chan saveResult, 1), ready: make(chan struct{}),
		groups: map[string]*watched{}, refused: map[quorum.ID]bool{}, gossip: map[monitor.Addr]bool{},
	}
	l.writer = newWriter(d, l.saved)
	l.recorder = history.NewRecorder(string(d.cfg.MyID), d.cfg.Boot, d.keepRecord)
	l.tickets.init()
	return l
}

// put hands a job to the loop; it waits while the queue is full and gives up
// when the daemon ends.
func (l *loop) put(j job) {
	select {
	case l.jobs <- j:
	case <-l.d.done.Done():
	}
}

// run steps inputs until ctx ends, then saves what is not saved yet.
func (l *loop) run(ctx context.Context) {
	go l.writer.run()
	defer l.writer.close()
	l.watch(l.d.cfg.Groups...)
	close(l.ready)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(l.pause())
		l.alive = l.d.clock() // from here on only waiting counts: our own work is no stall
		select {
		case <-ctx.Done():
			l.finalSave()
			return
		case j := <-l.jobs:
			l.beat()
			l.step(j)
			l.more()
		case r := <-l.saved:
			l.beat()
			l.saveDone(r)
		case <-timer.C:
			l.beat()
		}
		l.due()
		l.startSave()
		l.publish()
	}
}

// more steps what else is queued, so that a burst is published and saved once.
func (l *loop) more() {
	for range batchLimit {
		select {
		case j := <-l.jobs:
			l.step(j)
		default:
			return
		}
	}
}

// pause is how long nothing is due.
func (l *loop) pause() time.Duration {
	now := l.d.clock()
	next := now.Add(heartbeat)
	if at := l.wakes.next(); at != monitor.Never {
		next = min(next, at)
	}
	return max(0, next.Sub(now))
}

// beat notes that the loop runs. A gap means that our process stood still, which
// no instance must be blamed for.
func (l *loop) beat() {
	now := l.d.clock()
	if gap := now.Sub(l.alive); gap > stallLimit {
		l.d.log.Warn("this process stood still", zap.Duration("for", gap))
		l.mon.Stalled(gap)
		l.d.board.meter.Stalled(gap)
	}
	l.beats.Add(1)
	l.beatAt.Store(int64(now))
	for _, m := range l.members.take() {
		l.mon.MemberChanged(now, m)
	}
	l.takeRoutine()
}

// takeRoutine steps the routine reports: at every beat, and before any other
// input, so that no later report overtakes them.
func (l *loop) takeRoutine() {
	for _, j := range l.routine.take() {
		if w := l.groups[j.group]; w != nil {
			l.apply(w, w.group.Step(l.d.clock(), j.in))
		}
	}
}

func (l *loop) step(j job) {
	l.takeRoutine()
	now := l.d.clock()
	switch in := j.in.(type) {
	case nil:
		j.run(now)
	case failover.Contacted:
		l.heedRefusal(in.Contact)
		l.mon.Contacted(in.Contact) // groups see it at their next step, within a ping period
	default:
		if w := l.groups[j.group]; w != nil {
			l.apply(w, w.group.Step(now, in))
		}
	}
}

// due steps the groups whose time has come.
func (l *loop) due() {
	now := l.d.clock()
	for w := l.wakes.pop(now); w != nil; w = l.wakes.pop(now) {
		l.apply(w, w.group.Step(now, failover.Tick{}))
	}
	if now >= l.warnAt {
		events, next := l.mon.Warnings(now)
		l.tell(events)
		l.warnAt = now.Add(time.Second)
		if next != monitor.Never && next < l.warnAt {
			l.warnAt = next
		}
	}
	if l.save.lazyAt != monitor.Never && now >= l.save.lazyAt {
		l.save.lazyAt, l.save.wanted = monitor.Never, true
	}
}

// apply carries out what a step asks for. Events and the address come first: a
// fact is told at once, whatever the disk does.
func (l *loop) apply(w *watched, out failover.Output) {
	l.views.touched(w, l.d.clock(), out)
	l.publishConfig(w)
	l.tell(out.Events)
	l.record(w, out.Events)
	l.measure(w, out.Events)
	l.wakes.set(w, out.Wake)
	if out.Retarget {
		l.retarget(w, out.Targets)
	}
	if out.Dirty && l.save.lazyAt == monitor.Never {
		l.save.lazyAt = l.d.clock().Add(lazySave)
	}
	if out.Persist != nil {
		l.promise(w, out)
		return
	}
	l.effects(w, out.Effects)
}

// watch starts groups. What all of them share is copied once, not once a group.
func (l *loop) watch(groups ...config.Group) {
	names := make([]string, len(groups))
	for n, g := range groups {
		names[n] = g.Settings.Name
	}
	l.d.board.add(names...)
	l.d.links.setGroups(groups...)
	for _, g := range groups {
		l.begin(g)
	}
	select {
	case l.d.board.newNames <- struct{}{}:
	default:
	}
}

func (l *loop) begin(g config.Group) {
	w := &watched{conf: g.Clone(), slot: l.d.board.slot(g.Settings.Name), index: -1}
	w.orders, w.recall = context.WithCancel(l.d.done)
	w.conf.Settings.AnnounceHostnames = l.d.globals().AnnounceHostnames
	out := l.mon.Start(l.d.clock(), w.conf.Settings, g.Saved)
	w.group = l.mon.Groups()[len(l.mon.Groups())-1]
	l.groups[g.Settings.Name] = w
	l.apply(w, out)
	for _, in := range l.d.resolver.known(g) {
		l.apply(w, w.group.Step(l.d.clock(), in))
	}
	l.publishView(w)
	v := w.slot.view.Load()
	l.d.log.Info("group watched", zap.String("group", g.Settings.Name), zap.Stringer("master", w.group.Master()),
		zap.Duration("down-after", g.Settings.DownAfter), zap.Duration("silence-limit", v.SilenceLimit),
		zap.String("busy-policy", string(g.Settings.Busy)), zap.Int("replicas", len(v.Replicas)), zap.Int("peers", len(v.Peers)))
}

// unwatch ends a group.
func (l *loop) unwatch(name string) {
	w := l.groups[name]
	delete(l.groups, name)
	w.recall()
	l.wakes.remove(w)
	l.mon.Remove(name)
	l.d.board.remove(name)
	l.d.prober.Forget(name)
	l.d.links.removeGroup(name)
	l.recorder.Forget(time.Now(), name)
	l.repeer()
}
