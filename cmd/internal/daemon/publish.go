package daemon

import (
	"context"

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
		}
	}
}

// publishConfig makes the master's address and the epochs visible at once. A new
// configuration is saved as soon as the writer is free: nothing waits for that,
// but monitors that are all restarted in the second after a switch must not go
// back to the master before it.
func (l *loop) publishConfig(w *watched) {
	l.d.board.epoch.Store(l.mon.CurrentEpoch())
	c := w.group.Configuration()
	if old := w.slot.config.Load(); old == nil || *old != c {
		w.slot.config.Store(&c)
		if old != nil && old.Master != c.Master {
			w.recall() // a late order could make the new master a replica
			w.orders, w.recall = context.WithCancel(l.d.done)
		}
		l.save.wanted = l.save.wanted || old != nil
	}
}

// publish renews the views of groups that were stepped: at once when something
// happened, else a few times a second.
func (l *loop) publish() {
	now := l.d.clock()
	for _, w := range l.groups {
		if w.touched && (w.urgent || now.Since(w.published) >= viewPeriod || w.published == monitor.Never) {
			l.publishView(w)
		}
	}
}

func (l *loop) publishView(w *watched) {
	now := l.d.clock()
	w.slot.view.Store(w.group.View(now))
	w.published, w.touched, w.urgent = now, false, false
}

// retarget gives the probe the instances of a group to watch.
func (l *loop) retarget(w *watched, targets []failover.Target) {
	list := make([]probe.Target, 0, len(targets))
	for _, t := range targets {
		list = append(list, probe.Target{
			Group: w.slot.name, Addr: t.Addr, PingEvery: t.PingEvery, InfoEvery: t.InfoEvery, DialEvery: t.DialEvery, Hello: true,
		})
	}
	l.d.prober.Reconcile(w.slot.name, list)
}
