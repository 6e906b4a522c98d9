package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// What redis-sentinel is known to do wrong, seen from outside (sentinel.md, 8).

// down asks a monitor what another would: is this master down, and who has your vote.
func (s *scene) down(m *lab.Monitor, master *lab.Redis, epoch, candidate string) []string {
	s.Helper()
	reply, err := m.Sentinel(s.ctx, "IS-MASTER-DOWN-BY-ADDR", master.Host, itoa(master.Port), epoch, candidate)
	s.must(err)
	var list []string
	for _, v := range reply.([]any) {
		list = append(list, fmt.Sprint(v))
	}
	return list
}

func TestAnAbsurdEpochIsNotTaken(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	marks := s.Marks()
	peer := s.ids()[1]
	for _, epoch := range []string{"-1", "18446744073709551615", "9223372036854775807"} {
		reply, err := s.Monitors[0].Sentinel(s.ctx, "IS-MASTER-DOWN-BY-ADDR", s.Master.Host, itoa(s.Master.Port), epoch, peer)
		var refused lab.ReplyError
		if err == nil && strings.Contains(fmt.Sprint(reply), peer) || err != nil && !errors.As(err, &refused) {
			t.Errorf("epoch %s: %v, %v", epoch, reply, err)
		}
	}
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
	for _, ev := range s.wait(marks, lab.On("+new-epoch")) {
		if ev.Payload != "1" {
			t.Errorf("the first failover has epoch %s", ev.Payload)
		}
	}
}

func TestNobodyVotesTwiceInAnEpochAcrossRemoveAndMonitor(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	m, ids := s.Monitors[0], s.ids()
	if v := s.down(m, s.Master, "7", ids[1]); v[1] != ids[1] || v[2] != "7" {
		t.Fatalf("asked by the first candidate: %v", v)
	}
	s.do(m, "SENTINEL", "REMOVE", m.Group)
	s.do(m, "SENTINEL", "MONITOR", m.Group, s.Master.Host, itoa(s.Master.Port), "2")
	s.must(s.WaitKnown(s.ctx)) // both candidates are voters again
	if v := s.down(m, s.Master, "7", ids[2]); v[1] == ids[2] {
		t.Errorf("voted for %s and for %s in epoch 7", ids[1], ids[2])
	}
	s.must(m.Terminate(s.ctx))
	s.must(m.Start(s.ctx))
	s.must(s.WaitKnown(s.ctx))
	if v := s.down(m, s.Master, "7", ids[2]); v[1] == ids[2] {
		t.Errorf("after a restart: voted for %s and for %s in epoch 7", ids[1], ids[2])
	}
}

// redis-sentinel counts the votes of one group at the epoch of another, and needs
// a second round for all but one of the groups.
func TestSixMastersThatDieTogetherAreAllReplacedAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Watch: lab.Watch{Name: "g0"}}})
	masters, names := []*lab.Redis{s.Master}, []string{"g0"}
	var replicas []*lab.Redis
	for i := 1; i < 6; i++ {
		master, err := s.lab.StartRedis(s.ctx, lab.RedisConfig{})
		s.must(err)
		replica, err := s.lab.StartRedis(s.ctx, lab.RedisConfig{ReplicaOf: master})
		s.must(err)
		masters, replicas, names = append(masters, master), append(replicas, replica), append(names, fmt.Sprintf("g%d", i))
	}
	for i, r := range replicas {
		s.must(r.WaitInfo(s.ctx, "follows its master", lab.Follows(masters[i+1])))
	}
	s.must(s.StartMonitors(s.ctx))
	for i, name := range names[1:] {
		for _, m := range s.Monitors {
			s.do(m, "SENTINEL", "MONITOR", name, masters[i+1].Host, itoa(masters[i+1].Port), "2")
			s.do(m, "SENTINEL", "SET", name, "down-after-milliseconds", "1000")
		}
	}
	for _, name := range names {
		s.known(name, 1)
	}
	marks := s.Marks()
	killed := time.Now()
	for _, r := range masters {
		r.Kill()
	}
	var last time.Time
	for _, name := range names {
		for _, ev := range s.wait(marks, lab.On("+switch-master", name+" ")) {
			if ev.At.After(last) {
				last = ev.At
			}
		}
		s.must(lab.Poll(s.ctx, "all monitors hold "+name+" by the same epoch", func(context.Context) bool {
			epoch := s.masterOf(s.Monitors[0], name)["config-epoch"]
			return epoch != "0" && !slices.ContainsFunc(s.Monitors, func(m *lab.Monitor) bool {
				return s.masterOf(m, name)["config-epoch"] != epoch
			})
		}))
	}
	s.quicker("all six switched on all monitors, beside down-after", last.Sub(killed)-time.Second, time.Second)
}

func (s *scene) masterOf(m *lab.Monitor, name string) map[string]string {
	s.Helper()
	reply, err := m.Sentinel(s.ctx, "MASTER", name)
	s.must(err)
	return lab.Pairs(reply)
}

// known waits until every monitor knows a group's replicas and the other monitors.
func (s *scene) known(name string, replicas int) {
	s.Helper()
	for _, m := range s.Monitors {
		s.must(lab.Poll(s.ctx, m.Name()+" knows "+name, func(context.Context) bool {
			f := s.masterOf(m, name)
			return f["num-slaves"] == itoa(replicas) && f["num-other-sentinels"] == itoa(len(s.Monitors)-1)
		}))
	}
}

func TestAnEmptyReplicaIsNotPromotedWhateverItsPriority(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	for n := range 100 {
		s.do(s.Master, "SET", fmt.Sprintf("k%d", n), "v")
	}
	s.must(s.WaitAcknowledged(s.ctx))
	marks := s.Marks()
	empty := s.Replicas[0]
	s.Master.Kill()
	empty.Kill()
	data, err := filepath.Glob(filepath.Join(empty.Dir, "*.rdb"))
	s.must(err)
	for _, file := range data {
		s.must(os.Remove(file))
	}
	s.must(appendLine(empty.Conf, "replica-priority 1"))
	s.must(empty.Start(s.ctx))
	sw := s.switched(s.Master, marks)
	if sw.New != s.Replicas[1] {
		t.Errorf("%s was promoted, which holds nothing", sw.New.Addr())
	}
	if n := s.do(sw.New, "DBSIZE"); n != "100" {
		t.Errorf("the new master holds %s keys, want 100", n)
	}
}

// redis-sentinel's leader tells clients only when the replicas follow.
func TestTheLeaderTellsOfTheSwitchThoughAReplicaHangs(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 3, Monitors: 3})
	s.must(s.Replicas[2].Freeze())
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.quicker("from the promotion until all monitors have told", sw.Last.Sub(sw.Promoted), 150*time.Millisecond)
	s.must(s.Replicas[2].Thaw())
	s.must(s.Replicas[2].WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
}

var knownReplica = regexp.MustCompile(`(?m)^sentinel known-replica \S+ (\S+) (\d+)`)

func TestResetForgetsTheDeadForGood(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	m, gone, peer := s.Monitors[0], s.Replicas[1], s.Monitors[2]
	gone.Kill()
	s.must(peer.Terminate(s.ctx))
	s.waitOne(m, 0, lab.On("+sdown", "slave "))
	s.waitOne(m, 0, lab.On("+sdown", "sentinel "))
	if n := s.do(m, "SENTINEL", "RESET", "my*"); n != "1" {
		t.Errorf("RESET my* reset %s groups", n)
	}
	forgotten := func(context.Context) bool {
		f := s.masterOf(m, m.Group)
		return f["num-slaves"] == "1" && f["num-other-sentinels"] == "1"
	}
	s.must(lab.Poll(s.ctx, "the living are known again, and nobody else", forgotten))
	saved := func() []string {
		text, err := os.ReadFile(m.Conf)
		s.must(err)
		return knownReplica.FindAllString(string(text), -1)
	}
	s.must(lab.Poll(s.ctx, "the file names the one replica that lives", func(context.Context) bool {
		list := saved()
		return len(list) == 1 && strings.HasSuffix(list[0], " "+itoa(s.Replicas[0].Port))
	}))
	m.Kill()
	s.must(m.Start(s.ctx))
	s.must(lab.Poll(s.ctx, "the same after a crash", forgotten))
}

func TestAPeerThatComesBackWithAnotherIdReplacesTheOld(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	peer := s.Monitors[2]
	s.must(peer.Terminate(s.ctx))
	text, err := os.ReadFile(peer.Conf)
	s.must(err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "sentinel myid") && !strings.HasPrefix(line, "# picket:") {
			lines = append(lines, line)
		}
	}
	s.must(os.WriteFile(peer.Conf, []byte(strings.Join(lines, "")), 0o644))
	before := s.peerID(s.Monitors[0], peer)
	s.must(peer.Start(s.ctx))
	now := s.do(peer, "SENTINEL", "MYID")
	if now == before {
		t.Fatal("the peer kept its id: the test is none")
	}
	for _, m := range s.Monitors[:2] {
		s.must(lab.Poll(s.ctx, m.Name()+" knows the new id alone", func(context.Context) bool {
			return s.peerID(m, peer) == now && s.masterOf(m, m.Group)["num-other-sentinels"] == "2"
		}))
	}
}

// peerID is the id under which m knows the monitor at p's address; "" when it knows none or several.
func (s *scene) peerID(m, p *lab.Monitor) string {
	s.Helper()
	reply, err := m.Sentinel(s.ctx, "SENTINELS", m.Group)
	s.must(err)
	var found []string
	for _, peer := range reply.([]any) {
		if f := lab.Pairs(peer); f["port"] == itoa(p.Port) {
			found = append(found, f["runid"])
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// redis-sentinel takes the master for dead, fails to be elected or to promote,
// and then waits twice failover-timeout, though the password is long set.
func TestAStartWithoutThePasswordDelaysNoLaterFailover(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	secret := []string{"requirepass sekret", "masterauth sekret"}
	s.servers(lab.GroupConfig{Monitors: 3, Redis: lab.RedisConfig{Lines: secret},
		Monitor: lab.MonitorConfig{Watch: lab.Watch{FailoverTimeout: 3 * time.Minute}}})
	replica, err := s.lab.StartRedis(s.ctx, lab.RedisConfig{ReplicaOf: s.Master, Lines: secret})
	s.must(err)
	s.Replicas = append(s.Replicas, replica)
	s.must(s.StartMonitors(s.ctx))
	for _, m := range s.Monitors {
		s.logged(m, "+auth-error", "master mymaster")
	}
	time.Sleep(3 * time.Second) // three times down-after
	s.none(make([]int, len(s.Monitors)), "+sdown", "+odown", "+try-failover")
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", m.Group, "auth-pass", "sekret")
	}
	s.must(s.WaitKnown(s.ctx))
	login := &lab.Login{}
	login.Set("sekret")
	s.must(lab.Poll(s.ctx, "the replica is synced", func(ctx context.Context) bool {
		info, err := replica.InfoAs(ctx, login)
		return err == nil && info["master_link_status"] == "up"
	}))
	marks := s.Marks()
	killed := time.Now()
	s.Master.Kill()
	events := s.wait(marks, lab.On("+switch-master"))
	last := slices.MaxFunc(events, func(a, b lab.Event) int { return a.At.Compare(b.At) })
	s.quicker("all switched, beside down-after", last.At.Sub(killed)-time.Second, 300*time.Millisecond)
}
