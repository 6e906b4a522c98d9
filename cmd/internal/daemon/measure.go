package daemon

import (
	"strings"
	"time"

	"picket/cmd/internal/history"
	"picket/cmd/internal/metrics"
	"picket/failover"
	"picket/monitor"
)

// measurePing counts a round trip. The probes call it.
func (d *Daemon) measurePing(group string, r monitor.Report) {
	if r.Kind != monitor.ReportReplied || r.Sent == monitor.Never {
		return
	}
	s := d.board.slot(group)
	if s == nil {
		return
	}
	if c := s.config.Load(); c != nil && c.Master == r.Addr {
		s.meter.PingedMaster(r.At.Sub(r.Sent))
		return
	}
	s.meter.PingedReplica(r.At.Sub(r.Sent))
}

// measure counts what a step of a group told.
func (l *loop) measure(w *watched, events []monitor.Event) {
	for _, e := range events {
		switch e.Name {
		case "+vote-for-leader":
			w.slot.meter.VoteGiven()
		case failover.EventScriptBlocked:
			if strings.HasPrefix(e.Payload, "master ") {
				now := l.d.clock()
				w.slot.meter.Blocked(now.Add(-w.group.Account(now).Blocked))
			}
		case failover.EventScriptUnblocked, "+switch-master":
			if e.Name == "+switch-master" || strings.HasPrefix(e.Payload, "master ") {
				w.slot.meter.Unblocked(l.d.clock())
			}
		}
	}
}

// keepRecord keeps a record of the history, and counts it. The loop calls it.
func (d *Daemon) keepRecord(r history.Record) {
	d.history.Keep(r)
	if s := d.board.slot(r.Group); s != nil {
		s.meter.Recorded(r)
	}
}

// Meter returns what is counted of a group, nil for one that is not watched.
func (b backend) Meter(group string) *metrics.Group {
	if s := b.d.board.slot(group); s != nil {
		return s.meter
	}
	return nil
}

// Process tells what the monitor measures of itself.
func (b backend) Process() metrics.Process {
	self, door := b.Self(), b.d.door.Load()
	p := metrics.Process{
		Version: self.Version, Now: b.d.clock(), Epoch: self.Epoch, StateSaved: self.Unsaved == "", HistoryDurable: self.HistoryDurable,
		LoopAge: self.LoopAge, Queue: len(b.d.loop.jobs),
		Clients: door.Clients, EventsLost: door.EventsLost, SubscribersDropped: door.Dropped,
	}
	if b.d.web != nil {
		p.Streams, p.StreamEventsLost, p.StreamsDropped = b.d.web.Streams()
	}
	return p
}

// loopAge is how long ago the decision loop last ran.
func (d *Daemon) loopAge() time.Duration {
	return d.clock().Since(monitor.Instant(d.loop.beatAt.Load()))
}
