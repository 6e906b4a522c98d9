package act

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"picket/monitor"
	"picket/monitor/resp/resptest"
)

// These tests need a real server: what Redis itself makes of our orders.

type server struct{ *resptest.Server }

func startRedis(t *testing.T, lines ...string) *server { return &server{resptest.Start(t, lines...)} }

func (s *server) target() Target { return Target{Group: "g", Addr: s.Addr} }

// block runs a script and waits until the server says BUSY.
func (s *server) block(t *testing.T, script string) {
	t.Helper()
	s.Send(t, script)
	for !strings.HasPrefix(s.Do(t, "PING"), "-BUSY ") {
	}
}

type links struct {
	dial       func(context.Context, monitor.Addr) (net.Conn, error)
	user, pass string
	renamed    map[string]string
}

func (l links) Dial(ctx context.Context, a monitor.Addr) (net.Conn, error) {
	if l.dial != nil {
		return l.dial(ctx, a)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", a.String())
}

func (l links) Credentials(string) (string, string) { return l.user, l.pass }

func (l links) Command(_, name string) string {
	if to, ok := l.renamed[name]; ok {
		return to
	}
	return name
}

func newActor(t *testing.T, l links) *Actor {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	start := time.Now().Add(-time.Second)
	return New(Config{Links: l, Clock: func() monitor.Instant { return monitor.Instant(time.Since(start)) }})
}

const (
	endless        = `EVAL "while true do end" 0`
	endlessWriting = `EVAL "redis.call('SET','k','v') while true do end" 0`
	function       = `FUNCTION LOAD "#!lua name=l\nredis.register_function('f', function() while true do end end)"`
	sentinelACL    = "user picket on >pw &__sentinel__:hello +client +subscribe +publish +ping +info +multi +slaveof +config +client +exec"
)

func TestRealRepointAndPromote(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		links links
	}{
		{"open", nil, links{}},
		{"password", []string{"requirepass secret", "masterauth secret"}, links{pass: "secret"}},
		{"the ACL user of Sentinel's documentation", []string{sentinelACL}, links{user: "picket", pass: "pw"}},
		{"renamed commands", []string{"rename-command SLAVEOF FOLLOW", "rename-command CONFIG CFG"},
			links{renamed: map[string]string{"SLAVEOF": "FOLLOW", "CONFIG": "CFG"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, replica := startRedis(t, c.lines...), startRedis(t, c.lines...)
			a := newActor(t, c.links)
			res, err := a.Repoint(t.Context(), replica.target(), master.Addr)
			if err != nil || res.Outcome != Done || res.Rewrite != "" || res.Denied != nil {
				t.Fatalf("repoint: %+v, %v", res, err)
			}
			if got := role(t, a, replica); got != monitor.RoleReplica {
				t.Errorf("after repoint the replica says %v", got)
			}
			res, err = a.Promote(t.Context(), replica.target(), monitor.Never)
			if err != nil || res.Outcome != Done || res.Rewrite != "" || res.Denied != nil {
				t.Fatalf("promote: %+v, %v", res, err)
			}
			if got := role(t, a, replica); got != monitor.RoleMaster {
				t.Errorf("after promote the replica says %v", got)
			}
		})
	}
}

func role(t *testing.T, a *Actor, s *server) monitor.Role {
	t.Helper()
	res, err := a.Fence(t.Context(), s.target(), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return res.Info.Role
}

// A server started without a configuration file cannot rewrite one; it is promoted all the same.
func TestRealPromoteWithoutFile(t *testing.T) {
	donor := startRedis(t)
	addr := monitor.Addr{Host: "127.0.0.1", Port: donor.Addr.Port}
	donor.Kill()
	s := &server{resptest.Run(t, addr, exec.Command(donor.Cmd.Path, "--port", strconv.Itoa(addr.Port), "--bind", "127.0.0.1", "--save", "",
		"--dir", t.TempDir()))}
	res, err := newActor(t, links{}).Promote(t.Context(), s.target(), monitor.Never)
	if err != nil || res.Outcome != Done || !strings.HasPrefix(res.Rewrite, "ERR The server is running without a config file") {
		t.Errorf("%+v, %v", res, err)
	}
}

// Rights that are missing for optional members must not cost the promotion.
func TestRealPromoteDenied(t *testing.T) {
	for _, c := range []struct {
		name, rules string
		outcome     Outcome
		denied      string
	}{
		{"no CONFIG", "+multi +exec +slaveof +client", Done, "config|rewrite"},
		{"no CLIENT", "+multi +exec +slaveof +config", Done, "client|kill"},
		{"neither", "+multi +exec +slaveof", Done, "config|rewrite client|kill"},
		{"no MULTI", "+slaveof +config +client", Done, "multi"},
		{"no SLAVEOF", "+multi +exec +config +client", Refused, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startRedis(t, "user picket on >pw +info "+c.rules)
			res, err := newActor(t, links{user: "picket", pass: "pw"}).Promote(t.Context(), s.target(), monitor.Never)
			if res.Outcome != c.outcome || (err == nil) != (c.outcome == Done) || strings.Join(res.Denied, " ") != c.denied {
				t.Errorf("%+v, %v", res, err)
			}
			if c.outcome == Refused && monitor.ClassifyReply(res.Reply) != monitor.ReplyNoPerm {
				t.Errorf("reply %q", res.Reply)
			}
		})
	}
}

func TestRealRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		links links
		want  monitor.Reply
	}{
		{"no password", links{}, monitor.ReplyNoAuth},
		{"wrong password", links{pass: "wrong"}, monitor.ReplyWrongPass},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startRedis(t, "requirepass secret")
			a := newActor(t, c.links)
			res, err := a.Promote(t.Context(), s.target(), monitor.Never)
			if err == nil || res.Outcome != Refused || monitor.ClassifyReply(res.Reply) != c.want {
				t.Errorf("promote: %+v, %v", res, err)
			}
			fence, err := a.Fence(t.Context(), s.target(), time.Second)
			if err != nil || fence.Paused || fence.Reply != c.want {
				t.Errorf("fence: %+v, %v", fence, err)
			}
			kill, err := a.Kill(t.Context(), s.target(), KillScript)
			if err != nil || kill.Outcome != KillDenied {
				t.Errorf("kill: %+v, %v", kill, err)
			}
		})
	}
}

func TestRealTooManyClients(t *testing.T) {
	s := startRedis(t, "maxclients 1")
	for !strings.HasPrefix(resptest.Hear(t, s.Send(t, "PING")), "+PONG") { // and stays connected
		// until the server has forgotten the connection that waited for it
	}
	res, err := newActor(t, links{}).Promote(t.Context(), s.target(), monitor.Never)
	if err == nil || res.Outcome != Refused || monitor.ClassifyReply(res.Reply) != monitor.ReplyMaxClients {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestRealFence(t *testing.T) {
	s := startRedis(t, sentinelACL)
	a := newActor(t, links{user: "picket", pass: "pw"})
	res, err := a.Fence(t.Context(), s.target(), time.Minute)
	if err != nil || !res.Paused || res.Reply != monitor.ReplyPong || res.Info.Role != monitor.RoleMaster || res.Denied != "" {
		t.Fatalf("%+v, %v", res, err)
	}
	writer := s.Send(t, "SET k v")
	_ = writer.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := writer.Read(make([]byte, 16)); err == nil {
		t.Errorf("a write was answered through the fence, %d bytes", n)
	}
	if err := a.Unfence(t.Context(), s.target()); err != nil {
		t.Fatal(err)
	}
	if got := resptest.Hear(t, writer); got != "+OK" {
		t.Errorf("after unfence the write got %q", got)
	}
}

func TestRealFenceWithoutTheRight(t *testing.T) {
	s := startRedis(t, "user picket on >pw +info")
	a := newActor(t, links{user: "picket", pass: "pw"})
	res, err := a.Fence(t.Context(), s.target(), time.Minute)
	if err != nil || res.Paused || res.Denied != "client|pause" || res.Info.Role != monitor.RoleMaster {
		t.Errorf("%+v, %v", res, err)
	}
	if err := a.Unfence(t.Context(), s.target()); err == nil {
		t.Error("unfence without the right must be an error")
	}
}

func TestRealBusyServer(t *testing.T) {
	s := startRedis(t, "requirepass secret")
	a := newActor(t, links{pass: "secret"})
	s.Send(t, "AUTH secret\r\n"+endlessWriting)
	for !strings.Contains(s.Do(t, "AUTH secret\r\nPING\r\nPING"), "OK") {
	}
	busy := monitor.ReplyNone
	for busy != monitor.ReplyBusyScript { // the first packet waits until the server says BUSY
		res, err := a.Fence(t.Context(), s.target(), time.Second)
		if err != nil || res.Paused {
			t.Fatalf("fence: %+v, %v", res, err)
		}
		busy = res.Reply
	}
	res, err := a.Promote(t.Context(), s.target(), monitor.Never)
	if err == nil || res.Outcome != Refused || monitor.ClassifyReply(res.Reply) != monitor.ReplyBusyScript || res.Denied != nil {
		t.Errorf("promote: %+v, %v", res, err)
	}
}

func TestRealKill(t *testing.T) {
	for _, c := range []struct {
		name, load, block string
		kind              KillKind
		want              KillOutcome
	}{
		{"a script", "PING", endless, KillScript, Killed},
		{"a script that has written", "PING", endlessWriting, KillScript, KillUnkillable},
		{"a script as a function", "PING", endless, KillFunction, KillRefused},
		{"a function", function, "FCALL f 0", KillFunction, Killed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startRedis(t)
			s.Do(t, c.load)
			s.block(t, c.block)
			res, err := newActor(t, links{}).Kill(t.Context(), s.target(), c.kind)
			if err != nil || res.Outcome != c.want {
				t.Errorf("%+v, %v; want %v", res, err, c.want)
			}
		})
	}
}

func TestRealKillNothing(t *testing.T) {
	s := startRedis(t, "user picket on >pw +info")
	if res, err := newActor(t, links{}).Kill(t.Context(), s.target(), KillScript); err != nil || res.Outcome != KillNotBusy {
		t.Errorf("idle: %+v, %v", res, err)
	}
	l := links{user: "picket", pass: "pw"}
	if res, err := newActor(t, l).Kill(t.Context(), s.target(), KillScript); err != nil || res.Outcome != KillDenied {
		t.Errorf("denied: %+v, %v", res, err)
	}
}

// What was chosen for its data is not promoted when another process answers in its place.
func TestRealPromoteOfAnotherProcess(t *testing.T) {
	master, replica := startRedis(t), startRedis(t)
	a := newActor(t, links{})
	if res, err := a.Repoint(t.Context(), replica.target(), master.Addr); err != nil {
		t.Fatalf("repoint: %+v, %v", res, err)
	}
	target := replica.target()
	target.RunID = strings.Repeat("0", 40)
	if res, err := a.Promote(t.Context(), target, monitor.Never); err == nil || res.Outcome != NotSent {
		t.Errorf("promote another process: %+v, %v", res, err)
	}
	if got := role(t, a, replica); got != monitor.RoleReplica {
		t.Errorf("another process than the one chosen is %v", got)
	}
	info, err := a.Fence(t.Context(), replica.target(), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	target.RunID = info.Info.RunID
	if res, err := a.Promote(t.Context(), target, monitor.Never); err != nil || res.Outcome != Done {
		t.Errorf("promote: %+v, %v", res, err)
	}
}
