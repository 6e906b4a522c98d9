package failover

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"picket/monitor"
)

// Candidate is one replica as a choice for promotion: what speaks for it, and
// the reason why it is refused, ReasonElectable when it is not.
type Candidate struct {
	Addr        monitor.Addr
	Reason      monitor.Reason
	Standing    Standing
	Rank        int // of its replication id in the lineage, higher is newer
	NeverLinked bool
	Priority    int
	Offset      int64 // bytes
	RunID       string
}

// better orders candidates: electable first, proven before unproven, newest
// lineage id, synced since it started, then Sentinel's order: priority, offset,
// run id (compareSlavesForPromotion).
func better(a, b Candidate) int {
	return cmp.Or(
		cmp.Compare(refusal(a), refusal(b)),
		cmp.Compare(a.Standing, b.Standing),
		cmp.Compare(b.Rank, a.Rank),
		cmp.Compare(flag(a.NeverLinked), flag(b.NeverLinked)),
		cmp.Compare(a.Priority, b.Priority),
		cmp.Compare(b.Offset, a.Offset),
		strings.Compare(strings.ToLower(a.RunID), strings.ToLower(b.RunID)),
		a.Addr.Compare(b.Addr),
	)
}

func refusal(c Candidate) int { return flag(c.Reason != ReasonElectable) }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// candidates judges every replica for promotion, best first. Replicas must have
// answered INFO that was asked for at or after since.
func (g *Group) candidates(since monitor.Instant) []Candidate {
	lineage := g.lineage
	if len(lineage) == 0 {
		lineage = coldLineage(g.replicas())
	}
	var list []Candidate
	for _, i := range g.replicas() {
		c := Candidate{
			Addr: i.Addr, Priority: i.Info.Priority, Offset: i.Info.ReplicaOffset, RunID: i.Info.RunID,
			Standing:    g.standing(lineage, i),
			Rank:        max(lineage.Rank(i.Info.ReplID), lineage.Rank(i.Info.ReplID2)),
			NeverLinked: !i.Info.LinkUp && i.Info.LinkDown < 0,
		}
		c.Reason = g.refuse(i, c, since)
		list = append(list, c)
	}
	slices.SortStableFunc(list, better)
	return list
}

// standing adds to the lineage's judgement what was seen of the instance itself.
func (g *Group) standing(l Lineage, i *Instance) Standing {
	s, id := l.Standing(i.Info, g.known), i.Info.ReplID
	switch {
	case id == "":
		return s
	case s == Unproven && id == i.strangeID:
		return Foreign // it follows us again, and still holds what it had from a stranger
	case s == Foreign && g.follows(i, g.config.Master) && g.master().Info.Role == monitor.RoleMaster && g.master().Info.ReplID == id:
		return Unproven // it has synced with a restarted master since we last saw their link
	case s == Foreign && id != i.strangeID && g.sharedByFollowers(id) && i.LinkedSeen > i.Strayed:
		return Unproven // the master took another id, and died before we saw it
	}
	return s
}

// sharedByFollowers reports whether every replica that answers follows our master
// and has that replication id.
func (g *Group) sharedByFollowers(id string) bool {
	return !slices.ContainsFunc(g.replicas(), func(i *Instance) bool {
		return !i.Down() && (i.Info.ReplID != id || !g.follows(i, g.config.Master))
	})
}

func (g *Group) known(addr monitor.Addr) bool {
	i := g.instance(addr)
	return i != nil && !i.prospect
}

// refuse says why a replica cannot be promoted, or ReasonElectable.
func (g *Group) refuse(i *Instance, c Candidate, since monitor.Instant) monitor.Reason {
	switch {
	case i.Down():
		return ReasonReplicaDown
	case i.Verdict.State == monitor.StateLoading:
		return ReasonLoadingReplica
	case !servingReplica(i.Verdict.State):
		return ReasonReplicaBusy
	case i.InfoSent == monitor.Never || i.InfoSent < since:
		return ReasonNoInfo
	case i.Info.Role != monitor.RoleReplica:
		return ReasonNotReplica
	case i.Info.Priority == 0:
		return ReasonPriorityZero
	case c.Standing == Foreign:
		return ReasonForeign
	case i.Info.SyncInProgress && !g.bereft(g.master()):
		return ReasonSyncing
	case i.Info.Keys == 0 && (c.Standing == Unproven && g.someHoldKeys(i) || g.aheadHoldsKeys(i)):
		return ReasonEmpty
	case g.apart(i) > g.linkDownAllowed():
		return ReasonLinkDownLong
	}
	return ReasonElectable
}

func servingReplica(s monitor.State) bool {
	return s == monitor.StateUp || s == monitor.StateStale || s == monitor.StateDegraded
}

// someHoldKeys reports whether any other instance of the group was last seen with keys.
func (g *Group) someHoldKeys(but *Instance) bool {
	return slices.ContainsFunc(g.instances, func(i *Instance) bool {
		return i != but && !i.prospect && i.Info.Keys > 0
	})
}

// aheadHoldsKeys reports whether another instance was seen with keys at a later
// offset: then i is not empty because the data set was flushed.
func (g *Group) aheadHoldsKeys(i *Instance) bool {
	return slices.ContainsFunc(g.instances, func(o *Instance) bool {
		return o != i && !o.prospect && o.Info.Keys > 0 && o.Info.Offset() > i.Info.ReplicaOffset
	})
}

// apart is for how long a replica has had no link to the master. One that never
// had a link since it started says -1, which Sentinel takes for no time at all:
// it has been apart since it was last seen linked, or since the last switch.
func (g *Group) apart(i *Instance) time.Duration {
	switch {
	case i.Info.LinkUp:
		return 0
	case i.Info.LinkDown < 0:
		return g.now.Since(max(i.LinkedSeen, g.configSince))
	}
	return i.Info.LinkDown
}

// linkDownAllowed is how long a replica's link may have been down: ten times
// down-after, as in Sentinel, not counting the time in which the master itself
// was silent, blocked, down or reading its data.
func (g *Group) linkDownAllowed() time.Duration {
	m := g.master()
	unwell := g.now.Since(monitor.Earliest(m.Evidence.Unanswered, m.Evidence.Invalid))
	if m.Evidence.BusyLast != monitor.Never {
		unwell = max(unwell, g.now.Since(m.Evidence.BusyFrom))
	}
	if m.Evidence.Reply == monitor.ReplyLoading {
		unwell = max(unwell, g.now.Since(m.Evidence.NotLoading))
	}
	if m.Down() {
		unwell = max(unwell, g.now.Since(m.DownSince)+g.set.DownAfter)
	}
	return unwell + 10*min(g.set.DownAfter, maxCounted) + time.Second // INFO counts whole seconds
}

// maxCounted keeps ten times the longest down-after, of 31 years, from overflowing.
const maxCounted = 5 * 365 * 24 * time.Hour

// chooseWait is how long an elected leader waits for replicas that were last
// seen linked and have not answered since odown.
const chooseWait = 250 * time.Millisecond

// awaited reports whether the choice should wait for a replica that may be
// better than those that have answered.
func (g *Group) awaitsBetter(since, elected monitor.Instant) bool {
	best := int64(-1)
	for _, c := range g.candidates(since) {
		if c.Reason == ReasonElectable {
			best = max(best, c.Offset)
		}
	}
	for _, i := range g.replicas() {
		if i.Verdict.State == monitor.StateApplying && i.Info.ReadOffset > best && g.now < g.applyUntil() {
			g.lookAgain(g.applyUntil())
			return true
		}
	}
	for _, i := range g.replicas() {
		unheard := !i.Down() && i.LinkedSeen != monitor.Never && i.InfoSent < since
		if (unheard || best < 0 && i.InfoSent < since && !i.Down()) && !g.after(elected, chooseWait) {
			return true
		}
	}
	return false
}
