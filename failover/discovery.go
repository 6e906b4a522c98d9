package failover

import (
	"cmp"
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// confirmation is a question "who are you" under way to an address that a hint named.
type confirmation struct {
	effect uint64
	hinted quorum.ID
	at     monitor.Instant
	failed bool
}

const (
	// maxConfirming bounds how many addresses hints can make us ask at once.
	maxConfirming = 64
	// confirmAgain is how long an address that did not confirm is left alone.
	confirmAgain = 2 * time.Second
	// confirmNews is how long a known voter's news are not asked for again.
	confirmNews = 300 * time.Millisecond
)

// hinted takes a hint that a monitor is at an address and holds something. It
// is acted on only where it tells something new, and then only by asking.
func (g *Group) hinted(h monitor.Hello) {
	id := quorum.ID(h.ID)
	v := g.voter(id)
	if v != nil && v.Addr == h.Peer {
		v.LastHello = g.now
		if !g.helloIsNews(h) {
			return
		}
	}
	g.confirm(h.Peer, id)
}

// helloIsNews reports whether a known voter's hello tells of an epoch or a
// configuration that we do not have.
func (g *Group) helloIsNews(h monitor.Hello) bool {
	if h.CurrentEpoch > g.epochs.Current || h.ConfigEpoch > g.config.Epoch {
		return g.epochs.Plausible(h.CurrentEpoch) && g.epochs.Plausible(h.ConfigEpoch)
	}
	return h.ConfigEpoch == g.config.Epoch && !g.same(h.Master, g.config.Master)
}

// confirm asks whoever is at addr for its id and what it holds, not too often.
func (g *Group) confirm(addr monitor.Addr, hinted quorum.ID) {
	if c := g.confirming[addr]; c != nil {
		wait := confirmNews
		if c.failed {
			wait = confirmAgain
		}
		if g.now.Since(c.at) < wait {
			return
		}
	}
	if len(g.confirming) >= maxConfirming {
		g.forgetConfirmations()
		v := g.voter(hinted)
		if len(g.confirming) >= maxConfirming && (v == nil || v.Addr != addr) {
			return // strangers wait; a known voter's news do not
		}
	}
	id := g.effect + 1
	g.do(Confirm{quorum.Confirmation{Effect: id, Addr: addr, Hinted: hinted, Group: g.set.Name}})
	g.confirming[addr] = &confirmation{effect: id, hinted: hinted, at: g.now}
}

func (g *Group) forgetConfirmations() {
	for addr, c := range g.confirming {
		if g.now.Since(c.at) > confirmAgain {
			delete(g.confirming, addr)
		}
	}
}

// confirmed takes the answer to a confirmation and reports whether it was one.
func (g *Group) confirmed(a quorum.Answer) bool {
	c := g.confirming[a.Addr]
	if c == nil || c.effect != a.Effect {
		return false
	}
	switch {
	case a.Err != "" || !a.KnowsGroup || a.Peer == "":
		c.failed = true
	case a.Peer == g.self:
		g.metOurselves(a)
	case g.voter(a.Peer) == nil && !g.justDropped(a.Peer) && !g.ourGroup(a.Config):
		c.failed = true
		g.strangerMet(a)
	default:
		delete(g.confirming, a.Addr)
		g.welcome(a)
	}
	return true
}

// metOurselves tells our own echo from another monitor that has our id, with
// which no vote can be trusted.
func (g *Group) metOurselves(a quorum.Answer) {
	if a.Boot == g.boot || a.Boot == 0 || !g.impostor.IsZero() {
		return
	}
	g.shared.impostor = a.Addr
	g.warn(EventConfigWarning, g.masterSubject().String()+" the monitor at "+a.Addr.String()+
		" has our own id: neither voting nor leading; give one of the two a new \"sentinel myid\"", quorum.ReasonImpostor)
}

// welcome takes a monitor that confirmed who it is and that it watches the
// group, as a voter, and whatever it holds.
func (g *Group) welcome(a quorum.Answer) {
	v := g.voter(a.Peer)
	switch {
	case v == nil:
		if v = g.addVoter(a.Peer, a.Addr); v == nil {
			return
		}
		g.note("+sentinel", g.peerSubject(v).String(), "")
		g.newPeer(v, a)
	case v.Addr != a.Addr:
		v.Addr = a.Addr
		g.roster.Add(g.now, v.ID, a.Addr)
		g.note("+sentinel-address-switch", g.masterSubject().String()+" ip "+g.shown(a.Addr).Host+" port "+itoa(a.Addr.Port)+" for "+string(v.ID), "")
		g.newPeer(v, a)
	}
	v.LastHello = g.now
	p := g.roster.Get(v.ID)
	p.Kind, p.Boot = a.Kind, a.Boot
	p.Connected, p.LastReply, p.LastValid, p.Unanswered, p.Reply = true, a.At, a.At, monitor.Never, monitor.ReplyPong
	if !a.Gossip.IsZero() && (p.Gossip != a.Gossip || !p.GossipAlive) {
		p.Gossip = a.Gossip
		g.do(JoinGossip{Addr: a.Gossip})
	}
	g.said(v, a)
	g.configAnswered(v, a)
}

// newPeer makes a newly met or moved monitor known to the shells.
func (g *Group) newPeer(v *Voter, a quorum.Answer) {
	g.dirty = true
	g.do(Repeer{})
	if g.shared.groups < estate || a.Kind == quorum.KindSentinel {
		g.do(Announce{}) // so that it learns of us at once; a picket was told by whom it was asked, too
	}
	if a.Kind == quorum.KindSentinel {
		g.configWarning("monitor "+string(v.ID)+" at "+v.Addr.String()+" is a redis-sentinel: it takes a script-blocked master"+
			" for dead, and a majority of such monitors will fail it over", ReasonMixedQuorum)
	}
	if n := g.votersAll(); n > 1 && n%2 == 0 && g.now.Since(g.born) > time.Minute {
		g.configWarning("the number of monitors is even ("+itoa(n)+"): one more would tolerate one more failure", ReasonEvenVoters)
	}
	g.toldAt, g.opinion = monitor.Never, quorum.Opinion{}
}

// configHeard takes a configuration by gossip: only a voter's.
func (g *Group) configHeard(c quorum.Configuration) {
	v := g.voter(c.Author)
	if v == nil || !g.epochs.Plausible(c.Epoch) {
		return
	}
	if c.Ordered {
		g.orderHeard(c)
		return
	}
	g.consider(v, c)
}

// orderHeard remembers that a leader is about to promote an instance.
func (g *Group) orderHeard(c quorum.Configuration) {
	if c.Leader != c.Author || c.Epoch <= g.config.Epoch {
		return
	}
	if g.ordered == nil || c.Epoch > g.ordered.Epoch {
		g.ordered, g.orderedAt = &c, g.now
	}
}

// configAnswered takes the configuration that a peer gave over RESP.
func (g *Group) configAnswered(v *Voter, a quorum.Answer) {
	if a.Config.Master.IsZero() {
		return
	}
	c := a.Config
	c.Author, c.Group = v.ID, g.set.Name
	v.Config, v.ConfigAt = c, a.Sent
	g.consider(v, c)
}

// consider takes a voter's configuration if it replaces ours. An address that
// is no instance of the group must first answer as master on our lineage.
func (g *Group) consider(v *Voter, c quorum.Configuration) {
	if c.Epoch == 0 {
		return // nobody wins it: it is what a monitor starts with
	}
	if c.Epoch == g.config.Epoch && c.Epoch > 0 && !g.same(c.Master, g.config.Master) {
		g.renew = true // whichever of the two stands
	}
	if !c.Supersedes(g.config) || !g.epochs.Plausible(c.Epoch) || !monitor.ValidHost(c.Master.Host) {
		return
	}
	if i := g.instance(c.Master); i != nil && !i.prospect {
		c.Master = i.Addr
		g.switchTo(c, v)
		return
	}
	if p := g.prospect; p != nil && g.voter(p.Author) != nil && !c.Supersedes(*p) {
		return
	}
	g.look(c)
}

// look probes the address that a configuration names, before it is adopted.
func (g *Group) look(c quorum.Configuration) {
	g.prospect = &c
	g.dropProspects()
	if i := g.instance(c.Master); i == nil && len(g.instances) < maxInstances {
		i = newInstance(g.now, c.Master)
		i.prospect = true
		g.instances = append(g.instances, i)
		g.retarget = true
	}
}

// dropProspects stops probing addresses that no pending configuration names.
func (g *Group) dropProspects() {
	n := len(g.instances)
	g.instances = slices.DeleteFunc(g.instances, func(i *Instance) bool {
		return i.prospect && (g.prospect == nil || !g.same(g.prospect.Master, i.Addr))
	})
	g.retarget = g.retarget || len(g.instances) < n
}

// judgeProspect adopts a configuration whose address has now answered as a
// master that shares our history, or whose leader had our own vote, or that a
// majority of the voters hold: we may have missed, stalled or cut off, how its
// history grew out of the one we know.
func (g *Group) judgeProspect(i *Instance) {
	c := g.prospect
	if c == nil || !g.same(c.Master, i.Addr) || i.Info.Role != monitor.RoleMaster {
		return
	}
	if !g.lineage.Accepts(i.Info) && !g.votedFor(*c) && !g.majorityHolds(*c) {
		return
	}
	if g.voter(c.Author) == nil && g.masterSane() {
		return // a stranger's word, and ours came back
	}
	g.prospect = nil
	if !c.Supersedes(g.config) {
		return
	}
	i.prospect = false
	adopted := *c
	adopted.Master = i.Addr
	g.switchTo(adopted, g.voter(c.Author))
}

// votedFor reports whether the leader that we elected in c's epoch told us over
// RESP that it holds c. A redis-sentinel does not name the leader.
func (g *Group) votedFor(c quorum.Configuration) bool {
	leader := cmp.Or(c.Leader, c.Author)
	if g.ballot.Epoch != c.Epoch || g.ballot.Leader != leader {
		return false
	}
	v := g.voter(leader)
	return v != nil && v.Config.Epoch == c.Epoch && g.same(v.Config.Master, c.Master)
}

// majorityHolds reports whether a majority of the voters told us over RESP that
// they hold c.
func (g *Group) majorityHolds(c quorum.Configuration) bool {
	n := 0
	for _, v := range g.voters {
		if v.ConfigAt != monitor.Never && v.Config.Epoch == c.Epoch && g.same(v.Config.Master, c.Master) {
			n++
		}
	}
	return n >= quorum.Majority(g.votersAll())
}
