package daemon

import (
	"context"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/zlog"
	"picket/failover"
	"picket/monitor"
	"picket/monitor/probe"
)

// tell publishes events to subscribers and to the log.
func (l *loop) tell(events []monitor.Event) {
	for _, e := range events {
		if entry := l.d.log.Check(zlog.EventLevel(e.Level), "event"); entry != nil {
			entry.Write(zap.String("event", e.Name), zap.String("text", e.Payload),
				zap.String("group", e.Group), zap.String("reason", string(e.Reason)))
		}
		if e.Level > monitor.LevelDebug {
			l.d.door.Publish(e)
			l.d.publishHTTP(e)
		}
		l.crash(e)
		l.notify(e)
	}
}

// publishConfig makes the master's address and the epochs visible at once. A new
// configuration is saved as soon as the writer is free: nothing waits for that,
// but monitors that are all restarted in the second after a switch must not go
// back to the master before it.
func (l *loop) publishConfig(w *watched) {
	l.d.board.epoch.Store(l.mon.CurrentEpoch())
	if old := w.slot.config.Load(); old == nil || *old != w.group.Configuration() {
		c := w.group.Configuration()
		w.slot.config.Store(&c)
		if old != nil && old.Master != c.Master {
			w.recall() // a late order could make the new master a replica
			w.orders, w.recall = context.WithCancel(l.d.done)
		}
		l.save.wanted = l.save.wanted || old != nil
	}
}

const (
	// leastViewPeriod and mostViewPeriod bound how old a view may be when nothing
	// but reply times changed.
	leastViewPeriod = 100 * time.Millisecond
	mostViewPeriod  = time.Second
	// viewShare is the time that each group adds to that age: with hundreds of
	// groups, views would else cost as much as watching does.
	viewShare = 2 * time.Millisecond
)

func viewPeriod(groups int) time.Duration {
	return min(max(leastViewPeriod, time.Duration(groups)*viewShare), mostViewPeriod)
}

// views are the groups whose views are to be renewed.
type views struct {
	urgent []*watched
	queue  []*watched // oldest first
}

// touched notes that a group was stepped. Its view is renewed at the end of the
// turn when something happened, else some time later.
func (v *views) touched(w *watched, now monitor.Instant, out failover.Output) {
	w.touched = true
	if !w.queued {
		w.queued, w.touchedAt = true, now
		v.queue = append(v.queue, w)
	}
	if !w.urgent && (len(out.Events) > 0 || len(out.Effects) > 0) {
		w.urgent = true
		v.urgent = append(v.urgent, w)
	}
}

// publish renews the views that are due.
func (l *loop) publish() {
	for _, w := range l.views.urgent {
		l.publishView(w)
	}
	clear(l.views.urgent)
	l.views.urgent = l.views.urgent[:0]
	due := l.d.clock().Add(-viewPeriod(len(l.groups)))
	for len(l.views.queue) > 0 && l.views.queue[0].touchedAt <= due {
		w := l.views.queue[0]
		l.views.queue[0], l.views.queue = nil, l.views.queue[1:]
		w.queued = false
		if w.touched {
			l.publishView(w)
		}
	}
}

func (l *loop) publishView(w *watched) {
	w.slot.view.Store(w.group.View(l.d.clock()))
	w.touched, w.urgent = false, false
}

// retarget gives the probe the instances of a group to watch.
func (l *loop) retarget(w *watched, targets []failover.Target) {
	list := make([]probe.Target, 0, len(targets))
	for _, t := range targets {
		list = append(list, probe.Target{
			Group: w.slot.name, Addr: t.Addr, PingEvery: t.PingEvery, InfoEvery: t.InfoEvery, DialEvery: t.DialEvery,
			PublishEvery: t.PublishEvery, Publish: true, Listen: t.Listen,
		})
	}
	w.targets = list
	l.d.prober.Reconcile(w.slot.name, l.paced(list))
}
