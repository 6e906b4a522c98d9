package daemon

import (
	"strings"

	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// renameInstances makes events name instances as announce-hostnames says by now: by their
// host names, or by their addresses.
func (l *loop) renameInstances(now monitor.Instant) {
	hostnames := l.d.globals().AnnounceHostnames
	for _, w := range l.groups {
		if w.conf.Settings.AnnounceHostnames != hostnames {
			w.conf.Settings.AnnounceHostnames = hostnames
			l.apply(w, w.group.Step(now, failover.SettingsChanged{Settings: w.conf.Settings}))
		}
	}
}

// changed makes new settings of a group take effect.
func (l *loop) changed(w *watched, now monitor.Instant, changes []config.Change) {
	before := (*l.d.links.groups.Load())[w.slot.name]
	l.d.links.setGroups(w.conf)
	master := monitor.Subject{Kind: "master", Name: w.slot.name, Addr: w.group.Master()}.String()
	for _, c := range changes {
		l.tell([]monitor.Event{{
			Name: "+set", Level: monitor.LevelWarning, Group: w.slot.name,
			Payload: master + " " + c.Option + " " + strings.Join(c.Shown, " "),
		}})
	}
	l.apply(w, w.group.Step(now, failover.SettingsChanged{Settings: w.conf.Settings}))
	if before.user != w.conf.AuthUser || before.pass != w.conf.AuthPass {
		l.d.prober.Reconnect(w.slot.name)
	}
	l.publishView(w)
}
