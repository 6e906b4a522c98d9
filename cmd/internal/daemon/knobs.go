package daemon

import (
	"cmp"
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/respapi"
	"picket/cmd/internal/scripts"
	"picket/cmd/internal/zlog"
	"picket/config"
	"picket/monitor"
	"picket/monitor/probe"
	"picket/quorum/gossip"
)

// knobs are settings of the whole process that clients change while it runs:
// SENTINEL CONFIG, DEBUG and SIMULATE-FAILURE. They are read from any goroutine.
type knobs struct {
	globals atomic.Pointer[config.Globals] // replaced by the loop only
	periods []atomic.Int64                 // milliseconds, by respapi.Period
	failing atomic.Uint32                  // respapi.Failures
	exit    func(code int)                 // os.Exit, but for tests
}

func newKnobs(g config.Globals) *knobs {
	k := &knobs{periods: make([]atomic.Int64, len(respapi.Periods())), exit: os.Exit}
	k.globals.Store(&g)
	for _, p := range respapi.Periods() {
		k.periods[p].Store(p.Default())
	}
	return k
}

// Period returns one time of SENTINEL DEBUG, in milliseconds. Of these act in
// Picket: DEFAULT-DOWN-AFTER and DEFAULT-FAILOVER-TIMEOUT, on groups that are
// monitored from then on, INFO-PERIOD and PING-PERIOD where they are shorter than
// Picket's own, and those of scripts. The others are kept and shown, without effect: what they
// time is done otherwise here, or at once.
func (b backend) Period(p respapi.Period) int64 { return b.d.knobs.periods[p].Load() }

// SetPeriod takes a time in milliseconds; those of the probes act at once.
func (b backend) SetPeriod(p respapi.Period, ms int64) {
	b.d.knobs.periods[p].Store(ms)
	switch p {
	case respapi.PeriodInfo, respapi.PeriodPing:
		b.d.loop.put(job{run: func(monitor.Instant) { b.d.loop.repace() }})
	case respapi.PeriodScriptRuntime:
		b.SetScriptLimits(func(l *scripts.Limits) { l.MaxRuntime = b.d.knobs.period(p) })
	case respapi.PeriodScriptRetry:
		b.SetScriptLimits(func(l *scripts.Limits) { l.RetryDelay = b.d.knobs.period(p) })
	}
}

// longestPeriod keeps what a client sets within time.Duration.
const longestPeriod = 365 * 24 * time.Hour

func (k *knobs) period(p respapi.Period) time.Duration {
	return time.Duration(min(k.periods[p].Load(), longestPeriod.Milliseconds())) * time.Millisecond
}

// shorter returns own, or the period if it was set to less than Sentinel's own
// value and is less than own: slower than the core asks would blind it.
func (k *knobs) shorter(p respapi.Period, own time.Duration) time.Duration {
	if k.periods[p].Load() >= p.Default() {
		return own
	}
	return max(leastPeriod, min(own, k.period(p)))
}

// leastPeriod is how often instances are asked at most.
const leastPeriod = 10 * time.Millisecond

// defaults gives a group that is monitored from now on the times of SENTINEL DEBUG.
func (k *knobs) defaults(g *config.Group) {
	g.Settings.DownAfter = k.period(respapi.PeriodDownAfter)
	g.Settings.FailoverTimeout = k.period(respapi.PeriodFailoverTimeout)
}

// repace gives the probes of every group their targets again.
func (l *loop) repace() {
	for _, w := range l.groups {
		l.d.prober.Reconcile(w.slot.name, l.paced(w.targets))
	}
}

// paced shortens the periods of targets as SENTINEL DEBUG asks.
func (l *loop) paced(targets []probe.Target) []probe.Target {
	list := make([]probe.Target, len(targets))
	for i, t := range targets {
		t.PingEvery = l.d.knobs.shorter(respapi.PeriodPing, t.PingEvery)
		t.InfoEvery = l.d.knobs.shorter(respapi.PeriodInfo, t.InfoEvery)
		list[i] = t
	}
	return list
}

// Simulated returns what SENTINEL SIMULATE-FAILURE asked for.
func (b backend) Simulated() respapi.Failures { return respapi.Failures(b.d.knobs.failing.Load()) }

// Simulate takes what SENTINEL SIMULATE-FAILURE asks for, until it asks anew.
func (b backend) Simulate(f respapi.Failures) { b.d.knobs.failing.Store(uint32(f)) }

// crashCode is Sentinel's exit code for a simulated failure.
const crashCode = 99

var crashAt = map[string]respapi.Failures{
	"+elected-leader": respapi.CrashAfterElection, "+promoted-slave": respapi.CrashAfterPromotion,
}

// crash ends the process at once, as SENTINEL SIMULATE-FAILURE asked, when the
// event is where it must: before any effect that follows it.
func (l *loop) crash(e monitor.Event) {
	if respapi.Failures(l.d.knobs.failing.Load())&crashAt[e.Name] == 0 {
		return
	}
	l.d.log.Warn("process ends because of SENTINEL SIMULATE-FAILURE", zap.String("event", e.Name))
	_ = l.d.log.Sync() // there is nobody left to tell
	l.d.knobs.exit(crashCode)
}

// Globals returns what SENTINEL CONFIG GET tells.
func (b backend) Globals() []respapi.Setting {
	var list []respapi.Setting
	for _, v := range b.d.globals().Values() {
		list = append(list, respapi.Setting{Name: v.Name, Value: v.Value})
	}
	return list
}

// SetGlobals changes settings of the whole monitor, all or none, and saves them.
func (b backend) SetGlobals(ctx context.Context, words []string) error {
	return b.saved(ctx, func(now monitor.Instant) error {
		next := *b.d.globals()
		if err := next.Set(words); err != nil {
			var refusal config.Refusal
			if errors.As(err, &refusal) {
				return respapi.Refusal(refusal)
			}
			return err
		}
		b.d.applyGlobals(&next)
		b.d.loop.renameInstances(now)
		return nil
	})
}

// rekeyGossip makes the gossip's key of another password, as the next start will. It
// takes a while, and so is not done by the loop.
func (d *Daemon) rekeyGossip() {
	d.rekeying.Lock() // whoever comes last reads the password of now
	defer d.rekeying.Unlock()
	err := gossip.ErrInClear
	if password := cmp.Or(d.globals().SentinelPass, d.cfg.RequirePass); password != "" {
		err = d.pool.Rekey(gossip.DeriveKey(password))
	}
	if err != nil {
		d.log.Warn("gossip keeps its key until the next start", zap.Error(err))
	}
}

// globals are the settings of now.
func (d *Daemon) globals() *config.Globals { return d.knobs.globals.Load() }

// applyGlobals makes new settings of the whole monitor take effect. With new
// credentials the links to other monitors are made anew, as in Sentinel.
func (d *Daemon) applyGlobals(next *config.Globals) {
	old := d.knobs.globals.Swap(next)
	if old.SentinelUser != next.SentinelUser || old.SentinelPass != next.SentinelPass {
		d.asker.Renew()
	}
	if len(d.cfg.GossipKey) == 0 && old.SentinelPass != next.SentinelPass {
		go d.rekeyGossip()
	}
	d.level.SetLevel(zlog.Level(next.LogLevel))
	select {
	case d.board.newNames <- struct{}{}: // hostnames may be shown otherwise from now on
	default:
	}
}
