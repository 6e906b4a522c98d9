package daemon

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"picket/config"
)

// freePort returns a port that nothing listens on now.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// running is a daemon in this process, watching an address where nothing listens.
type running struct {
	port  int
	file  string
	ended chan error
	stop  context.CancelFunc
}

func start(t *testing.T, lines ...string) *running {
	t.Helper()
	r := &running{port: freePort(t), file: filepath.Join(t.TempDir(), "sentinel.conf"), ended: make(chan error, 1)}
	text := "port " + strconv.Itoa(r.port) + "\nbind 127.0.0.1\ngossip-port 0\nsentinel monitor main 127.0.0.1 " +
		strconv.Itoa(freePort(t)) + " 1\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.run(t)
	return r
}

func (r *running) run(t *testing.T) {
	t.Helper()
	cfg, err := config.Load(r.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.ended <- Run(ctx, Options{Config: cfg, Log: zap.NewNop(), Version: "test"}) }()
}

func (r *running) client(t *testing.T) *redis.SentinelClient {
	c := redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + strconv.Itoa(r.port), MaxRetries: 40, MaxRetryBackoff: 50 * time.Millisecond})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("did not end within five seconds")
	}
}

func TestADaemonAnswersAndEndsWithoutATrace(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r := start(t)
	c := r.client(t)
	if addr, err := c.GetMasterAddrByName(t.Context(), "main").Result(); err != nil || addr[0] != "127.0.0.1" {
		t.Fatalf("answered %v, %v", addr, err)
	}
	if err := c.Set(t.Context(), "main", "down-after-milliseconds", "1234").Err(); err != nil {
		t.Fatal(err)
	}
	m, err := c.Master(t.Context(), "main").Result()
	if err != nil || m["down-after-milliseconds"] != "1234" {
		t.Errorf("SENTINEL MASTER after SET: %v, %v", m, err)
	}
	if err := c.Monitor(t.Context(), "other", "127.0.0.1", "1", "2").Err(); err != nil {
		t.Error(err)
	}
	if err := c.Remove(t.Context(), "main").Err(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	r.end(t)
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sentinel monitor other 127.0.0.1 1 2", "sentinel myid ", "# picket: boot 1"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "monitor main") {
		t.Errorf("the removed group is in the file still:\n%s", text)
	}
}

func TestARestartKeepsTheIdAndRaisesTheBoot(t *testing.T) {
	r := start(t)
	first, err := redisDo(r.client(t), "SENTINEL", "PEER")
	if err != nil {
		t.Fatal(err)
	}
	r.end(t)
	r.run(t)
	second, err := redisDo(r.client(t), "SENTINEL", "PEER")
	if err != nil {
		t.Fatal(err)
	}
	r.end(t)
	if first["id"] != second["id"] || first["boot"] != "1" || second["boot"] != "2" {
		t.Errorf("before: %v\nafter: %v", first, second)
	}
}

func redisDo(c *redis.SentinelClient, args ...any) (map[string]string, error) {
	cmd := redis.NewMapStringStringCmd(context.Background(), args...)
	err := c.Process(context.Background(), cmd)
	return cmd.Val(), err
}

func TestAPortInUseLeavesTheFileAlone(t *testing.T) {
	r := start(t)
	if err := r.client(t).Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(r.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), Options{Config: cfg, Log: zap.NewNop()})
	if err == nil || !strings.Contains(err.Error(), "listen on port "+strconv.Itoa(r.port)) {
		t.Errorf("a second monitor on the port: %v", err)
	}
	after, err := os.ReadFile(r.file)
	if err != nil || string(after) != string(before) {
		t.Errorf("the second monitor wrote the file of the first: %v", err)
	}
	r.end(t)
}

func TestRemovingAndMonitoringAgainDoesNotForgetTheVote(t *testing.T) {
	r := start(t, "sentinel current-epoch 7", "sentinel config-epoch main 7", "sentinel leader-epoch main 7")
	c := r.client(t)
	if err := c.Remove(t.Context(), "main").Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Monitor(t.Context(), "main", "127.0.0.1", "1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	r.end(t)
	text, err := os.ReadFile(r.file)
	if err != nil || !strings.Contains(string(text), "sentinel leader-epoch main 7") {
		t.Errorf("%v; the group forgot in which epoch it voted:\n%s", err, text)
	}
}
