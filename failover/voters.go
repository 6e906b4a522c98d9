package failover

import (
	"cmp"
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Voter is another monitor that counts for the majorities of a group.
type Voter struct {
	ID        quorum.ID
	Addr      monitor.Addr
	DownSince monitor.Instant
	LastHello monitor.Instant

	Opinion   quorum.Opinion
	OpinionAt monitor.Instant // when it came; its own Age counts on top

	SaidDown   bool // its last answer to IS-MASTER-DOWN-BY-ADDR
	SaidAt     monitor.Instant
	VotedFor   quorum.ID
	VotedEpoch uint64

	Config   quorum.Configuration // what it last answered over RESP
	ConfigAt monitor.Instant      // when that was asked
}

// saidExpires is how long an answer or opinion stands without being renewed
// (Sentinel: five ask periods).
const saidExpires = 5 * time.Second

// askPeriod is how often peers are asked about a master that is sdown.
const askPeriod = time.Second

// freshBusy is how long a sight of BUSY explains silence.
const freshBusy = 3 * time.Second

// majorityGrace is how long after the start other monitors may still be unknown.
const majorityGrace = 10 * time.Second

// maxVoters bounds how many monitors a group takes.
const maxVoters = 128

func (g *Group) voter(id quorum.ID) *Voter {
	for _, v := range g.voters {
		if v.ID == id {
			return v
		}
	}
	return nil
}

// addVoter takes a monitor as voter. One with another id at the same address is
// replaced: that address has answered with the new id.
func (g *Group) addVoter(id quorum.ID, addr monitor.Addr) *Voter {
	g.voters = slices.DeleteFunc(g.voters, func(v *Voter) bool { return v.ID != id && v.Addr == addr })
	if len(g.voters) >= maxVoters {
		return nil
	}
	v := &Voter{ID: id, Addr: addr}
	g.voters = append(g.voters, v)
	p := g.roster.Add(g.now, id, addr)
	if m, known := g.members[id]; known {
		p.SetGossip(g.now, m.Gossip, quorum.Membership(m.Alive))
	}
	return v
}

// usable reports whether a voter answers us over RESP with a valid reply.
func (g *Group) usable(v *Voter) bool {
	p := g.roster.Get(v.ID)
	return p != nil && !p.Down(g.now, g.set.DownAfter) && p.LastReply != monitor.Never && !p.Reply.Blind()
}

// votersAll is how many voters there are, this monitor included.
func (g *Group) votersAll() int { return len(g.voters) + 1 }

// votersUsable is how many of them can be reached now, this monitor included.
func (g *Group) votersUsable() int {
	n := 1
	for _, v := range g.voters {
		if g.usable(v) {
			n++
		}
	}
	return n
}

// needed is how many votes elect a leader.
func (g *Group) needed() int { return quorum.Needed(g.set.Quorum, g.votersAll()) }

// lookAtVoters keeps ±sdown of the other monitors, and says aloud when the
// majority is out of reach.
func (g *Group) lookAtVoters() {
	for _, v := range g.voters {
		p := g.roster.Get(v.ID)
		if p == nil {
			continue
		}
		down := p.Down(g.now, g.set.DownAfter)
		g.lookAgain(p.DownAt(g.set.DownAfter))
		switch {
		case down && v.DownSince == monitor.Never:
			v.DownSince = g.now
			g.warn("+sdown", g.peerSubject(v).String(), monitor.Reason(p.Cause.String()))
		case !down && v.DownSince != monitor.Never:
			v.DownSince = monitor.Never
			g.warn("-sdown", g.peerSubject(v).String(), "")
		}
	}
	g.lookAtMajority()
}

func (g *Group) lookAtMajority() {
	down := 0
	for _, v := range g.voters {
		if v.DownSince != monitor.Never {
			down++
		}
	}
	bad := g.votersAll()-down < g.needed() && (down > 0 || g.after(g.born, majorityGrace))
	if bad == g.majorityBad {
		return
	}
	g.majorityBad = bad
	if bad {
		g.warn(EventNoMajority, g.masterSubject().String()+" usable="+itoa(g.votersAll()-down)+" needed="+itoa(g.needed())+
			" missing:"+g.missing(), ReasonNoMajority)
		return
	}
	g.warn(EventMajorityRestored, g.masterSubject().String(), "")
}

// missing names the voters that are down.
func (g *Group) missing() string {
	var names string
	for _, v := range g.voters {
		if v.DownSince != monitor.Never {
			names += " " + string(v.ID) + "@" + v.Addr.String()
		}
	}
	return cmp.Or(names, " more monitors than are known")
}

// minds is what every voter holds of the master now, this monitor included.
func (g *Group) minds() []quorum.Mind {
	m := g.master()
	minds := make([]quorum.Mind, 0, g.votersAll())
	minds = append(minds, quorum.Mind{
		Voter: g.self, Down: m.Down(), State: m.Verdict.State, RunID: m.RunID, Busy: g.ownBusy(),
	})
	for _, v := range g.voters {
		minds = append(minds, g.mindOf(v))
	}
	return minds
}

// ownBusy reports whether we hold fresh evidence that a script blocks the
// master, and policy says to wait for it.
func (g *Group) ownBusy() bool {
	m := g.master()
	switch {
	case m.Verdict.Down:
		return false
	case m.Verdict.State == monitor.StateScriptBlocked || m.Verdict.State == monitor.StateFinishing:
		return true
	}
	return false
}

func (g *Group) mindOf(v *Voter) quorum.Mind {
	mind := quorum.Mind{Voter: v.ID}
	if v.SaidDown && g.fresh(v.SaidAt, 0, saidExpires) {
		mind.Down = true
	}
	o := v.Opinion
	if v.OpinionAt == monitor.Never || o.Master != g.config.Master {
		return mind
	}
	if g.fresh(v.OpinionAt, 0, saidExpires) && v.OpinionAt >= v.SaidAt {
		mind.Down, mind.State, mind.RunID = o.Down, o.State, o.RunID
	}
	busy := o.State == monitor.StateScriptBlocked || o.State == monitor.StateFinishing
	mind.Busy = busy && !o.Down && g.fresh(v.OpinionAt, o.Age, freshBusy)
	return mind
}

// fresh reports whether something of that age at t is younger than limit, and
// asks to be woken when it will not be.
func (g *Group) fresh(t monitor.Instant, age, limit time.Duration) bool {
	if t == monitor.Never {
		return false
	}
	end := t.Add(limit - age)
	if g.now >= end {
		return false
	}
	g.lookAgain(end)
	return true
}

// opinionHeard takes a voter's opinion. Older ones and those of strangers are ignored.
func (g *Group) opinionHeard(o quorum.Opinion) {
	v := g.voter(o.Author)
	if v == nil || !o.Version.Newer(v.Opinion.Version) && v.OpinionAt != monitor.Never {
		return
	}
	if o.Version.Boot < v.Opinion.Version.Boot {
		return
	}
	v.Opinion, v.OpinionAt = o, g.now
}
