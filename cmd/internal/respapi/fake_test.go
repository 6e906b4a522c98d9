package respapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	idC = "cccccccccccccccccccccccccccccccccccccccc"
)

// start is when the fake monitor started; its clock stands ten seconds later.
const (
	start = monitor.Instant(1 * time.Hour)
	now   = start + monitor.Instant(10*time.Second)
)

func clock() monitor.Instant { return now }

func ago(ms int) monitor.Instant { return now.Add(-time.Duration(ms) * time.Millisecond) }

// backend is a monitor that holds two groups, "mymaster" and "idle", and notes
// what it is told.
type backend struct {
	mu    sync.Mutex
	views map[string]*failover.View
	told  []string
	knobs [periods]int64
	fails Failures
	asked chan struct{} // closed when an operator's order hangs in Hang
}

func newBackend() *backend {
	return &backend{views: map[string]*failover.View{"mymaster": healthyView(), "idle": idleView()}, asked: make(chan struct{}, 1)}
}

func (b *backend) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, fmt.Sprintf(format, args...))
}

// heard returns what the backend was told since the last call.
func (b *backend) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := b.told
	b.told = nil
	return told
}

// change edits a copy of a group's view, as a monitor does.
func (b *backend) change(name string, edit func(*failover.View)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := *b.views[name]
	v.Replicas = append([]failover.InstanceView(nil), v.Replicas...)
	v.Peers = append([]failover.PeerView(nil), v.Peers...)
	edit(&v)
	b.views[name] = &v
}

func (b *backend) Master(name string) (monitor.Addr, bool) {
	v, ok := b.View(name)
	if !ok {
		return monitor.Addr{}, false
	}
	return v.Master.Addr, true
}

func (b *backend) View(name string) (*failover.View, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok := b.views[name]
	return v, ok
}

func (b *backend) Views() []*failover.View {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []*failover.View{b.views["mymaster"], b.views["idle"]}
}

func (b *backend) Status() Status {
	return Status{ID: idA, Boot: 3, CurrentEpoch: 7, Version: "1.0-test", Gossip: monitor.Addr{Host: "127.0.0.1", Port: 27379},
		Port: 26379, ConfigFile: "/etc/picket/sentinel.conf", Executable: "/usr/bin/picket", StartedAt: start}
}

func (b *backend) Period(p Period) int64 { return p.Default() + b.knobs[p] }

func (b *backend) SetPeriod(p Period, ms int64) { b.knobs[p] = ms - p.Default() }

func (b *backend) Simulated() Failures { return b.fails }
func (b *backend) Simulate(f Failures) { b.fails = f }

func (b *backend) Globals() []Setting {
	return []Setting{{"resolve-hostnames", "no"}, {"announce-ip", ""}, {"announce-port", "0"}}
}

func (b *backend) SetGlobals(_ context.Context, words []string) error {
	b.note("config %q", words)
	if words[0] == "nope" {
		return Refusal("ERR Invalid argument 'nope' to SENTINEL CONFIG SET")
	}
	return nil
}

func (b *backend) History(name string) ([]string, error) {
	return []string{`{"id":"1-2","group":"` + name + `"}`, `{"id":"1-1"}`}, nil
}

func (b *backend) Forget(_ context.Context, name string, addr monitor.Addr) error {
	b.note("forget %s %s", name, addr)
	return nil
}

func (b *backend) Failover(_ context.Context, name string, to monitor.Addr) error {
	if !to.IsZero() {
		b.note("promote %s %s", name, to)
	}
	b.note("failover %s", name)
	switch name {
	case "mymaster":
		return nil
	case "idle":
		return NoGoodReplica
	}
	return fmt.Errorf("fail over %s: %w", name, NoSuchMaster)
}

func (b *backend) MonitorGroup(ctx context.Context, name string, master monitor.Addr, quorum int) error {
	b.note("monitor %s %s %d", name, master, quorum)
	switch name {
	case "hang":
		b.asked <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	case "broken":
		return errors.New("open /secret/place: no such file")
	case "mymaster":
		return DuplicateMaster
	}
	return nil
}

func (b *backend) Remove(_ context.Context, name string) error {
	b.note("remove %s", name)
	if _, ok := b.View(name); !ok {
		return NoSuchMaster
	}
	return nil
}

func (b *backend) Set(_ context.Context, name string, options []string) error {
	b.note("set %s %q", name, options)
	return nil
}

func (b *backend) Reset(_ context.Context, pattern string) (int, error) {
	b.note("reset %s", pattern)
	return 2, nil
}

func (b *backend) Explain(_ context.Context, name string) ([]string, error) {
	if _, ok := b.View(name); !ok {
		return nil, NoSuchMaster
	}
	if name == "idle" {
		return nil, nil
	}
	return []string{"the master answers", "nothing to do"}, nil
}

func (b *backend) Flush(context.Context) error { b.note("flush"); return ConfigFileFailed }
func (b *backend) Shutdown()                   { b.note("shutdown") }

func (b *backend) AskDown(_ context.Context, q DownQuestion) (DownAnswer, error) {
	b.note("ask %s %d %q", q.Master, q.Epoch, q.Candidate)
	if q.Master.Port != 6379 {
		return DownAnswer{}, nil
	}
	return DownAnswer{Down: true, Leader: q.Candidate, LeaderEpoch: 7}, nil
}

func (b *backend) Hello(h monitor.Hello) { b.note("hello %s", h) }

func (b *backend) Opinion(group string) (quorum.Opinion, quorum.Configuration, bool) {
	if group != "mymaster" {
		return quorum.Opinion{}, quorum.Configuration{}, false
	}
	master := monitor.Addr{Host: "127.0.0.1", Port: 6379}
	return quorum.Opinion{Author: idA, Version: quorum.Version{Boot: 3, Seq: 41}, Group: group, Master: master, RunID: idC,
			State: monitor.StateScriptBlocked, Reason: "eval", Down: true, Age: 1234567 * time.Microsecond, Epoch: 5},
		quorum.Configuration{Author: idA, Group: group, Epoch: 5, Leader: idB, Master: master}, true
}

func (b *backend) Hint(group string, id quorum.ID, addr monitor.Addr) {
	b.note("hint %s %s %s", group, id, addr)
}

func (b *backend) Release(r quorum.Release) {
	b.note("release %s %s %d", r.Group, r.Candidate, r.Epoch)
}

func healthyView() *failover.View {
	settings := failover.DefaultSettings("mymaster", 2)
	settings.DownAfter = 2 * time.Second
	master := monitor.Addr{Host: "127.0.0.1", Port: 6379}
	return &failover.View{
		Settings: settings, At: now, ConfigEpoch: 5, Leader: idB, LeaderEpoch: 6, Usable: 2, Voters: 2, SilenceLimit: 6250 * time.Millisecond,
		Master: failover.InstanceView{Addr: master, Verdict: monitor.Verdict{State: monitor.StateUp, Reason: "pong"},
			Info: monitor.Info{RunID: idC, Role: monitor.RoleMaster}, Connected: true, LastValid: ago(140), LastReply: ago(140),
			InfoAt: ago(2500), RoleReported: monitor.RoleMaster, RoleSince: ago(9000)},
		Replicas: []failover.InstanceView{healthyReplica(6380), newReplica(6381)},
		Peers: []failover.PeerView{{ID: idB, Addr: monitor.Addr{Host: "127.0.0.1", Port: 26380}, Kind: quorum.KindPicket, Connected: true,
			LastValid: ago(300), LastReply: ago(300), LastHello: ago(1700), VotedFor: idB, VotedEpoch: 6, State: monitor.StateUp, Reason: "pong"}},
	}
}

func healthyReplica(port int) failover.InstanceView {
	return failover.InstanceView{Addr: monitor.Addr{Host: "127.0.0.1", Port: port}, Verdict: monitor.Verdict{State: monitor.StateUp, Reason: "pong"},
		Info: monitor.Info{RunID: strings.Repeat("d", 40), Role: monitor.RoleReplica, MasterHost: "127.0.0.1", MasterPort: 6379, LinkUp: true,
			ReplicaOffset: 596, Priority: 90, Announced: true},
		Connected: true, LastValid: ago(200), LastReply: ago(200), InfoAt: ago(2400), RoleReported: monitor.RoleReplica, RoleSince: ago(8000)}
}

// newReplica is one that never answered.
func newReplica(port int) failover.InstanceView {
	return failover.InstanceView{Addr: monitor.Addr{Host: "127.0.0.1", Port: port}, PendingSince: ago(1500)}
}

func idleView() *failover.View {
	return &failover.View{Settings: failover.DefaultSettings("idle", 1), Usable: 1, Voters: 3,
		Master: failover.InstanceView{Addr: monitor.Addr{Host: "::1", Port: 7000}, Connected: true}}
}

// worlds are edits of mymaster that the stanzas name.
var worlds = map[string]func(*failover.View){
	"failing-over": func(v *failover.View) {
		m := &v.Master
		m.Down, m.DownSince, m.ODown, m.ODownSince, m.Connected, m.PendingSince = true, ago(700), true, ago(600), false, ago(2900)
		m.Verdict = monitor.Verdict{State: monitor.StateGone, Reason: "connection-refused"}
		v.FailoverState, v.Forced = "reconf_slaves", true
		v.Settings.NotificationScript, v.Settings.ClientReconfigScript = "/bin/n", "/bin/c"
		r := &v.Replicas[0]
		r.Promoted, r.RebootedSince, r.Down, r.DownSince = true, ago(10), true, ago(50)
		v.Replicas[1].Reconf, v.Replicas[1].Connected = "inprog", true
		p := &v.Peers[0]
		p.MasterDown, p.Connected, p.Down, p.DownSince, p.VotedFor, p.Kind = true, false, true, ago(30), "", quorum.KindSentinel
	},
	"blocked": func(v *failover.View) {
		v.Master.BlockedSince, v.Master.ScriptKill = ago(4200), true
		v.Master.Verdict = monitor.Verdict{State: monitor.StateScriptBlocked, Reason: "eval"}
	},
	"unannounced": func(v *failover.View) { v.Replicas[0].Info.Announced = false },
	"never-linked": func(v *failover.View) {
		v.Replicas[0].Info.LinkUp, v.Replicas[0].Info.LinkDown = false, -time.Second
	},
	"no-quorum":   func(v *failover.View) { v.Usable, v.Voters = 1, 3 },
	"no-majority": func(v *failover.View) { v.Usable, v.Voters = 2, 4 },
	"quorum-only": func(v *failover.View) { v.Usable, v.Voters, v.Settings.Quorum = 2, 3, 3 },
}
