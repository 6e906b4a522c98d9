package daemon

import (
	"os"
	"strconv"

	"picket/cmd/internal/scripts"
	"picket/failover"
	"picket/monitor"
)

// newScripts starts the runner of scripts. What it tells is published by the loop, as
// every event is.
func (d *Daemon) newScripts() *scripts.Runner {
	if os.Getpid() == 1 {
		go scripts.AdoptOrphans(d.done.Done())
	}
	return scripts.New(scripts.Config{Starter: scripts.Exec{}, Clock: d.clock, Tell: func(e monitor.Event) {
		d.loop.put(job{run: func(monitor.Instant) { d.loop.tell([]monitor.Event{e}) }})
	}})
}

// notify runs the notification script of an event's group, for events of level warning,
// as sentinelEvent does.
func (l *loop) notify(e monitor.Event) {
	w := l.groups[e.Group]
	if w == nil || e.Level != monitor.LevelWarning {
		return
	}
	if path := w.conf.Settings.NotificationScript; path != "" {
		l.d.scripts.Schedule(path, e.Name, e.Payload)
	}
}

// reconfigure runs the client reconfiguration script for a switch, with the arguments of
// sentinelCallClientReconfScript; the state in them is always "start".
func (l *loop) reconfigure(w *watched, a failover.RunScript) {
	path := w.conf.Settings.ClientReconfigScript
	if path == "" {
		return
	}
	from, to := l.d.shown(a.From), l.d.shown(a.To)
	l.d.scripts.Schedule(path, w.slot.name, a.Role, "start",
		from.Host, strconv.Itoa(from.Port), to.Host, strconv.Itoa(to.Port))
}

// PendingScripts lists the scripts that run or wait.
func (b backend) PendingScripts() []scripts.Pending { return b.d.scripts.Pending() }

// ScriptLimits returns what SENTINEL DEBUG tells of scripts.
func (b backend) ScriptLimits() scripts.Limits { return b.d.scripts.Limits() }

// SetScriptLimits changes what SENTINEL DEBUG may change of scripts.
func (b backend) SetScriptLimits(change func(*scripts.Limits)) { b.d.scripts.SetLimits(change) }
