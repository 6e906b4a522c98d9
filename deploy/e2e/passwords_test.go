package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// accused are the events that must not come from a change of passwords done right.
var accused = append(slices.Clone(alarms), "+auth-error", "-auth-error", "+silent", "+reboot")

// flagsOf are the flags of the master at a monitor.
func (s *scene) flagsOf(m *lab.Monitor) string {
	s.Helper()
	f, err := m.Master(s.ctx)
	s.must(err)
	return f["flags"]
}

// flagged waits until a monitor shows exactly these flags of the master.
func (s *scene) flagged(m *lab.Monitor, want string) {
	s.Helper()
	s.must(lab.Poll(s.ctx, m.Name()+" shows "+want, func(ctx context.Context) bool {
		f, err := m.Master(ctx)
		return err == nil && f["flags"] == want
	}))
}

// The order of an operator: the servers first, whose connections that stand stay logged
// in, then the monitors.
func TestPasswordsOfServersAreRotatedWithoutAWord(t *testing.T) {
	t.Parallel()
	var login lab.Login
	login.Set("one")
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3,
		Redis:   lab.RedisConfig{Lines: []string{"requirepass one", "masterauth one"}},
		Monitor: lab.MonitorConfig{Lines: []string{"sentinel auth-pass mymaster one"}}})
	marks := s.Marks()
	for _, r := range s.Servers() {
		_, err := r.DoAs(s.ctx, &login, "CONFIG", "SET", "masterauth", "two", "requirepass", "two")
		s.must(err)
	}
	login.Set("two")
	time.Sleep(1500 * time.Millisecond) // longer than down-after
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", "mymaster", "auth-pass", "two")
		if flags := s.flagsOf(m); flags != "master" {
			t.Errorf("%s shows %s", m.Name(), flags)
		}
	}
	time.Sleep(1500 * time.Millisecond)
	s.none(marks, accused...)
	for _, m := range s.Monitors {
		s.flagged(m, "master")
	}
	s.Master.Kill()
	s.must(lab.Poll(s.ctx, "a replica is master", func(ctx context.Context) bool {
		return slices.ContainsFunc(s.Replicas, func(r *lab.Redis) bool {
			info, err := r.InfoAs(ctx, &login)
			return err == nil && info["role"] == "master"
		})
	}))
	s.wait(marks, lab.On("+switch-master", s.Master.Host+" "+itoa(s.Master.Port)))
}

// A user of the ACL is rotated by a second password: both hold until everyone has the new one.
func TestAUserIsChangedWithoutAWord(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3, Redis: lab.RedisConfig{Lines: []string{
		"user first on >a ~* &* +@all", "user second on >b ~* &* +@all"}},
		Monitor: lab.MonitorConfig{Lines: []string{"sentinel auth-user mymaster first", "sentinel auth-pass mymaster a"}}})
	s.monitors()
	marks := s.Marks()
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", "mymaster", "auth-user", "second", "auth-pass", "b")
	}
	for _, r := range s.Servers() {
		s.must(lab.Poll(s.ctx, r.Addr()+" is watched by the second user alone", func(ctx context.Context) bool {
			list, err := r.Do(ctx, "CLIENT", "LIST", "TYPE", "normal")
			text, _ := list.(string)
			return err == nil && !strings.Contains(text, "user=first") && strings.Count(text, "user=second") >= len(s.Monitors)
		}))
	}
	time.Sleep(1500 * time.Millisecond)
	s.none(marks, accused...)
}

func TestAWrongPasswordThatIsSetShowsAsDisconnectedAndIsNoDeath(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Redis:   lab.RedisConfig{Lines: []string{"requirepass right", "masterauth right"}},
		Monitor: lab.MonitorConfig{Lines: []string{"sentinel auth-pass mymaster right"}}})
	marks := s.Marks()
	m := s.Monitors[0]
	s.do(m, "SENTINEL", "SET", "mymaster", "auth-pass", "wrong")
	s.waitOne(m, marks[0], lab.On("+auth-error", "master mymaster", "wrongpass"))
	s.flagged(m, "master,disconnected")
	replicas, err := m.Replicas(s.ctx)
	s.must(err)
	if len(replicas) != 1 || replicas[0]["flags"] != "slave,disconnected" {
		t.Errorf("replicas %v", replicas)
	}
	time.Sleep(2500 * time.Millisecond) // longer than down-after
	s.none(marks, alarms...)
	for _, other := range s.Monitors[1:] {
		if flags := s.flagsOf(other); flags != "master" {
			t.Errorf("%s shows %s", other.Name(), flags)
		}
	}
	s.do(m, "SENTINEL", "SET", "mymaster", "auth-pass", "right")
	s.waitOne(m, marks[0], lab.On("-auth-error", "master mymaster"))
	s.flagged(m, "master")
}

// A peer that refuses our password is no voter that we can use; the others, whom it
// takes, can use it.
func TestAPeerThatRefusesOurPasswordIsNotUsable(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Monitor: lab.MonitorConfig{Lines: []string{
			"user default on nopass ~* &* +@all", "user peer on >shared ~* &* +@all",
			"sentinel sentinel-user peer", "sentinel sentinel-pass shared"}}})
	m := s.Monitors[0]
	ck := func(m *lab.Monitor) string {
		reply, err := m.Sentinel(s.ctx, "CKQUORUM", "mymaster")
		if err != nil {
			return err.Error()
		}
		text, _ := reply.(string)
		return text
	}
	usable := func(m *lab.Monitor, want string) {
		t.Helper()
		s.must(lab.Poll(s.ctx, m.Name()+" says "+want, func(context.Context) bool { return strings.HasPrefix(ck(m), want) }))
	}
	usable(m, "OK 3 usable Sentinels")
	marks := s.Marks()
	s.do(m, "SENTINEL", "CONFIG", "SET", "sentinel-pass", "mistyped")
	usable(m, "NOQUORUM 1 usable Sentinels")
	s.waitOne(m, marks[0], lab.On("+auth-error", "sentinel ", "@ mymaster", "reason=wrongpass"))
	for _, other := range s.Monitors[1:] {
		usable(other, "OK 3 usable Sentinels")
	}
	time.Sleep(1500 * time.Millisecond)
	for i, other := range s.Monitors {
		for _, ev := range other.Events.All()[marks[i]:] {
			if ev.Channel == "+sdown" && strings.HasPrefix(ev.Payload, "master") || ev.Channel == "+try-failover" {
				t.Errorf("%s published %s", other.Name(), ev)
			}
		}
	}
	s.do(m, "SENTINEL", "CONFIG", "SET", "sentinel-pass", "shared")
	usable(m, "OK 3 usable Sentinels")
	s.waitOne(m, marks[0], lab.On("-auth-error", "sentinel ", "@ mymaster"))
}

// All monitors change the password by which they know each other, one after the other,
// as a user of the ACL with two passwords allows.
func TestThePasswordAmongMonitorsIsChangedWithoutAWord(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Monitor: lab.MonitorConfig{Lines: []string{
			"user default on nopass ~* &* +@all", "user peer on >old >new ~* &* +@all",
			"sentinel sentinel-user peer", "sentinel sentinel-pass old"}}})
	marks := s.Marks()
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "CONFIG", "SET", "sentinel-pass", "new")
	}
	for _, m := range s.Monitors {
		s.do(m, "ACL", "SETUSER", "peer", "<old")
	}
	time.Sleep(2500 * time.Millisecond)
	s.none(marks, accused...)
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
}

// New links after SENTINEL SET must not cost the evidence of the old ones: a master that
// is silent is as silent as before.
func TestAPasswordThatIsSetDuringASilenceIsNoDeath(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Redis:   lab.RedisConfig{Threshold: 8 * time.Second, Lines: []string{"user first on >a ~* &* +@all", "user second on >b ~* &* +@all"}},
		Monitor: lab.MonitorConfig{Lines: []string{"sentinel auth-user mymaster first", "sentinel auth-pass mymaster a"}}})
	marks := s.Marks()
	door, err := s.Master.Dial(s.ctx)
	s.must(err)
	defer door.Close()
	woken := make(chan error, 1)
	go func() { _, err := door.Do(s.ctx, "DEBUG", "SLEEP", "6"); woken <- err }()
	s.wait(marks, lab.On("+silent", "master mymaster"))
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", "mymaster", "auth-user", "second", "auth-pass", "b")
	}
	s.must(<-woken)
	s.wait(marks, lab.On("-silent", "master mymaster"))
	s.none(marks, alarms...)
	for _, m := range s.Monitors {
		s.flagged(m, "master")
	}
}

// Servers have a new password that monitors were not told, and the master dies then: an
// order needs a new connection, which is refused. The failover goes on as soon as the
// monitors are told, and nobody is promoted twice.
func TestAFailoverThatLacksThePasswordGoesOnWhenItIsTold(t *testing.T) {
	t.Parallel()
	var login lab.Login
	login.Set("one")
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3,
		Redis:   lab.RedisConfig{Lines: []string{"requirepass one", "masterauth one"}},
		Monitor: lab.MonitorConfig{Lines: []string{"sentinel auth-pass mymaster one"}}})
	marks := s.Marks()
	for _, r := range s.Servers() {
		_, err := r.DoAs(s.ctx, &login, "CONFIG", "SET", "masterauth", "two", "requirepass", "two")
		s.must(err)
	}
	login.Set("two")
	s.Master.Kill()
	s.wait(marks, lab.On("+odown", "master mymaster"))
	time.Sleep(2 * time.Second)
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", "mymaster", "auth-pass", "two")
	}
	s.wait(marks, lab.On("+switch-master", s.Master.Host+" "+itoa(s.Master.Port)))
	masters := 0
	for _, r := range s.Replicas {
		info, err := r.InfoAs(s.ctx, &login)
		s.must(err)
		if info["role"] == "master" {
			masters++
		}
	}
	if masters != 1 {
		t.Errorf("%d of the replicas are masters", masters)
	}
}
