package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// patient is one monitor that looks for long before it holds anyone to be down,
// over one master and one replica, in one network.
func patient(t *testing.T, cfg lab.GroupConfig) *scene {
	t.Helper()
	cfg.Replicas, cfg.Monitors = 1, 1
	cfg.Monitor.Watch = lab.Watch{Quorum: 1, DownAfter: time.Minute}
	return start(t, cfg)
}

// verdict waits for a verdict on an instance, by state and reason.
func (s *scene) verdict(marks []int, subject, state, reason string) {
	s.Helper()
	s.wait(marks, lab.On("+verdict", subject, "to="+state, "reason="+reason))
}

func TestAnswersThatAreNotPongHaveTheirOwnVerdicts(t *testing.T) {
	t.Parallel()
	s := patient(t, lab.GroupConfig{})
	const master = "master mymaster"
	hang, err := s.Master.Dial(s.ctx) // stays logged in
	s.must(err)
	on := func(args ...string) {
		t.Helper()
		if _, err := hang.Do(s.ctx, args...); err != nil {
			t.Fatalf("%q: %v", args, err)
		}
	}
	cutOff := func() {
		on("CLIENT", "KILL", "TYPE", "pubsub")
		on("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	}
	expect := func(name, state, reason string, begin, end func()) {
		t.Run(name, func(t *testing.T) {
			marks := s.Marks()
			begin()
			s.verdict(marks, master, state, reason)
			if f, err := s.Monitors[0].Master(s.ctx); err != nil || strings.Contains(f["flags"], "_down") {
				t.Errorf("flags %s, %v", f["flags"], err)
			}
			marks = s.Marks()
			end()
			s.verdict(marks, master, "up", "pong")
		})
	}
	expect("busy-eval", "script-blocked", "busy-eval",
		func() { s.Master.Run(s.ctx, lab.Reading(2*time.Second)) }, func() {})
	expect("busy-function", "script-blocked", "busy-function",
		func() { s.Master.Run(s.ctx, lab.ReadingFunction(2*time.Second)) }, func() {})
	expect("noperm", "blind", "noperm",
		func() { on("ACL", "SETUSER", "default", "-ping") }, func() { on("ACL", "SETUSER", "default", "+ping") })
	expect("noauth", "blind", "noauth",
		func() { on("CONFIG", "SET", "requirepass", "secret"); cutOff() },
		func() { on("CONFIG", "SET", "requirepass", "") })
	expect("wrongpass", "blind", "wrongpass",
		func() {
			s.do(s.Monitors[0], "SENTINEL", "SET", "mymaster", "auth-pass", "bad")
			on("CONFIG", "SET", "requirepass", "secret")
			cutOff()
		},
		func() { s.do(s.Monitors[0], "SENTINEL", "SET", "mymaster", "auth-pass", "secret") })
	expect("max-clients", "blind", "max-clients",
		func() { on("CONFIG", "SET", "maxclients", "1"); cutOff() },
		func() { on("CONFIG", "SET", "maxclients", "1000") })
	expect("misconf", "degraded", "misconf",
		func() {
			on("CONFIG", "SET", "save", "3600 1")
			s.must(os.RemoveAll(s.Master.Dir)) // the working folder is gone: nothing can be saved
			on("SET", "k", "1")
			on("BGSAVE")
		},
		func() { on("CONFIG", "SET", "stop-writes-on-bgsave-error", "no") })
	expect("silent", "silent", "silent-acked",
		func() { s.must(s.Master.Freeze()) }, func() { s.must(s.Master.Thaw()) })
	expect("role-mismatch", "role-mismatch", "reports-role-slave",
		func() { on("REPLICAOF", "127.0.0.1", "1") }, func() { on("REPLICAOF", "NO", "ONE") })
	expect("gone", "gone", "connection-refused",
		func() { s.Master.Kill() },
		func() {
			s.must(os.MkdirAll(s.Master.Dir, 0o755))
			s.must(os.WriteFile(s.Master.Conf, []byte("port "+itoa(s.Master.Port)+"\nbind 127.0.0.1\nsave \"\"\n"), 0o644))
			s.must(s.Master.Start(s.ctx))
		})
}

func TestAReplicaThatRefusesStaleReadsIsStale(t *testing.T) {
	t.Parallel()
	s := patient(t, lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{"replica-serve-stale-data no"}}})
	marks := s.Marks()
	s.Master.Kill()
	s.verdict(marks, "slave "+s.Replicas[0].Addr(), "stale", "master-link-down")
}

func TestAMasterThatReadsItsDataIsLoading(t *testing.T) {
	t.Parallel()
	s := patient(t, lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{
		"key-load-delay 2000", "loading-process-events-interval-bytes 1024"}}}) // 2 ms a key
	s.do(s.Master, "DEBUG", "POPULATE", "2000", "k", "100")
	s.do(s.Master, "SAVE")
	marks := s.Marks()
	s.Master.Kill()
	s.must(s.Master.Start(s.ctx))
	s.verdict(marks, "master mymaster", "loading", "loading")
	s.verdict(marks, "master mymaster", "up", "pong")
	s.none(marks, alarms...)
}

func TestAThresholdOfNoneIsWarnedOf(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Monitors: 1, Redis: lab.RedisConfig{Lines: []string{"lua-time-limit 0"}},
		Monitor: lab.MonitorConfig{Watch: lab.Watch{Quorum: 1}}})
	s.logged(s.Monitors[0], "+config-warning", "busy-reply-threshold")
}

func TestProtectedModeIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ns, _ := s.network() // protected mode is about addresses other than 127.0.0.1
	s.servers(lab.GroupConfig{Monitors: 1, Redis: lab.RedisConfig{Net: ns},
		Monitor: lab.MonitorConfig{Net: ns, Watch: lab.Watch{Quorum: 1, DownAfter: time.Minute}}})
	s.monitors()
	marks := s.Marks()
	c, err := s.Master.Dial(s.ctx)
	s.must(err)
	for _, cmd := range [][]string{{"CONFIG", "SET", "protected-mode", "yes"},
		{"CLIENT", "KILL", "TYPE", "pubsub"}, {"CLIENT", "KILL", "TYPE", "normal"}} {
		_, err := c.Do(s.ctx, cmd...)
		s.must(err)
	}
	s.verdict(marks, "master mymaster", "blind", "protected-mode")
}

func TestAMasterWhoseAcceptQueueIsFullIsSilentAndNotUnreachable(t *testing.T) {
	t.Parallel()
	s := patient(t, lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{"tcp-backlog 2"}}})
	marks := s.Marks()
	// The monitor loses its connections. It needs the one for PING at once, and
	// the other one only for the next INFO, ten seconds later.
	s.do(s.Master, "CLIENT", "KILL", "TYPE", "normal")
	s.must(lab.Poll(s.ctx, "the monitor pings again", func(context.Context) bool {
		return strings.Contains(s.do(s.Master, "CLIENT", "LIST"), "cmd=ping")
	}))
	s.must(s.Master.Freeze())
	for { // until the kernel takes no more
		c, err := net.DialTimeout("tcp", s.Master.Addr(), 300*time.Millisecond)
		if err != nil {
			break
		}
		defer c.Close()
	}
	s.verdict(marks, "master mymaster", "silent", "accept-queue-full")
	marks = s.Marks()
	s.must(s.Master.Thaw())
	s.verdict(marks, "master mymaster", "up", "pong")
	for _, state := range []string{"unreachable", "hung"} {
		for _, ev := range s.Monitors[0].Events.Find(lab.On("+verdict", "master mymaster", "to="+state)) {
			t.Error(ev)
		}
	}
	s.none(marks, alarms...)
}

// busyModule is a Redis module with one command that runs for as many
// milliseconds as it is told, yielding to other clients like a slow module does.
const busyModule = `
#include <stdlib.h>
#include <time.h>
typedef struct RedisModuleCtx RedisModuleCtx;
typedef struct RedisModuleString RedisModuleString;
typedef int (*command)(RedisModuleCtx *, RedisModuleString **, int);
static int (*create)(RedisModuleCtx *, const char *, command, const char *, int, int, int);
static void (*attributes)(RedisModuleCtx *, const char *, int, int);
static void (*yield)(RedisModuleCtx *, int, const char *);
static int (*reply)(RedisModuleCtx *, const char *);
static const char *(*text)(const RedisModuleString *, size_t *);
static long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000 + t.tv_nsec / 1000000; }
static int busy(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
	long end = now() + (argc > 1 ? atol(text(argv[1], NULL)) : 0);
	while (now() < end) yield(ctx, 2, NULL);
	return reply(ctx, "OK");
}
int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
	int (*get)(const char *, void *) = (int (*)(const char *, void *))((void **)ctx)[0];
	get("RedisModule_SetModuleAttribs", &attributes);
	get("RedisModule_CreateCommand", &create);
	get("RedisModule_Yield", &yield);
	get("RedisModule_ReplyWithSimpleString", &reply);
	get("RedisModule_StringPtrLen", &text);
	attributes(ctx, "lab", 1, 1);
	return create(ctx, "lab.busy", busy, "", 0, 0, 0);
}
`

func TestABusyModuleIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, module := filepath.Join(dir, "busy.c"), filepath.Join(dir, "busy.so")
	if err := os.WriteFile(source, []byte(busyModule), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", module, source).CombinedOutput(); err != nil {
		t.Fatalf("build a module: %v\n%s", err, out)
	}
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Redis: lab.RedisConfig{Lines: []string{"enable-module-command yes", "loadmodule " + module}}})
	marks := s.Marks()
	s.blocked(s.Master, lab.Script{Name: "module command", Commands: [][]string{{"lab.busy", "4000"}}}, "master mymaster")
	s.verdict(marks, "master mymaster", "script-blocked", "busy-module")
}

func TestTheEvidenceIsInExplain(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	marks := s.Marks()
	done := s.Master.Run(s.ctx, lab.Reading(4*time.Second))
	s.wait(marks, lab.On("+script-blocked"))
	m := s.Monitors[0]
	s.explains(m, "script-blocked")
	f, err := m.Master(s.ctx)
	s.must(err)
	if !strings.Contains(f["flags"], "script_blocked") {
		t.Errorf("flags are %s, want script_blocked among them", f["flags"])
	}
	if res := <-done; res.Err != nil {
		t.Error(res.Err)
	}
	s.must(lab.Poll(s.ctx, "the flag script_blocked goes away", func(ctx context.Context) bool {
		f, err := m.Master(ctx)
		return err == nil && !strings.Contains(f["flags"], "script_blocked")
	}))
}
