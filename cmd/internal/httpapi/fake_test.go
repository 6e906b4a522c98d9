package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/history"
	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// second is an instant of the fake clock.
const second = monitor.Instant(time.Second)

// now is what the fake clock reads.
const now = 100 * second

// fake is a source that a test fills.
type fake struct {
	views   []*failover.View
	self    Self
	records []history.Record
	master  monitor.Addr      // after a switch that views do not tell yet
	names   map[string]string // host names and their addresses
	explain func(ctx context.Context, group string) ([]string, error)
	panics  bool
}

func (f *fake) Views() []*failover.View {
	if f.panics {
		panic("a planted fault")
	}
	return f.views
}

func (f *fake) View(group string) (*failover.View, bool) {
	for _, v := range f.views {
		if v.Settings.Name == group {
			return v, true
		}
	}
	return nil, false
}
func (f *fake) Master(group string) (monitor.Addr, bool) {
	v, ok := f.View(group)
	if !ok || !f.master.IsZero() {
		return f.master, ok
	}
	return v.Master.Addr, true
}

func (f *fake) Numeric(a monitor.Addr) monitor.Addr {
	if ip, ok := f.names[a.Host]; ok {
		a.Host = ip
	}
	return a
}

func (f *fake) Self() Self                      { return f.self }
func (f *fake) Records(string) []history.Record { return f.records }
func (f *fake) Explain(ctx context.Context, group string) ([]string, error) {
	if f.explain == nil {
		return []string{"all is well"}, nil
	}
	return f.explain(ctx, group)
}

// healthy is a group of a master, a replica that is 30 bytes behind, and a peer.
func healthy() *fake {
	v := &failover.View{
		Settings: failover.DefaultSettings("main", 2), At: now, ConfigEpoch: 7, Leader: "aa", Voters: 2, Usable: 2, SilenceLimit: 30 * time.Second,
		Master: failover.InstanceView{
			Addr: monitor.Addr{Host: "10.0.0.1", Port: 6379}, Verdict: monitor.Verdict{State: monitor.StateUp, Reason: monitor.ReasonPong, Since: 10 * second},
			Info:         monitor.Info{Role: monitor.RoleMaster, ReplID: "id", MasterOffset: 130, Priority: 100, Keys: 5},
			RoleReported: monitor.RoleMaster, InfoAt: 99 * second, LastValid: 99 * second, LastReply: 99 * second, Connected: true,
		},
		Replicas: []failover.InstanceView{{
			Addr: monitor.Addr{Host: "10.0.0.2", Port: 6379}, Verdict: monitor.Verdict{State: monitor.StateUp, Reason: monitor.ReasonPong, Since: 10 * second},
			Info: monitor.Info{Role: monitor.RoleReplica, ReplID: "id", ReplicaOffset: 100, MasterOffset: 100, LinkUp: true,
				MasterHost: "10.0.0.1", MasterPort: 6379, Priority: 100, Keys: 5},
			RoleReported: monitor.RoleReplica, InfoAt: 99 * second, LastValid: 98 * second, LastReply: 98 * second, Connected: true,
		}},
		Peers: []failover.PeerView{{
			ID: "bb", Addr: monitor.Addr{Host: "10.0.0.9", Port: 26379}, Kind: quorum.KindPicket, Connected: true, Usable: true,
			LastReply: 99 * second, State: monitor.StateUp, Reason: monitor.ReasonPong,
		}},
	}
	return &fake{views: []*failover.View{v}, self: Self{ID: "aa", Version: "test", Epoch: 7, Uptime: time.Minute}}
}

// door is a server on a loopback port.
type door struct {
	*Server
	addr string
}

func open(t testing.TB, f *fake, change func(*Config)) *door {
	t.Helper()
	cfg := Config{Source: f, Clock: func() monitor.Instant { return now }, Log: zap.NewNop()}
	if change != nil {
		change(&cfg)
	}
	s := New(cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	return &door{s, ln.Addr().String()}
}

// get asks for a path and returns the status, the header and the body.
func (d *door) get(t testing.TB, path string) (int, http.Header, string) {
	t.Helper()
	return d.do(t, "GET "+path+" HTTP/1.1\r\nHost: "+d.addr+"\r\nConnection: close\r\n\r\n")
}

// do sends raw bytes and reads one answer.
func (d *door) do(t testing.TB, raw string) (int, http.Header, string) {
	t.Helper()
	c, r := d.dial(t)
	defer c.Close()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("no answer to %.80q: %v", raw, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("answer to %.80q cut off: %v", raw, err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func (d *door) dial(t testing.TB) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// follow begins a stream of events; want is the status that it must be answered with.
func (d *door) follow(t testing.TB, lastID string, want int) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, r := d.dial(t)
	t.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprintf(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n", lastID); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("a stream was answered with %d, want %d", resp.StatusCode, want)
	}
	return c, bufio.NewReader(resp.Body)
}

func event(n int) monitor.Event {
	return monitor.Event{Name: "+sdown", Level: monitor.LevelWarning, Group: "main", Payload: fmt.Sprintf("master main 10.0.0.1 %d", n), Reason: "connection-refused"}
}
