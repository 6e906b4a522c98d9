package respapi

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"picket/failover"
	"picket/monitor"
	"picket/monitor/resp"
)

// tcp opens a house on a loopback port.
func tcp(t *testing.T, edit func(*Config)) (*house, string) {
	t.Helper()
	h := open(t, edit)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(ln) }()
	t.Cleanup(func() {
		h.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return h, ln.Addr().String()
}

func TestGoRedisSentinelClient(t *testing.T) {
	h, addr := tcp(t, func(c *Config) { c.Password = "sekret" })
	c := redis.NewSentinelClient(&redis.Options{Addr: addr, Password: "sekret", ClientName: "tester"})
	defer c.Close()
	ctx := t.Context()
	if got, err := c.GetMasterAddrByName(ctx, "mymaster").Result(); err != nil || !cmp.Equal(got, []string{"127.0.0.1", "6379"}) {
		t.Errorf("GetMasterAddrByName: %v, %v", got, err)
	}
	if err := c.GetMasterAddrByName(ctx, "nope").Err(); err != redis.Nil {
		t.Errorf("GetMasterAddrByName of nobody: %v, want nil", err)
	}
	if got, err := c.Master(ctx, "mymaster").Result(); err != nil || got["flags"] != "master" || got["num-other-sentinels"] != "1" {
		t.Errorf("Master: %v, %v", got, err)
	}
	if got, err := c.Replicas(ctx, "mymaster").Result(); err != nil || len(got) != 2 {
		t.Errorf("Replicas: %v, %v", got, err)
	}
	if got, err := c.Sentinels(ctx, "mymaster").Result(); err != nil || len(got) != 1 || got[0]["runid"] != idB {
		t.Errorf("Sentinels: %v, %v", got, err)
	}
	if got, err := c.CkQuorum(ctx, "mymaster").Result(); err != nil || got[:4] != "OK 2" {
		t.Errorf("CkQuorum: %q, %v", got, err)
	}
	if err := c.Failover(ctx, "idle").Err(); err == nil || err.Error() != string(NoGoodReplica) {
		t.Errorf("Failover: %v", err)
	}
	ps := c.PSubscribe(ctx, "+*")
	defer ps.Close()
	if _, err := ps.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	h.Publish(monitor.Event{Name: "+odown", Payload: "master mymaster", Level: monitor.LevelWarning})
	if m, err := ps.ReceiveMessage(ctx); err != nil || m.Channel != "+odown" || m.Pattern != "+*" || m.Payload != "master mymaster" {
		t.Errorf("message %v, %v", m, err)
	}
}

// A failover client of go-redis asks us where the master is, and moves when
// +switch-master says so.
func TestGoRedisFailoverClient(t *testing.T) {
	h, addr := tcp(t, nil)
	old, next := tcpRedis(t, "old"), tcpRedis(t, "next")
	point := func(to monitor.Addr) {
		h.change("mymaster", func(v *failover.View) { v.Master.Addr, v.Replicas, v.Peers = to, nil, nil })
	}
	point(old)
	c := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "mymaster", SentinelAddrs: []string{addr}, MaxRetries: -1})
	defer c.Close()
	who := func() string { return c.Do(t.Context(), "whoami").String() }
	if got := who(); got != "whoami: old" {
		t.Fatalf("before the switch: %q", got)
	}
	// The client subscribes after it has answered us; the switch may not be
	// told before it listens.
	await(t, func() bool { channels, _ := h.bus.counts(); return channels > 0 })
	point(next)
	h.Publish(monitor.Event{Name: "+switch-master", Level: monitor.LevelWarning,
		Payload: "mymaster " + old.Fields() + " " + next.Fields()})
	await(t, func() bool { return who() == "whoami: next" })
}

// await polls what another goroutine brings about.
func await(t *testing.T, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); !cond(); <-tick.C {
		if ctx.Err() != nil {
			t.Fatal("waited 20 s in vain")
		}
	}
}

// tcpRedis is a server that answers every command with its name.
func tcpRedis(t *testing.T, name string) monitor.Addr {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = ln.Close(); <-done })
	go func() {
		defer close(done)
		var ended []chan struct{}
		for {
			nc, err := ln.Accept()
			if err != nil {
				break
			}
			end := make(chan struct{})
			ended = append(ended, end)
			go func() { defer close(end); answerWith(nc, name) }()
		}
		for _, end := range ended {
			<-end
		}
	}()
	addr, err := monitor.ParseAddr(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func answerWith(nc net.Conn, name string) {
	defer nc.Close()
	for r := resp.NewCommandReader(nc, resp.CommandLimits{}); ; {
		args, err := r.Read()
		if err != nil {
			return
		}
		reply := resp.AppendBulk(nil, name)
		if args[0] == "hello" || args[0] == "HELLO" {
			reply = resp.AppendError(nil, "ERR unknown command")
		}
		if _, err := nc.Write(reply); err != nil {
			return
		}
	}
}

// A client that breaks the protocol over a real socket still reads why, though
// it had sent more than we read.
func TestErrorSurvivesUnreadBytes(t *testing.T) {
	_, addr := tcp(t, nil)
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := nc.Write(append([]byte("*x\r\n"), make([]byte, 100_000)...)); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, nc: nc}
	if got, want := c.until([]byte("never")), "-ERR Protocol error: invalid multibulk length\r\n<closed>\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
