package failover

import (
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
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
	// helloPeriod is how often our hello is published (Sentinel's publish_period),
	// calmHello on replicas while their master's channel reaches everybody.
	helloPeriod = 2 * time.Second
	calmHello   = monitor.InfoPeriod
	// estate is from how many groups on a monitor watches an estate: masters are
	// pinged half as often then, which at 400 are a sixth of all it does.
	estate = 200
)

// pingEvery is how often an instance is pinged: a master often enough that
// down-after is kept to a tenth (in an estate to a fifth), others once a second,
// all of them every 50 ms while they are BUSY.
func (g *Group) pingEvery(i *Instance) time.Duration {
	switch {
	case i.Evidence.BusyLast != monitor.Never:
		return busyPing
	case i.Addr == g.config.Master || g.isDeposed(i):
		part := g.set.DownAfter / 10
		if g.shared.groups >= estate {
			part *= 2
		}
		return max(100*time.Millisecond, min(calmPeriod, part))
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
	return Target{Addr: i.Addr, PingEvery: g.pingEvery(i), InfoEvery: g.infoEvery(i), DialEvery: g.dialEvery(i),
		PublishEvery: g.publishEvery(i), Listen: g.listensOn(i)}
}

// publishEvery is how often our hello is published on an instance: seldom on
// replicas while the master's channel is enough. A redis-sentinel listens on all.
func (g *Group) publishEvery(i *Instance) time.Duration {
	if g.listensOn(i) || g.hasSentinel() {
		return helloPeriod
	}
	return calmHello
}

func (g *Group) hasSentinel() bool {
	return slices.ContainsFunc(g.voters, func(v *Voter) bool {
		p := g.roster.Get(v.ID)
		return p != nil && p.Kind == quorum.KindSentinel
	})
}

// listensOn reports whether hellos are heard on an instance: on the master
// always, on one that follows somebody else, whose monitors are heard there, and
// on the others, which the master's stream carries them to as well, only while
// that may not be enough. A monitor that publishes on the master is
// heard there; one that cannot reach it hears us on the others, as we publish on
// all, and asks us over RESP.
func (g *Group) listensOn(i *Instance) bool {
	astray := i.Info.Role == monitor.RoleReplica && !g.follows(i, g.config.Master)
	return i.Addr == g.config.Master || astray || !g.masterCarries()
}

// masterCarries reports whether the hellos on the master's channel are enough:
// it is up, and every voter that lives is heard there.
func (g *Group) masterCarries() bool {
	if g.master().Verdict.State != monitor.StateUp || !g.after(g.born, listenAll) {
		return false
	}
	for _, v := range g.voters {
		if v.DownSince == monitor.Never && (v.LastHello == monitor.Never || g.after(v.LastHello, unheard)) {
			return false
		}
	}
	return true
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
