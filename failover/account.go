package failover

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Account is what a group knows of itself at one moment, and what would follow:
// the one source of SENTINEL EXPLAIN, of the history and of the page. Times are
// ages, or for timers what is left; [Unheard] stands for never.
type Account struct {
	Group     string
	Master    InstanceAccount
	Blocked   time.Duration // how long a script has been seen to block the master; Unheard when none does
	Pending   time.Duration // for how long it has not answered; Unheard when nothing is open
	Threshold time.Duration // its busy-reply-threshold, negative when unknown
	Limits    Limits
	Replicas  []InstanceAccount

	Witnesses []Witness // who sees what, this monitor first
	Agreed    quorum.Verdict
	Voters    int // this monitor included
	Usable    int // of them, reachable now
	Needed    int // votes that elect a leader

	Configuration quorum.Configuration
	MasterSince   time.Duration // how long ago the configured master became so here
	CurrentEpoch  uint64
	VotedFor      quorum.ID
	VotedEpoch    uint64
	Attempt       *AttemptAccount // the failover that this monitor leads or tries to lead
	Held          monitor.Reason  // why a failover that is due does not start; "" when none is due
	Unsaved       string          // why state cannot be saved
	Impostor      monitor.Addr    // the other monitor with our id
	Deposed       *DeposedAccount

	Candidates []Candidate // best first; those that are refused last, each with its reason
	Timers     []Timer     // what runs, soonest first
	Outlook    Outlook
}

// Unheard is the age of something that never happened.
const Unheard time.Duration = -1

// Limits are the settings that verdicts on the master hang on.
type Limits struct {
	DownAfter time.Duration
	Silence   time.Duration
	Policy    BusyPolicy
	Quorum    int
}

// InstanceAccount is one instance as this monitor sees it.
type InstanceAccount struct {
	Addr      monitor.Addr
	Verdict   monitor.Verdict
	For       time.Duration // how long the verdict stands
	LastValid time.Duration // how long ago it gave a reply that Sentinel counts as valid
	LastReply time.Duration // a reply of any kind
	LastInfo  time.Duration
	Offset    int64 // bytes of the replication stream
	LinkUp    bool  // of a replica: its link to the master
	Down      bool  // sdown
}

// Witness is what one voter holds of the master.
type Witness struct {
	Monitor   quorum.ID
	Addr      monitor.Addr // zero for this monitor
	Kind      quorum.Kind
	Usable    bool
	LastReply time.Duration // how long ago it answered us
	Down      bool          // it holds the master to be sdown
	Busy      bool          // it holds fresh evidence of a script
	State     monitor.State
	Reason    monitor.Reason
}

// AttemptAccount is a failover under way.
type AttemptAccount struct {
	Phase   string // Sentinel's word
	Epoch   uint64
	For     time.Duration
	Forced  bool // asked for by an operator
	Votes   []quorum.ID
	Refused []quorum.ID  // they answered, and voted for somebody else or not at all
	Wish    monitor.Addr // whom the operator wants promoted, zero: the best
	Chosen  monitor.Addr // zero until one is
}

// DeposedAccount is a former master that has not come back as a replica.
type DeposedAccount struct {
	Addr    monitor.Addr
	Epoch   uint64        // of the switch that deposed it
	Awaited time.Duration // since the switch
	Back    time.Duration // how long ago it answered again
}

// Account tells everything that the group knows at now. It changes nothing.
func (g *Group) Account(now monitor.Instant) Account {
	c := *g // what the questions below note in it (when to look again) is not kept
	c.now = max(now, g.now)
	return c.account()
}

func (g *Group) account() Account {
	m := g.master()
	a := Account{
		Group: g.set.Name, Master: g.instanceAccount(m), Threshold: m.Threshold,
		Blocked: Unheard, Pending: g.age(m.Evidence.Unanswered),
		Limits: Limits{DownAfter: g.set.DownAfter, Silence: g.silence(m), Policy: g.set.Busy, Quorum: g.set.Quorum},
		Agreed: g.agreed, Voters: g.votersAll(), Usable: g.votersUsable(), Needed: g.needed(),
		Configuration: g.config, MasterSince: g.age(g.configSince), CurrentEpoch: g.epochs.Current,
		VotedFor: g.ballot.Leader, VotedEpoch: g.ballot.Epoch,
		Attempt: g.attemptAccount(), Held: g.held, Unsaved: g.shared.unsaved, Impostor: g.impostor,
		Candidates: g.candidates(g.odownSince), Timers: g.timers(), Outlook: g.outlook(),
	}
	if m.BlockedAt != monitor.Never {
		a.Blocked = g.age(m.Evidence.BusyFrom)
	}
	for _, i := range g.replicas() {
		a.Replicas = append(a.Replicas, g.instanceAccount(i))
	}
	a.Witnesses = g.witnesses()
	if d := g.deposed; d != nil {
		a.Deposed = &DeposedAccount{Addr: d.Addr, Epoch: d.Epoch, Awaited: g.age(d.awaited), Back: g.age(d.back)}
	}
	return a
}

// age is how long ago t was, Unheard when it never was.
func (g *Group) age(t monitor.Instant) time.Duration {
	if t == monitor.Never {
		return Unheard
	}
	return g.now.Since(t)
}

func (g *Group) instanceAccount(i *Instance) InstanceAccount {
	return InstanceAccount{
		Addr: i.Addr, Verdict: i.Verdict, For: g.age(i.Verdict.Since), LastValid: g.age(i.Evidence.LastValid),
		LastReply: g.age(i.Evidence.LastReply), LastInfo: g.age(i.InfoAt), Offset: i.Info.Offset(), LinkUp: i.Info.LinkUp, Down: i.Down(),
	}
}

func (g *Group) witnesses() []Witness {
	m := g.master()
	list := []Witness{{
		Monitor: g.self, Kind: quorum.KindPicket, Usable: true, Down: m.Down(), Busy: g.ownBusy(),
		State: m.Verdict.State, Reason: m.Verdict.Reason,
	}}
	for _, v := range g.voters {
		mind := g.mindOf(v)
		w := Witness{
			Monitor: v.ID, Addr: v.Addr, Usable: g.usable(v), LastReply: Unheard,
			Down: mind.Down, Busy: mind.Busy, State: mind.State, Reason: v.Opinion.Reason,
		}
		if p := g.roster.Get(v.ID); p != nil {
			w.Kind, w.LastReply = p.Kind, g.age(p.LastReply)
		}
		list = append(list, w)
	}
	return list
}

func (g *Group) attemptAccount() *AttemptAccount {
	a := g.attempt
	if a == nil || a.renewal {
		return nil
	}
	list := &AttemptAccount{Phase: a.word(), Epoch: a.epoch, For: g.age(a.started), Forced: a.forced, Wish: a.wish, Chosen: a.chosen}
	if a.ballots != nil {
		list.Votes, list.Refused = a.ballots.Sides()
	}
	return list
}
