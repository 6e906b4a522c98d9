package failover

import (
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Monitor is the core of one daemon: what its groups share, and the groups in
// the order in which they were configured. One goroutine owns it.
type Monitor struct {
	shared *shared
	groups []*Group
	// told holds the configuration warnings that were already given.
	warned map[string]bool
	former []quorum.Configuration // of groups that were removed, oldest first
}

// shared is what all groups of one monitor use.
type shared struct {
	self   quorum.ID
	boot   uint64
	seq    uint64 // last sequence number of an opinion
	effect uint64 // last effect id
	groups int    // how many are watched
	eager  int    // how many instances are dialled eagerly
	epochs quorum.Epochs
	roster *quorum.Roster
	rand   random
	// unsaved says why promises cannot be saved, "" while they can.
	unsaved string
	members map[quorum.ID]MemberChanged // the gossip pool's last word, also on peers not confirmed yet
	// impostor is where another monitor with our id was met.
	impostor monitor.Addr
}

// Identity is what a monitor is to its peers.
type Identity struct {
	ID    quorum.ID
	Boot  uint64 // rises at every start
	Epoch uint64 // current epoch, as saved
	Seed  uint64 // of the random source
}

// NewMonitor returns a core without groups.
func NewMonitor(who Identity) *Monitor {
	return &Monitor{
		shared: &shared{
			self: who.ID, boot: who.Boot, epochs: quorum.Epochs{Current: who.Epoch},
			roster: quorum.NewRoster(), rand: random{state: who.Seed},
			members: map[quorum.ID]MemberChanged{},
		},
		warned: map[string]bool{},
	}
}

// Start begins to watch a group, from what was saved of it or from its
// configuration alone. The output tells what to probe and whom to ask.
func (m *Monitor) Start(now monitor.Instant, set Settings, saved Saved) Output {
	m.recall(&saved)
	g := newGroup(now, m.shared, set, saved)
	m.groups = append(m.groups, g)
	m.shared.groups = len(m.groups)
	return g.start(now)
}

// Remove stops watching a group and reports whether it was watched.
func (m *Monitor) Remove(name string) bool {
	n := len(m.groups)
	if g := m.Group(name); g != nil {
		m.remember(g.config)
		m.shared.eager -= g.eager
	}
	m.groups = slices.DeleteFunc(m.groups, func(g *Group) bool { return g.set.Name == name })
	m.shared.groups = len(m.groups)
	m.dropIdlePeers()
	return len(m.groups) < n
}

// maxFormer bounds how many removed groups are remembered.
const maxFormer = 1024

// remember keeps the configuration of a group that is removed.
func (m *Monitor) remember(c quorum.Configuration) {
	m.former = slices.DeleteFunc(m.former, func(f quorum.Configuration) bool { return f.Group == c.Group })
	if m.former = append(m.former, c); len(m.former) > maxFormer {
		m.former = m.former[1:]
	}
}

// recall gives a group that is monitored again, with the master that it had,
// the epoch of that configuration. At epoch 0 it would take the word of the
// first peer that it hears, which may have missed the last failover, and two
// such monitors would undo it.
func (m *Monitor) recall(s *Saved) {
	for _, f := range m.former {
		if f.Group == s.Name && f.Master == s.Master && f.Epoch > s.ConfigEpoch {
			s.ConfigEpoch, s.ConfigLeader = f.Epoch, f.Leader
		}
	}
}

// Tidy forgets peers that no group has as a voter any more.
func (m *Monitor) Tidy() { m.dropIdlePeers() }

// dropIdlePeers forgets peers that no group has as a voter any more.
func (m *Monitor) dropIdlePeers() {
	for _, p := range m.shared.roster.All() {
		if !slices.ContainsFunc(m.groups, func(g *Group) bool { return g.voter(p.ID) != nil }) {
			m.shared.roster.Remove(p.ID)
		}
	}
}

// Group returns the group of that name, or nil.
func (m *Monitor) Group(name string) *Group {
	for _, g := range m.groups {
		if g.set.Name == name {
			return g
		}
	}
	return nil
}

// GroupAt returns the first group whose configured master has that address, or nil.
func (m *Monitor) GroupAt(addr monitor.Addr) *Group {
	for _, g := range m.groups {
		if g.same(g.config.Master, addr) {
			return g
		}
	}
	return nil
}

// Groups returns the groups in configuration order.
func (m *Monitor) Groups() []*Group { return m.groups }

// CurrentEpoch returns the monitor's current epoch.
func (m *Monitor) CurrentEpoch() uint64 { return m.shared.epochs.Current }

// Peers returns every peer that some group has as a voter, ordered by id.
func (m *Monitor) Peers() []*quorum.Peer { return m.shared.roster.All() }

// Peer returns one peer, or nil.
func (m *Monitor) Peer(id quorum.ID) *quorum.Peer { return m.shared.roster.Get(id) }

// Self returns the monitor's id.
func (m *Monitor) Self() quorum.ID { return m.shared.self }

// Contacted takes a sign of a peer's life. Groups see it at their next step.
func (m *Monitor) Contacted(c quorum.Contact) { m.shared.roster.Observe(c) }

// MemberChanged takes the gossip pool's word on a peer.
func (m *Monitor) MemberChanged(now monitor.Instant, in MemberChanged) {
	if !in.Alive {
		delete(m.shared.members, in.ID)
	} else if len(m.shared.members) < maxMembers {
		m.shared.members[in.ID] = in
	}
	if p := m.shared.roster.Get(in.ID); p != nil {
		p.SetGossip(now, in.Gossip, quorum.Membership(in.Alive))
	}
}

// maxMembers bounds what strangers in the gossip pool can make us remember.
const maxMembers = 1024

// Stalled moves every running deadline by d plus one ping period: our own
// process stood still and heard nothing meanwhile.
func (m *Monitor) Stalled(d time.Duration) {
	m.shared.roster.Delay(d + time.Second)
	for _, g := range m.groups {
		g.delay(d)
	}
}

// PersistFailed notes that promises cannot be saved: from now on the monitor
// watches and answers, but neither votes nor leads. The event says so once.
func (m *Monitor) PersistFailed(cause string) []monitor.Event {
	before := m.shared.unsaved
	m.shared.unsaved = cause
	for _, g := range m.groups {
		g.persistFailed()
	}
	if before != "" {
		return nil
	}
	return []monitor.Event{{
		Name: EventPersistFailed, Level: monitor.LevelWarning, Reason: quorum.ReasonUnsaved,
		Payload: "state cannot be saved: " + cause + "; watching, but neither voting nor leading until it can",
	}}
}

// PersistWorks notes that a save succeeded.
func (m *Monitor) PersistWorks() []monitor.Event {
	if m.shared.unsaved == "" {
		return nil
	}
	m.shared.unsaved = ""
	return []monitor.Event{{Name: EventPersistWorks, Level: monitor.LevelWarning, Payload: "state is saved again"}}
}

// GossipSilence is how long a peer that answers over RESP may be absent from
// the gossip pool before the operator is told.
const GossipSilence = 5 * time.Second

// Warnings returns the configuration warnings that concern the whole monitor
// and were not given before, and when to look again.
func (m *Monitor) Warnings(now monitor.Instant) (events []monitor.Event, next monitor.Instant) {
	for _, p := range m.shared.roster.All() {
		if p.Kind != quorum.KindPicket || p.GossipAlive || p.LastReply == monitor.Never || !p.Connected {
			delete(m.warned, string(p.ID))
			continue
		}
		due := p.GossipSince.Add(GossipSilence)
		if now < due {
			next = monitor.Earliest(next, due)
			continue
		}
		if !m.warned[string(p.ID)] {
			m.warned[string(p.ID)] = true
			events = append(events, monitor.Event{
				Name: EventConfigWarning, Level: monitor.LevelWarning, Reason: ReasonGossipClosed,
				Payload: "monitor " + string(p.ID) + " at " + p.Addr.String() + " answers over RESP but not over gossip at " +
					p.Gossip.String() + ": is gossip-port closed by a firewall? Agreement works without it, slower",
			})
		}
	}
	return events, next
}
