package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// Config says what to simulate.
type Config struct {
	Seed   uint64
	Length time.Duration     // virtual time
	Trace  func(line string) // nil: no timeline
}

// World is one simulated world.
type World struct {
	cfg        Config
	now        time.Duration
	rng        *rand.Rand
	queue      queue
	net        *network
	servers    []*server
	nodes      []*node
	rivals     []*rival
	groups     []string
	shape      shape
	ledger     *ledger
	stats      Stats
	failure    string
	ids        uint64
	linkNumber uint64
	round      int // counts heals
	traps      []trap
}

// Run plays one world to its end or to the first broken invariant.
func Run(cfg Config) Result {
	w := newWorld(cfg)
	w.play()
	return Result{Seed: cfg.Seed, Stats: w.stats, Shape: w.shape.String(), Violation: w.failure, At: w.now}
}

// after plans f for d from now.
func (w *World) after(d time.Duration, f func()) { w.queue.push(w.now+max(0, d), f) }

// runUntil plays events until the time comes or an invariant breaks.
func (w *World) runUntil(t time.Duration) {
	for w.failure == "" && w.queue.due(t) {
		at, run := w.queue.pop()
		w.now = at
		run()
	}
	w.now = max(w.now, t)
}

func (w *World) violate(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
		w.logf("VIOLATION: %s", w.failure)
	}
}

func (w *World) tracing() bool { return w.cfg.Trace != nil }

func (w *World) logf(format string, args ...any) {
	if w.cfg.Trace != nil {
		w.cfg.Trace(fmt.Sprintf("%12.6f  ", w.now.Seconds()) + fmt.Sprintf(format, args...))
	}
}

// short writes the ids of monitors shorter, for the timeline.
func (w *World) short(s string) string {
	for _, n := range w.nodes {
		s = strings.ReplaceAll(s, string(n.id), n.name)
	}
	for _, r := range w.rivals {
		s = strings.ReplaceAll(s, string(r.id), r.name)
	}
	return s
}

func (w *World) newID() string {
	w.ids++
	return fmt.Sprintf("%040x", w.rng.Uint64())[:34] + fmt.Sprintf("%06x", w.ids)
}

func (w *World) serverAt(addr monitor.Addr) *server {
	for _, s := range w.servers {
		if s.addr == addr {
			return s
		}
	}
	return nil
}

func (w *World) doorAt(addr monitor.Addr) door {
	for _, n := range w.nodes {
		if n.addr == addr {
			return n
		}
	}
	for _, r := range w.rivals {
		if r.addr == addr {
			return r
		}
	}
	return nil
}

func (w *World) monitorIDs() []quorum.ID {
	var list []quorum.ID
	for _, n := range w.nodes {
		list = append(list, n.id)
	}
	for _, r := range w.rivals {
		list = append(list, r.id)
	}
	return list
}

// pure reports that all monitors are pickets.
func (w *World) pure() bool { return len(w.rivals) == 0 }

// isMaster reports whether some monitor holds the server to be a master.
func (w *World) isMaster(s *server) bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool {
		return n.up && slices.ContainsFunc(n.order, func(g string) bool { return n.groups[g].group.Master() == s.addr })
	})
}

func (w *World) familyFor(s *server) string {
	if s.home == "" {
		return "foreign"
	}
	return s.home
}

// shape is what a world consists of.
type shape struct {
	monitors, rivals, groups, replicas int
	set                                failover.Settings
	threshold                          time.Duration
}

func (s shape) String() string {
	return fmt.Sprintf("%d monitors, %d redis-sentinels, %d groups of 1+%d, quorum %d, down-after %s, failover-timeout %s, busy-policy %s, threshold %s",
		s.monitors, s.rivals, s.groups, s.replicas, s.set.Quorum, s.set.DownAfter, s.set.FailoverTimeout, s.set.Busy, s.threshold)
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func (w *World) drawShape() shape {
	r := w.rng
	s := shape{monitors: pick(r, 3, 3, 3, 3, 5, 4), groups: pick(r, 1, 1, 1, 2), replicas: pick(r, 1, 2, 2, 2, 3)}
	s.set = failover.DefaultSettings("", quorum.Majority(s.monitors))
	s.set.DownAfter = pick(r, time.Second, time.Second, 2*time.Second, 5*time.Second, 10*time.Second, 30*time.Second)
	s.set.FailoverTimeout = pick(r, 5*time.Second, 10*time.Second, 20*time.Second, time.Minute)
	s.set.ParallelSyncs = pick(r, 1, 1, 2)
	s.set.Busy = pick(r, failover.BusyWait, failover.BusyWait, failover.BusyWait, failover.BusyKill, failover.BusyFailover)
	s.set.BusyKillAfter, s.set.BusyFailoverAfter, s.set.BusyWarnAfter = 8*time.Second, 12*time.Second, 3*time.Second
	s.set.MisconfDown = pick(r, true, true, false)
	s.set.RebootDownAfter = pick(r, 0, 0, 5*time.Second)
	s.threshold = pick(r, 500*time.Millisecond, 500*time.Millisecond, time.Second, time.Second, 5*time.Second, 5*time.Second, 5*time.Second, 0)
	if r.Float64() < 0.12 {
		s.rivals, s.monitors = 1, s.monitors-1
		if s.monitors == 4 && r.Float64() < 0.5 {
			s.rivals, s.monitors = 2, 3
		}
	}
	return s
}

func newWorld(cfg Config) *World {
	w := emptyWorld(cfg)
	w.build(w.drawShape())
	return w
}

func emptyWorld(cfg Config) *World {
	w := &World{cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 0x9e3779b97f4a7c15))}
	w.stats.Reached = map[string]int{}
	w.ledger = newLedger(w)
	return w
}

// build fills the world.
func (w *World) build(s shape) {
	w.shape = s
	w.net = newNetwork(w, w.shape.monitors+w.shape.rivals+w.shape.groups*(1+w.shape.replicas)+1)
	w.logf("seed %d: %s", w.cfg.Seed, w.shape)
	host := 0
	for i := range w.shape.groups {
		w.groups = append(w.groups, fmt.Sprintf("g%d", i+1))
	}
	for _, g := range w.groups {
		for i := range 1 + w.shape.replicas {
			w.addServer(host, g, i)
			host++
		}
	}
	w.addServer(host, "", 0)
	host++
	for i := range w.shape.monitors + w.shape.rivals {
		w.addMonitor(host+i, i)
	}
}

// addServer makes one model Redis: the first of its group is the master.
func (w *World) addServer(host int, home string, index int) {
	s := &server{
		w: w, host: host, addr: monitor.Addr{Host: fmt.Sprintf("10.0.0.%d", host+1), Port: 6379}, home: home,
		role: monitor.RoleMaster, priority: 100, limit: w.shape.threshold, clients: 50_000,
		data: dataset{second: -1}, strayed: never, returned: never,
	}
	if index > 0 {
		s.conf = monitor.Addr{Host: fmt.Sprintf("10.0.0.%d", host+1-index), Port: 6379}
		s.priority = pick(w.rng, 100, 100, 100, 50, 0)
		if index == 1 {
			s.priority = 100
		}
	}
	if w.rng.Float64() < 0.1 {
		s.noGet = true
	}
	w.servers = append(w.servers, s)
	s.start(memoryLost)
}

func (w *World) addMonitor(host, index int) {
	ip := fmt.Sprintf("10.0.1.%d", index+1)
	if index >= w.shape.monitors {
		w.addRival(host, ip)
		return
	}
	n := &node{
		w: w, id: nodeID(w.rng.IntN(1000)*16 + index), host: host, name: fmt.Sprintf("m%d", index+1),
		addr: monitor.Addr{Host: ip, Port: 26379}, gossip: monitor.Addr{Host: ip, Port: 27379},
		base: monitor.Instant(time.Hour) + monitor.Instant(w.rng.Int64N(int64(time.Hour))), rate: 0.995 + 0.01*w.rng.Float64(),
	}
	for i, g := range w.groups {
		set := w.shape.set
		set.Name = g
		master := w.servers[i*(1+w.shape.replicas)].addr
		n.disk.state.groups = append(n.disk.state.groups, savedGroup{set: set, saved: failover.Saved{Name: g, Master: master}})
	}
	w.nodes = append(w.nodes, n)
	w.after(time.Duration(w.rng.Int64N(int64(time.Second))), n.start)
}
