package failover

import (
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

const (
	busyPing  = 50 * time.Millisecond
	eagerDial = 100 * time.Millisecond
	eagerFor  = time.Minute
	// eagerCrowd is how many instances are dialled at that pace; twice as many are
	// dialled half as often, and so on: hundreds that are lost at once would take the
	// processor from what is to replace them.
	eagerCrowd = 25
	calmPeriod = time.Second
	// listenAll is how long after its start a group listens on every instance; one of
	// an estate, where that is hundreds of links, begins with the master alone.
	listenAll = 10 * time.Second
	// unheardPeriods is after how many of its periods without a hello a voter is
	// listened for on every instance.
	unheardPeriods = 3
	// helloPeriod is how often our hello is published (Sentinel's publish_period),
	// calmHello on replicas while their master's channel reaches everybody, and in an
	// estate on masters while gossip does: hellos are a third of what a monitor of
	// hundreds of groups does.
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
// deposed one every 100 ms for a minute, and seldomer while there are many.
func (g *Group) dialEvery(i *Instance) time.Duration {
	since, awaited := g.awaitedSince(i)
	if !awaited || since != monitor.Never && g.after(since, eagerFor) {
		return calmPeriod
	}
	pace := eagerDial
	for n := g.shared.eager; n > eagerCrowd && pace < calmPeriod/2; n /= 2 {
		pace *= 2
	}
	return pace
}

// awaitedSince returns whether a lost instance is dialled eagerly, and since when it is
// lost, Never while it answers.
func (g *Group) awaitedSince(i *Instance) (since monitor.Instant, awaited bool) {
	switch {
	case g.isDeposed(i):
		return max(i.Evidence.Unanswered, g.deposed.awaited), true
	case i.Addr == g.config.Master:
		return i.Evidence.Unanswered, true
	}
	return monitor.Never, false
}

// countEager keeps the count of what all groups dial eagerly now.
func (g *Group) countEager() {
	n := 0
	for _, i := range g.instances {
		since, awaited := g.awaitedSince(i)
		if awaited && !i.Evidence.LinkUp && since != monitor.Never && !g.after(since, eagerFor) {
			n++
		}
	}
	g.shared.eager += n - g.eager
	g.eager = n
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
	switch {
	case g.hasSentinel():
		return helloPeriod
	case g.listensOn(i) && !(g.gossips() && g.masterCarries()):
		return helloPeriod
	}
	return calmHello
}

// gossips reports whether hellos are not what the voters learn from, in an estate: all
// of them are in the gossip pool and answer us. Whoever comes anew announces himself,
// and is asked at once; only monitors that start together may miss each other's first word.
func (g *Group) gossips() bool {
	if g.shared.groups < estate || len(g.voters) == 0 || !g.after(g.born, listenAll) {
		return false
	}
	return !slices.ContainsFunc(g.voters, func(v *Voter) bool { return !g.inGossip(v) || !g.usable(v) })
}

func (g *Group) inGossip(v *Voter) bool {
	p := g.roster.Get(v.ID)
	return p != nil && p.Kind == quorum.KindPicket && p.GossipAlive
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
	if g.master().Verdict.State != monitor.StateUp || g.shared.groups < estate && !g.after(g.born, listenAll) {
		return false
	}
	return !slices.ContainsFunc(g.voters, g.unheard)
}

// unheard reports whether a voter lives and its hellos do not come. One that is in the
// gossip pool may publish seldom. In an estate it is waited for at the start.
func (g *Group) unheard(v *Voter) bool {
	since, period := v.LastHello, helloPeriod
	if g.shared.groups >= estate {
		since = max(since, g.born)
		if g.inGossip(v) {
			period = calmHello
		}
	}
	return v.DownSince == monitor.Never && (since == monitor.Never || g.after(since, unheardPeriods*period))
}

// retargetIfPaced publishes the targets when any of them, or its pace, changed.
// The list that was published is never changed, only replaced.
func (g *Group) retargetIfPaced() {
	g.countEager()
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
