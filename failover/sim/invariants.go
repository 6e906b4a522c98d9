package sim

import (
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

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
	if saved.LeaderEpoch > b.epoch || saved.LeaderEpoch == b.epoch && saved.Leader == leader {
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
	have, need := l.votesFor(g.set.Name, p.epoch, n.id), quorum.Needed(g.set.Quorum, voters)
	if have < need {
		l.w.violate("%s promotes %s at epoch %d in %s with %d votes of %d", n, p.addr, p.epoch, g.set.Name, have, need)
	}
}

// leaseIsExclusive: a leader orders a promotion only within its lease, so that
// nobody has been elected after it.
func (l *ledger) leaseIsExclusive(n *node, g *watched, p promotion) {
	need := quorum.Needed(g.set.Quorum, len(g.group.Saved().Peers)+1)
	for _, epoch := range l.epochs(g.set.Name) {
		if epoch <= p.epoch {
			continue
		}
		for _, other := range l.w.monitorIDs() {
			if other != n.id && l.votesFor(g.set.Name, epoch, other) >= need {
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
	if bad == "" {
		return
	}
	for _, s := range l.w.servers {
		if s != chosen && l.answersFor(n, g, s) {
			l.w.violate("%s promotes %s, which is %s, while %s answers", n, chosen, bad, s.describe())
		}
	}
	if bad == "foreign" {
		l.w.violate("%s promotes %s, whose data are of %s", n, chosen, chosen.data.family)
	}
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

// scriptIsRespected: no promotion while the master is script-blocked under the
// policy wait and the leader can see it.
func (l *ledger) scriptIsRespected(n *node, g *watched) {
	m := l.w.serverAt(g.group.Master())
	if m == nil || !m.up || g.set.Busy != "wait" || g.group.View(n.clock()).Forced || m.blind != monitor.ReplyNone {
		return
	}
	if m.script.busy(l.w.now) && l.w.now-m.script.busyAt > time.Second && l.w.now >= m.frozen && l.w.now >= m.paused &&
		l.w.net.cleanFor(n.host, m.host, 5*time.Second) && l.w.now-n.awake > 5*time.Second && m.role == monitor.RoleMaster {
		l.w.violate("%s fails over while the master %s answers BUSY", n, m)
	}
}

// fenceSparesTheMaster: no fence is ever placed on the master of the highest
// committed epoch, nor for a switch that no majority ever held. A fence that was
// on its way when that epoch was committed is lifted by its sender.
func (l *ledger) fenceSparesTheMaster(n *node, g *watched, addr monitor.Addr, asked time.Duration) {
	c := g.group.Configuration()
	if h := l.highest[g.set.Name]; h.addr == addr && h.since < asked {
		l.w.violate("%s fences %s, the master of the highest committed epoch %d of %s", n, addr, h.epoch, g.set.Name)
	}
	if have := len(l.ever[groupEpoch{c.Group, c.Epoch}]); c.Epoch > 0 && have < quorum.Majority(len(l.w.nodes)) {
		l.w.violate("%s fences %s for epoch %d of %s, which only %d monitors ever held", n, addr, c.Epoch, c.Group, have)
	}
}

// masterIsDown: an elected leader orders nothing while the process that it held
// to be master answers it as before.
func (l *ledger) masterIsDown(n *node, g *watched) {
	v := g.group.View(n.clock())
	m := l.w.serverAt(v.Master.Addr)
	if v.Forced || v.Master.Down || v.Master.Verdict.State != monitor.StateUp || m == nil || m.role != monitor.RoleMaster {
		return
	}
	if m.serving() && m.answer() == monitor.ReplyPong && m.runID == v.Master.Info.RunID && l.w.now-m.born > 3*time.Second {
		l.w.violate("%s promotes a replica of %s, and the master %s answers it", n, g.set.Name, m)
	}
}

// demotes: the master of the highest committed epoch is never made a replica. A
// monitor may act on what a majority confirmed to it up to two seconds before.
func (l *ledger) demotes(n *node, g *watched, a failover.Repoint, asked time.Duration) {
	h := l.highest[g.set.Name]
	if l.w.pure() && h.addr == a.Addr && a.To != a.Addr && h.since < asked-2500*time.Millisecond {
		l.w.violate("%s makes %s follow %s, and it is the master of the highest committed epoch %d of %s", n, a.Addr, a.To, h.epoch, g.set.Name)
	}
}
