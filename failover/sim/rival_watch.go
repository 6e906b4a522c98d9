package sim

import (
	"maps"
	"slices"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// tick is sentinelTimer.
func (r *rival) tick() {
	r.w.after(rivalTick, r.tick)
	if !r.up {
		return
	}
	for _, g := range r.groups {
		r.look(g.master, g.seen)
		for _, addr := range slices.SortedFunc(maps.Keys(g.replicas), monitor.Addr.Compare) {
			r.look(addr, g.replicas[addr])
		}
		r.discover(g)
		r.agree(g)
		r.advance(g)
		r.convert(g)
	}
}

// publish sends hellos every two seconds through the instances.
func (r *rival) publish() {
	r.w.after(publishPeriod, r.publish)
	if !r.up {
		return
	}
	for _, g := range r.groups {
		h := monitor.Hello{Peer: r.addr, ID: string(r.id), CurrentEpoch: r.epoch, Group: g.name, Master: g.master, ConfigEpoch: g.configEpoch}
		if g.phase == rivalReconf {
			h.Master = g.chosen
		}
		for _, s := range r.w.servers {
			if s.home == g.name && s.serving() && r.w.net.both(resp, r.host, s.host) && r.w.now >= s.fenced {
				r.w.channel(s, h)
			}
		}
	}
}

// look is one PING and one INFO, without their delays: a valid reply is PONG,
// LOADING or MASTERDOWN.
func (r *rival) look(addr monitor.Addr, seen *sighting) {
	s := r.w.serverAt(addr)
	reached := s != nil && s.up && !s.silent() && r.w.net.both(resp, r.host, s.host)
	if !reached || !s.answer().Serving() {
		if seen.pinged == never {
			seen.pinged = r.w.now
		}
		return
	}
	seen.pinged, seen.valid = never, r.w.now
	if seen.infoAt == never || r.w.now-seen.infoAt > time.Second {
		seen.info, seen.infoAt = s.info(), r.w.now
	}
}

// discover takes replicas from the master's INFO.
func (r *rival) discover(g *rivalGroup) {
	for _, addr := range g.seen.info.Replicas {
		if g.replicas[addr] == nil && addr != g.master {
			g.replicas[addr] = newSighting(r.w)
		}
	}
}

func (r *rival) sdown(g *rivalGroup) bool {
	return g.seen.pinged != never && r.w.now-g.seen.pinged > r.w.shape.set.DownAfter
}

// agree is sentinelCheckObjectivelyDown and sentinelStartFailoverIfNeeded.
func (r *rival) agree(g *rivalGroup) {
	if !r.sdown(g) {
		g.odown = false
		return
	}
	down := 1
	for _, m := range g.minds {
		if m.down && r.w.now-m.at < 5*time.Second {
			down++
		}
	}
	g.odown = down >= r.w.shape.set.Quorum
	if g.odown && g.phase == rivalIdle && (g.started == never || r.w.now-g.started >= 2*r.w.shape.set.FailoverTimeout) {
		r.epoch++
		g.failover, g.phase, g.entered = r.epoch, rivalWaitStart, r.w.now
		g.started = r.w.now + time.Duration(r.w.rng.Int64N(int64(time.Second)))
		r.w.logf("%s: +try-failover %s %s epoch %d", r.name, g.name, g.master, g.failover)
		r.ask(g, true)
		return
	}
	r.ask(g, false)
}

// advance is sentinelFailoverStateMachine.
func (r *rival) advance(g *rivalGroup) {
	timeout := r.w.shape.set.FailoverTimeout
	switch g.phase {
	case rivalWaitStart:
		if r.elected(g) {
			r.promote(g)
		} else if r.w.now-g.entered > min(10*time.Second, timeout) {
			g.phase = rivalIdle
		}
	case rivalWaitPromotion:
		if s := g.replicas[g.chosen]; s != nil && s.info.Role == monitor.RoleMaster && s.infoAt > g.entered {
			g.configEpoch, g.phase, g.entered = g.failover, rivalReconf, r.w.now
			r.w.ledger.rivalHolds(r, g, g.chosen)
			r.w.logf("%s: +promoted-slave %s %s epoch %d", r.name, g.name, g.chosen, g.failover)
		} else if r.w.now-g.entered > timeout {
			g.phase = rivalIdle
		}
	case rivalReconf:
		r.repointAll(g)
		if r.w.now-g.entered > 2*time.Second {
			r.switchTo(g, g.chosen)
		}
	}
}

// elected is sentinelGetLeader: votes are counted at the current epoch.
func (r *rival) elected(g *rivalGroup) bool {
	if g.leaderEpoch < r.epoch {
		r.vote(g, r.epoch, r.id)
	}
	votes := 0
	if g.leader == r.id && g.leaderEpoch == r.epoch {
		votes++
	}
	for _, m := range g.minds {
		if m.leader == r.id && m.epoch == r.epoch {
			votes++
		}
	}
	return votes >= quorum.Needed(r.w.shape.set.Quorum, len(r.peers)+1)
}

// promote is sentinelSelectSlave and SLAVEOF NO ONE.
func (r *rival) promote(g *rivalGroup) {
	var best *server
	for _, addr := range slices.SortedFunc(maps.Keys(g.replicas), monitor.Addr.Compare) {
		seen, s := g.replicas[addr], r.w.serverAt(addr)
		if s == nil || seen.pinged != never || r.w.now-seen.infoAt > 5*time.Second || seen.info.Priority == 0 {
			continue
		}
		if best == nil || seen.info.Priority < best.priority || seen.info.Priority == best.priority && s.data.offset > best.data.offset {
			best = s
		}
	}
	if best == nil {
		g.phase = rivalIdle
		return
	}
	g.phase, g.entered, g.chosen = rivalWaitPromotion, r.w.now, best.addr
	r.w.stats.Promotions++
	if family := best.data.family; family != "" && family != g.name {
		r.w.ledger.spoiled[g.name] = true // it looks at no lineage
	}
	r.send(best, monitor.Addr{})
}

func (r *rival) send(s *server, to monitor.Addr) {
	if !r.w.net.both(resp, r.host, s.host) {
		return
	}
	r.w.net.segment(r.host, s.host, func() {
		s.arrive(s.life, request{serve: func() { s.order(r.name, to) }})
	})
}

func (r *rival) repointAll(g *rivalGroup) {
	for _, addr := range slices.SortedFunc(maps.Keys(g.replicas), monitor.Addr.Compare) {
		seen, s := g.replicas[addr], r.w.serverAt(addr)
		if addr != g.chosen && s != nil && seen.pinged == never && s.serving() && s.role == monitor.RoleReplica && s.master != g.chosen {
			r.send(s, g.chosen)
		}
	}
}

// convert is +convert-to-slave: an unexpected master is left alone for 8 s.
func (r *rival) convert(g *rivalGroup) {
	if g.phase != rivalIdle || g.seen.pinged != never || g.seen.info.Role != monitor.RoleMaster {
		return
	}
	for _, addr := range slices.SortedFunc(maps.Keys(g.replicas), monitor.Addr.Compare) {
		seen, s := g.replicas[addr], r.w.serverAt(addr)
		if s == nil || seen.pinged != never || seen.info.Role != monitor.RoleMaster {
			seen.convertAt = never
			continue
		}
		if seen.convertAt == never {
			seen.convertAt = r.w.now + 8*time.Second
		}
		if r.w.now >= seen.convertAt {
			seen.convertAt = never
			r.send(s, g.master)
		}
	}
}
