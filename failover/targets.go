package failover

import (
	"time"

	"picket/monitor"
)

const (
	busyPing   = 50 * time.Millisecond
	eagerDial  = 100 * time.Millisecond
	eagerFor   = time.Minute
	calmPeriod = time.Second
	// listenAll is how long after its start a group listens on every instance.
	listenAll = 10 * time.Second
	// unheard is after how long without its hello a voter is listened for on
	// every instance: three periods.
	unheard = 6 * time.Second
)

// pingEvery is how often an instance is pinged: a master often enough that
// down-after is kept to a tenth, others once a second, all of them every 50 ms
// while they are BUSY.
func (g *Group) pingEvery(i *Instance) time.Duration {
	switch {
	case i.Evidence.BusyLast != monitor.Never:
		return busyPing
	case i.Addr == g.config.Master || g.isDeposed(i):
		return max(100*time.Millisecond, min(calmPeriod, g.set.DownAfter/10))
	}
	return min(calmPeriod, max(100*time.Millisecond, g.set.DownAfter/2))
}

// dialEvery is how often a lost instance is dialled: a master and an awaited
// deposed one every 100 ms for a minute.
func (g *Group) dialEvery(i *Instance) time.Duration {
	if i.Addr != g.config.Master && !g.isDeposed(i) {
		return calmPeriod
	}
	since := i.Evidence.Unanswered
	if g.isDeposed(i) {
		since = max(since, g.deposed.awaited)
	}
	if since != monitor.Never && g.after(since, eagerFor) {
		return calmPeriod
	}
	return eagerDial
}

// infoEvery is how often INFO is asked: every 10 s, closer while something moves
// (Sentinel: every second while the master is odown, a failover runs, or a
// replica's link is down).
func (g *Group) infoEvery(i *Instance) time.Duration {
	switch {
	case g.attempt != nil && g.attempt.phase >= phaseSelect:
		return 200 * time.Millisecond
	case i.Verdict.State == monitor.StateDegraded:
		return calmPeriod // MISCONF on PING hides BUSY; INFO shows it
	case g.odownSince != monitor.Never || g.attempt != nil || i.prospect || i.InfoAt == monitor.Never:
		return calmPeriod
	case g.isDeposed(i) && g.deposed.back != monitor.Never:
		return 200 * time.Millisecond
	case i.Addr != g.config.Master && (i.Info.Role == monitor.RoleMaster || !g.linkedToMaster(i)):
		return calmPeriod
	case i.Addr == g.config.Master && i.Info.Role == monitor.RoleReplica:
		return calmPeriod
	}
	return monitor.InfoPeriod
}

func (g *Group) target(i *Instance) Target {
	return Target{Addr: i.Addr, PingEvery: g.pingEvery(i), InfoEvery: g.infoEvery(i), DialEvery: g.dialEvery(i), Listen: g.listensOn(i)}
}

// listensOn reports whether hellos are heard on an instance: on the master
// always, on one that follows somebody else, whose monitors are heard there, and
// on the others, which the master's stream carries them to as well, only while
// that may not be enough. A monitor that publishes on the master is
// heard there; one that cannot reach it hears us on the others, as we publish on
// all, and asks us over RESP.
func (g *Group) listensOn(i *Instance) bool {
	if i.Addr == g.config.Master || g.master().Verdict.State != monitor.StateUp || !g.after(g.born, listenAll) {
		return true
	}
	if i.Info.Role == monitor.RoleReplica && !g.follows(i, g.config.Master) {
		return true
	}
	for _, v := range g.voters {
		if v.DownSince == monitor.Never && (v.LastHello == monitor.Never || g.after(v.LastHello, unheard)) {
			return true
		}
	}
	return false
}

// retargetIfPaced publishes the targets when any of them, or its pace, changed.
// The list that was published is never changed, only replaced.
func (g *Group) retargetIfPaced() {
	same := len(g.instances) == len(g.targeted)
	for n, i := range g.instances {
		same = g.target(i) == g.targetedAt(n) && same // each is looked at: it may ask to be woken
	}
	if same {
		return
	}
	g.targeted, g.retarget = make([]Target, 0, len(g.instances)), true
	for _, i := range g.instances {
		g.targeted = append(g.targeted, g.target(i))
	}
}

func (g *Group) targetedAt(n int) Target {
	if n < len(g.targeted) {
		return g.targeted[n]
	}
	return Target{}
}
