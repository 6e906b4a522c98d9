package sim

import (
	"maps"
	"slices"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// ledger is the world's memory of what the monitors did, by which the
// invariants are checked.
type ledger struct {
	w        *World
	votes    map[ballot]quorum.ID
	leaders  map[groupEpoch]quorum.ID
	promoted map[groupEpoch]monitor.Addr
	configs  map[groupEpoch]monitor.Addr
	held     map[holder]held
	highest  map[string]committed
	ever     map[groupEpoch]map[quorum.ID]bool // which monitors held the epoch's configuration at some time
}

// ballot names one vote: who cast it, in which group and epoch.
type ballot struct {
	voter quorum.ID
	group string
	epoch uint64
}

type groupEpoch struct {
	group string
	epoch uint64
}

type holder struct {
	node  quorum.ID
	group string
}

// held is the configuration that one monitor's process holds.
type held struct {
	life   int
	config quorum.Configuration
}

// committed is a configuration that a majority of the monitors held at one time.
type committed struct {
	epoch uint64
	addr  monitor.Addr
	since time.Duration
}

// promotion is an order that was written to an instance.
type promotion struct {
	epoch uint64
	addr  monitor.Addr
}

func newLedger(w *World) *ledger {
	return &ledger{
		w: w, votes: map[ballot]quorum.ID{}, leaders: map[groupEpoch]quorum.ID{}, promoted: map[groupEpoch]monitor.Addr{},
		configs: map[groupEpoch]monitor.Addr{}, held: map[holder]held{}, highest: map[string]committed{},
		ever: map[groupEpoch]map[quorum.ID]bool{},
	}
}

// restarted forgets what a monitor's former process held: facts may be lost. An
// epoch that a majority held in memory only is not committed any more.
func (l *ledger) restarted(n *node) {
	for group, c := range l.highest {
		durable := 0
		for _, other := range l.w.nodes {
			if other.disk.state.group(group).ConfigEpoch >= c.epoch {
				durable++
			}
		}
		if durable < quorum.Majority(len(l.w.nodes)) {
			delete(l.highest, group)
		}
	}
	maps.DeleteFunc(l.held, func(h holder, _ held) bool { return h.node == n.id })
}

// forgot notes that an operator removed a group from a monitor.
func (l *ledger) forgot(n *node, group string) { delete(l.held, holder{n.id, group}) }

// stepped looks at a group after one step.
func (l *ledger) stepped(n *node, g *watched, out failover.Output) {
	c := g.group.Configuration()
	key := holder{n.id, g.set.Name}
	before, known := l.held[key]
	if known && before.config == c {
		return
	}
	l.held[key] = held{life: n.life, config: c}
	if known {
		l.configurationNeverRegresses(n, before.config, c)
	}
	l.epochNamesOneMaster(n, c)
	at := groupEpoch{c.Group, c.Epoch}
	if l.ever[at] == nil {
		l.ever[at] = map[quorum.ID]bool{}
	}
	l.ever[at][n.id] = true
	l.commit(g.set.Name, c)
	if n.w.tracing() {
		n.w.logf("%s: holds %s of epoch %d by %.6s", n, c.Master, c.Epoch, reverse(c.Leader))
	}
}

// commit notes a configuration that a majority of the monitors hold.
func (l *ledger) commit(group string, c quorum.Configuration) {
	count := 0
	for h, other := range l.held {
		if h.group == group && other.config.Epoch == c.Epoch && other.config.Master == c.Master {
			count++
		}
	}
	if count >= quorum.Majority(len(l.w.nodes)+len(l.w.rivals)) && c.Epoch > l.highest[group].epoch {
		l.highest[group] = committed{epoch: c.Epoch, addr: c.Master, since: l.w.now}
	}
}

// asked takes a question that leaves: a candidate's asks for votes, and tells
// that it voted for itself.
func (l *ledger) asked(n *node, group string, q quorum.Question) {
	if q.Candidate != n.id {
		return
	}
	l.voted(n, ballot{n.id, group, q.Epoch}, n.id)
}

// answered takes an answer to a candidate that leaves. Only an answer that gives
// the candidate its vote promises anything; others tell of an older vote, or of
// one that is being saved.
func (l *ledger) answered(n *node, group string, a failover.AnswerVote) {
	t := n.tickets[a.Ticket]
	if a.Leader != "" && a.Leader == t.candidate && a.Epoch == t.epoch {
		l.voted(n, ballot{n.id, group, a.Epoch}, a.Leader)
	}
}

func (l *ledger) voted(n *node, b ballot, leader quorum.ID) {
	l.oneVoteAnEpoch(b, leader)
	l.votes[b] = leader
	l.voteIsDurable(n, b, leader)
}

// votesFor counts who voted for a candidate.
func (l *ledger) votesFor(group string, epoch uint64, leader quorum.ID) int {
	count := 0
	for _, id := range l.w.monitorIDs() {
		if l.votes[ballot{id, group, epoch}] == leader {
			count++
		}
	}
	return count
}

// promotes takes an order to promote, at the moment of writing.
func (l *ledger) promotes(n *node, g *watched, p promotion) {
	group := g.set.Name
	n.w.logf("%s: orders the promotion of %s at epoch %d", n, p.addr, p.epoch)
	l.w.stats.Promotions++
	l.oneLeaderAnEpoch(groupEpoch{group, p.epoch}, n.id)
	l.onePromotionAnEpoch(groupEpoch{group, p.epoch}, p.addr)
	l.leaderWasElected(n, g, p)
	l.leaseIsExclusive(n, g, p)
	if s := l.w.serverAt(p.addr); s != nil && l.w.pure() {
		l.choiceIsGood(n, g, s)
		l.scriptIsRespected(n, g)
	}
}

// fences takes a fence at the moment of writing, and when it was asked for.
func (l *ledger) fences(n *node, g *watched, addr monitor.Addr, asked time.Duration) {
	n.w.logf("%s: fences %s", n, addr)
	l.w.stats.Fences++
	if l.w.pure() {
		l.fenceSparesTheMaster(n, g, addr, asked)
	}
}

// orders takes a promotion at the moment at which the core asks for it.
func (l *ledger) orders(n *node, g *watched) {
	if l.w.pure() {
		l.masterIsDown(n, g)
	}
}

func (l *ledger) epochs(group string) []uint64 {
	var list []uint64
	for b := range l.votes {
		if b.group == group {
			list = append(list, b.epoch)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func reverse(id quorum.ID) string {
	if len(id) < 6 {
		return string(id)
	}
	return string(id[len(id)-6:])
}
