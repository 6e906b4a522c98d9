package sim

import (
	"slices"
	"testing"
	"time"

	"picket/failover"
	"picket/monitor"
)

// scene is a short script of faults that tempts the core into one mistake. The
// core as it is breaks no invariant in it and heals; the broken core of the
// mutation that it is named after breaks one.
type scene struct {
	name     string
	replicas int
	set      func(*shape)
	play     func(*stage)
}

// stage is the world of a scene: one group, three monitors in the order of their
// ids, which is that in which they campaign.
type stage struct {
	*World
	m [3]*node
}

// sceneSeeds is how many worlds each scene is played in; they differ in delays.
const sceneSeeds = 12

func playScene(sc scene, cfg Config) *World {
	w := emptyWorld(cfg)
	s := shape{monitors: 3, groups: 1, replicas: sc.replicas, set: failover.DefaultSettings("", 2), threshold: 500 * time.Millisecond}
	s.set.DownAfter, s.set.FailoverTimeout = time.Second, time.Minute
	if sc.set != nil {
		sc.set(&s)
	}
	w.build(s)
	for _, server := range w.servers {
		server.priority, server.noGet = 100, false
	}
	st := &stage{World: w}
	copy(st.m[:], slices.SortedFunc(slices.Values(w.nodes), func(a, b *node) int { return compareIDs(a.id, b.id) }))
	w.after(0, w.beat)
	w.runUntil(settle)
	sc.play(st)
	w.heal()
	return w
}

func compareIDs[T ~string](a, b T) int {
	if a < b {
		return -1
	}
	return 1
}

// until plays events one by one until the condition holds, and reports whether it did.
func (s *stage) until(limit time.Duration, cond func() bool) bool {
	end := s.now + limit
	for s.failure == "" && s.queue.due(end) && !cond() {
		at, run := s.queue.pop()
		s.now = at
		run()
	}
	return cond()
}

func (s *stage) pass(d time.Duration) { s.runUntil(s.now + d) }

func (s *stage) master() *server       { return s.serverAt(s.m[0].groups["g1"].group.Master()) }
func (s *stage) phase(n *node) string  { return n.groups["g1"].group.View(n.clock()).FailoverState }
func (s *stage) odown(n *node) bool    { return n.groups["g1"].group.View(n.clock()).Master.ODown }
func (s *stage) voted(n, c *node) bool { return n.groups["g1"].group.View(n.clock()).Leader == c.id }
func (s *stage) cut(from, to int)      { s.cutPath(resp, from, to, time.Hour) }
func (s *stage) apart(a, b int)        { s.cut(a, b); s.cut(b, a); s.silence(a, b) }
func (s *stage) silence(a, b int) {
	s.cutPath(gossip, a, b, time.Hour)
	s.cutPath(gossip, b, a, time.Hour)
}
func (s *stage) ordered(n int) func() bool { return func() bool { return s.stats.Promotions >= n } }

func quorumOfOne(s *shape) { s.set.Quorum = 1 }

var scenes = []scene{
	{"vote-not-persisted", 2, nil, func(s *stage) {
		s.master().kill()
		s.pass(5 * time.Second)
	}},
	{"majority-off-by-one", 2, quorumOfOne, func(s *stage) {
		s.m[1].crash()
		s.m[2].crash()
		s.master().kill()
		s.pass(15 * time.Second)
	}},
	{"votes-of-another-epoch", 2, nil, oldVotes},
	{"lease-ignored", 2, nil, func(s *stage) {
		s.cut(s.m[0].host, s.m[2].host) // the first candidate's request never reaches the third monitor
		s.master().kill()
		stallElected(s, 1500*time.Millisecond)
	}},
	{"order-after-own-lease", 2, nil, func(s *stage) {
		s.master().kill()
		stallElected(s, 5*time.Second)
	}},
	{"promotion-without-validation", 2, nil, func(s *stage) {
		m := s.master()
		m.freeze(time.Minute)
		s.until(30*time.Second, func() bool { return s.odown(s.m[0]) })
		for _, n := range s.m {
			n.disk.latency = 200 * time.Millisecond // the votes take a while
		}
		s.until(time.Second, func() bool { return s.phase(s.m[0]) == "wait_start" })
		m.frozen = 0
		m.flush()
		s.pass(5 * time.Second)
	}},
	{"busy-counts-as-down", 2, func(s *shape) { s.set.DownAfter = 2 * time.Second }, func(s *stage) {
		s.master().runScript(scriptPlan{length: 20 * time.Second, kind: monitor.ReplyBusyScript, wrote: 1000})
		s.pass(30 * time.Second)
		s.calm()
	}},
	{"lineage-not-checked", 1, nil, func(s *stage) {
		s.stray(s.servers[1])
		s.pass(20 * time.Second)
		s.master().kill()
		s.pass(10 * time.Second)
	}},
	{"fence-before-confirmation", 2, nil, func(s *stage) {
		m := s.master()
		m.kill()
		s.until(10*time.Second, s.ordered(1))
		leader := s.leader()
		for _, n := range s.m {
			if n != leader {
				s.apart(leader.host, n.host)
				for _, r := range s.servers {
					s.apart(n.host, r.host)
				}
			}
		}
		m.start(memoryLost)
		s.pass(5 * time.Second)
	}},
	{"second-choice", 2, nil, func(s *stage) {
		s.master().kill()
		s.until(10*time.Second, s.ordered(1))
		leader := s.leader()
		for _, r := range s.servers {
			if r.addr == leader.groups["g1"].ordered.Master {
				s.apart(r.host, leader.host)
			}
		}
		s.pass(10 * time.Second)
	}},
	{"empty-replica-chosen", 2, nil, func(s *stage) {
		m := s.master()
		s.servers[1].kill()
		s.servers[1].priority = 10
		s.servers[1].start(memoryLost)
		m.kill()
		s.pass(10 * time.Second)
	}},
	{"a-host-restarts-without-a-word", 2, nil, func(s *stage) {
		m := s.master()
		m.freeze(time.Minute)
		s.pass(300 * time.Millisecond) // a PING has arrived and is not answered
		s.net.power(m.host, false)
		m.kill()
		s.pass(100 * time.Millisecond)
		s.net.power(m.host, true)
		m.start(memoryWhole)
		s.pass(30 * time.Second)
		s.calm()
	}},
	{"a-master-is-back-before-the-votes", 2, nil, func(s *stage) {
		m := s.master()
		for _, n := range s.m {
			n.disk.latency = 5 * time.Second
		}
		m.kill()
		s.until(10*time.Second, func() bool { return s.odown(s.m[0]) })
		m.start(memoryWhole)
		s.pass(30 * time.Second)
		s.calm()
	}},
	{"the-master-and-its-replica-follow-each-other", 1, nil, func(s *stage) {
		m, r := s.master(), s.servers[1]
		r.kill()
		r.start(memoryLost)
		m.repoint(r.addr)
		m.conf = r.addr
		s.pass(40 * time.Second)
	}},
	{"pause-left", 2, nil, func(s *stage) {
		m := s.master()
		m.kill()
		s.pass(5 * time.Second)
		m.start(memoryWhole)
		s.pass(20 * time.Second)
	}},
}

// calm demands that nothing was failed over.
func (s *stage) calm() {
	if s.stats.Promotions > 0 {
		s.violate("%d promotions, and the master was well", s.stats.Promotions)
	}
}

// leader is the monitor that ordered the last promotion.
func (s *stage) leader() *node {
	for _, n := range s.m {
		if s.phase(n) == "wait_promotion" || s.phase(n) == "reconf_slaves" {
			return n
		}
	}
	return s.m[0]
}

// stallElected stops the first candidate once it has the vote that elects it and
// before it hears of it.
func stallElected(s *stage, d time.Duration) {
	s.until(10*time.Second, func() bool { return s.voted(s.m[1], s.m[0]) })
	s.m[0].stall(d)
	s.pass(15 * time.Second)
}

// oldVotes has a monitor that voted for the candidate before, and cannot vote
// now, asked again; the third is gone.
func oldVotes(s *stage) {
	s.master().kill()
	s.pass(20 * time.Second)
	candidate := s.leaderByVotes()
	for _, n := range s.m {
		if n == candidate {
			continue
		}
		if s.voted(n, candidate) {
			n.disk.failing = true
			n.save.wanted = true
			n.startSave()
			break
		}
	}
	for _, n := range s.m {
		if n != candidate && !n.disk.failing {
			n.crash()
		}
	}
	s.pass(3 * time.Second)
	s.master().kill()
	s.pass(20 * time.Second)
}

// leaderByVotes is the monitor that most voted for last.
func (s *stage) leaderByVotes() *node {
	for _, c := range s.m {
		if s.voted(s.m[0], c) && s.voted(s.m[1], c) || s.voted(s.m[1], c) && s.voted(s.m[2], c) || s.voted(s.m[0], c) && s.voted(s.m[2], c) {
			return c
		}
	}
	return s.m[0]
}

// TestScenes plays every scene on the core as it is.
func TestScenes(t *testing.T) {
	for _, sc := range scenes {
		t.Run(sc.name, func(t *testing.T) {
			for seed := range uint64(sceneSeeds) {
				w := playScene(sc, Config{Seed: seed})
				if w.failure != "" {
					t.Fatalf("seed %d at %s: %s", seed, w.now, w.failure)
				}
			}
		})
	}
}
