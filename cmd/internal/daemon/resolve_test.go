package daemon

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// names is a resolver that answers from a table; a name without an answer hangs.
type names map[string][]string

func (n names) lookup(ctx context.Context, host string) ([]string, error) {
	if found, ok := n[host]; ok {
		return found, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// nameless is a daemon of which only the names are used.
func nameless(t *testing.T, table names) *Daemon {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	d := &Daemon{cfg: &config.Config{}, knobs: newKnobs(config.Globals{}), log: zap.NewNop(), done: ctx, stop: cancel}
	d.board = newBoard(d, "test")
	d.resolver = newResolver(d)
	d.resolver.lookup = table.lookup
	return d
}

func saved(name string, hosts ...string) config.Group {
	g := config.NewGroup(name, monitor.Addr{Host: hosts[0], Port: 1}, 1)
	for _, host := range hosts[1:] {
		g.Saved.Replicas = append(g.Saved.Replicas, monitor.Addr{Host: host, Port: 1})
	}
	return g
}

func TestANameThatHangsHoldsUpTheStartForAMomentAndNoOtherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := nameless(t, names{"good": {"10.0.0.1"}})
		var hosts []string
		for n := range 3 * lookups { // more than may be looked up at a time
			hosts = append(hosts, "hangs-"+string(rune('a'+n)))
		}
		g := saved("m", append([]string{"10.0.0.9", "good"}, hosts...)...)
		began := time.Now()
		d.resolver.learn(t.Context(), "good")
		d.resolver.first([]config.Group{g})
		if took := time.Since(began); took != firstResolve {
			t.Errorf("the start waited %v, want %v", took, firstResolve)
		}
		want := []failover.Input{failover.Resolved{Host: "good", IP: "10.0.0.1"}}
		if got := d.resolver.known(g); !slices.Equal(got, want) {
			t.Errorf("known at the start: %v", got)
		}
		synctest.Wait()
	})
}

func TestANameThatResolvesNoMoreKeepsItsLastAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := names{"db": {"10.0.0.1", "10.0.0.2"}}
		d := nameless(t, table)
		use := func() string { return d.numeric(monitor.Addr{Host: "db"}).Host }
		d.resolver.learn(t.Context(), "db")
		for _, step := range []struct {
			found []string
			want  string
		}{
			{[]string{"10.0.0.2", "10.0.0.1"}, "10.0.0.1"}, // the one in use stands
			{[]string{"10.0.0.3"}, "10.0.0.3"},
			{nil, "10.0.0.3"},
			{[]string{}, "10.0.0.3"},
		} {
			delete(table, "db")
			if step.found != nil {
				table["db"] = step.found
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			d.resolver.learn(ctx, "db")
			cancel()
			if use() != step.want {
				t.Errorf("after %v the address is %s, want %s", step.found, use(), step.want)
			}
		}
	})
}

// A link is dialled to what is known, in turn; while that is fresh nobody is asked.
func TestALinkIsDialledWithoutTheResolverOnceANameIsKnown(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port
	d := nameless(t, names{})
	d.resolver.lookup = func(context.Context, string) ([]string, error) { return []string{"127.0.0.2", "127.0.0.1"}, nil }
	d.resolver.learn(t.Context(), "db.invalid")
	d.resolver.lookup = func(context.Context, string) ([]string, error) {
		t.Error("the resolver was asked for a link")
		return nil, errors.New("no")
	}
	c, err := d.resolver.dial(t.Context(), &net.Dialer{}, monitor.Addr{Host: "db.invalid", Port: port})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := d.numeric(monitor.Addr{Host: "db.invalid"}).Host; got != "127.0.0.1" {
		t.Errorf("in use is %s, and 127.0.0.1 answered", got)
	}
}

func TestWhoWouldReplicateFromItself(t *testing.T) {
	d := nameless(t, names{})
	d.board.names.Store(&map[string]string{"db": "10.0.0.1", "alias": "10.0.0.1", "other": "10.0.0.2"})
	d.board.add("m")
	view := &failover.View{}
	view.Master.Addr, view.Master.Info.RunID = monitor.Addr{Host: "10.0.0.1", Port: 1}, "one"
	view.Replicas = []failover.InstanceView{{Addr: monitor.Addr{Host: "unresolved", Port: 1}}, {Addr: monitor.Addr{Host: "10.0.0.3", Port: 1}}}
	view.Replicas[0].Info.RunID, view.Replicas[1].Info.RunID = "one", "three"
	d.board.slot("m").view.Store(view)
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"10.0.0.1:1", "10.0.0.1:1", true}, {"10.0.0.1:1", "10.0.0.1:2", false}, {"DB:1", "db:1", true},
		{"db:1", "10.0.0.1:1", true}, {"10.0.0.1:1", "db:1", true}, {"db:1", "alias:1", true}, {"db:1", "alias:2", false},
		{"db:1", "other:1", false}, {"unresolved:1", "10.0.0.1:1", true}, {"10.0.0.3:1", "10.0.0.1:1", false},
	} {
		from, _ := monitor.ParseAddr(tt.from)
		to, _ := monitor.ParseAddr(tt.to)
		if got := d.itself("m", failover.Repoint{Addr: from, To: to}); got != tt.want {
			t.Errorf("%s told to follow %s: itself %t, want %t", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestNoNameIsWrittenWithoutResolveHostnames(t *testing.T) {
	d := nameless(t, names{})
	d.board.names.Store(&map[string]string{"db": "10.0.0.1", "alias": "10.0.0.1", "replica": "10.0.0.2"})
	s := saved("m", "db", "alias", "replica", "unresolved", "10.0.0.3").Saved
	s.Peers = []failover.SavedPeer{{ID: "a", Addr: monitor.Addr{Host: "replica", Port: 2}}, {ID: "b", Addr: monitor.Addr{Host: "unresolved", Port: 2}}}
	got := d.writable(s)
	if got.Master.Host != "10.0.0.1" || len(got.Replicas) != 2 || got.Replicas[0].Host != "10.0.0.2" || got.Replicas[1].Host != "10.0.0.3" ||
		len(got.Peers) != 2 || got.Peers[0].Addr.Host != "10.0.0.2" || got.Peers[1].Addr.Host != "unresolved" {
		t.Errorf("written: %+v", got)
	}
	if s.Replicas[1].Host != "replica" || s.Peers[0].Addr.Host != "replica" {
		t.Errorf("what was to be saved is changed: %+v", s)
	}
	d.knobs.globals.Store(&config.Globals{ResolveHostnames: true})
	if got := d.writable(s); got.Master.Host != "db" || len(got.Replicas) != 4 {
		t.Errorf("with resolve-hostnames %+v is written", got)
	}
}
