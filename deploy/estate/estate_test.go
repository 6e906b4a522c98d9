package estate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

func TestMain(m *testing.M) {
	Work()
	os.Exit(m.Run())
}

func begin(t *testing.T, groups int) *Estate {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a worker needs epoll")
	}
	e, err := Start(groups)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// at is the address of the instance with the given port offset in a group.
func (e *Estate) at(group, offset int) string {
	host, port := e.Master(group)
	return net.JoinHostPort(host, strconv.Itoa(port+offset))
}

func dial(t *testing.T, addr string) *lab.Conn {
	t.Helper()
	c, err := lab.Dial(t.Context(), addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ask(t *testing.T, c *lab.Conn, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	reply, err := c.Do(ctx, args...)
	var refusal lab.ReplyError
	if errors.As(err, &refusal) {
		return "-" + err.Error()
	}
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return fmt.Sprint(reply)
}

func info(t *testing.T, c *lab.Conn) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for line := range strings.SplitSeq(ask(t, c, "INFO"), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// dialogue is what monitors say to an instance that serves.
var dialogue = [][]string{
	{"PING"}, {"AUTH", "secret"}, {"HELLO", "2"}, {"HELLO", "4"}, {"SCRIPT", "KILL"}, {"CLIENT", "SETNAME", "sentinel-12345678-cmd"},
	{"CLIENT", "SETINFO", "LIB-NAME", "x"}, {"CONFIG", "GET", "lua-time-limit"}, {"CONFIG", "GET", "no-such-setting"},
	{"PUBLISH", "__sentinel__:hello", "nobody hears"}, {"CLIENT", "PAUSE", "1", "WRITE"}, {"CLIENT", "UNPAUSE"},
	{"EXEC"}, {"MULTI"}, {"SLAVEOF", "NO", "ONE"}, {"CONFIG", "REWRITE"}, {"CLIENT", "KILL", "TYPE", "normal"}, {"EXEC"},
	{"SUBSCRIBE", "__sentinel__:hello"}, {"PING"},
}

func TestSpeaksAsRedisServerDoes(t *testing.T) {
	e := begin(t, 1)
	l, err := lab.New(t.Context(), lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	real, err := l.StartRedis(t.Context(), lab.RedisConfig{Threshold: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	fake, genuine := dial(t, e.at(0, 0)), dial(t, real.Addr())
	ids := regexp.MustCompile(`id \d+`)
	for _, args := range dialogue {
		got, want := ask(t, fake, args...), ask(t, genuine, args...)
		got, want = ids.ReplaceAllString(got, "id"), ids.ReplaceAllString(want, "id")
		if args[0] == "CONFIG" && args[1] == "REWRITE" || strings.Contains(got, "without a config file") {
			continue // the real one may have a file
		}
		if got != want {
			t.Errorf("%q: %s, a real server answers %s", args, got, want)
		}
	}
	ours, theirs := info(t, dial(t, e.at(0, 0))), info(t, dial(t, real.Addr()))
	for name := range maps.Keys(theirs) {
		if _, ok := ours[name]; !ok && !strings.HasPrefix(name, "slave") && !strings.HasPrefix(name, "errorstat_") {
			t.Errorf("INFO lacks %s", name)
		}
	}
	if ours["redis_version"] == theirs["redis_version"] && ours["role"] != theirs["role"] {
		t.Errorf("role %s, a real server says %s", ours["role"], theirs["role"])
	}
}

func TestHelloReachesSubscribersOfMasterAndReplica(t *testing.T) {
	e := begin(t, 2)
	onMaster, onReplica, elsewhere := dial(t, e.at(1, 0)), dial(t, e.at(1, 1)), dial(t, e.at(0, 0))
	for _, c := range []*lab.Conn{onMaster, onReplica, elsewhere} {
		ask(t, c, "SUBSCRIBE", "__sentinel__:hello")
	}
	if n := ask(t, dial(t, e.at(1, 0)), "PUBLISH", "__sentinel__:hello", "it is me"); n != "1" {
		t.Errorf("%s subscribers counted", n)
	}
	ask(t, dial(t, e.at(0, 0)), "PUBLISH", "__sentinel__:hello", "another")
	for c, want := range map[*lab.Conn]string{onMaster: "it is me", onReplica: "it is me", elsewhere: "another"} {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		reply, err := c.Receive()
		if got := lab.Strings(reply); err != nil || !slices.Equal(got, []string{"message", "__sentinel__:hello", want}) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

func TestPromotionKeepsTheHistory(t *testing.T) {
	e := begin(t, 1)
	before := info(t, dial(t, e.at(0, 1)))
	if before["role"] != "slave" || before["master_link_status"] != "up" {
		t.Fatalf("the replica says %v", before)
	}
	if err := e.Kill([]int{0}); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", e.at(0, 0)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial a killed master: %v", err)
	}
	replica := dial(t, e.at(0, 1))
	if alone := info(t, replica); alone["master_link_status"] != "down" {
		t.Errorf("the orphaned replica's link is %s", alone["master_link_status"])
	}
	for _, args := range [][]string{{"MULTI"}, {"SLAVEOF", "NO", "ONE"}, {"EXEC"}} {
		ask(t, replica, args...)
	}
	after := info(t, replica)
	if after["role"] != "master" || after["master_replid2"] != before["master_replid"] || after["master_replid"] == before["master_replid"] {
		t.Errorf("history %s/%s grew out of %s", after["master_replid"], after["master_replid2"], before["master_replid"])
	}
	list, _ := e.Promotions()
	for len(list) == 0 {
		var changed <-chan struct{}
		if list, changed = e.Promotions(); len(list) == 0 {
			<-changed
		}
	}
	if list[0].Addr != e.at(0, 1) || time.Since(list[0].At) > time.Minute {
		t.Errorf("noted promotion %v", list[0])
	}
}

func TestHungMasterTakesAndNeverAnswers(t *testing.T) {
	e := begin(t, 1)
	c := dial(t, e.at(0, 0))
	ask(t, c, "PING")
	if err := e.Hang([]int{0}); err != nil {
		t.Fatal(err)
	}
	late := dial(t, e.at(0, 0)) // the kernel accepts
	for _, conn := range []*lab.Conn{c, late} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if reply, err := conn.Do(ctx, "PING"); err == nil {
			t.Errorf("a hung master answers %v", reply)
		}
		cancel()
	}
}

func TestClientKillSparesTheCaller(t *testing.T) {
	e := begin(t, 1)
	normal, subscriber, caller := dial(t, e.at(0, 0)), dial(t, e.at(0, 0)), dial(t, e.at(0, 0))
	ask(t, normal, "PING")
	ask(t, subscriber, "SUBSCRIBE", "x")
	if n := ask(t, caller, "CLIENT", "KILL", "TYPE", "normal"); n != "1" {
		t.Errorf("%s normal clients killed", n)
	}
	if n := ask(t, caller, "CLIENT", "KILL", "TYPE", "pubsub"); n != "1" {
		t.Errorf("%s subscribers killed", n)
	}
	for _, c := range []*lab.Conn{normal, subscriber} {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Receive(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a killed client reads %v", err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		in, rest string
		args     []string
		bad      bool
	}{
		{in: ""}, {in: "*1"}, {in: "*1\r\n", rest: "*1\r\n"}, {in: "*1\r\n$4\r\nPIN", rest: "*1\r\n$4\r\nPIN"},
		{in: "*1\r\n$4\r\nPING\r\n*1", args: []string{"PING"}, rest: "*1"},
		{in: "PING\r\n", bad: true}, {in: "*x\r\n", bad: true}, {in: "*1\r\n+4\r\n", bad: true},
	} {
		args, rest, err := parse([]byte(tc.in))
		if (err != nil) != tc.bad || !slices.Equal(args, tc.args) || tc.rest != "" && string(rest) != tc.rest {
			t.Errorf("parse %q: %q, %q, %v", tc.in, args, rest, err)
		}
	}
}
