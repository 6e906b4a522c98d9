package sim

import (
	"slices"
	"time"

	"picket/monitor"
)

// fault plays one fault.
func (w *World) fault() {
	if w.failure != "" {
		return
	}
	w.stats.Faults++
	possible := slices.Concat(faults, mixedFaults)
	if w.pure() {
		possible = slices.Concat(faults, pureFaults)
	}
	total := 0
	for _, f := range possible {
		total += f.weight
	}
	at := w.rng.IntN(total)
	for _, f := range possible {
		if at -= f.weight; at < 0 {
			w.logf("fault: %s", f.name)
			w.reach("fault " + f.name)
			f.play(w)
			return
		}
	}
}

// misfortune is something that can befall the world, and how often it does.
type misfortune struct {
	name   string
	weight int
	play   func(*World)
}

// pureFaults befall worlds of pickets alone, mixedFaults those with a redis-sentinel.
var (
	pureFaults  = []misfortune{{"a stranger lies", 4, (*World).forge}}
	mixedFaults = []misfortune{{"SENTINEL FAILOVER at a redis-sentinel", 10, (*World).failoverAtRival}}
)

var faults = []misfortune{
	{"kill a server", 12, (*World).killServer},
	{"script", 14, (*World).blockServer},
	{"freeze a server", 8, (*World).freezeServer},
	{"pause clients", 4, (*World).pauseServer},
	{"power off a host", 5, (*World).powerOff},
	{"a server refuses us", 4, (*World).refuse},
	{"a full accept queue", 2, (*World).fillQueue},
	{"a replica follows a stranger", 2, (*World).mislead},
	{"the old master is started alone", 3, (*World).forgetfulRestart},
	{"all of a group die", 2, (*World).killGroup},
	{"cut RESP one way", 6, (*World).cutOneWay},
	{"cut RESP", 6, (*World).cutBothWays},
	{"cut gossip", 5, (*World).cutGossip},
	{"isolate a host", 7, (*World).isolate},
	{"split the world", 4, (*World).split},
	{"slow and lossy paths", 6, (*World).degrade},
	{"a monitor crashes", 8, (*World).crashMonitor},
	{"all monitors crash", 2, (*World).crashAll},
	{"a monitor moves", 2, (*World).moveMonitor},
	{"a monitor stands still", 6, (*World).stallMonitor},
	{"a clock jumps", 3, (*World).jumpClock},
	{"a monitor lacks processor", 3, (*World).starve},
	{"a slow disk", 4, (*World).slowDisk},
	{"a failing disk", 4, (*World).failingDisk},
	{"a trap", 16, (*World).setTrap},
	{"SENTINEL FAILOVER", 6, (*World).operatorFailover},
	{"SENTINEL SET", 3, (*World).operatorSet},
	{"SENTINEL RESET", 2, (*World).operatorReset},
	{"SENTINEL REMOVE and MONITOR", 2, (*World).operatorRemove},
}

func (w *World) anyServer() *server { return pick(w.rng, w.servers...) }

// aMaster returns a server that a monitor holds to be a master, most of the time.
func (w *World) aMaster() *server {
	if w.rng.Float64() < 0.7 {
		for range 20 {
			if s := w.anyServer(); w.isMaster(s) {
				return s
			}
		}
	}
	return w.anyServer()
}

func (w *World) anyNode() *node { return pick(w.rng, w.nodes...) }

func (w *World) span(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(w.rng.Int64N(int64(hi-lo)))
}

// anyLength is how long a fault lasts: mostly seconds, sometimes minutes.
func (w *World) anyLength() time.Duration {
	return pick(w.rng, w.span(50*time.Millisecond, time.Second), w.span(time.Second, 10*time.Second), w.span(time.Second, 10*time.Second),
		w.span(10*time.Second, 40*time.Second), w.span(40*time.Second, 3*time.Minute))
}

func (w *World) killServer() { w.killFor(w.aMaster()) }

// killFor kills a server for a while.
func (w *World) killFor(s *server) {
	s.kill()
	back := pick(w.rng, w.span(0, time.Second), w.span(time.Second, 30*time.Second), w.span(30*time.Second, 5*time.Minute))
	m := pick(w.rng, memoryLost, memorySnapshot, memoryWhole, memoryWhole)
	w.later(back, func() { s.start(m) })
}

func (w *World) blockServer() {
	p := scriptPlan{
		length: pick(w.rng, w.span(100*time.Millisecond, 3*time.Second), w.span(3*time.Second, 20*time.Second), w.span(20*time.Second, 2*time.Minute)),
		kind:   pick(w.rng, monitor.ReplyBusyScript, monitor.ReplyBusyScript, monitor.ReplyBusyFunction, monitor.ReplyBusyModule),
		deaf:   w.rng.Float64() < 0.05,
	}
	if w.rng.Float64() < 0.6 {
		p.wrote = w.rng.Int64N(int64(p.length/time.Second+1) * 10_000_000)
	}
	w.aMaster().runScript(p)
}

func (w *World) freezeServer() {
	s, d := w.aMaster(), w.anyLength()
	w.logf("%s: frozen for %s", s, d)
	s.freeze(d)
}

func (w *World) pauseServer() {
	s, d := w.aMaster(), w.anyLength()
	w.logf("%s: CLIENT PAUSE %s ALL", s, d)
	s.pauseAll(d)
}

func (w *World) powerOff() {
	s, d := w.aMaster(), w.anyLength()
	w.logf("%s: power off for %s", s, d)
	w.net.power(s.host, false)
	w.later(d, func() {
		s.kill()
		w.net.power(s.host, true)
		s.start(pick(w.rng, memoryLost, memorySnapshot, memorySnapshot))
	})
}

func (w *World) refuse() {
	s, d := w.aMaster(), w.anyLength()
	s.blind = pick(w.rng, monitor.ReplyNoAuth, monitor.ReplyWrongPass, monitor.ReplyNoPerm, monitor.ReplyProtected,
		monitor.ReplyMaxClients, monitor.ReplyMisconf, monitor.ReplyMasterDown, monitor.ReplyOther)
	w.logf("%s: answers %s for %s", s, s.blind, d)
	w.later(d, func() { s.blind, s.calmSince = monitor.ReplyNone, w.now })
}

func (w *World) fillQueue() {
	s := w.aMaster()
	s.full = true
	s.freeze(w.anyLength())
	w.later(s.frozen-w.now, func() { s.full = false })
}

// mislead points a replica to a master of somebody else.
func (w *World) mislead() {
	s := w.anyServer()
	stranger := w.servers[len(w.servers)-1]
	if s == stranger || !s.serving() || s.role != monitor.RoleReplica {
		return
	}
	w.stray(s)
}

// stray makes a server follow the stranger.
func (w *World) stray(s *server) {
	stranger := w.servers[len(w.servers)-1]
	s.repoint(stranger.addr)
	s.conf, s.strayed, s.returned = stranger.addr, w.now, never
}

// forgetfulRestart starts a server by a configuration that makes it a master.
func (w *World) forgetfulRestart() {
	s := w.anyServer()
	if s.home == "" {
		return
	}
	s.kill()
	s.conf = monitor.Addr{}
	w.later(w.span(0, 20*time.Second), func() { s.start(pick(w.rng, memoryLost, memorySnapshot, memoryWhole)) })
}

func (w *World) killGroup() {
	name := pick(w.rng, w.groups...)
	for _, s := range w.servers {
		if s.home == name {
			s.kill()
			w.later(w.span(0, time.Minute), func() { s.start(pick(w.rng, memoryLost, memorySnapshot, memoryWhole)) })
		}
	}
}
