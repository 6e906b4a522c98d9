package sim

import (
	"fmt"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// rival is a peer that follows redis-sentinel's rules: it takes BUSY for death,
// votes without a lease, and cannot be told anything but by hello and
// IS-MASTER-DOWN-BY-ADDR.
type rival struct {
	w      *World
	id     quorum.ID
	name   string
	host   int
	addr   monitor.Addr
	up     bool
	life   int
	epoch  uint64
	groups []*rivalGroup
	peers  map[quorum.ID]monitor.Addr
}

// rivalGroup is what it holds of one group.
type rivalGroup struct {
	name        string
	master      monitor.Addr
	configEpoch uint64
	replicas    map[monitor.Addr]*sighting
	seen        *sighting // of the master
	leader      quorum.ID
	leaderEpoch uint64
	minds       map[quorum.ID]rivalMind
	odown       bool
	phase       rivalPhase
	failover    uint64        // its epoch
	started     time.Duration // of the last failover, or of the last vote for another
	entered     time.Duration
	chosen      monitor.Addr
	askedAt     time.Duration
}

// sighting is what PING and INFO showed of an instance.
type sighting struct {
	pinged    time.Duration // the first PING without a valid answer, never when answered
	valid     time.Duration
	info      monitor.Info
	convertAt time.Duration // when an unexpected master is converted, never when it is none
	infoAt    time.Duration
}

// rivalMind is what a peer answered.
type rivalMind struct {
	down   bool
	leader quorum.ID
	epoch  uint64
	at     time.Duration
}

type rivalPhase uint8

const (
	rivalIdle rivalPhase = iota
	rivalWaitStart
	rivalWaitPromotion
	rivalReconf
)

const rivalTick = 100 * time.Millisecond

func (w *World) addRival(host int, ip string) {
	r := &rival{
		w: w, id: nodeID(host), host: host, name: fmt.Sprintf("s%d", len(w.rivals)+1), addr: monitor.Addr{Host: ip, Port: 26379},
		up: true, peers: map[quorum.ID]monitor.Addr{},
	}
	for i, g := range w.groups {
		master := w.servers[i*(1+w.shape.replicas)].addr
		r.groups = append(r.groups, &rivalGroup{
			name: g, master: master, seen: newSighting(w), replicas: map[monitor.Addr]*sighting{},
			minds: map[quorum.ID]rivalMind{}, started: never, askedAt: never,
		})
	}
	w.rivals = append(w.rivals, r)
	w.after(time.Second, r.tick)
	w.after(2*time.Second, r.publish)
}

func newSighting(w *World) *sighting {
	return &sighting{pinged: w.now, valid: never, infoAt: never, convertAt: never}
}

func (r *rival) location() int      { return r.host }
func (r *rival) alive() bool        { return r.up }
func (r *rival) whenAwake(f func()) { f() }

func (r *rival) crash(d time.Duration) {
	if !r.up {
		return
	}
	r.w.logf("%s: crashed for %s", r.name, d)
	r.up, r.life = false, r.life+1
	r.w.later(d, r.start)
}

// start begins again from its file, which redis-sentinel writes before it goes on:
// once it has promoted an instance, that is the master in there.
func (r *rival) start() {
	if r.up {
		return
	}
	r.w.logf("%s: started", r.name)
	r.up = true
	for _, g := range r.groups {
		if g.phase == rivalReconf {
			r.switchTo(g, g.chosen)
		}
		g.seen, g.phase, g.odown, g.started = newSighting(r.w), rivalIdle, false, never
		clear(g.minds)
		for addr := range g.replicas {
			g.replicas[addr] = newSighting(r.w)
		}
	}
}

// hello takes what a monitor announces, unconfirmed as redis-sentinel does.
func (r *rival) hello(h monitor.Hello) {
	g := r.group(h.Group)
	if g == nil || !r.up {
		return
	}
	r.peers[quorum.ID(h.ID)] = h.Peer
	r.epoch = max(r.epoch, h.CurrentEpoch)
	if h.ConfigEpoch <= g.configEpoch {
		return
	}
	g.configEpoch = h.ConfigEpoch
	r.w.ledger.rivalHolds(r, g, h.Master)
	if h.Master != g.master {
		r.switchTo(g, h.Master)
	}
}

func (r *rival) switchTo(g *rivalGroup, master monitor.Addr) {
	r.w.logf("%s: +switch-master %s %s %s", r.name, g.name, g.master, master)
	old := g.master
	r.w.ledger.rivalHolds(r, g, master)
	g.master, g.seen = master, newSighting(r.w)
	delete(g.replicas, master)
	g.replicas[old] = newSighting(r.w)
	g.phase, g.odown, g.started = rivalIdle, false, never
	clear(g.minds)
}

func (r *rival) group(name string) *rivalGroup {
	for _, g := range r.groups {
		if g.name == name {
			return g
		}
	}
	return nil
}

// isDown answers IS-MASTER-DOWN-BY-ADDR.
func (r *rival) isDown(q quorum.Question) (down bool, leader quorum.ID, epoch uint64) {
	for _, g := range r.groups {
		if g.master != q.Master {
			continue
		}
		down = r.sdown(g)
		if q.Candidate == "" {
			return down, "", 0
		}
		leader, epoch = r.vote(g, q.Epoch, q.Candidate)
		return down, leader, epoch
	}
	return false, "", 0
}

// vote is sentinelVoteLeader.
func (r *rival) vote(g *rivalGroup, epoch uint64, candidate quorum.ID) (quorum.ID, uint64) {
	r.epoch = max(r.epoch, epoch)
	if g.leaderEpoch < epoch && r.epoch <= epoch {
		g.leader, g.leaderEpoch = candidate, r.epoch
		r.w.logf("%s: +vote-for-leader %s %d", r.name, reverse(candidate), epoch)
		r.w.ledger.votes[ballot{r.id, g.name, r.epoch}] = candidate
		if candidate != r.id {
			g.started = r.w.now + time.Duration(r.w.rng.Int64N(int64(time.Second)))
		}
	}
	return g.leader, g.leaderEpoch
}

// identify answers SENTINEL MYID and SENTINEL MASTER.
func (r *rival) identify(group string) quorum.Answer {
	a := quorum.Answer{Peer: r.id, Kind: quorum.KindSentinel}
	if g := r.group(group); g != nil {
		a.KnowsGroup = true
		a.Config = quorum.Configuration{Group: group, Epoch: g.configEpoch, Master: g.master}
		if g.phase == rivalReconf {
			a.Config.Master = g.chosen
		}
	}
	return a
}

// call carries a request to another monitor; the answer may be lost.
func (r *rival) call(to monitor.Addr, serve func(d door, reply func(func()))) {
	d := r.w.doorAt(to)
	if d == nil {
		return
	}
	life := r.life
	r.w.net.segment(r.host, d.location(), func() {
		if !d.alive() {
			return
		}
		d.whenAwake(func() {
			serve(d, func(home func()) {
				r.w.net.segment(d.location(), r.host, func() {
					if r.up && r.life == life {
						home()
					}
				})
			})
		})
	})
}

// ask asks every peer about a master that is sdown, and for votes in a failover.
func (r *rival) ask(g *rivalGroup, force bool) {
	if !force && g.askedAt != never && r.w.now-g.askedAt < time.Second {
		return
	}
	g.askedAt = r.w.now
	q := quorum.Question{Group: g.name, Master: g.master, Epoch: r.epoch}
	if g.phase != rivalIdle {
		q.Candidate = r.id
	}
	for _, id := range r.w.monitorIDs() {
		addr, known := r.peers[id]
		if !known || id == r.id {
			continue
		}
		r.call(addr, func(d door, reply func(func())) {
			n, ok := d.(*node)
			if !ok {
				return
			}
			n.isDown(q, func(down bool, leader quorum.ID, epoch uint64) {
				reply(func() { r.answered(g, id, rivalMind{down: down, leader: leader, epoch: epoch, at: r.w.now}) })
			})
		})
	}
}

func (r *rival) answered(g *rivalGroup, from quorum.ID, m rivalMind) {
	if m.leader == "" {
		before := g.minds[from]
		m.leader, m.epoch = before.leader, before.epoch
	}
	g.minds[from] = m
}
