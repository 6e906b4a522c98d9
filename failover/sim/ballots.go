package sim

import (
	"fmt"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// BallotModel bounds an exhaustive exploration of the real quorum.Ballot and
// quorum.Ballots: three monitors, and every interleaving of campaigns, saves, crashes, messages
// (lost, late, in any order, releases also twice) and steps of the clock.
type BallotModel struct {
	Campaigns int // in all
	Crashes   int // in all
	Ticks     int // steps of the clock, of half a leader's lease each
}

// Explored is what an exploration found.
type Explored struct {
	States    int
	Violation string   // "" when every state is good
	Path      []string // the steps that lead to the violation
}

// ballotTick is half of a leader's lease, so that a voter's lease outlasts the
// second step and not the third.
const ballotTick = quorum.LeaderLease / 2

const (
	maxModelMonitors = 3
	maxModelEpochs   = 8
)

// voter is one monitor of the model.
type voter struct {
	ballot  quorum.Ballot
	saved   quorum.Ballot
	epoch   uint64
	running bool // it campaigns
	camp    uint64
	lease   monitor.Instant
	yes     uint8 // who voted for it, by bit
	leads   bool
}

// ballotMessage is on its way. kind: 0 request, 1 answer, 2 release.
type ballotMessage struct {
	kind, from, to uint8
	epoch          uint64
	leader         uint8 // of an answer; 0 when it is for nobody
	held           bool  // its sender's save has not ended
}

// ballotState is one state of the model.
type ballotState struct {
	now       monitor.Instant
	voters    [maxModelMonitors]voter
	messages  []ballotMessage
	campaigns int
	crashes   int
	ticks     int
	votes     [maxModelMonitors][maxModelEpochs]uint8 // told votes, by voter and epoch
	leaders   [maxModelEpochs]uint8
}

// ExploreBallots visits every state within the bounds.
func ExploreBallots(m BallotModel) Explored {
	e := &ballotExplorer{model: m, seen: map[string]struct{}{}}
	e.visit(ballotState{now: monitor.Instant(time.Hour)})
	return e.found
}

type ballotExplorer struct {
	model BallotModel
	seen  map[string]struct{}
	path  []func() string
	found Explored
}

// visit explores what can follow from a state, depth first.
func (e *ballotExplorer) visit(s ballotState) {
	s.dropDead()
	key := s.key()
	if _, ok := e.seen[key]; ok || e.found.Violation != "" {
		return
	}
	e.seen[key] = struct{}{}
	e.found.States++
	for i := range s.voters {
		e.act(s, i)
	}
	for i := range s.messages {
		if !s.messages[i].held {
			m := s.messages[i]
			e.step(s, m.label, func(c *ballotState) string { return c.deliver(i) })
		}
	}
	if s.ticks < e.model.Ticks && s.leased() {
		e.step(s, func() string { return "tick" }, func(c *ballotState) string {
			c.ticks++
			c.now = c.now.Add(ballotTick)
			return ""
		})
	}
}

// act tries what one monitor may do by itself.
func (e *ballotExplorer) act(s ballotState, i int) {
	v := &s.voters[i]
	who := id(i)
	if !v.running && s.campaigns < e.model.Campaigns && !(v.ballot.Leased(s.now) && v.ballot.Leader != who) {
		e.step(s, func() string { return fmt.Sprintf("%d campaigns", i) }, func(c *ballotState) string { return c.campaign(i) })
	}
	if v.saved.Epoch != v.ballot.Epoch || v.saved.Leader != v.ballot.Leader {
		e.step(s, func() string { return fmt.Sprintf("%d saves", i) }, func(c *ballotState) string { return c.save(i) })
	}
	if s.crashes < e.model.Crashes {
		e.step(s, func() string { return fmt.Sprintf("%d crashes", i) }, func(c *ballotState) string { return c.crash(i) })
	}
	if v.running {
		e.step(s, func() string { return fmt.Sprintf("%d gives up", i) }, func(c *ballotState) string { return c.giveUp(i) })
	}
	if v.leads && s.now < v.lease {
		e.step(s, func() string { return fmt.Sprintf("%d promotes", i) }, func(c *ballotState) string { return c.promote(i) })
	}
}

func (m ballotMessage) label() string {
	kind := [...]string{"request", "vote", "release"}[m.kind]
	return fmt.Sprintf("%s of epoch %d from %d to %d arrives", kind, m.epoch, m.from, m.to)
}

// step goes on from a copy of the state.
func (e *ballotExplorer) step(s ballotState, label func() string, f func(*ballotState) string) {
	if e.found.Violation != "" {
		return
	}
	c := s.clone()
	e.path = append(e.path, label)
	if bad := f(&c); bad != "" {
		e.found.Violation = bad
		for _, l := range e.path {
			e.found.Path = append(e.found.Path, l())
		}
	} else {
		e.visit(c)
	}
	e.path = e.path[:len(e.path)-1]
}

func id(i int) quorum.ID { return quorum.ID(rune('a' + i)) }

// campaign is Group.campaign: vote for ourselves; the requests wait for the disk.
func (s *ballotState) campaign(i int) string {
	v := &s.voters[i]
	s.campaigns++
	epochs := quorum.Epochs{Current: v.epoch}
	v.camp, v.running, v.leads = epochs.Next(), true, false
	v.epoch = epochs.Current
	v.lease = s.now.Add(quorum.LeaderLease)
	v.yes = 1 << i
	v.ballot.Cast(id(i), v.camp, monitor.Never)
	for j := range s.voters {
		if j != i {
			s.messages = append(s.messages, ballotMessage{kind: 0, from: uint8(i), to: uint8(j), epoch: v.camp, held: true})
		}
	}
	return ""
}

// save makes a monitor's ballot durable and lets go what waited for it.
func (s *ballotState) save(i int) string {
	v := &s.voters[i]
	v.saved = quorum.Ballot{Leader: v.ballot.Leader, Epoch: v.ballot.Epoch}
	for k := range s.messages {
		if m := &s.messages[k]; int(m.from) == i && m.held {
			m.held = false
			if bad := s.tell(*m); bad != "" {
				return bad
			}
		}
	}
	return s.elect(i)
}

// tell notes a vote that leaves its monitor: at most one in an epoch.
func (s *ballotState) tell(m ballotMessage) string {
	leader := m.leader
	switch m.kind {
	case 0:
		leader = m.from + 1
	case 2:
		return ""
	}
	if leader == 0 {
		return ""
	}
	if before := s.votes[m.from][m.epoch]; before != 0 && before != leader {
		return fmt.Sprintf("monitor %d voted for %d and for %d at epoch %d", m.from, before-1, leader-1, m.epoch)
	}
	s.votes[m.from][m.epoch] = leader
	return ""
}

// crash loses what was not saved. The lease of a saved vote starts anew.
func (s *ballotState) crash(i int) string {
	s.crashes++
	v := &s.voters[i]
	ballot := v.saved
	if ballot.Leader != "" && ballot.Leader != id(i) {
		ballot.Renew(s.now.Add(quorum.LeaseLength))
	}
	*v = voter{ballot: ballot, saved: v.saved, epoch: v.saved.Epoch}
	kept := s.messages[:0]
	for _, m := range s.messages {
		if int(m.from) != i || !m.held {
			kept = append(kept, m)
		}
	}
	s.messages = kept
	return ""
}

// giveUp is Group.retryLater: the voters are told, if the requests have left.
func (s *ballotState) giveUp(i int) string {
	v := &s.voters[i]
	asked := v.saved.Leader == id(i) && v.saved.Epoch == v.camp
	for j := range s.voters {
		if j != i && asked {
			s.messages = append(s.messages, ballotMessage{kind: 2, from: uint8(i), to: uint8(j), epoch: v.camp})
		}
	}
	v.running, v.leads = false, false
	return ""
}

// promote orders a promotion: nobody may have been elected after the leader.
func (s *ballotState) promote(i int) string {
	v := &s.voters[i]
	for epoch, leader := range s.leaders {
		if epoch > int(v.camp) && leader != 0 && int(leader) != i+1 {
			return fmt.Sprintf("monitor %d promotes at epoch %d, and %d was elected at epoch %d", i, v.camp, leader-1, epoch)
		}
	}
	v.running, v.leads = false, false
	return ""
}

// deliver hands a message over. Releases stay: gossip may double them.
func (s *ballotState) deliver(k int) string {
	m := s.messages[k]
	if m.kind != 2 {
		s.messages = append(s.messages[:k], s.messages[k+1:]...)
	}
	v := &s.voters[m.to]
	switch m.kind {
	case 0:
		return s.request(m)
	case 1:
		if v.running && m.epoch == v.camp {
			v.yes |= 1 << m.from
		}
		return s.elect(int(m.to))
	}
	v.ballot.Free(id(int(m.from)), m.epoch)
	return ""
}

// request is Group.voteAsked.
func (s *ballotState) request(m ballotMessage) string {
	v := &s.voters[m.to]
	candidate := id(int(m.from))
	if v.ballot.Refuse(s.now, candidate, m.epoch) == "" && !v.leads {
		v.epoch = max(v.epoch, m.epoch)
		v.ballot.Cast(candidate, m.epoch, s.now.Add(quorum.LeaseLength))
		v.running, v.leads = false, false
	}
	if v.ballot.Leader != candidate || v.ballot.Epoch != m.epoch {
		return "" // a no, which changes nothing
	}
	a := ballotMessage{kind: 1, from: m.to, to: m.from, epoch: m.epoch, leader: m.from + 1}
	a.held = v.saved.Leader != candidate || v.saved.Epoch != m.epoch
	s.messages = append(s.messages, a)
	if a.held {
		return ""
	}
	return s.tell(a)
}

// elect counts with the real Ballots, once the candidate's own vote is durable.
func (s *ballotState) elect(i int) string {
	v := &s.voters[i]
	if !v.running || v.leads || v.saved.Leader != id(i) || v.saved.Epoch != v.camp {
		return ""
	}
	count := quorum.NewBallots(id(i), v.camp)
	for j := range s.voters {
		if v.yes&(1<<j) != 0 {
			count.Count(id(j), id(i), v.camp)
		}
	}
	if count.For() < quorum.Needed(2, len(s.voters)) {
		return ""
	}
	if before := s.leaders[v.camp]; before != 0 && int(before) != i+1 {
		return fmt.Sprintf("monitors %d and %d both lead epoch %d", before-1, i, v.camp)
	}
	s.leaders[v.camp] = uint8(i + 1)
	v.leads = true
	return ""
}

// dropDead removes messages that can change nothing any more, so that states
// which differ only in them are one.
func (s *ballotState) dropDead() {
	kept := s.messages[:0]
	for _, m := range s.messages {
		v := &s.voters[m.to]
		dead := false
		switch m.kind {
		case 0: // voted in that epoch or later, also after a crash
			dead = m.epoch <= v.saved.Epoch && !(v.saved.Epoch == m.epoch && v.saved.Leader == id(int(m.from)))
		case 1:
			dead = !m.held && (!v.running || v.camp != m.epoch)
		case 2:
			dead = v.saved.Epoch > m.epoch
		}
		if !dead {
			kept = append(kept, m)
		}
	}
	s.messages = kept
}

// leased reports whether any lease runs, so that time matters.
func (s *ballotState) leased() bool {
	for _, v := range s.voters {
		if v.ballot.Leased(s.now) || v.running && s.now < v.lease {
			return true
		}
	}
	return false
}
