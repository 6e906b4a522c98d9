package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Group is one master with its replicas, watched under one name, and the brain
// that keeps it served.
type Group struct {
	*shared
	set    Settings
	config quorum.Configuration // the master that we hold, and by which epoch

	instances []*Instance // in the order in which they became known
	voters    []*Voter    // likewise; other monitors only
	names     map[string]string
	lineage   Lineage
	ballot    quorum.Ballot
	deposed   *deposition
	older     []*deposition         // of earlier switches, not back yet
	prospect  *quorum.Configuration // a newer configuration whose address is not proven yet
	ordered   *quorum.Configuration // a promotion that its leader said it would order
	orderedAt monitor.Instant

	odownSince monitor.Instant
	agreed     quorum.Verdict
	attempt    *attempt
	retryAt    monitor.Instant
	backoff    time.Duration
	held       monitor.Reason // why a failover that is due does not start
	heldTold   monitor.Reason
	renew      bool // the configuration needs an epoch of its own

	opinion     quorum.Opinion
	toldAt      monitor.Instant
	askedAt     monitor.Instant
	confirming  map[monitor.Addr]*confirmation
	theirs      []sighting  // masters of other groups of this name
	dropped     []quorum.ID // voters before the last RESET
	resetAt     monitor.Instant
	kill        killing
	fencing     map[uint64]monitor.Addr // fences under way, by effect
	configSince monitor.Instant         // when the configured master became so here
	repairAsked monitor.Instant         // when the voters were last asked whether a repair is right
	targeted    []Target
	eager       int // how many of the instances are dialled eagerly
	warned      map[string]bool
	majorityBad bool
	born        monitor.Instant

	now      monitor.Instant
	out      Output
	wake     monitor.Instant
	retarget bool
	dirty    bool
	promised uint64 // the promise made in this step, 0 when none
}

// newGroup builds a group from what was saved of it.
func newGroup(now monitor.Instant, s *shared, set Settings, saved Saved) *Group {
	g := &Group{
		shared: s, set: set, now: now, born: now,
		config: quorum.Configuration{
			Author: s.self, Group: set.Name, Epoch: saved.ConfigEpoch, Leader: saved.ConfigLeader, Master: saved.Master,
		},
		names: map[string]string{}, confirming: map[monitor.Addr]*confirmation{}, warned: map[string]bool{},
		fencing: map[uint64]monitor.Addr{}, configSince: now,
		lineage: Lineage(saved.Lineage),
	}
	g.ballot.Cast(saved.Leader, saved.LeaderEpoch, monitor.Never)
	if saved.LeaderEpoch != 0 && saved.Leader != s.self {
		g.ballot.Renew(now.Add(quorum.LeaseLength))
	}
	g.instances = append(g.instances, newInstance(now, saved.Master))
	for _, addr := range saved.Replicas {
		g.member(addr)
	}
	for _, p := range saved.Peers {
		g.addVoter(p.ID, p.Addr)
	}
	if d := saved.Deposed; d != nil {
		g.deposed = &deposition{Deposed: *d, awaited: now}
		g.member(d.Addr)
	}
	s.epochs.Observe(max(saved.ConfigEpoch, saved.LeaderEpoch, saved.CurrentEpoch))
	return g
}

// start is the first step: what to probe, whom to ask.
func (g *Group) start(now monitor.Instant) Output {
	g.begin(now)
	g.retarget = true
	g.warn("+monitor", g.masterSubject().String()+" quorum "+itoa(g.set.Quorum), "")
	if len(g.voters) > 0 {
		g.do(Repeer{})
	}
	g.policyWarnings()
	g.advance()
	return g.finish()
}

// Step takes one input at now and returns what follows from it. It never
// blocks and never fails; an input that is out of date changes nothing.
func (g *Group) Step(now monitor.Instant, in Input) Output {
	g.begin(now)
	g.take(in)
	g.advance()
	return g.finish()
}

func (g *Group) begin(now monitor.Instant) {
	g.now = max(now, g.now)
	g.out, g.wake = Output{}, monitor.Never
	g.retarget, g.dirty, g.promised = false, false, 0
}

func (g *Group) take(in Input) {
	switch in := in.(type) {
	case Observed:
		g.observed(in.Report)
	case Informed:
		g.informed(in.InfoReport)
	case Hinted:
		g.hinted(in.Hello)
	case Answered:
		g.answered(in.Answer)
	case OpinionHeard:
		g.opinionHeard(in.Opinion)
	case ConfigHeard:
		g.configHeard(in.Configuration)
	case Released:
		g.released(in.Release)
	case VoteAsked:
		g.voteAsked(in)
	case Done:
		g.done(in)
	default:
		g.takeOrder(in)
	}
}

// takeOrder handles what the operator and the daemon ask for.
func (g *Group) takeOrder(in Input) {
	switch in := in.(type) {
	case FailoverAsked:
		g.failoverAsked(in)
	case SettingsChanged:
		g.settingsChanged(in.Settings)
	case Reset:
		g.reset()
	case Forget:
		g.do(AnswerForget{Refusal: g.forget(in.Addr)})
	case Resolved:
		g.resolved(in)
	case Persisted:
		if a := g.attempt; a != nil && a.promise != 0 && !a.durable && a.promise <= in.Promise {
			// The requests leave now: what is counted from their sending starts here.
			a.durable, a.until, a.lease = true, g.now.Add(voteWait), g.now.Add(quorum.LeaderLease)
		}
	}
}

// advance looks at everything that is held and does what is due.
func (g *Group) advance() {
	g.judgeAll()
	g.lookAtVoters()
	g.agree()
	g.tell()
	g.askAll()
	g.advanceRenewal()
	g.advanceAttempt()
	g.busyPolicy()
	g.repairAll()
	g.retargetIfPaced()
}

func (g *Group) finish() Output {
	out := g.out
	out.Wake = g.wake
	out.Dirty = g.dirty
	if g.promised != 0 {
		saved := g.Saved()
		saved.Promise = g.promised
		out.Persist = &saved
	}
	if g.retarget {
		out.Retarget, out.Targets = true, g.targeted
	}
	g.out = Output{}
	return out
}

// do asks for an effect and returns its id.
func (g *Group) do(a Action) uint64 {
	g.effect++
	g.out.Effects = append(g.out.Effects, Effect{ID: g.effect, Group: g.set.Name, Action: a})
	return g.effect
}

// promise asks that the state be durable before this step's effects start, and
// returns the promise's number.
func (g *Group) promise() uint64 {
	if g.promised == 0 {
		g.effect++
		g.promised = g.effect
	}
	return g.promised
}

// lookAgain asks to be stepped at that instant, if it lies ahead.
func (g *Group) lookAgain(at monitor.Instant) {
	if at > g.now {
		g.wake = monitor.Earliest(g.wake, at)
	}
}

// after reports whether d has passed since t; if not, it asks to be woken then.
func (g *Group) after(t monitor.Instant, d time.Duration) bool {
	at := t.Add(d)
	if g.now >= at {
		return true
	}
	g.lookAgain(at)
	return false
}

// Saved returns what must survive a restart.
func (g *Group) Saved() Saved {
	s := Saved{
		Name: g.set.Name, Master: g.config.Master, ConfigEpoch: g.config.Epoch, ConfigLeader: g.config.Leader,
		LeaderEpoch: g.ballot.Epoch, Leader: g.ballot.Leader, CurrentEpoch: g.epochs.Current,
		Lineage: append([]Branch(nil), g.lineage...),
	}
	s.Replicas = make([]monitor.Addr, 0, len(g.instances))
	for _, i := range g.instances {
		if g.isReplica(i) {
			s.Replicas = append(s.Replicas, i.Addr)
		}
	}
	s.Peers = make([]SavedPeer, 0, len(g.voters))
	for _, v := range g.voters {
		s.Peers = append(s.Peers, SavedPeer{ID: v.ID, Addr: v.Addr})
	}
	if g.deposed != nil {
		d := g.deposed.Deposed
		s.Deposed = &d
	}
	return s
}

// Settings returns what the operator chose.
func (g *Group) Settings() Settings { return g.set }

// Master returns the address to give to clients.
func (g *Group) Master() monitor.Addr { return g.config.Master }

// Configuration returns the configuration that this monitor holds.
func (g *Group) Configuration() quorum.Configuration { return g.config }

// Opinion returns what this monitor last told its peers, aged to now.
func (g *Group) Opinion(now monitor.Instant) quorum.Opinion {
	o := g.opinion
	o.Age += now.Since(g.toldAt)
	return o
}

func (g *Group) delay(d time.Duration) {
	g.ballot.Delay(d)
	for _, i := range g.instances {
		i.Evidence.Delay(d + g.pingEvery(i))
		i.Evidence.Blind = g.now.Add(d)
	}
}

// settingsChanged takes new settings. Running deadlines follow them.
func (g *Group) settingsChanged(set Settings) {
	g.set = set
	g.retarget, g.dirty = true, true
	g.policyWarnings()
	g.silenceWarnings()
}

// reset forgets replicas, peers and any failover, as SENTINEL RESET does; the
// vote and the lineage stay, so that nothing can be voted twice.
func (g *Group) reset() {
	g.warn("+reset-master", g.masterSubject().String(), ReasonReset)
	g.abandon("", ReasonReset)
	if g.deposed != nil {
		g.letGo(g.deposed)
	}
	master := g.master()
	fresh := newInstance(g.now, master.Addr)
	fresh.Evidence, fresh.Info, fresh.Threshold = master.Evidence, master.Info, master.Threshold
	fresh.InfoAt, fresh.InfoSent, fresh.RunID, fresh.RoleSince = master.InfoAt, master.InfoSent, master.RunID, master.RoleSince
	g.instances = []*Instance{fresh}
	g.dropped, g.resetAt = nil, g.now
	for _, v := range g.voters {
		g.dropped = append(g.dropped, v.ID)
	}
	g.voters, g.deposed, g.older, g.prospect, g.ordered = nil, nil, nil, nil, nil
	g.odownSince, g.retarget, g.dirty = monitor.Never, true, true
	clear(g.confirming)
	g.do(Repeer{})
	g.do(Refresh{Addr: master.Addr}) // its replicas are known again at once
}
