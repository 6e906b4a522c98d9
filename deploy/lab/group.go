package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// GroupConfig describes a whole group with its monitors. The zero values give
// one master, no replica and no monitor.
type GroupConfig struct {
	Replicas int
	Monitors int
	Monitor  MonitorConfig // Watch.Master and Watch.Port are filled in
	Redis    RedisConfig   // ReplicaOf is filled in
	// Where each part lives, if not all in the same place: the master and then
	// the replicas, the monitors, the failover clients.
	ServerNets  []*Namespace
	MonitorNets []*Namespace
	ClientNet   *Namespace
	ClientAsks  []int // the monitors that the failover clients are told of; nil: all
}

// Group is a running group. Master and Replicas are the parts that the
// processes were started in; after a failover they are only names.
type Group struct {
	Lab      *Lab
	Master   *Redis
	Replicas []*Redis
	Monitors []*Monitor
	Began    time.Time // when the first monitor was started
	cfg      GroupConfig
}

// StartGroup starts a master, its replicas and the monitors, and waits until
// all replicas are online and every monitor knows all of them and all peers.
func (l *Lab) StartGroup(ctx context.Context, cfg GroupConfig) (*Group, error) {
	g, err := l.StartServers(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := g.StartMonitors(ctx); err != nil {
		return nil, err
	}
	return g, g.WaitKnown(ctx)
}

// StartServers starts the master and the replicas alone, and waits until all
// replicas are online.
func (l *Lab) StartServers(ctx context.Context, cfg GroupConfig) (*Group, error) {
	g := &Group{Lab: l, cfg: cfg}
	var err error
	if g.Master, err = l.StartRedis(ctx, cfg.server(0)); err != nil {
		return nil, err
	}
	for i := range cfg.Replicas {
		replica := cfg.server(i + 1)
		replica.ReplicaOf = g.Master
		r, err := l.StartRedis(ctx, replica)
		if err != nil {
			return nil, err
		}
		g.Replicas = append(g.Replicas, r)
	}
	return g, g.WaitOnline(ctx)
}

// server is the configuration of the i-th server, the master being the first.
func (c GroupConfig) server(i int) RedisConfig {
	cfg := c.Redis
	if c.ServerNets != nil {
		cfg.Net = c.ServerNets[i]
	}
	return cfg
}

func (c GroupConfig) monitor(i int) MonitorConfig {
	cfg := c.Monitor
	if c.MonitorNets != nil {
		cfg.Net = c.MonitorNets[i]
	}
	return cfg
}

// asked are host:port of the monitors that the failover clients are told of.
func (g *Group) asked() []string {
	if g.cfg.ClientAsks == nil {
		return g.MonitorAddrs()
	}
	var addrs []string
	for _, i := range g.cfg.ClientAsks {
		addrs = append(addrs, g.Monitors[i].Addr())
	}
	return addrs
}

// clientNet is where the failover clients dial from.
func (c GroupConfig) clientNet() *Namespace {
	if c.ClientNet != nil {
		return c.ClientNet
	}
	return c.Monitor.Net
}

// WaitOnline waits until the master lists every replica as online. A server
// with a password is asked through what it lets an unknown caller see: nothing,
// so such a group is not waited for.
func (g *Group) WaitOnline(ctx context.Context) error {
	var reply ReplyError
	if _, err := g.Master.Info(ctx); errors.As(err, &reply) {
		return nil
	}
	for _, r := range g.Replicas {
		if err := r.WaitInfo(ctx, "follows its master", Follows(g.Master)); err != nil {
			return err
		}
	}
	return g.WaitAcknowledged(ctx)
}

// WaitAcknowledged makes a write, which leaves nothing behind, and waits until
// every replica has acknowledged it. A master holds its stream back until a new
// replica first reports, up to a second after the replica calls its link up.
func (g *Group) WaitAcknowledged(ctx context.Context) error {
	if len(g.Replicas) == 0 {
		return nil
	}
	c, err := g.Master.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, cmd := range [][]string{{"SET", "lab:online", "1"}, {"DEL", "lab:online"}, {"WAIT", strconv.Itoa(len(g.Replicas)), "0"}} {
		if err := doOnceReplicated(ctx, c, cmd); err != nil {
			return fmt.Errorf("wait until the replicas acknowledge: %w", err)
		}
	}
	return nil
}

// doOnceReplicated runs a command, again while min-replicas-to-write refuses it: a
// replica that has called its link up counts only once it has reported.
func doOnceReplicated(ctx context.Context, c *Conn, cmd []string) error {
	var failed error
	err := Poll(ctx, "min-replicas-to-write lets "+cmd[0]+" through", func(ctx context.Context) bool {
		_, failed = c.Do(ctx, cmd...)
		return failed == nil || !strings.HasPrefix(failed.Error(), "NOREPLICAS")
	})
	return cmp.Or(failed, err)
}

// Follows is satisfied by the INFO of a replica of m whose link is up.
func Follows(m *Redis) func(map[string]string) bool {
	return func(info map[string]string) bool {
		return info["role"] == "slave" && info["master_host"] == m.Host &&
			info["master_port"] == strconv.Itoa(m.Port) && info["master_link_status"] == "up"
	}
}

// IsMaster is satisfied by the INFO of a master.
func IsMaster(info map[string]string) bool { return info["role"] == "master" }

// PrepareMonitors writes the monitors' configurations and starts none.
func (g *Group) PrepareMonitors() error {
	g.Monitors = make([]*Monitor, g.cfg.Monitors)
	for i := range g.Monitors {
		var err error
		if g.Monitors[i], err = g.Lab.NewMonitor(g.monitorConfig(g.cfg.monitor(i))); err != nil {
			return err
		}
	}
	return nil
}

// monitorConfig fills in what the group itself knows.
func (g *Group) monitorConfig(cfg MonitorConfig) MonitorConfig {
	if cfg.Program == nil {
		cfg.Program = g.cfg.Monitor.Program
	}
	cfg.Watch.Master, cfg.Watch.Port = g.Master.Host, g.Master.Port
	return cfg
}

// StartMonitors starts the monitors, all at once, preparing them if that was not done.
func (g *Group) StartMonitors(ctx context.Context) error {
	if g.Monitors == nil {
		if err := g.PrepareMonitors(); err != nil {
			return err
		}
	}
	g.Began = time.Now()
	var all errgroup.Group
	for _, m := range g.Monitors {
		all.Go(func() error { return m.Start(ctx) })
	}
	return all.Wait()
}

// AddMonitor starts one more monitor of the group's program, at the group's first master.
func (g *Group) AddMonitor(ctx context.Context, cfg MonitorConfig) (*Monitor, error) {
	m, err := g.Lab.StartMonitor(ctx, g.monitorConfig(cfg))
	if err == nil {
		g.Monitors = append(g.Monitors, m)
	}
	return m, err
}

// WaitKnown waits until every monitor knows every peer and every replica.
func (g *Group) WaitKnown(ctx context.Context) error {
	for _, m := range g.Monitors {
		err := Poll(ctx, "wait until "+m.Name()+" knows everyone", func(ctx context.Context) bool {
			f, err := m.Master(ctx)
			return err == nil && f["num-slaves"] == strconv.Itoa(len(g.Replicas)) &&
				f["num-other-sentinels"] == strconv.Itoa(len(g.Monitors)-1)
		})
		if err != nil {
			f, _ := m.Master(context.WithoutCancel(ctx))
			return fmt.Errorf("%w; it says num-slaves=%s num-other-sentinels=%s flags=%s",
				err, f["num-slaves"], f["num-other-sentinels"], f["flags"])
		}
	}
	return nil
}

// Servers are the master and the replicas, as they were started.
func (g *Group) Servers() []*Redis { return append([]*Redis{g.Master}, g.Replicas...) }

// Server finds a server of the group by host:port.
func (g *Group) Server(addr string) (*Redis, bool) {
	for _, r := range g.Servers() {
		if r.Addr() == addr {
			return r, true
		}
	}
	return nil, false
}

// Switch is what a failover looked like from outside.
type Switch struct {
	Promoted time.Time // a replica first reported itself master
	First    time.Time // the first monitor published +switch-master
	Last     time.Time // the last one did
	New      *Redis
}

// WaitSwitch waits until one server other than old is master and every running
// monitor has published +switch-master away from old since its mark (see Marks).
func (g *Group) WaitSwitch(ctx context.Context, old *Redis, marks []int) (Switch, error) {
	var s Switch
	promoted := make(chan error, 1)
	go func() { promoted <- g.waitPromoted(ctx, old, &s) }()
	times := make([]time.Time, len(g.Monitors))
	var all errgroup.Group
	for i, m := range g.Monitors {
		if !m.Running() {
			continue
		}
		all.Go(func() error {
			from := fmt.Sprintf("%s %s %d ", m.Group, old.Host, old.Port)
			ev, err := m.Events.Wait(ctx, marks[i], On("+switch-master", from))
			times[i] = ev.At
			return err
		})
	}
	if err := errors.Join(all.Wait(), <-promoted); err != nil {
		return s, err
	}
	for _, t := range times {
		if t.IsZero() {
			continue
		}
		if s.First.IsZero() || t.Before(s.First) {
			s.First = t
		}
		if t.After(s.Last) {
			s.Last = t
		}
	}
	return s, nil
}

func (g *Group) waitPromoted(ctx context.Context, old *Redis, s *Switch) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan *Redis, len(g.Servers()))
	for _, r := range g.Servers() {
		if r == old || !r.Running() {
			continue
		}
		go func() {
			if r.waitMaster(ctx) == nil {
				found <- r
			}
		}()
	}
	select {
	case s.New = <-found:
		s.Promoted = time.Now()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a promotion: %w", ctx.Err())
	}
}

// waitMaster asks every 2 ms on one connection, so that a promotion is timed well.
func (r *Redis) waitMaster(ctx context.Context) error {
	for ctx.Err() == nil {
		c, err := r.Dial(ctx)
		for err == nil {
			var reply any
			reply, err = c.Do(ctx, "ROLE")
			if f := Strings(reply); len(f) > 0 && f[0] == "master" {
				c.Close()
				return nil
			}
			pause(ctx, 2*time.Millisecond)
		}
		if c != nil {
			c.Close()
		}
		pause(ctx, 2*time.Millisecond)
	}
	return ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Marks are the places in the monitors' events as of now.
func (g *Group) Marks() []int {
	marks := make([]int, len(g.Monitors))
	for i, m := range g.Monitors {
		marks[i] = m.Events.Mark()
	}
	return marks
}
