package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

const ms = time.Millisecond

var (
	master   = monitor.Addr{Host: "10.0.0.1", Port: 6379}
	replicaA = monitor.Addr{Host: "10.0.0.2", Port: 6379}
	replicaB = monitor.Addr{Host: "10.0.0.3", Port: 6379}
	stranger = monitor.Addr{Host: "10.9.9.9", Port: 6379}

	me    = id('1')
	peer2 = id('2')
	peer3 = id('3')

	mainID    = strings.Repeat("a", 40) // the group's replication id
	foreignID = strings.Repeat("f", 40)
)

func id(c byte) quorum.ID { return quorum.ID(strings.Repeat(string(c), 40)) }

func runID(a monitor.Addr) string { return strings.Repeat(a.Host[len(a.Host)-1:], 40) }

// bench is one group under test: instances that answer as told, voters that
// answer as told, and everything that the core asked for.
type bench struct {
	*testing.T
	m       *Monitor
	g       *Group
	now     monitor.Instant
	wake    monitor.Instant
	events  []monitor.Event
	effects []Effect
	promise []uint64 // promises not durable yet
	gated   [][]Effect
	diskBad bool
	link    uint64
	info    map[monitor.Addr]*monitor.Info // what instances answer to INFO; absent: nothing
	silent  map[monitor.Addr]bool
	vote    map[quorum.ID]func(quorum.Question) quorum.Answer
}

type setup struct {
	quorum int
	set    func(*Settings)
	saved  func(*Saved)
	peers  []quorum.ID
}

// newBench starts a group of one master and two replicas, watched by three
// monitors, all healthy and known to each other.
func newBench(t *testing.T, s setup) *bench {
	t.Helper()
	if s.quorum == 0 {
		s.quorum = 2
	}
	if s.peers == nil {
		s.peers = []quorum.ID{peer2, peer3}
	}
	set := DefaultSettings("main", s.quorum)
	set.DownAfter, set.FailoverTimeout = 1000*ms, 10000*ms
	if s.set != nil {
		s.set(&set)
	}
	saved := Saved{Name: "main", Master: master, Replicas: []monitor.Addr{replicaA, replicaB}, Lineage: []Branch{{ReplID: mainID}}}
	for i, p := range s.peers {
		saved.Peers = append(saved.Peers, SavedPeer{ID: p, Addr: monitor.Addr{Host: "10.1.0." + itoa(i+2), Port: 26379}})
	}
	if s.saved != nil {
		s.saved(&saved)
	}
	b := &bench{
		T: t, m: NewMonitor(Identity{ID: me, Boot: 1, Seed: 1}), now: monitor.Instant(time.Second),
		info: map[monitor.Addr]*monitor.Info{}, silent: map[monitor.Addr]bool{}, vote: map[quorum.ID]func(quorum.Question) quorum.Answer{},
	}
	b.info[master] = &monitor.Info{Role: monitor.RoleMaster, RunID: runID(master), ReplID: mainID, MasterOffset: 1000, Keys: 10, Priority: 100}
	for _, a := range []monitor.Addr{replicaA, replicaB} {
		b.info[a] = replicaInfo(a, 1000)
	}
	for _, p := range s.peers {
		b.vote[p] = agrees
	}
	b.take(b.m.Start(b.now, set, saved))
	b.g = b.m.Group("main")
	b.pass(300 * ms)
	b.forget()
	return b
}

func replicaInfo(a monitor.Addr, offset int64) *monitor.Info {
	return &monitor.Info{
		Role: monitor.RoleReplica, RunID: runID(a), ReplID: mainID, MasterHost: master.Host, MasterPort: master.Port,
		LinkUp: true, ReplicaOffset: offset, Keys: 10, Priority: 100, Announced: true, SecondOffset: -1,
	}
}

// agrees is a voter that holds the master down and gives its vote.
func agrees(q quorum.Question) quorum.Answer {
	return quorum.Answer{Down: true, Leader: q.Candidate, LeaderEpoch: q.Epoch, Kind: quorum.KindPicket, KnowsGroup: true}
}

// abstains is a voter that holds the master up and votes for nobody.
func abstains(quorum.Question) quorum.Answer {
	return quorum.Answer{Kind: quorum.KindPicket, KnowsGroup: true}
}

// dead is a voter that does not answer.
func dead(quorum.Question) quorum.Answer { return quorum.Answer{Err: "timeout"} }

func (b *bench) step(in Input) { b.take(b.g.Step(b.now, in)) }

// take notes what a step asked for and carries out what the bench can.
func (b *bench) take(out Output) {
	b.events = append(b.events, out.Events...)
	b.wake = out.Wake
	if out.Persist != nil {
		b.promise = append(b.promise, out.Persist.Promise)
		b.gated = append(b.gated, nil)
	}
	for _, e := range out.Effects {
		if out.Persist != nil && NeedsPromise(e.Action) {
			last := len(b.gated) - 1
			b.gated[last] = append(b.gated[last], e)
			continue
		}
		b.effects = append(b.effects, e)
	}
}

// pass lets d go by: instances answer pings and INFO, voters answer questions,
// the disk saves, the core is woken when it asked to be.
func (b *bench) pass(d time.Duration) {
	end := b.now.Add(d)
	for b.now < end {
		b.now = b.now.Add(10 * ms)
		b.disk()
		b.ping()
		b.shells()
		if b.g != nil {
			b.step(Tick{})
		}
	}
}

func (b *bench) disk() {
	for len(b.promise) > 0 && !b.diskBad {
		p, effects := b.promise[0], b.gated[0]
		b.promise, b.gated = b.promise[1:], b.gated[1:]
		b.effects = append(b.effects, effects...)
		b.step(Persisted{Promise: p})
	}
}

func (b *bench) ping() {
	if b.g == nil {
		b.g = b.m.Group("main")
	}
	b.link++
	for _, i := range slices.Clone(b.g.instances) {
		if info := b.info[i.Addr]; info != nil && !b.silent[i.Addr] {
			b.step(Observed{monitor.Report{Addr: i.Addr, Link: b.link, Kind: monitor.ReportReplied, At: b.now, Sent: b.now - 1, Reply: monitor.ReplyPong}})
			if i.InfoAt == monitor.Never {
				b.inform(i.Addr)
			}
		}
	}
	for _, v := range b.g.voters {
		if answer := b.vote[v.ID]; answer != nil && answer(quorum.Question{}).Err == "" {
			b.m.Contacted(quorum.Contact{Peer: v.ID, Addr: v.Addr, At: b.now, Reply: monitor.ReplyPong})
		}
	}
}

func (b *bench) inform(a monitor.Addr) {
	if info := b.info[a]; info != nil {
		b.step(Informed{monitor.InfoReport{Addr: a, At: b.now, Sent: b.now, Info: *info, Threshold: 5 * time.Second}})
	}
}

// shells carry out the effects that have an answer.
func (b *bench) shells() {
	for n := 0; n < len(b.effects); n++ {
		switch a := b.effects[n].Action.(type) {
		case Refresh:
			if !b.silent[a.Addr] {
				b.inform(a.Addr)
			}
		case Ask:
			b.answer(b.effects[n].ID, a.Question)
		}
	}
	b.effects = slices.DeleteFunc(b.effects, func(e Effect) bool {
		switch e.Action.(type) {
		case Refresh, Ask, TellOpinion:
			return true
		}
		return false
	})
}

func (b *bench) answer(effect uint64, q quorum.Question) {
	answer := b.vote[q.Peer](q)
	answer.Effect, answer.Peer, answer.Addr, answer.Group, answer.Sent, answer.At = effect, q.Peer, q.Addr, q.Group, b.now, b.now
	if answer.Config.Master.IsZero() && answer.Err == "" {
		answer.Config = b.g.config
	}
	b.step(Answered{answer})
}

// kill ends an instance's process.
func (b *bench) kill(a monitor.Addr) {
	delete(b.info, a)
	b.lose(a, monitor.CauseRefused)
}

func (b *bench) lose(a monitor.Addr, c monitor.Cause) {
	b.step(Observed{monitor.Report{Addr: a, Link: b.link, Kind: monitor.ReportLinkLost, At: b.now, Cause: monitor.CauseClosed}})
	b.step(Observed{monitor.Report{Addr: a, Link: b.link, Kind: monitor.ReportDialFailed, At: b.now, Cause: c}})
}

// replies makes an instance answer its next ping in that way.
func (b *bench) replies(a monitor.Addr, r monitor.Reply) {
	b.link++
	b.step(Observed{monitor.Report{Addr: a, Link: b.link, Kind: monitor.ReportReplied, At: b.now, Sent: b.now - 1, Reply: r}})
}

func (b *bench) forget() { b.events, b.effects = nil, nil }

// happened returns the names of the events since forget, without +verdict.
func (b *bench) happened() []string {
	var names []string
	for _, e := range b.events {
		if e.Name != EventVerdict {
			names = append(names, e.Name)
		}
	}
	return names
}

func (b *bench) event(name string) *monitor.Event {
	for i, e := range b.events {
		if e.Name == name {
			return &b.events[i]
		}
	}
	return nil
}

func (b *bench) want(names ...string) {
	b.Helper()
	for _, n := range names {
		if b.event(n) == nil {
			b.Fatalf("no event %s in %v", n, b.happened())
		}
	}
}

func (b *bench) wantNone(names ...string) {
	b.Helper()
	for _, n := range names {
		if e := b.event(n); e != nil {
			b.Fatalf("event %s %s (%s) must not be in %v", n, e.Payload, e.Reason, b.happened())
		}
	}
}

// wantReason checks why an event was published.
func (b *bench) wantReason(name string, reason monitor.Reason) {
	b.Helper()
	b.want(name)
	if got := b.event(name).Reason; got != reason {
		b.Errorf("%s has reason %q, want %q", name, got, reason)
	}
}

// action returns the newest effect whose action has type A.
func action[A Action](b *bench) (A, uint64) {
	b.Helper()
	for _, e := range slices.Backward(b.effects) {
		if a, ok := e.Action.(A); ok {
			return a, e.ID
		}
	}
	var none A
	b.Fatalf("no effect %T in %s; events %v", none, describe(b.effects), b.happened())
	return none, 0
}

func hasAction[A Action](b *bench) bool {
	return slices.ContainsFunc(b.effects, func(e Effect) bool { _, ok := e.Action.(A); return ok })
}

func describe(list []Effect) string {
	var s []string
	for _, e := range list {
		s = append(s, fmt.Sprintf("%T", e.Action))
	}
	return strings.Join(s, " ")
}

// promoteDone reports that the promotion that was ordered worked.
func (b *bench) promoteDone() monitor.Addr {
	b.Helper()
	p, effect := action[Promote](b)
	info := *b.info[p.Addr]
	info.Role, info.ReplID2, info.SecondOffset, info.MasterOffset = monitor.RoleMaster, mainID, info.ReplicaOffset+1, info.ReplicaOffset
	info.ReplID, info.MasterHost, info.MasterPort = strings.Repeat("b", 40), "", 0
	b.info[p.Addr] = &info
	b.step(Done{Effect: effect, Outcome: OutcomeDone})
	return p.Addr
}
