package gossip

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/memberlist"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picket/monitor"
	"picket/quorum"
)

// Derived once: the derivation is slow on purpose.
var sekret, wrong = DeriveKey("sekret"), DeriveKey("wrong")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// station is a monitor as the pool sees it: it notes what it hears and tells
// what it knows.
type station struct {
	pool *Pool
	host *host
	id   quorum.ID

	mu       sync.Mutex
	opinions []quorum.Opinion
	configs  []quorum.Configuration
	releases []quorum.Release
	changes  []Member

	knownOpinions []quorum.Opinion
	knownConfigs  []quorum.Configuration
}

func (s *station) OpinionHeard(o quorum.Opinion) {
	locked(s, func() { s.opinions = append(s.opinions, o) })
}
func (s *station) ConfigHeard(c quorum.Configuration) {
	locked(s, func() { s.configs = append(s.configs, c) })
}
func (s *station) ReleaseHeard(r quorum.Release) {
	locked(s, func() { s.releases = append(s.releases, r) })
}
func (s *station) MemberChanged(m Member)          { locked(s, func() { s.changes = append(s.changes, m) }) }
func (s *station) Opinions() []quorum.Opinion      { return s.knownOpinions }
func (s *station) Configs() []quorum.Configuration { return s.knownConfigs }

func locked(s *station, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// alive renders who the station was last told to be alive, as "1@10.0.0.1 2@10.0.0.2".
func (s *station) alive() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[quorum.ID]Member{}
	for _, m := range s.changes {
		last[m.ID] = m
	}
	var names []string
	for n := range 10 {
		if m := last[idOf(n)]; m.Alive {
			names = append(names, fmt.Sprintf("%d@%s", n, m.Addr.Host))
		}
	}
	return strings.Join(names, " ")
}

// heard copies what the station heard so far and forgets it.
func (s *station) heard() (o []quorum.Opinion, c []quorum.Configuration, r []quorum.Release) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, c, r = s.opinions, s.configs, s.releases
	s.opinions, s.configs, s.releases = nil, nil, nil
	return o, c, r
}

func (s *station) where() monitor.Addr { return s.pool.Addr() }

func idOf(n int) quorum.ID { return quorum.ID(fmt.Sprintf("%040d", n)) }

func bubbleClock() func() monitor.Instant {
	start := time.Now()
	return func() monitor.Instant { return monitor.Instant(1 + time.Since(start)) }
}

// station starts monitor number n at ip; change may adjust its configuration.
func (n *network) station(t *testing.T, number int, ip string, change ...func(*Config)) *station {
	t.Helper()
	s := &station{host: n.host(ip), id: idOf(number)}
	cfg := Config{
		ID: s.id, Boot: 1, Sink: s, Watcher: s, State: s, Clock: bubbleClock(),
		Log: zap.NewNop(), Transport: s.host,
	}
	for _, f := range change {
		f(&cfg)
	}
	pool, err := Start(cfg)
	if err != nil {
		t.Fatalf("start monitor %d: %v", number, err)
	}
	s.pool = pool
	t.Cleanup(func() {
		pool.Close()
		<-time.After(5 * time.Second) // probes of memberlist that are under way end
	})
	return s
}

// within waits until a station holds exactly these to be alive.
func within(t *testing.T, limit time.Duration, s *station, want string) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for s.alive() != want {
		if time.Now().After(deadline) {
			t.Fatalf("monitor %s holds %q to be alive after %v, want %q", s.id, s.alive(), limit, want)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// three starts monitors 1, 2 and 3, which all know of each other's address.
func three(t *testing.T, change ...func(*Config)) (*network, [3]*station) {
	t.Helper()
	n := newNetwork()
	var s [3]*station
	var all []monitor.Addr
	for i := range s {
		s[i] = n.station(t, i+1, fmt.Sprintf("10.0.0.%d", i+1), change...)
		all = append(all, s[i].where())
	}
	for i := range s {
		s[i].pool.Reconcile(all)
	}
	within(t, time.Second, s[0], "2@10.0.0.2 3@10.0.0.3")
	within(t, time.Second, s[1], "1@10.0.0.1 3@10.0.0.3")
	within(t, time.Second, s[2], "1@10.0.0.1 2@10.0.0.2")
	return n, s
}

func someOpinion() quorum.Opinion {
	return quorum.Opinion{
		Author: idOf(1), Version: quorum.Version{Boot: 1, Seq: 7}, Group: "mymaster",
		Master: monitor.Addr{Host: "10.1.0.1", Port: 6379}, RunID: strings.Repeat("ab", 20),
		State: monitor.StateScriptBlocked, Reason: "busy-script", Age: 40 * time.Millisecond, Epoch: 3,
	}
}

func someConfig() quorum.Configuration {
	return quorum.Configuration{
		Author: idOf(1), Group: "mymaster", Epoch: 4, Leader: idOf(2),
		Master: monitor.Addr{Host: "fd00::7", Port: 6380},
	}
}

func TestOneKnownAddressIsEnoughToFindEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		a, b, c := n.station(t, 1, "10.0.0.1"), n.station(t, 2, "10.0.0.2"), n.station(t, 3, "10.0.0.3")
		b.pool.Reconcile([]monitor.Addr{a.where()})
		c.pool.Reconcile([]monitor.Addr{b.where()})
		within(t, time.Second, a, "2@10.0.0.2 3@10.0.0.3")
		within(t, time.Second, c, "1@10.0.0.1 2@10.0.0.2")
	})
}

func TestWhatIsToldArrivesAtOnceAtEveryMember(t *testing.T) {
	for _, pool := range []struct {
		name string
		key  []byte
	}{{"in clear", nil}, {"encrypted", sekret}} {
		t.Run(pool.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := three(t, func(c *Config) { c.Key = pool.key })
				before := time.Now()
				release := quorum.Release{Group: "mymaster", Candidate: idOf(1), Epoch: 9}
				s[0].pool.TellOpinion(someOpinion())
				s[0].pool.TellConfig(someConfig())
				s[0].pool.TellRelease(release)
				synctest.Wait()
				for _, to := range s[1:] {
					o, c, r := to.heard()
					diff(t, "opinions", o, []quorum.Opinion{someOpinion()})
					diff(t, "configurations, by datagram and by stream", c, []quorum.Configuration{someConfig(), someConfig()})
					diff(t, "releases", r, []quorum.Release{release})
				}
				if took := time.Since(before); took != 0 {
					t.Errorf("it took %v, want no time at all", took)
				}
			})
		})
	}
}

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestAStuckMemberDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t)
		n.cut(s[0].host, s[1].host) // streams to 2 now block for streamTimeout
		for epoch := range uint64(50) {
			c := someConfig()
			c.Epoch = epoch
			s[0].pool.TellConfig(c)
			s[0].pool.TellOpinion(someOpinion())
			synctest.Wait()
			o, cs, _ := s[2].heard()
			if len(o) != 1 || len(cs) != 2 {
				t.Fatalf("at epoch %d monitor 3 heard %d opinions and %d configurations, want 1 and 2", epoch, len(o), len(cs))
			}
		}
	})
}

func TestOfSeveralWaitingMessagesOnlyTheNewestIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t)
		n.cut(s[0].host, s[1].host)
		s[0].pool.TellConfig(someConfig()) // occupies the stream to 2
		synctest.Wait()
		for _, epoch := range []uint64{5, 8, 6, 7} {
			c := someConfig()
			c.Epoch = epoch
			s[0].pool.TellConfig(c)
		}
		synctest.Wait() // the datagrams are lost
		n.heal()
		<-time.After(streamTimeout)
		synctest.Wait()
		_, c, _ := s[1].heard()
		want := someConfig()
		want.Epoch = 8
		diff(t, "configurations that reached 2", c, []quorum.Configuration{want})
	})
}

func TestAnOpinionAgesWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := three(t)
		told := monitor.Instant(1) // the bubble's clock started before the pools joined
		now := s[0].pool.clock()
		o := someOpinion()
		s[0].pool.roster.tell(parcel{message: message{opinion: &o}, since: told})
		synctest.Wait()
		got, _, _ := s[1].heard()
		if len(got) != 1 {
			t.Fatalf("heard %d opinions, want 1", len(got))
		}
		if want := (o.Age + now.Sub(told)).Truncate(time.Microsecond); got[0].Age != want {
			t.Errorf("age is %v, want %v", got[0].Age, want)
		}
	})
}

func TestABurstIsPackedIntoDatagramsThatFitThePath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t, func(c *Config) { c.Key = sekret })
		for i := range 300 {
			o := someOpinion()
			o.Group = fmt.Sprintf("group-%d", i)
			s[0].pool.TellOpinion(o)
		}
		long := someOpinion()
		long.Group, long.Reason = strings.Repeat("g", textLimit), monitor.Reason(strings.Repeat("r", textLimit))
		long.RunID = strings.Repeat("x", textLimit)
		s[0].pool.TellOpinion(long)
		synctest.Wait()
		if got, _, _ := s[1].heard(); len(got) != 301 {
			t.Errorf("heard %d opinions, want 301", len(got))
		}
		if n.largestDatagram() > 1300 {
			t.Errorf("the largest datagram had %d bytes, want at most 1300", n.largestDatagram())
		}
	})
}

func TestAMemberThatJoinsLearnsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		a, b := n.station(t, 1, "10.0.0.1"), n.station(t, 2, "10.0.0.2")
		a.knownOpinions, a.knownConfigs = []quorum.Opinion{someOpinion()}, []quorum.Configuration{someConfig()}
		b.pool.Reconcile([]monitor.Addr{a.where()})
		synctest.Wait()
		o, c, _ := b.heard()
		diff(t, "opinions", o, []quorum.Opinion{someOpinion()})
		diff(t, "configurations", c, []quorum.Configuration{someConfig()})
	})
}

func TestAHealedPartitionRejoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t)
		n.cut(s[2].host, s[0].host)
		n.cut(s[2].host, s[1].host)
		within(t, 6*time.Second, s[0], "2@10.0.0.2")
		within(t, 6*time.Second, s[2], "")
		<-time.After(5 * time.Minute) // memberlist has forgotten the dead by now
		n.heal()
		limit := rejoinEvery + streamTimeout + time.Second
		within(t, limit, s[0], "2@10.0.0.2 3@10.0.0.3")
		within(t, limit, s[2], "1@10.0.0.1 2@10.0.0.2")
	})
}

func TestAnAddressThatCannotBeJoinedIsLoggedOnceAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		n := newNetwork()
		a := n.station(t, 1, "10.0.0.1", func(c *Config) { c.Log = zap.New(core) })
		a.pool.Reconcile([]monitor.Addr{{Host: "10.0.0.2", Port: 7946}})
		<-time.After(time.Minute)
		lines := logs.FilterMessage("gossip address not joined, will try again").All()
		if len(lines) != 1 {
			t.Fatalf("logged %d times in a minute, want once", len(lines))
		}
		diff(t, "error", lines[0].ContextMap()["error"], any("failed to join 10.0.0.2:7946: connection refused"))
		b := n.station(t, 2, "10.0.0.2")
		within(t, rejoinEvery+time.Second, a, "2@10.0.0.2")
		n.cut(a.host, b.host)
		<-time.After(time.Minute)
		if again := logs.FilterMessage("gossip address not joined, will try again").Len(); again != 2 {
			t.Errorf("logged %d times after a second outage, want twice", again)
		}
	})
}

func TestAMemberThatVanishesIsNoticedInSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t)
		n.cut(s[2].host, s[0].host)
		n.cut(s[2].host, s[1].host)
		within(t, 4*time.Second, s[0], "2@10.0.0.2")
		within(t, 4*time.Second, s[1], "1@10.0.0.1")
	})
}

func TestAMemberThatClosesSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := three(t)
		s[2].pool.Close()
		within(t, 500*time.Millisecond, s[0], "2@10.0.0.2")
		within(t, 500*time.Millisecond, s[1], "1@10.0.0.1")
	})
}

func TestARestartAtANewAddressIsTakenAtOnceAndStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := three(t)
		n.cut(s[2].host, s[0].host) // killed: no goodbye
		n.cut(s[2].host, s[1].host)
		again := n.station(t, 3, "10.0.0.9", func(c *Config) { c.Boot = 2 })
		again.pool.Reconcile([]monitor.Addr{s[0].where()})
		within(t, time.Second, s[0], "2@10.0.0.2 3@10.0.0.9")
		within(t, time.Second, s[1], "1@10.0.0.1 3@10.0.0.9")
		<-time.After(time.Minute) // the death of its former life changes nothing
		for i, want := range []string{"2@10.0.0.2 3@10.0.0.9", "1@10.0.0.1 3@10.0.0.9"} {
			if got := s[i].alive(); got != want {
				t.Errorf("monitor %d holds %q to be alive a minute later, want %q", i+1, got, want)
			}
		}
		locked(again, func() {
			for _, m := range again.changes {
				if m.ID == again.id {
					t.Errorf("it was told of its own former life: %+v", m)
				}
			}
		})
	})
}

func TestAnotherProcessWithOurIDIsReported(t *testing.T) {
	for name, boot := range map[string]uint64{"a copy of our state": 1, "started later": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				a := n.station(t, 1, "10.0.0.1")
				twin := n.station(t, 1, "10.0.0.2", func(c *Config) { c.Boot = boot })
				twin.pool.Reconcile([]monitor.Addr{a.where()})
				within(t, time.Second, a, "1@10.0.0.2")
			})
		})
	}
}

func TestPoolsThatDifferInLabelOrKeyDoNotMix(t *testing.T) {
	cases := map[string]func(*Config){
		"label":    func(c *Config) { c.Label = "other" },
		"key":      func(c *Config) { c.Key = wrong },
		"no key":   func(c *Config) { c.Key = nil },
		"key size": func(c *Config) { c.Key = sekret[:16] },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				keyed := func(c *Config) { c.Key = sekret }
				a, b := n.station(t, 1, "10.0.0.1", keyed), n.station(t, 2, "10.0.0.2", keyed, change)
				a.knownOpinions = []quorum.Opinion{someOpinion()}
				a.pool.Reconcile([]monitor.Addr{b.where()})
				b.pool.Reconcile([]monitor.Addr{a.where()})
				<-time.After(time.Minute)
				o, _, _ := b.heard()
				if a.alive() != "" || b.alive() != "" || len(o) != 0 {
					t.Errorf("they mixed: 1 sees %q, 2 sees %q and heard %v", a.alive(), b.alive(), o)
				}
			})
		})
	}
}

func TestNodesThatAreNoMonitorsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		a := n.station(t, 1, "10.0.0.1")
		c := memberlist.DefaultLANConfig()
		c.Name, c.Label, c.Transport, c.Logger = "intruder", "picket", n.host("10.0.0.66"), libraryLogger(zap.NewNop())
		stranger, err := memberlist.Create(c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stranger.Shutdown() }()
		if _, err := stranger.Join([]string{a.where().String()}); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Second)
		locked(a, func() { diff(t, "members", a.changes, []Member(nil)) })
		if n := a.pool.list.NumMembers(); n != 1 {
			t.Errorf("memberlist holds %d members, want us alone", n)
		}
	})
}

func TestInventedMembersCannotFillThePool(t *testing.T) {
	p := &Pool{name: nodeName(idOf(0), 1)}
	p.roster.couriers = map[string]*courier{}
	d := delegate{p}
	for n := 1; n <= memberLimit; n++ {
		node := &memberlist.Node{Name: nodeName(idOf(n), 1)}
		if err := d.NotifyAlive(node); err != nil {
			t.Fatalf("member %d is refused: %v", n, err)
		}
		p.roster.couriers[node.Name] = &courier{}
	}
	for name, wantFull := range map[string]bool{
		nodeName(idOf(9999), 1): true, nodeName(idOf(7), 1): false, p.name: false,
	} {
		if full := d.NotifyAlive(&memberlist.Node{Name: name}) != nil; full != wantFull {
			t.Errorf("%s is refused: %t, want %t", name, full, wantFull)
		}
	}
}
