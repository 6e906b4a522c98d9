package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// GroupModel bounds an exhaustive exploration of the whole core: three monitors
// that have just agreed that the master is down, and every order of timers,
// messages (any may be lost), saves, crashes and outcomes of the promotion.
type GroupModel struct {
	Replicas int
	Depth    int // steps
	Ticks    int // steps of the clock, of 1.6 s each: two outlast every lease
	Crashes  int
}

const groupTick = 1600 * time.Millisecond

// groupState is one state of the model. Monitors are cloned before they are
// stepped, so that states may share them.
type groupState struct {
	now      monitor.Instant
	mons     [3]*failover.Monitor
	prints   [3]uint64
	wakes    [3]monitor.Instant
	durable  [3]failover.Saved
	waiting  [3][]gated
	messages []groupMessage
	asked    []groupMessage // requests for votes, by ticket
	orders   []groupOrder
	masters  []monitor.Addr // replicas that became master
	ticks    int
	crashes  int
	votes    map[ballot]quorum.ID
	leaders  map[uint64]quorum.ID
	configs  map[uint64]monitor.Addr
	path     *groupStep
}

type groupStep struct {
	label string
	prev  *groupStep
}

// groupMessage is on its way to a monitor. An answer carries the vote that was asked for.
type groupMessage struct {
	from, to int
	label    string // tells messages apart
	vote     *quorum.Question
	in       failover.Input
}

// groupOrder is a promotion that a leader asked for.
type groupOrder struct {
	by     int
	effect uint64
	epoch  uint64
	failover.Promote
}

type groupExplorer struct {
	model GroupModel
	found Explored
	next  []groupState
	seen  map[string]struct{}
}

// ExploreGroups visits every state within the bounds, breadth first.
func ExploreGroups(m GroupModel) Explored {
	e := &groupExplorer{model: m, seen: map[string]struct{}{}}
	level := []groupState{e.begin()}
	for depth := 0; depth < m.Depth && len(level) > 0 && e.found.Violation == ""; depth++ {
		e.next = nil
		for i := range level {
			e.expand(&level[i])
		}
		level = e.next
	}
	e.found.States = len(e.seen)
	return e.found
}

// expand tries every step that a state allows.
func (e *groupExplorer) expand(s *groupState) {
	for i := range s.mons {
		if s.wakes[i] != monitor.Never && s.wakes[i] <= s.now {
			e.try(s, fmt.Sprintf("timer of %d", i), func(c *groupState) { c.input(i, failover.Tick{}) })
		}
		if len(s.waiting[i]) > 0 {
			e.try(s, fmt.Sprintf("%d saves", i), func(c *groupState) { c.save(i) })
		}
		if s.crashes < e.model.Crashes {
			e.try(s, fmt.Sprintf("%d crashes", i), func(c *groupState) { c.crash(i) })
		}
	}
	for k, m := range s.messages {
		e.try(s, m.label, func(c *groupState) { c.deliver(k) })
	}
	for k, o := range s.orders {
		e.try(s, fmt.Sprintf("%s is promoted for %d", o.Addr, o.by), func(c *groupState) { c.carryOut(k, failover.OutcomeDone) })
		e.try(s, fmt.Sprintf("%s is promoted for %d, the reply is lost", o.Addr, o.by), func(c *groupState) { c.carryOut(k, failover.OutcomeUnknown) })
		e.try(s, fmt.Sprintf("the order of %d reaches nobody", o.by), func(c *groupState) { c.fail(k) })
	}
	if s.ticks < e.model.Ticks {
		e.try(s, "the clock moves", func(c *groupState) {
			c.ticks++
			c.now = c.now.Add(groupTick)
			for i := range c.prints {
				c.mons[i] = c.mons[i].Clone()
				c.hearPeers(i)
				c.prints[i] = c.mons[i].Fingerprint(c.now)
			}
		})
	}
}

type broken string

// try makes one step from a copy of s and keeps what it leads to, if that is new.
func (e *groupExplorer) try(s *groupState, label string, f func(*groupState)) {
	if e.found.Violation != "" {
		return
	}
	c := s.copy()
	c.path = &groupStep{label, s.path}
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		why, ok := r.(broken)
		if !ok {
			panic(r)
		}
		e.found.Violation = string(why)
		for p := c.path; p != nil; p = p.prev {
			e.found.Path = append(e.found.Path, p.label)
		}
		slices.Reverse(e.found.Path)
	}()
	f(c)
	key := c.key()
	if _, ok := e.seen[key]; !ok {
		e.seen[key] = struct{}{}
		e.next = append(e.next, *c)
	}
}

func (s *groupState) copy() *groupState {
	c := *s
	for i := range c.waiting {
		c.waiting[i] = slices.Clone(s.waiting[i])
	}
	c.messages, c.orders, c.masters = slices.Clone(s.messages), slices.Clone(s.orders), slices.Clone(s.masters)
	return &c
}

func (s *groupState) key() string {
	var b strings.Builder
	fmt.Fprint(&b, s.prints, s.ticks, s.crashes, s.masters, len(s.votes))
	for i := range s.mons {
		fmt.Fprint(&b, s.durable[i].Leader, s.durable[i].LeaderEpoch, s.durable[i].ConfigEpoch, len(s.waiting[i]), s.wakes[i] <= s.now)
	}
	labels := make([]string, 0, len(s.messages)+len(s.orders))
	for _, m := range s.messages {
		labels = append(labels, m.label)
	}
	for _, o := range s.orders {
		labels = append(labels, fmt.Sprint(o.by, o.epoch, o.Addr))
	}
	slices.Sort(labels)
	b.WriteString(strings.Join(labels, "|"))
	return b.String()
}

// input steps a copy of a monitor.
func (s *groupState) input(i int, in failover.Input) {
	m := s.mons[i].Clone()
	s.mons[i] = m
	s.apply(i, m.Groups()[0].Step(s.now, in))
	s.prints[i] = m.Fingerprint(s.now)
}

func (s *groupState) apply(i int, out failover.Output) {
	s.wakes[i] = out.Wake
	s.checkConfig(i)
	if out.Persist != nil {
		s.waiting[i] = append(s.waiting[i], gated{promise: out.Persist.Promise, effects: out.Effects})
		return
	}
	s.effects(i, out.Effects)
}

// save makes everything durable that waits, and lets its effects go.
func (s *groupState) save(i int) {
	done := s.waiting[i]
	s.waiting[i] = nil
	s.durable[i] = s.mons[i].Groups()[0].Saved()
	for _, g := range done {
		s.effects(i, g.effects)
		s.input(i, failover.Persisted{Promise: g.promise})
	}
}

// crash begins anew from what is durable; the process has seen nothing yet.
func (s *groupState) crash(i int) {
	s.crashes++
	s.waiting[i] = nil
	s.orders = slices.DeleteFunc(s.orders, func(o groupOrder) bool { return o.by == i })
	m, out := modelMonitor(i, s.now, s.durable[i])
	s.mons[i] = m
	s.apply(i, out)
	s.prints[i] = m.Fingerprint(s.now)
}

func modelID(i int) quorum.ID { return quorum.ID(strings.Repeat(string(rune('a'+i)), 40)) }

func modelAddr(i int) monitor.Addr { return monitor.Addr{Host: fmt.Sprintf("m%d", i), Port: 26379} }

func modelServer(i int) monitor.Addr { return monitor.Addr{Host: fmt.Sprintf("r%d", i), Port: 6379} }

func modelMonitor(i int, now monitor.Instant, saved failover.Saved) (*failover.Monitor, failover.Output) {
	m := failover.NewMonitor(failover.Identity{ID: modelID(i), Boot: 1, Epoch: saved.CurrentEpoch, Seed: uint64(i)})
	set := failover.DefaultSettings("g", 2)
	set.DownAfter, set.FailoverTimeout = time.Second, 10*time.Second
	return m, m.Start(now, set, saved)
}
