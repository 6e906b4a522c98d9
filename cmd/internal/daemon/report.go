package daemon

import (
	"sync/atomic"
	"time"

	"picket/cmd/internal/supervise"
)

const (
	// newsEvery is how often the supervisor is told at most what is watched, and how often
	// its watchdog is fed at least.
	newsEvery = time.Second
	// feeds is how often the watchdog is fed in the time that it waits.
	feeds = 4
	// tellWait bounds how long a supervisor that does not listen can hold up the end.
	tellWait = 100 * time.Millisecond
)

// news is what the supervisor is told.
type news struct {
	to      *supervise.Supervisor
	refused atomic.Pointer[string] // why the last reload was refused, nil when it was not
}

// report tells the supervisor that clients are served, then what is watched, until the
// daemon ends. It feeds the watchdog for the loop, each time that the loop has run since
// it last did: a loop that is stuck gets this process restarted, while a slow disk, a
// client or a supervisor that hangs holds up this goroutine at most.
func (d *Daemon) report() {
	hangups := catchHangups() // whoever is told READY=1 may send one
	if d.news.to == nil {
		d.reloadOnHangup(hangups)
		return
	}
	said, beats := d.summary(), d.loop.beats.Load()
	d.news.to.Ready(said)
	go d.reloadOnHangup(hangups) // not before: its READY=1 would be taken for this one
	period := newsEvery
	if w := d.news.to.Watchdog(); w > 0 {
		period = min(period, w/feeds)
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for told := time.Now(); ; {
		select {
		case <-d.done.Done():
			d.news.to.Stopping()
			return
		case <-tick.C:
		}
		if n := d.loop.beats.Load(); n != beats {
			beats = n
			d.news.to.Alive()
		}
		if now := d.summary(); now != said && time.Since(told) >= newsEvery {
			said, told = now, time.Now()
			d.news.to.Status(said)
		}
	}
}

// summary is what the supervisor shows.
func (d *Daemon) summary() string {
	text := summarize(backend{d}.Views())
	if why := d.news.refused.Load(); why != nil {
		text += "; reload refused: " + *why
	}
	return text
}
