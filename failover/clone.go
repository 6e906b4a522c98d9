package failover

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"picket/monitor"
	"picket/quorum"
)

// Clone returns a copy that shares nothing with m that either may change. It
// serves the exhaustive exploration of small models.
func (m *Monitor) Clone() *Monitor {
	s := *m.shared
	s.roster, s.members = m.shared.roster.Clone(), maps.Clone(m.shared.members)
	c := &Monitor{shared: &s, warned: maps.Clone(m.warned), former: slices.Clone(m.former)}
	for _, g := range m.groups {
		c.groups = append(c.groups, g.clone(&s))
	}
	return c
}

func (g *Group) clone(s *shared) *Group {
	c := *g
	c.shared = s
	c.instances, c.voters = copyEach(g.instances), copyEach(g.voters)
	c.names, c.fencing, c.warned = maps.Clone(g.names), maps.Clone(g.fencing), maps.Clone(g.warned)
	c.lineage, c.targeted = slices.Clone(g.lineage), slices.Clone(g.targeted)
	c.deposed, c.prospect, c.ordered = copyOf(g.deposed), copyOf(g.prospect), copyOf(g.ordered)
	c.older, c.theirs = copyEach(g.older), slices.Clone(g.theirs)
	c.confirming = make(map[monitor.Addr]*confirmation, len(g.confirming))
	for addr, asked := range g.confirming {
		c.confirming[addr] = copyOf(asked)
	}
	if c.attempt = copyOf(g.attempt); c.attempt != nil {
		c.attempt.pending = maps.Clone(g.attempt.pending)
		if g.attempt.ballots != nil {
			c.attempt.ballots = g.attempt.ballots.Clone()
		}
	}
	c.out = Output{}
	return &c
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

func copyEach[T any](list []*T) []*T {
	c := make([]*T, len(list))
	for i, p := range list {
		c[i] = copyOf(p)
	}
	return c
}

// Fingerprint tells states of a monitor apart by what decides how they go on:
// two with one fingerprint at now take the same decisions. Instants count by how
// far they lie from now, and ids of effects not at all.
func (m *Monitor) Fingerprint(now monitor.Instant) uint64 {
	h := fnv.New64a()
	p := printer{write: func(format string, args ...any) { _, _ = h.Write(fmt.Appendf(nil, format, args...)) }, now: now}
	p.write("%d %q %v|", m.shared.epochs.Current, m.shared.unsaved, m.shared.impostor)
	for _, peer := range m.shared.roster.All() {
		p.write("%s %v %s %s|", peer.ID, peer.Connected, p.age(peer.Unanswered), p.age(peer.LastReply))
	}
	for _, g := range m.groups {
		p.group(g)
	}
	return h.Sum64()
}

type printer struct {
	write func(format string, args ...any)
	now   monitor.Instant
}

func (p printer) age(t monitor.Instant) string {
	if t == monitor.Never {
		return "-"
	}
	return p.now.Sub(t).String()
}

func (p printer) group(g *Group) {
	p.write("%v|%s %d %s|%s %s %s %v %v %v|", g.config, g.ballot.Leader, g.ballot.Epoch, p.left(g.ballot.LeaseEnd()),
		p.age(g.odownSince), p.left(g.retryAt), g.backoff, g.renew, g.agreed, g.lineage)
	p.write("%s %s %s|", p.age(g.toldAt), p.age(g.askedAt), p.age(g.configSince))
	for _, c := range []*quorum.Configuration{g.prospect, g.ordered} {
		if c != nil {
			p.write("%v", *c)
		}
		p.write("|")
	}
	for _, d := range append(slices.Clone(g.older), g.deposed) {
		if d == nil {
			continue
		}
		p.write("%v %s %s %s %s %v %v|", d.Deposed, p.age(d.awaited), p.age(d.back), p.age(d.askedAt), p.age(d.tried), d.effect != 0, d.fenced)
	}
	p.write("%v %s|", g.dropped, p.left(g.resetAt.Add(droppedStands)))
	for _, s := range g.theirs {
		p.write("%v %s|", s.master, p.left(s.at.Add(sightingStands)))
	}
	p.attempt(g.attempt)
	for _, v := range g.voters {
		p.write("%s %s %v %s %v %s|", v.ID, p.age(v.DownSince), v.SaidDown, p.age(v.SaidAt), v.Opinion.State, p.age(v.OpinionAt))
		p.write("%v %v %s|", v.Opinion.Down, v.Config, p.age(v.ConfigAt))
	}
	for _, i := range g.instances {
		p.instance(i)
	}
}

// left is how long something still lies ahead: what is over does not matter.
func (p printer) left(t monitor.Instant) string {
	if t <= p.now {
		return "-"
	}
	return t.Sub(p.now).String()
}

func (p printer) attempt(a *attempt) {
	if a == nil {
		p.write("none|")
		return
	}
	p.write("%v %v %d %s %s %s %s %d|", a.forced, a.renewal, a.phase, p.age(a.started), p.age(a.entered), p.left(a.until), p.left(a.lease), a.epoch)
	p.write("%v %v %v %v %v %v|", a.wish, a.chosen, a.unknown, a.inDoubt, a.durable, a.effect != 0)
	if a.ballots != nil {
		p.write("%v|", a.ballots.Yes())
	}
	p.write("%v|", slices.Sorted(maps.Values(a.pending)))
}

func (p printer) instance(i *Instance) {
	e := &i.Evidence
	p.write("%v %v %v %s %s|", i.Addr, i.Verdict.State, i.Verdict.Reason, p.age(i.DownSince), p.age(i.InfoSent))
	p.write("%v %s %s %s %v %s %s|", e.LinkUp, p.age(e.Unanswered), p.age(e.Invalid), p.age(e.LastReply), e.Reply, p.age(e.BusyLast), p.age(e.Excused))
	p.write("%v %v %v %s %v %d|", i.Info.Role, i.Info.RunID, i.Info.ReplID, i.Info.MasterHost, i.Info.LinkUp, i.Info.Offset())
	p.write("%v %v %v %v %v %v %s|", i.LinkedSeen > i.Strayed, i.RunID, i.turned, i.Reconf, i.repairing != 0, i.prospect, p.left(i.newborn.Add(bereftFor)))
}
