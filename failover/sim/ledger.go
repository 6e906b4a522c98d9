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
	fenced   map[fence]time.Duration           // fences that were written and whose lifting was not asked for yet
	opened   map[ballot]time.Duration          // when a candidate's requests for votes left
	spoiled  map[string]bool                   // groups of which a redis-sentinel promoted a stranger's data
}

// fence names who fenced what.
type fence struct {
	group *watched
	addr  monitor.Addr
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
	epoch  uint64
	addr   monitor.Addr
	forced bool // by an operator
}

func newLedger(w *World) *ledger {
	return &ledger{
		w: w, votes: map[ballot]quorum.ID{}, leaders: map[groupEpoch]quorum.ID{}, promoted: map[groupEpoch]monitor.Addr{},
		configs: map[groupEpoch]monitor.Addr{}, held: map[holder]held{}, highest: map[string]committed{},
		ever: map[groupEpoch]map[quorum.ID]bool{}, fenced: map[fence]time.Duration{},
		opened: map[ballot]time.Duration{}, spoiled: map[string]bool{},
	}
}

// restarted forgets what a monitor's former process held: facts may be lost. An
// epoch that a majority held in memory only is not committed any more.
func (l *ledger) restarted(n *node) {
	for group, c := range l.highest {
		if l.durable(group, c, nil) < majority(len(l.w.monitorIDs())) {
			delete(l.highest, group)
		}
	}
	maps.DeleteFunc(l.held, func(h holder, _ held) bool { return h.node == n.id })
}

// durable counts the monitors but one that have a committed epoch on disk.
func (l *ledger) durable(group string, c committed, but *node) int {
	count := 0
	for _, n := range l.w.nodes {
		if n != but && n.disk.state.group(group).ConfigEpoch >= c.epoch {
			count++
		}
	}
	for _, r := range l.w.rivals {
		if r.group(group).configEpoch >= c.epoch {
			count++
		}
	}
	return count
}

// forgot notes that an operator removed a group from a monitor: with its word an
// epoch may lose its majority.
func (l *ledger) forgot(n *node, group string) {
	delete(l.held, holder{n.id, group})
	if c, ok := l.highest[group]; ok && l.durable(group, c, n) < majority(len(l.w.monitorIDs())) {
		delete(l.highest, group)
	}
}

// stepped looks at a group after one step.
func (l *ledger) stepped(n *node, g *watched) {
	c := g.group.Configuration()
	if g.noted == c {
		return
	}
	g.noted = c
	key := holder{n.id, g.set.Name}
	before, known := l.held[key]
	l.held[key] = held{life: n.life, config: c}
	if known {
		l.configurationNeverRegresses(n, before.config, c)
	}
	l.epochNamesOneMaster(n, c)
	l.masterIsOfTheGroup(n, c)
	l.holds(n.id, c)
	if known && before.config.Master != c.Master {
		l.w.sprung(momentSwitch, n, l.w.serverAt(c.Master))
	}
	if n.w.tracing() {
		n.w.logf("%s: holds %s of epoch %d by %.6s", n, c.Master, c.Epoch, reverse(c.Leader))
	}
}

// rivalHolds takes what a redis-sentinel holds of a group now.
func (l *ledger) rivalHolds(r *rival, g *rivalGroup, master monitor.Addr) {
	c := quorum.Configuration{Group: g.name, Epoch: g.configEpoch, Master: master}
	l.held[holder{r.id, g.name}] = held{config: c}
	l.holds(r.id, c)
}

// holds notes who held the configuration of an epoch at some time.
func (l *ledger) holds(id quorum.ID, c quorum.Configuration) {
	at := groupEpoch{c.Group, c.Epoch}
	if l.ever[at] == nil {
		l.ever[at] = map[quorum.ID]bool{}
	}
	l.ever[at][id] = true
	l.commit(c.Group, c)
}

// commit notes a configuration that a majority of the monitors hold.
func (l *ledger) commit(group string, c quorum.Configuration) {
	count := 0
	for h, other := range l.held {
		if h.group == group && other.config.Epoch == c.Epoch && other.config.Master == c.Master {
			count++
		}
	}
	if count >= majority(len(l.w.monitorIDs())) && c.Epoch > l.highest[group].epoch {
		l.highest[group] = committed{epoch: c.Epoch, addr: c.Master, since: l.w.now}
	}
}

// asked takes a question that leaves: a candidate's asks for votes, and tells
// that it voted for itself.
func (l *ledger) asked(n *node, group string, q quorum.Question) {
	if q.Candidate != n.id {
		return
	}
	b := ballot{n.id, group, q.Epoch}
	if _, known := l.opened[b]; !known {
		l.opened[b] = l.w.now
	}
	l.voted(n, b, n.id)
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
	l.w.sprung(momentVote, n, nil)
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

// leasesFor counts the pickets among them: their votes are leases.
func (l *ledger) leasesFor(group string, epoch uint64, leader quorum.ID) int {
	count := 0
	for _, n := range l.w.nodes {
		if l.votes[ballot{n.id, group, epoch}] == leader {
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
	l.w.sprung(momentWrite, n, l.w.serverAt(p.addr))
	l.oneLeaderAnEpoch(groupEpoch{group, p.epoch}, n.id)
	l.onePromotionAnEpoch(groupEpoch{group, p.epoch}, p.addr)
	l.leaderWasElected(n, g, p)
	l.withinLease(n, g, p)
	l.leaseIsExclusive(n, g, p)
	if s := l.w.serverAt(p.addr); s != nil {
		l.choiceIsGood(n, g, s)
		l.scriptIsRespected(n, g, p)
	}
}

// fences takes a fence at the moment of writing, for which configuration and when
// it was asked for.
func (l *ledger) fences(n *node, c quorum.Configuration, addr monitor.Addr, asked time.Duration) {
	n.w.logf("%s: fences %s", n, addr)
	l.w.stats.Fences++
	l.w.sprung(momentFence, n, l.w.serverAt(addr))
	l.fenceSparesTheMaster(n, c, addr, asked)
}

// unfences takes the lifting of a fence as it is asked for.
func (l *ledger) unfences(g *watched, addr monitor.Addr) { delete(l.fenced, fence{g, addr}) }

// orders takes a promotion at the moment at which the core asks for it.
func (l *ledger) orders(n *node, g *watched, to monitor.Addr) {
	l.masterIsDown(n, g, l.w.serverAt(to))
	l.w.sprung(momentOrder, n, l.w.serverAt(to))
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
