package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// majority and needed are the invariants' own arithmetic: a core that counts
// wrongly must not decide what is right.
func majority(voters int) int             { return voters/2 + 1 }
func needed(askedFor int, voters int) int { return max(askedFor, majority(voters)) }

// oneVoteAnEpoch: a monitor votes at most once per group and epoch, ever.
func (l *ledger) oneVoteAnEpoch(b ballot, leader quorum.ID) {
	if before, ok := l.votes[b]; ok && before != leader {
		l.w.violate("monitor %s voted twice in group %s at epoch %d: for %s and for %s", reverse(b.voter), b.group, b.epoch,
			reverse(before), reverse(leader))
	}
}

// voteIsDurable: nothing that depends on a promise starts before it is durable.
func (l *ledger) voteIsDurable(n *node, b ballot, leader quorum.ID) {
	saved := n.disk.state.group(b.group)
	// A group that was removed and monitored again has forgotten whom, not that.
	if saved.LeaderEpoch > b.epoch || saved.LeaderEpoch == b.epoch && (saved.Leader == leader || saved.Leader == "") {
		return
	}
	l.w.violate("%s tells its vote for %s at epoch %d in %s, and on disk it is %s at epoch %d", n, reverse(leader), b.epoch,
		b.group, reverse(saved.Leader), saved.LeaderEpoch)
}

// oneLeaderAnEpoch: at most one monitor leads in a group and epoch.
func (l *ledger) oneLeaderAnEpoch(at groupEpoch, leader quorum.ID) {
	if before, ok := l.leaders[at]; ok && before != leader {
		l.w.violate("group %s has two leaders at epoch %d: %s and %s", at.group, at.epoch, reverse(before), reverse(leader))
	}
	l.leaders[at] = leader
}

// onePromotionAnEpoch: at most one instance is ordered to become master in an epoch.
func (l *ledger) onePromotionAnEpoch(at groupEpoch, addr monitor.Addr) {
	if before, ok := l.promoted[at]; ok && before != addr {
		l.w.violate("group %s: %s and %s are both promoted at epoch %d", at.group, before, addr, at.epoch)
	}
	l.promoted[at] = addr
}

// leaderWasElected: no promotion without quorum and majority.
func (l *ledger) leaderWasElected(n *node, g *watched, p promotion) {
	voters := len(g.group.Saved().Peers) + 1
	have, need := l.votesFor(g.set.Name, p.epoch, n.id), needed(g.set.Quorum, voters)
	if have < need {
		l.w.violate("%s promotes %s at epoch %d in %s with %d votes of %d", n, p.addr, p.epoch, g.set.Name, have, need)
	}
}

// clockSlack is what a monitor's clock may be slow by in a lease.
const clockSlack = quorum.LeaderLease / 100

// withinLease: no promotion is written later than a lease after the requests for
// the votes left.
func (l *ledger) withinLease(n *node, g *watched, p promotion) {
	if since := l.w.now - l.opened[ballot{n.id, g.set.Name, p.epoch}]; since > quorum.LeaderLease+clockSlack {
		l.w.violate("%s promotes %s at epoch %d in %s, %s after it asked for votes", n, p.addr, p.epoch, g.set.Name, since)
	}
}

// leaseIsExclusive: a leader orders a promotion only within its lease, so that
// nobody has been elected after it. A redis-sentinel knows no lease: what it
// votes does not count here.
func (l *ledger) leaseIsExclusive(n *node, g *watched, p promotion) {
	need := needed(g.set.Quorum, len(g.group.Saved().Peers)+1)
	for _, epoch := range l.epochs(g.set.Name) {
		if epoch <= p.epoch {
			continue
		}
		for _, other := range l.w.monitorIDs() {
			if other != n.id && l.leasesFor(g.set.Name, epoch, other) >= need {
				l.w.violate("%s promotes %s at epoch %d in %s, and %s was already elected at epoch %d", n, p.addr, p.epoch,
					g.set.Name, reverse(other), epoch)
			}
		}
	}
}

// epochNamesOneMaster: an epoch's configuration names one master.
func (l *ledger) epochNamesOneMaster(n *node, c quorum.Configuration) {
	if c.Epoch == 0 || !l.w.pure() {
		return
	}
	at := groupEpoch{c.Group, c.Epoch}
	if before, ok := l.configs[at]; ok && before != c.Master {
		l.w.violate("%s: epoch %d of %s names both %s and %s", n, c.Epoch, c.Group, before, c.Master)
	}
	l.configs[at] = c.Master
}

// masterIsOfTheGroup: whatever a stranger says, no configuration names an instance
// that is none of the group's. A redis-sentinel believes it, and is believed.
func (l *ledger) masterIsOfTheGroup(n *node, c quorum.Configuration) {
	if s := l.w.serverAt(c.Master); l.w.pure() && (s == nil || s.home != c.Group) {
		l.w.violate("%s: the master of %s is %s, which is none of its instances", n, c.Group, c.Master)
	}
}

// configurationNeverRegresses: a process never goes back to an older configuration.
func (l *ledger) configurationNeverRegresses(n *node, before, now quorum.Configuration) {
	if now.Epoch < before.Epoch {
		l.w.violate("%s: configuration of %s went from epoch %d (%s) back to %d (%s)", n, now.Group, before.Epoch, before.Master,
			now.Epoch, now.Master)
	}
}

// choiceIsGood: no empty, foreign or never-synced replica is promoted while a
// better one answers.
func (l *ledger) choiceIsGood(n *node, g *watched, chosen *server) {
	bad := ""
	switch {
	case chosen.data.family != "" && chosen.data.family != g.set.Name:
		bad = "foreign"
	case chosen.data.keys == 0 && chosen.role == monitor.RoleReplica:
		bad = "empty"
	}
	if bad == "" || bad == "foreign" && l.spoiled[g.set.Name] {
		return
	}
	for _, s := range l.w.servers {
		if s != chosen && l.answersFor(n, g, s) {
			l.w.violate("%s promotes %s, which is %s, while %s answers", n, chosen, bad, s.describe())
		}
	}
	if bad == "foreign" && l.sawStranger(n, chosen) {
		l.w.violate("%s promotes %s, whose data are of %s", n, chosen, chosen.data.family)
	}
}

// sawStranger reports whether the monitor's process must have seen the server
// follow a stranger. One that did not cannot know whose data it holds: they may
// as well be the group's, of a time when no monitor ran.
func (l *ledger) sawStranger(n *node, s *server) bool {
	const seen = 12 * time.Second // INFO comes every ten
	now, until := l.w.now, l.w.now
	if s.returned != never {
		until = s.returned
	}
	return s.strayed != never && n.began < s.strayed && n.awake < s.strayed && until-s.strayed > seen &&
		l.w.net.cleanFor(n.host, s.host, now-s.strayed)
}

// answersFor reports whether a server is a good replica of the group that the
// monitor could have chosen: it has followed the master, and answers well.
func (l *ledger) answersFor(n *node, g *watched, s *server) bool {
	const settled = 12 * time.Second
	known := false
	for _, addr := range g.group.Saved().Replicas {
		known = known || addr == s.addr
	}
	return known && s.home == g.set.Name && s.serving() && s.role == monitor.RoleReplica && s.data.keys > 0 && s.priority > 0 &&
		s.data.family == g.set.Name && !s.repl.syncing && s.blind == monitor.ReplyNone && l.w.net.cleanFor(n.host, s.host, settled) &&
		l.w.now-s.calmSince > settled && s.repl.downSince != never
}

// heldByWhomItKnows reports whether, after SENTINEL RESET, a majority of the monitors
// that n still knows held c once, which is newer than the highest committed epoch; and
// whether c is what a leader ordered that a true majority voted for.
func (l *ledger) heldByWhomItKnows(n *node, c quorum.Configuration) bool {
	g, at := n.groups[c.Group], groupEpoch{c.Group, c.Epoch}
	if g == nil || !g.reset || c.Epoch <= l.highest[c.Group].epoch || l.promoted[at] != c.Master {
		return false
	}
	known := 1 + len(g.group.View(n.clock()).Peers)
	return len(l.ever[at]) >= majority(known) && l.votesFor(c.Group, c.Epoch, c.Leader) >= majority(len(l.w.monitorIDs()))
}

// scriptIsRespected: no promotion while the master is script-blocked under the
// policy wait and the leader can see it.
func (l *ledger) scriptIsRespected(n *node, g *watched, p promotion) {
	m := l.w.serverAt(g.group.Master())
	if m == nil || !m.up || g.set.Busy != "wait" || p.forced || m.blind != monitor.ReplyNone {
		return
	}
	spoke := l.w.now-max(m.frozen, m.paused, m.calmSince) >= time.Second // not only since the order left
	if m.script.busy(l.w.now) && l.w.now-m.script.busyAt > time.Second && spoke &&
		l.w.net.cleanFor(n.host, m.host, 5*time.Second) && l.w.now-n.awake > 5*time.Second && m.role == monitor.RoleMaster {
		l.w.violate("%s fails over while the master %s answers BUSY", n, m)
	}
}

// fenceSparesTheMaster: no fence is ever placed on the master of the highest
// committed epoch, nor for a switch that no majority ever held. A fence that was
// on its way when that epoch was committed is lifted by its sender. What a
// redis-sentinel won by votes is no epoch that a majority holds yet, and a newer
// one all the same: it acts upon it at once (seed 4200000861). A monitor that was
// told to forget others counts over those that it knows (seed 2026113317).
func (l *ledger) fenceSparesTheMaster(n *node, c quorum.Configuration, addr monitor.Addr, asked time.Duration) {
	if !l.w.pure() && c.Epoch > l.highest[c.Group].epoch {
		return
	}
	if l.heldByWhomItKnows(n, c) {
		return
	}
	if h := l.highest[c.Group]; h.addr == addr && h.since < asked {
		l.w.violate("%s fences %s, the master of the highest committed epoch %d of %s", n, addr, h.epoch, c.Group)
	}
	if have := len(l.ever[groupEpoch{c.Group, c.Epoch}]); c.Epoch > 0 && have < majority(len(l.w.monitorIDs())) {
		l.w.violate("%s fences %s for epoch %d of %s, which only %d monitors ever held", n, addr, c.Epoch, c.Group, have)
	}
}

// liftedWithin is how long after a fence took hold, or may have, its sender must
// ask to lift it: a repoint and its deadline.
const liftedWithin = 10 * time.Second

// fenceIsLifted: every pause is undone by who placed it, as long as its process
// lives and watches the group; else it ends by itself.
func (l *ledger) fenceIsLifted(n *node, g *watched, addr monitor.Addr) {
	key, at, stalls := fence{g, addr}, l.w.now, n.stalls
	if _, open := l.fenced[key]; open {
		return
	}
	l.fenced[key] = at
	n.later(liftedWithin, func() {
		if n.stalls == stalls && n.groups[g.set.Name] == g && l.fenced[key] == at {
			l.w.violate("%s fenced %s %s ago and never lifted it", n, addr, l.w.now-at)
		}
	})
}

// masterIsDown: an elected leader orders nothing while the process that it held
// to be master answers it as before.
func (l *ledger) masterIsDown(n *node, g *watched, chosen *server) {
	v := g.group.View(n.clock())
	m := l.w.serverAt(v.Master.Addr)
	if v.Forced || v.Master.Down || v.Master.Verdict.State != monitor.StateUp || m == nil || m.role != monitor.RoleMaster {
		return
	}
	if chosen != nil && chosen.data.offset > m.data.offset {
		return // reborn with less than the replica has
	}
	if m.serving() && m.answer() == monitor.ReplyPong && m.runID == v.Master.Info.RunID && l.w.now-m.born > 3*time.Second {
		l.w.violate("%s promotes a replica of %s, and the master %s answers it", n, g.set.Name, m)
	}
}

// demotes: the master of the highest committed epoch is never made a replica. A
// monitor may act on what a majority confirmed to it up to two seconds before.
func (l *ledger) demotes(n *node, g *watched, a failover.Repoint, asked time.Duration) {
	h := l.highest[g.set.Name]
	if !l.w.pure() && g.group.View(n.clock()).ConfigEpoch > h.epoch {
		return // see fenceSparesTheMaster
	}
	if l.heldByWhomItKnows(n, g.group.Configuration()) {
		return
	}
	if h.addr == a.Addr && a.To != a.Addr && h.since < asked-2500*time.Millisecond {
		l.w.violate("%s makes %s follow %s, and it is the master of the highest committed epoch %d of %s", n, a.Addr, a.To, h.epoch, g.set.Name)
	}
}
