package sim

import (
	"fmt"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// node is a monitor: the real core, and around it what the daemon does.
type node struct {
	w      *World
	id     quorum.ID
	name   string
	host   int
	addr   monitor.Addr
	gossip monitor.Addr
	moves  int // to another address

	up         bool
	life       int
	mon        *failover.Monitor
	groups     map[string]*watched
	order      []string
	probes     []*probe
	peers      map[quorum.ID]*peerLink
	pool       map[quorum.ID]*member
	tickets    map[uint64]ticket
	lastTicket uint64

	base    monitor.Instant // what its clock showed at the start of the world
	rate    float64
	stalled time.Duration // its process stands still until then
	froze   time.Duration // since when
	awake   time.Duration // since when it runs without a pause
	began   time.Duration // when its process began
	stalls  int           // counts them
	inbox   []func()
	lag     time.Duration // each input waits this long for the processor

	disk disk
	save saving
}

// ticket is a candidate that waits for our answer.
type ticket struct {
	candidate quorum.ID
	epoch     uint64
	answer    func(failover.AnswerVote)
}

// watched is a group on one monitor.
type watched struct {
	group   *failover.Group
	set     failover.Settings
	opinion quorum.Opinion // as last told
	told    bool
	wakeAt  monitor.Instant
	planned time.Duration // when a wake-up event is due, never when none
	ordered quorum.Configuration
	config  quorum.Configuration // as last published
	noted   quorum.Configuration // as the ledger has it
	held    monitor.Reason
	reset   bool // the operator made it forget monitors, who count no more for it
}

// clock reads the monitor's own clock.
func (n *node) clock() monitor.Instant {
	return n.base + monitor.Instant(float64(n.w.now)*n.rate)
}

// at translates an instant of the monitor's clock to the time of the world.
func (n *node) at(t monitor.Instant) time.Duration {
	return time.Duration(float64(t-n.base)/n.rate) + 1
}

// run lets the monitor's process do something now, or when it runs again.
func (n *node) run(f func()) {
	switch {
	case !n.up:
	case n.w.now < n.stalled:
		n.inbox = append(n.inbox, f)
	case n.lag > 0:
		life := n.life
		n.w.after(time.Duration(n.w.rng.Int64N(int64(n.lag))), func() {
			if n.up && n.life == life {
				f()
			}
		})
	default:
		f()
	}
}

// later is a timer of the monitor's process.
func (n *node) later(d time.Duration, f func()) {
	life := n.life
	n.w.after(d, func() {
		if n.life == life {
			n.run(f)
		}
	})
}

// hear returns f for the monitor's present process: later ones ignore it.
func (n *node) hear(f func()) func() {
	life := n.life
	return func() {
		if n.life == life {
			n.run(f)
		}
	}
}

// stall stops the monitor's process for d.
func (n *node) stall(d time.Duration) {
	if !n.up || n.w.now < n.stalled {
		return
	}
	n.w.logf("%s: stands still for %s", n, d)
	n.stalled, n.froze = n.w.now+d, n.w.now
	n.stalls++
	which := n.stalls
	n.w.after(d, func() {
		if n.stalls == which {
			n.resume()
		}
	})
}

const stallLimit = 400 * time.Millisecond

// resume ends a stall: first the gap is noticed, then what waited is handled.
func (n *node) resume() {
	if !n.up || n.stalled == 0 {
		return
	}
	gap := n.w.now - n.froze + time.Duration(n.w.rng.Int64N(int64(100*time.Millisecond)))
	n.stalled, n.awake = 0, n.w.now
	n.stalls++
	n.noticeGap(gap)
	inbox := n.inbox
	n.inbox = nil
	for _, f := range inbox {
		if n.up {
			f()
		}
	}
}

// noticeGap is the loop's beat: a gap means that the process stood still.
func (n *node) noticeGap(gap time.Duration) {
	if gap > stallLimit {
		n.w.reach("input stalled")
		n.mon.Stalled(gap)
	}
}

// jump moves the monitor's clock forward, as the pause of a virtual machine does.
func (n *node) jump(d time.Duration) {
	if !n.up || n.w.now < n.stalled {
		return
	}
	n.w.logf("%s: clock jumps by %s", n, d)
	n.base += monitor.Instant(d)
	n.awake = n.w.now
	n.noticeGap(d)
	n.replan()
}

// replan plans the wake-ups anew after a jump.
func (n *node) replan() {
	for _, name := range n.order {
		g := n.groups[name]
		g.planned = never
		n.plan(g)
	}
}

func (n *node) String() string { return n.name }

// start begins a process from what is durable.
func (n *node) start() {
	if n.up {
		return
	}
	n.up, n.life = true, n.life+1
	n.disk.boot++
	n.stalled, n.inbox, n.lag, n.awake, n.began = 0, nil, 0, n.w.now, n.w.now
	n.stalls++
	n.groups, n.order, n.probes = map[string]*watched{}, nil, nil
	n.peers, n.pool = map[quorum.ID]*peerLink{}, map[quorum.ID]*member{}
	n.tickets, n.save = map[uint64]ticket{}, saving{lazyAt: never}
	n.mon = failover.NewMonitor(failover.Identity{
		ID: n.id, Boot: n.disk.boot, Epoch: n.disk.state.epoch, Seed: n.w.rng.Uint64(),
	})
	n.w.logf("%s: monitor started, boot %d, epoch %d", n, n.disk.boot, n.disk.state.epoch)
	n.w.ledger.restarted(n)
	for _, g := range n.disk.state.groups {
		n.watch(g.set, g.saved)
	}
	n.startPool()
	n.warnings()
}

// crash ends the process. What was not durable is lost; a write under way may
// have reached the disk or not.
func (n *node) crash() {
	if !n.up {
		return
	}
	n.w.logf("%s: monitor crashed", n)
	if n.save.busy && n.w.rng.Float64() < 0.5 {
		n.disk.state = n.save.writing
	}
	n.up, n.life = false, n.life+1
	for _, p := range n.probes {
		p.stop()
	}
}

// watch starts a group.
func (n *node) watch(set failover.Settings, saved failover.Saved) {
	out := n.mon.Start(n.clock(), set, saved)
	g := &watched{group: n.mon.Group(set.Name), set: set, planned: never}
	n.groups[set.Name] = g
	n.order = append(n.order, set.Name)
	n.apply(g, out)
}

// unwatch ends a group.
func (n *node) unwatch(name string) {
	n.mon.Remove(name)
	delete(n.groups, name)
	for i, other := range n.order {
		if other == name {
			n.order = append(n.order[:i], n.order[i+1:]...)
			break
		}
	}
	n.retarget(name, nil)
	n.repeer()
	n.w.ledger.forgot(n, name)
}

// input steps one input of a group.
func (n *node) input(group string, in failover.Input) {
	g := n.groups[group]
	if g == nil {
		return
	}
	n.w.stats.Steps++
	n.apply(g, g.group.Step(n.clock(), in))
	n.startSave()
}

// apply carries out what a step asks for, in the order of the daemon's loop.
func (n *node) apply(g *watched, out failover.Output) {
	if c := g.group.Configuration(); c != g.config {
		n.save.wanted = n.save.wanted || g.config.Group != ""
		g.config = c
	}
	n.w.ledger.stepped(n, g)
	n.tell(out.Events)
	if held := g.group.Held(); held != g.held {
		g.held = held
		n.w.reach("reason " + string(held))
	}
	g.wakeAt = out.Wake
	n.plan(g)
	if out.Retarget {
		n.retarget(g.set.Name, out.Targets)
	}
	if out.Dirty && n.save.lazyAt == never {
		n.lazily(lazySave)
	}
	if out.Persist != nil {
		n.promise(g, out)
		return
	}
	n.effects(g.set.Name, out.Effects)
}

func (n *node) tell(events []monitor.Event) {
	for _, e := range events {
		if e.Reason == "" {
			n.w.reach(e.Name)
		} else {
			n.w.reach(e.Name + " " + string(e.Reason))
			n.w.reach("reason " + string(e.Reason))
		}
		if n.w.tracing() {
			n.w.logf("%s: %s %s (%s)", n, e.Name, n.w.short(e.Payload), e.Reason)
		}
		n.w.stats.count(n.w, n, e)
	}
}

// plan makes sure that the group is stepped when it asked to be.
func (n *node) plan(g *watched) {
	if g.wakeAt == monitor.Never {
		return
	}
	due := max(n.at(g.wakeAt), n.w.now)
	if g.planned != never && g.planned <= due {
		return
	}
	g.planned = due
	n.later(due-n.w.now, func() { n.wake(g, due) })
}

func (n *node) wake(g *watched, due time.Duration) {
	if g.planned != due || n.groups[g.set.Name] != g {
		return
	}
	g.planned = never
	if g.wakeAt == monitor.Never {
		return
	}
	if g.wakeAt > n.clock() {
		n.plan(g)
		return
	}
	n.input(g.set.Name, failover.Tick{})
}

// touchPeers lets groups look at their peers again soon.
func (n *node) touchPeers() {
	at := n.clock().Add(100 * time.Millisecond)
	for _, name := range n.order {
		if g := n.groups[name]; g.wakeAt == monitor.Never || g.wakeAt > at.Add(time.Second) {
			g.wakeAt = at
			n.plan(g)
		}
	}
}

// warnings asks once a second for what the whole monitor has to say.
func (n *node) warnings() {
	events, _ := n.mon.Warnings(n.clock())
	n.tell(events)
	n.later(time.Second, n.warnings)
}

func (n *node) hello(g *watched) monitor.Hello {
	c := g.group.Configuration()
	return monitor.Hello{
		Peer: n.addr, ID: string(n.id), CurrentEpoch: n.mon.CurrentEpoch(), Group: g.set.Name, Master: c.Master, ConfigEpoch: c.Epoch,
	}
}

func nodeID(i int) quorum.ID { return quorum.ID(fmt.Sprintf("%040x", 0xa0000000+i)) }
