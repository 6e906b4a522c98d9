package daemon

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"picket/config"
	"picket/monitor"
)

// reloadWait bounds how long a reload waits for the loop.
const reloadWait = 10 * time.Second

// catchHangups has SIGHUP sent to a channel from now on. One that comes while files are
// read has them read once more; further ones add nothing.
func catchHangups() chan os.Signal {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups
}

// reloadOnHangup reads files again on SIGHUP: those of TLS and, with state-dir, the
// configuration file. It returns when the daemon ends.
func (d *Daemon) reloadOnHangup(hangups chan os.Signal) {
	defer signal.Stop(hangups)
	for {
		select {
		case <-hangups:
			d.reload()
		case <-d.done.Done():
			return
		}
	}
}

// reload takes up what has changed. A file that is wrong is refused as a whole, with the
// reason in the log and in the status, and what was read before stays in use.
func (d *Daemon) reload() {
	d.news.to.Reloading()
	if d.tls != nil {
		d.tls.Reload()
	}
	var why *string
	switch err := d.rereadConfig(); {
	case errors.Is(err, config.ErrOwnFile):
		d.log.Info("configuration file is not read again", zap.Error(err))
	case err != nil:
		for _, line := range strings.Split(err.Error(), "\n") { // one for each line that is wrong
			d.log.Error("configuration is not taken up, what was read before stays in use", zap.String("reason", line))
		}
		why = new(firstLine(err))
	}
	d.news.refused.Store(why)
	d.news.to.Ready(d.summary())
}

func firstLine(err error) string {
	line, rest, _ := strings.Cut(err.Error(), "\n")
	if rest != "" {
		line += " (the log has more)"
	}
	return line
}

// rereadConfig reads the configuration file and has the loop take it up.
func (d *Daemon) rereadConfig() error {
	v, err := d.cfg.Reread()
	if err != nil {
		return err
	}
	for _, w := range v.Warnings {
		d.log.Warn("configuration", zap.String("warning", w))
	}
	d.resolver.first(v.Added)
	ctx, cancel := context.WithTimeout(d.done, reloadWait)
	defer cancel()
	if !d.takenUp(ctx, v) {
		return errors.New("the monitor was too busy to take the configuration up; send SIGHUP again")
	}
	d.cfg.Take(v)
	return nil
}

// takenUp has the loop take v up and reports whether it did. A revision that the loop has
// not begun with when ctx ends is withdrawn: taken up later, it would be unknown to the
// next reload. One that it has begun with is waited for.
func (d *Daemon) takenUp(ctx context.Context, v *config.Revision) bool {
	var claimed atomic.Bool
	taken := make(chan struct{})
	_ = backend{d}.onLoop(ctx, func(now monitor.Instant) error { // claimed says what became of it
		if claimed.CompareAndSwap(false, true) {
			d.loop.takeUp(now, v)
			close(taken)
		}
		return nil
	})
	if claimed.CompareAndSwap(false, true) {
		return false
	}
	select {
	case <-taken:
		return true
	case <-d.done.Done():
		return false
	}
}

// takeUp makes running what the configuration file says by now, as SENTINEL CONFIG SET,
// SENTINEL SET and SENTINEL MONITOR would.
func (l *loop) takeUp(now monitor.Instant, v *config.Revision) {
	globals := *l.d.globals()
	if names := v.Globals(&globals); len(names) > 0 {
		l.d.applyGlobals(&globals)
		l.renameInstances(now)
		l.d.log.Info("settings taken up", zap.Strings("directives", names))
	}
	for _, g := range l.mon.Groups() {
		w := l.groups[g.Settings().Name]
		if changes := v.Group(&w.conf); len(changes) > 0 {
			l.changed(w, now, changes)
		}
	}
	l.refuseLive(v)
	l.add(v.Added)
	l.nameUnwatched(v.Listed)
	l.save.revised, l.save.wanted = v, true
	l.d.log.Info("configuration read again", zap.Int("groups", len(l.groups)))
}

// add watches the groups that are not watched yet. As with SENTINEL MONITOR, a new one
// has voted in every epoch so far: the file may have lost what it voted.
func (l *loop) add(groups []config.Group) {
	for _, g := range groups {
		if l.groups[g.Settings.Name] == nil {
			g.Saved.LeaderEpoch = max(g.Saved.LeaderEpoch, l.mon.CurrentEpoch())
			l.watch(g)
		}
	}
}

// nameUnwatched tells of the monitor lines that are not followed.
func (l *loop) nameUnwatched(listed []string) {
	for _, name := range listed {
		if l.groups[name] == nil {
			l.d.log.Warn("the monitor line is not followed, SENTINEL REMOVE took the group away: delete the line, or watch the master with SENTINEL MONITOR",
				zap.String("group", name))
		}
	}
}

// refuseLive tells of what a running monitor does not take up. To stop watching a master,
// or to watch another in its place, takes away what its peers count on: an operator says
// so by name, not with a line that may have been lost in an edit.
func (l *loop) refuseLive(v *config.Revision) {
	for _, name := range v.Gone {
		if l.groups[name] != nil {
			l.d.log.Warn("the monitor line is gone from the configuration: the group is watched until SENTINEL REMOVE or the next start", zap.String("group", name))
		}
	}
	for _, name := range v.Moved {
		if w := l.groups[name]; w != nil && v.Master(name) != w.group.Master() {
			l.d.log.Warn("the monitor line names another master: the group keeps the one that it has; SENTINEL REMOVE and SENTINEL MONITOR change it",
				zap.String("group", name), zap.Stringer("master", w.group.Master()))
		}
	}
	if len(v.Later) > 0 {
		l.d.log.Warn("directives have changed that take effect at the next start", zap.Strings("directives", v.Later))
	}
}
