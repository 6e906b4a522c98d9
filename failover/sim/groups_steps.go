package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// begin is the state from which the exploration goes: everybody knows everybody,
// the master's process is gone, all three monitors have found that out and told
// each other, and every replica has answered INFO since.
func (e *groupExplorer) begin() groupState {
	s := groupState{
		now: monitor.Instant(time.Hour), votes: map[ballot]quorum.ID{}, leaders: map[uint64]quorum.ID{}, configs: map[uint64]monitor.Addr{},
	}
	var replicas []monitor.Addr
	for r := range e.model.Replicas {
		replicas = append(replicas, modelServer(r+1))
	}
	for i := range s.mons {
		saved := failover.Saved{Name: "g", Master: modelServer(0), Replicas: replicas, Lineage: []failover.Branch{{ReplID: "id"}}}
		for j := range s.mons {
			if j != i {
				saved.Peers = append(saved.Peers, failover.SavedPeer{ID: modelID(j), Addr: modelAddr(j)})
			}
		}
		s.durable[i] = saved
		s.mons[i], _ = modelMonitor(i, s.now, saved)
		s.hearPeers(i)
		for r := range e.model.Replicas + 1 {
			s.prime(i, failover.Observed{Report: monitor.Report{Addr: modelServer(r), Link: 1, Kind: monitor.ReportLinkUp, At: s.now}})
			s.prime(i, s.pong(r))
			s.prime(i, s.info(modelServer(r)))
		}
		s.prime(i, failover.Observed{Report: monitor.Report{Addr: modelServer(0), Link: 1, Kind: monitor.ReportLinkLost, Cause: monitor.CauseClosed, At: s.now}})
	}
	s.now = s.now.Add(1100 * time.Millisecond)
	var opinions []quorum.Opinion
	for i := range s.mons {
		s.hearPeers(i)
		for r := range e.model.Replicas {
			s.prime(i, s.pong(r+1))
		}
		for _, effect := range s.prime(i, failover.Tick{}).Effects {
			if o, ok := effect.Action.(failover.TellOpinion); ok {
				opinions = append(opinions, o.Opinion)
			}
		}
		opinions = append(opinions, s.mons[i].Groups()[0].Opinion(s.now))
	}
	for i := range s.mons {
		for _, o := range opinions {
			s.wakes[i] = s.prime(i, failover.OpinionHeard{Opinion: o}).Wake
		}
		for r := range e.model.Replicas {
			s.wakes[i] = s.prime(i, s.info(modelServer(r+1))).Wake
		}
	}
	s.now = s.now.Add(100 * time.Millisecond) // every jitter is over
	for i := range s.mons {
		s.prints[i] = s.mons[i].Fingerprint(s.now)
	}
	return s
}

// prime steps a monitor before the exploration begins; its effects go nowhere.
func (s *groupState) prime(i int, in failover.Input) failover.Output {
	return s.mons[i].Groups()[0].Step(s.now, in)
}

func (s *groupState) hearPeers(i int) {
	for j := range s.mons {
		if j != i {
			s.mons[i].Contacted(quorum.Contact{Peer: modelID(j), Addr: modelAddr(j), At: s.now, Reply: monitor.ReplyPong})
		}
	}
}

func (s *groupState) pong(r int) failover.Input {
	return failover.Observed{Report: monitor.Report{
		Addr: modelServer(r), Link: 1, Kind: monitor.ReportReplied, At: s.now, Sent: s.now, Reply: monitor.ReplyPong, Text: "PONG",
	}}
}

// info is what an instance says of itself now.
func (s *groupState) info(addr monitor.Addr) failover.Input {
	i := monitor.Info{RunID: addr.Host, Role: monitor.RoleReplica, ReplID: "id", SecondOffset: -1, Priority: 100, Announced: true,
		MasterHost: modelServer(0).Host, MasterPort: modelServer(0).Port, LinkUp: true, Keys: 10, MasterOffset: 100, ReplicaOffset: 100}
	switch {
	case addr == modelServer(0):
		i.Role, i.MasterHost, i.MasterPort = monitor.RoleMaster, "", 0
	case slices.Contains(s.masters, addr):
		i.Role, i.ReplID, i.ReplID2, i.SecondOffset = monitor.RoleMaster, "id-"+addr.Host, "id", 101
		i.MasterHost, i.MasterPort = "", 0
	}
	return failover.Informed{InfoReport: monitor.InfoReport{Addr: addr, At: s.now, Sent: s.now, Info: i, Threshold: time.Second}}
}

// effects turns what a monitor asks for into messages and orders.
func (s *groupState) effects(i int, list []failover.Effect) {
	var refresh []monitor.Addr
	for _, e := range list {
		switch a := e.Action.(type) {
		case failover.Ask:
			if a.Candidate != "" {
				s.vote(i, ballot{modelID(i), "g", a.Epoch}, modelID(i))
				q := a.Question
				q.Effect = e.ID
				s.send(groupMessage{from: i, to: s.index(a.Peer), vote: &q, label: fmt.Sprintf("request of %d to %s at %d", i, a.Addr, a.Epoch)})
			}
		case failover.TellConfig:
			s.toAll(i, fmt.Sprintf("config %v %v %v", a.Epoch, a.Master, a.Ordered), failover.ConfigHeard(a))
		case failover.TellRelease:
			s.toAll(i, fmt.Sprintf("release of %d", a.Epoch), failover.Released(a))
		case failover.Promote:
			epoch := s.mons[i].CurrentEpoch()
			for _, l := range list {
				if c, ok := l.Action.(failover.TellConfig); ok && c.Ordered {
					epoch = c.Epoch
				}
			}
			s.orders = append(s.orders, groupOrder{by: i, effect: e.ID, epoch: epoch, Promote: a})
		case failover.AnswerVote:
			s.answer(a)
		case failover.Refresh:
			refresh = append(refresh, a.Addr)
		}
	}
	for _, addr := range refresh {
		if addr != modelServer(0) {
			s.input(i, s.info(addr))
		}
	}
}

func (s *groupState) index(id quorum.ID) int { return int(id[0] - 'a') }

func (s *groupState) send(m groupMessage) {
	if !slices.ContainsFunc(s.messages, func(o groupMessage) bool { return o.label == m.label }) {
		s.messages = append(s.messages, m)
	}
}

func (s *groupState) toAll(from int, label string, in failover.Input) {
	for to := range s.mons {
		if to != from {
			s.send(groupMessage{from: from, to: to, label: fmt.Sprintf("%s from %d to %d", label, from, to), in: in})
		}
	}
}

// deliver hands a message over. A request for a vote is answered by an effect,
// which may wait until the vote is durable.
func (s *groupState) deliver(k int) {
	m := s.messages[k]
	s.messages = slices.Delete(s.messages, k, k+1)
	if m.vote == nil {
		s.input(m.to, m.in)
		return
	}
	s.asked = append(slices.Clip(s.asked), m)
	s.input(m.to, failover.VoteAsked{Ticket: uint64(len(s.asked)), Epoch: m.vote.Epoch, Candidate: m.vote.Candidate})
}

// answer sends a voter's answer to the candidate that waits for it.
func (s *groupState) answer(a failover.AnswerVote) {
	m := s.asked[a.Ticket-1]
	if a.Leader == m.vote.Candidate && a.Epoch == m.vote.Epoch {
		s.vote(m.to, ballot{modelID(m.to), "g", a.Epoch}, a.Leader)
	}
	s.send(groupMessage{
		from: m.to, to: m.from,
		label: fmt.Sprintf("answer of %d to %d at %d: %.1s at %d", m.to, m.from, m.vote.Epoch, a.Leader, a.Epoch),
		in: failover.Answered{Answer: quorum.Answer{Effect: m.vote.Effect, Peer: modelID(m.to), Addr: modelAddr(m.to), Group: "g",
			Leader: a.Leader, LeaderEpoch: a.Epoch, KnowsGroup: true, Sent: s.now, At: s.now}},
	})
}

// carryOut lets an order reach its replica, if it is still written in time.
func (s *groupState) carryOut(k int, outcome failover.Outcome) {
	o := s.orders[k]
	s.orders = slices.Delete(s.orders, k, k+1)
	if s.now >= o.Until {
		s.input(o.by, failover.Done{Effect: o.effect, Outcome: failover.OutcomeLeaseOver})
		return
	}
	s.checkOrder(o)
	if !slices.Contains(s.masters, o.Addr) {
		s.masters = append(s.masters, o.Addr)
	}
	s.input(o.by, failover.Done{Effect: o.effect, Outcome: outcome})
}

// fail lets an order reach nobody.
func (s *groupState) fail(k int) {
	o := s.orders[k]
	s.orders = slices.Delete(s.orders, k, k+1)
	s.input(o.by, failover.Done{Effect: o.effect, Outcome: failover.OutcomeNotSent})
}

// vote notes a vote that is told: one for each monitor and epoch, and durable.
func (s *groupState) vote(i int, b ballot, leader quorum.ID) {
	if before, ok := s.votes[b]; ok && before != leader {
		panic(broken(fmt.Sprintf("monitor %d voted for %.1s and for %.1s at epoch %d", i, before, leader, b.epoch)))
	}
	if d := s.durable[i]; d.LeaderEpoch < b.epoch || d.LeaderEpoch == b.epoch && d.Leader != leader {
		panic(broken(fmt.Sprintf("monitor %d tells a vote at epoch %d that is not durable", i, b.epoch)))
	}
	s.votes = maps.Clone(s.votes)
	s.votes[b] = leader
}

// checkOrder holds the invariants of a promotion at the moment of writing.
func (s *groupState) checkOrder(o groupOrder) {
	if before, ok := s.leaders[o.epoch]; ok && before != modelID(o.by) {
		panic(broken(fmt.Sprintf("epoch %d has two leaders", o.epoch)))
	}
	s.leaders = maps.Clone(s.leaders)
	s.leaders[o.epoch] = modelID(o.by)
	s.names(o.epoch, o.Addr)
	if n := s.votesFor(o.epoch, modelID(o.by)); n < 2 {
		panic(broken(fmt.Sprintf("monitor %d promotes at epoch %d with %d votes", o.by, o.epoch, n)))
	}
	for epoch := o.epoch + 1; epoch < o.epoch+8; epoch++ {
		for j := range s.mons {
			if j != o.by && s.votesFor(epoch, modelID(j)) >= 2 {
				panic(broken(fmt.Sprintf("monitor %d promotes at epoch %d, and %d was elected at epoch %d", o.by, o.epoch, j, epoch)))
			}
		}
	}
}

func (s *groupState) votesFor(epoch uint64, leader quorum.ID) int {
	n := 0
	for i := range s.mons {
		if s.votes[ballot{modelID(i), "g", epoch}] == leader {
			n++
		}
	}
	return n
}

// names holds that an epoch names one master.
func (s *groupState) names(epoch uint64, addr monitor.Addr) {
	if before, ok := s.configs[epoch]; ok && before != addr {
		panic(broken(fmt.Sprintf("epoch %d names both %s and %s", epoch, before, addr)))
	}
	s.configs = maps.Clone(s.configs)
	s.configs[epoch] = addr
}

func (s *groupState) checkConfig(i int) {
	if c := s.mons[i].Groups()[0].Configuration(); c.Epoch > 0 {
		s.names(c.Epoch, c.Master)
	}
}
