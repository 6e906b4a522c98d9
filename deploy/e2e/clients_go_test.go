package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// startGoRedis starts go-redis' clients in this process: one of a monitor, which finds
// master and replicas, one that follows the master, and one that reads from replicas.
func (w *clientWorld) startGoRedis() {
	w.Helper()
	said := &transcript{}
	options := redis.FailoverOptions{MasterName: "mymaster", SentinelAddrs: w.MonitorAddrs(), SentinelUsername: w.user, SentinelPassword: w.door, Password: w.data}
	master := redis.NewFailoverClient(&options)
	readOnly := options
	readOnly.ReplicaOnly = true
	replica := redis.NewFailoverClient(&readOnly)
	monitor := redis.NewSentinelClient(&redis.Options{Addr: w.Monitors[0].Addr(), Username: w.user, Password: w.door})
	key := "count:go-redis"
	ctx, cancel := context.WithCancel(w.ctx)
	var running sync.WaitGroup
	running.Go(func() {
		w.tellOfGroup(ctx, monitor, said)
		for ctx.Err() == nil {
			if err := master.Incr(ctx, key).Err(); err != nil {
				said.say("failed: %v", err)
			}
			if _, err := replica.Get(ctx, key).Result(); err == nil && isReplica(ctx, replica) {
				said.say("read")
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	w.Cleanup(func() {
		cancel()
		running.Wait()
		for _, c := range []interface{ Close() error }{master, replica, monitor} {
			_ = c.Close() // its servers are gone
		}
	})
	w.clients = append(w.clients, counter{name: "go-redis", key: key, text: said.text})
}

func (w *clientWorld) tellOfGroup(ctx context.Context, monitor *redis.SentinelClient, said *transcript) {
	addr, err := monitor.GetMasterAddrByName(ctx, "mymaster").Result()
	said.say("master %s %v", strings.Join(addr, ":"), err)
	list, err := monitor.Replicas(ctx, "mymaster").Result()
	var replicas []string
	for _, r := range list {
		replicas = append(replicas, r["ip"]+":"+r["port"])
	}
	slices.Sort(replicas)
	said.say("replicas %s %v", strings.Join(replicas, " "), err)
}

func isReplica(ctx context.Context, c *redis.Client) bool {
	role, err := c.Do(ctx, "ROLE").Slice()
	return err == nil && len(role) > 0 && role[0] == "slave"
}

// transcript is what a client in this process says.
type transcript struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (t *transcript) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := strings.TrimSuffix(fmt.Sprintf(format, args...), " <nil>") + "\n"
	if line != "read\n" || !strings.Contains(t.lines.String(), line) {
		t.lines.WriteString(line)
	}
}

func (t *transcript) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.String()
}
