package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"picket/deploy/lab"
)

// turns are the two programs on one configuration file, one after the other.
type turns struct {
	*scene
	*lab.Monitor // whose file and port they share
	runs         map[string]*lab.Process
}

// takeTurns writes the file, with the port and folder of the monitor filled in.
func (s *scene) takeTurns(lines ...string) *turns {
	s.Helper()
	m := s.prepared(lab.MonitorConfig{Watch: nowhere})
	text := strings.NewReplacer("PORT", itoa(m.Port), "DIR", m.Dir).Replace(strings.Join(lines, "\n") + "\n")
	s.must(os.WriteFile(m.Conf, []byte(text), 0o640))
	tt := &turns{scene: s, Monitor: m, runs: map[string]*lab.Process{}}
	for name, argv := range map[string][]string{
		"picket":         {picket.Binary, m.Conf, "--gossip-port", itoa(m.Gossip)},
		"redis-sentinel": {sentinel.Binary, m.Conf},
	} {
		p, err := s.lab.Process(lab.Spec{Name: name, Argv: argv, Dir: m.Dir, Log: filepath.Join(m.Dir, name+".out")})
		s.must(err)
		tt.runs[name] = p
	}
	return tt
}

// turn lets a program run on the file while f does something with it.
func (tt *turns) turn(name string, f func()) {
	tt.scene.Helper()
	p := tt.runs[name]
	tt.must(p.Start())
	tt.must(lab.Poll(tt.ctx, "wait for "+name, func(ctx context.Context) bool {
		if !p.Running() {
			tt.Fatalf("%s ended with %d on this file:\n%s\n%s", name, p.ExitCode(), tt.file(tt.Conf), p.LogText())
		}
		_, err := tt.Monitor.Do(ctx, "PING")
		return err == nil
	}))
	f()
	tt.must(p.Terminate(tt.ctx))
}

func (tt *turns) set(words ...string) {
	tt.scene.Helper()
	tt.do(tt.Monitor, append([]string{"SENTINEL"}, words...)...)
}

// says is what a monitor tells of what its file holds, less what time changes.
func (tt *turns) says() map[string]string {
	tt.scene.Helper()
	all, err := tt.Master(tt.ctx)
	tt.must(err)
	kept := map[string]string{"myid": tt.do(tt.Monitor, "SENTINEL", "MYID")}
	for _, name := range []string{"ip", "port", "quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs",
		"config-epoch", "num-slaves", "num-other-sentinels", "notification-script", "client-reconfig-script"} {
		kept[name] = all[name]
	}
	return kept
}

func TestPicketAndRedisSentinelReadWhatTheOtherWrites(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Redis: lab.RedisConfig{Lines: []string{"requirepass pw", "masterauth pw"}}})
	master := "127.0.0.1 " + itoa(s.Master.Port)
	comments := []string{"# who runs this: the platform team", "# the group of the shop", "# its limits", "# at the end"}
	tt := s.takeTurns(comments[0],
		"port PORT", "bind 127.0.0.1", "protected-mode no", "tcp-backlog 128", "tcp-keepalive 60", "timeout 0", "maxclients 500",
		"dir DIR", `logfile ""`, "loglevel verbose", "syslog-enabled no", "daemonize no", "supervised no", "pidfile DIR/p.pid",
		"acllog-max-len 128", "client-output-buffer-limit pubsub 32mb 8mb 60", "proto-max-bulk-len 2mb", "unixsocket DIR/s.sock", "unixsocketperm 700",
		"bind-source-addr 127.0.0.1", "rename-command ROLE WHOAREYOU", "enable-debug-command no", "maxmemory 100mb", "include DIR/none*.conf",
		"SENTINEL resolve-hostnames yes", "SENTINEL announce-hostnames no", "sentinel announce-ip 127.0.0.1", "sentinel announce-port PORT",
		"sentinel sentinel-user default", "sentinel sentinel-pass topsecret", "sentinel deny-scripts-reconfig no",
		"", comments[1],
		"sentinel monitor mymaster "+master+" 2", "sentinel auth-pass mymaster pw", "sentinel auth-user mymaster default",
		comments[2],
		"sentinel down-after-milliseconds mymaster 5000", "sentinel failover-timeout mymaster 60000", "sentinel parallel-syncs mymaster 2",
		"sentinel notification-script mymaster /bin/true", "sentinel client-reconfig-script mymaster /bin/true",
		"sentinel master-reboot-down-after-period mymaster 3000", "sentinel rename-command mymaster PING PING", "sentinel config-epoch mymaster 3",
		"sentinel known-sentinel mymaster 127.0.0.1 2 "+strings.Repeat("b", 40), comments[3])
	knows := func() {
		s.must(lab.Poll(s.ctx, "wait until both replicas are known", func(ctx context.Context) bool {
			all, err := tt.Master(ctx)
			return err == nil && all["num-slaves"] == "2"
		}))
	}
	var before map[string]string
	check := func(by string) {
		s.Helper()
		knows()
		if now := tt.says(); before != nil {
			for name, value := range before {
				if now[name] != value {
					t.Errorf("%s says %s %q, before it was %q", by, name, now[name], value)
				}
			}
		}
	}
	for round, change := range [][]string{
		{"SET", "mymaster", "quorum", "1", "down-after-milliseconds", "7000"},
		{"SET", "mymaster", "parallel-syncs", "1", "auth-user", ""}, // back at their defaults
		{"SET", "mymaster", "failover-timeout", "90000", "rename-command", "SCRIPT", "SCRIPT2"},
		{"CONFIG", "SET", "announce-port", "0"},
		{"MONITOR", "second", "127.0.0.1", "1", "2"},
		{"SET", "second", "auth-pass", "pw2", "down-after-milliseconds", "1234"},
		{"REMOVE", "second"},
	} {
		by := []string{"picket", "redis-sentinel"}[round%2]
		if change[0] == "CONFIG" && by == "picket" {
			by = "redis-sentinel"
		}
		tt.turn(by, func() { check(by); tt.set(change...); tt.set("FLUSHCONFIG"); before = tt.says() })
		var found []string
		for line := range strings.SplitSeq(s.file(tt.Conf), "\n") {
			if slices.Contains(comments, line) {
				found = append(found, line)
			}
		}
		if !slices.Equal(found, comments) {
			t.Errorf("after %s the comments are %q", by, found)
		}
	}
	for _, by := range []string{"picket", "redis-sentinel", "picket"} {
		tt.turn(by, func() { check(by) })
	}
	for bad, is := range map[string]bool{"# ???": false, " second ": false, "sentinel leader-epoch mymaster": true} {
		if text := s.file(tt.Conf); strings.Contains(text, bad) != is {
			t.Errorf("%q in the file: %t; it is\n%s", bad, !is, text)
		}
	}
}

// A password may hold what would break the line it is written into. redis-sentinel writes
// it as it is: one with a blank stops its next start, one with a line break adds a line.
func TestNoValueOfSetBreaksTheFile(t *testing.T) {
	t.Parallel()
	const password = `p w "q" 'x' \n # $HOME ü`
	s := newScene(t)
	r, err := s.lab.StartRedis(s.ctx, lab.RedisConfig{})
	s.must(err)
	s.do(r, "CONFIG", "SET", "requirepass", password)
	tt := s.takeTurns("port PORT", "dir DIR", "sentinel monitor mymaster 127.0.0.1 "+itoa(r.Port)+" 1", "sentinel down-after-milliseconds mymaster 60000")
	connects := func() {
		s.must(lab.Poll(s.ctx, "log in at the master", func(ctx context.Context) bool {
			all, err := tt.Master(ctx)
			return err == nil && len(all["runid"]) == 40
		}))
	}
	tt.turn("picket", func() {
		for _, words := range [][]string{
			{"SET", "mymaster", "auth-pass", "x\nloglevel debug"}, {"SET", "mymaster", "auth-user", "x\r"},
			{"SET", "mymaster", "rename-command", "PING", "x\ny"}, {"SET", "mymaster", "quorum", "1", "auth-pass", "\x00"},
			{"MONITOR", "a\nb", "127.0.0.1", "1", "1"}, {"MONITOR", "a b", "127.0.0.1", "1", "1"}, {"MONITOR", "ab", "127.0.0.1\n", "1", "1"},
		} {
			if reply, err := tt.Sentinel(s.ctx, words...); err == nil {
				t.Errorf("%q: %v", words, reply)
			}
		}
		tt.set("SET", "mymaster", "auth-pass", password, "rename-command", "SCRIPT", `a b"c`)
		connects()
	})
	text := s.file(tt.Conf)
	tt.turn("picket", connects)
	if strings.Contains(s.file(tt.Conf), "debug") || !strings.Contains(text, "sentinel auth-pass mymaster \"") {
		t.Errorf("the file is\n%s", text)
	}
	tt.turn("redis-sentinel", connects)
}

// Replicas may announce names while resolve-hostnames is no; a file that held one would
// not start redis-sentinel.
func TestAFileWithoutResolveHostnamesHoldsNoNames(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Redis: lab.RedisConfig{Lines: []string{"replica-announce-ip localhost"}}})
	tt := s.takeTurns("port PORT", "dir DIR", "sentinel monitor mymaster 127.0.0.1 "+itoa(s.Master.Port)+" 1")
	tt.turn("picket", func() {
		s.must(lab.Poll(s.ctx, "find both replicas", func(ctx context.Context) bool {
			all, err := tt.Master(ctx)
			return err == nil && all["num-slaves"] == "2"
		}))
		s.must(lab.Poll(s.ctx, "write both replicas", func(ctx context.Context) bool {
			_, err := tt.Sentinel(ctx, "FLUSHCONFIG")
			return err == nil && strings.Count(s.file(tt.Conf), "sentinel known-replica mymaster 127.0.0.1 ") == 2
		}))
	})
	tt.turn("redis-sentinel", func() {})
	tt.turn("picket", func() {})
	if text := s.file(tt.Conf); strings.Contains(text, "localhost") {
		t.Errorf("the file is\n%s", text)
	}
}

// What redis-sentinel wrote after a failover starts a picket that knows it all before it
// has reached anybody.
func TestAFileOfRedisSentinelStartsPicketWithAllItKnew(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Monitors: 3, Monitor: lab.MonitorConfig{Program: sentinel,
		Lines: []string{"sentinel master-reboot-down-after-period mymaster 5000"}}})
	s.must(s.StartMonitors(s.ctx))
	s.must(s.WaitKnown(s.ctx))
	marks := s.Marks()
	s.Master.Kill()
	winner := s.switched(s.Master, marks).New
	s.agreed(winner)
	type known struct{ id, epoch, addr string }
	var knew []known
	for _, m := range s.Monitors {
		s.must(lab.Poll(s.ctx, "see all others after the switch", func(ctx context.Context) bool {
			all, err := m.Master(ctx)
			return err == nil && all["num-slaves"] == "2" && all["num-other-sentinels"] == "2" && all["config-epoch"] == "1"
		}))
		s.do(m, "SENTINEL", "FLUSHCONFIG")
		all, err := m.Master(s.ctx)
		s.must(err)
		knew = append(knew, known{s.do(m, "SENTINEL", "MYID"), all["config-epoch"], all["ip"] + ":" + all["port"]})
	}
	for _, m := range s.Monitors {
		m.Kill()
	}
	for _, r := range s.Servers() {
		r.Kill()
	}
	for i, m := range s.Monitors {
		if i == 2 { // as Valkey writes it
			text := strings.Replace(s.file(m.Conf), "sentinel master-reboot", "sentinel primary-reboot", 1)
			s.must(os.WriteFile(m.Conf, []byte(text), 0o644))
		}
		p, err := s.lab.Process(lab.Spec{Name: "picket", Argv: []string{picket.Binary, m.Conf, "--gossip-port", itoa(m.Gossip)},
			Dir: m.Dir, Log: filepath.Join(m.Dir, "picket.out")})
		s.must(err)
		s.must(p.Start())
		s.must(lab.Poll(s.ctx, "wait for picket", func(ctx context.Context) bool { _, err := m.Do(ctx, "PING"); return err == nil }))
		all, err := m.Master(s.ctx)
		s.must(err)
		if now := (known{s.do(m, "SENTINEL", "MYID"), all["config-epoch"], all["ip"] + ":" + all["port"]}); now != knew[i] {
			t.Errorf("picket is %v, redis-sentinel was %v", now, knew[i])
		}
		if all["num-slaves"] != "2" || all["num-other-sentinels"] != "2" {
			t.Errorf("%s replicas and %s peers are known, want 2 of each", all["num-slaves"], all["num-other-sentinels"])
		}
		if vote := lab.Strings(must(m.Sentinel(s.ctx, "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", itoa(winner.Port), "1", strings.Repeat("c", 40)))); vote[2] != "1" || vote[1] == strings.Repeat("c", 40) {
			t.Errorf("asked for its vote of epoch 1, which was cast, it answers %v", vote)
		}
		s.must(p.Terminate(s.ctx))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
