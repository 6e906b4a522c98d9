package daemon

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/history"
	"picket/cmd/internal/httpapi"
	"picket/cmd/internal/respapi"
	"picket/cmd/internal/scripts"
	"picket/cmd/internal/supervise"
	"picket/cmd/internal/transport"
	"picket/config"
	"picket/failover"
	"picket/failover/act"
	"picket/monitor"
	"picket/monitor/probe"
	"picket/quorum"
	"picket/quorum/ask"
	"picket/quorum/gossip"
)

// Options are what a daemon is started with.
type Options struct {
	Config  *config.Config
	Log     *zap.Logger
	Level   zap.AtomicLevel
	Version string
	Ready   func() // called once clients are served; may be nil

	Supervisor *supervise.Supervisor // told how the monitor fares; may be nil
}

// Daemon is one running monitor.
type Daemon struct {
	cfg   *config.Config
	log   *zap.Logger
	level zap.AtomicLevel
	start time.Time
	ready func()
	news  news

	store    *config.Store
	history  *history.Log
	links    *links
	resolver *resolver
	local    localAddrs
	board    *board
	users    users
	knobs    *knobs
	loop     *loop

	prober   *probe.Prober
	actor    *act.Actor
	asker    *ask.Asker
	pool     *gossip.Pool
	rekeying sync.Mutex // of the gossip
	door     *respapi.Server
	web      *httpapi.Server // nil without http-port
	scripts  *scripts.Runner
	tls      *transport.Keeper // nil without TLS
	stop     context.CancelFunc
	done     context.Context
}

// clock reads this process's monotonic clock.
func (d *Daemon) clock() monitor.Instant { return monitor.Instant(time.Since(d.start)) + 1 }

// Run starts a monitor and returns when ctx ends or a client asks for SHUTDOWN.
// An error names what could not be opened and what to do.
func Run(ctx context.Context, o Options) error {
	d := &Daemon{cfg: o.Config, knobs: newKnobs(o.Config.Globals), log: o.Log, level: o.Level, start: time.Now(), ready: o.Ready,
		news: news{to: o.Supervisor}}
	if err := d.openUsers(); err != nil {
		return err
	}
	if err := d.openTLS(); err != nil {
		return err
	}
	listeners, err := d.listen()
	if err != nil {
		return err
	}
	defer func() { closeAll(listeners) }()
	webListeners, err := d.listenHTTP()
	if err != nil {
		return err
	}
	defer closeAll(webListeners)
	lock, err := d.cfg.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	unix, err := listenUnix(d.cfg)
	if err != nil {
		return err
	}
	if unix != nil {
		listeners = append(listeners, unix)
	}
	if err := d.openState(); err != nil {
		return err
	}
	defer d.writePid()()
	d.done, d.stop = context.WithCancel(ctx)
	defer d.stop()
	if err := d.openHistory(); err != nil {
		return err
	}
	defer d.history.Close()
	d.board = newBoard(d, o.Version)
	d.links, d.resolver = newLinks(d), newResolver(d)
	d.resolver.first(d.cfg.Groups)
	if err := d.openShells(); err != nil {
		return err
	}
	defer d.close()
	return d.serve(listeners, webListeners)
}

// openState makes the monitor's identity durable before it speaks: a new id at
// the first start, a higher boot number at each.
func (d *Daemon) openState() error {
	store, err := config.Open(d.cfg)
	if err != nil {
		return err
	}
	d.store = store
	if d.cfg.MyID == "" {
		d.cfg.MyID = newID()
	}
	d.cfg.Boot++
	state := d.cfg.State()
	state.Users = d.users.lines(d.users.start)
	if err := store.Save(state); err != nil {
		return fmt.Errorf("%w; or keep the state elsewhere with: state-dir <directory>", err)
	}
	warnings := append(d.cfg.Warnings, store.Warnings()...)
	if w := fileWarning(len(d.cfg.Groups), fileLimit()); w != "" {
		warnings = append(warnings, w)
	}
	for _, w := range warnings {
		d.log.Warn("configuration", zap.String("warning", w))
	}
	return nil
}

func newID() quorum.ID {
	var b [20]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails (Go 1.24)
	return quorum.ID(hex.EncodeToString(b[:]))
}

func newSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (d *Daemon) openShells() error {
	d.loop = newLoop(d, failover.NewMonitor(failover.Identity{
		ID: d.cfg.MyID, Boot: d.cfg.Boot, Epoch: d.cfg.CurrentEpoch, Seed: newSeed(),
	}))
	sink := sink{d.loop}
	pool, err := gossip.Start(d.gossipConfig(sink))
	if err != nil {
		return err
	}
	d.pool = pool
	d.board.gossip.Store(new(pool.Addr()))
	d.prober = probe.New(probe.Config{
		Sink: sink, Links: probeLinks{d.links}, Clock: d.clock, Log: d.log.Named("probe"), ID: d.cfg.MyID,
		KeepLinks: keptLinks(len(d.cfg.Groups), fileLimit()),
	})
	d.actor = act.New(act.Config{Links: d.links, Clock: d.clock, Log: d.log.Named("act")})
	d.asker = ask.New(ask.Config{Sink: sink, Links: d.links, Clock: d.clock, Log: d.log.Named("ask")})
	d.scripts = d.newScripts()
	backend := backend{d}
	d.door = respapi.New(respapi.Config{
		Reader: backend, Operator: backend, Peers: backend, Scripts: backend, Knobs: backend, Clock: d.clock, Log: d.log.Named("resp"),
		Users: d.users.start, ACLFile: d.users.door(), ACLLogMax: &d.cfg.ACLLogMax, UsersChanged: d.usersChanged,
		MaxClients: d.cfg.MaxClients, Limits: d.limits(), Rename: d.cfg.Rename,
		ProtectedMode: d.cfg.ProtectedMode, IdleTimeout: d.cfg.Timeout,
	})
	d.openHTTP()
	return nil
}

func (d *Daemon) gossipConfig(s sink) gossip.Config {
	c := gossip.Config{
		ID: d.cfg.MyID, Boot: d.cfg.Boot, Port: d.plainPort() + 1000, Bind: d.cfg.GossipBind, Key: d.gossipKey(),
		Sink: s, Watcher: s, State: gossipState{d}, Clock: d.clock, Log: d.log.Named("gossip"), Advertise: d.resolver.advertised(d.cfg.AnnounceIP),
	}
	if len(d.cfg.Groups) > 0 {
		c.Toward = d.cfg.Groups[0].Saved.Master.Host
	}
	if c.Port > 65535 || d.plainPort() == 0 { // too high, or there is a unixsocket alone
		c.Port = 0
	}
	if d.cfg.GossipPortSet {
		c.Port, c.Choice = d.cfg.GossipPort, gossip.PortFixed
	}
	if c.Bind == "" {
		c.Bind = soleAddress(d.cfg.Bind)
	}
	return c
}

// soleAddress is the one address that the monitor is bound to, "" when there
// are several or it is bound to all.
func soleAddress(binds []string) string {
	sole := ""
	for _, b := range binds {
		b = strings.TrimPrefix(b, "-")
		ip := net.ParseIP(b)
		if ip == nil || ip.IsUnspecified() {
			continue
		}
		if sole != "" {
			return ""
		}
		sole = b
	}
	return sole
}

// gossipKey is what was configured, else derived from the password that peers
// share, else none.
func (d *Daemon) gossipKey() []byte {
	switch {
	case len(d.cfg.GossipKey) > 0:
		return d.cfg.GossipKey
	case d.cfg.SentinelPass != "":
		return gossip.DeriveKey(d.cfg.SentinelPass)
	case d.cfg.RequirePass != "":
		return gossip.DeriveKey(d.cfg.RequirePass)
	}
	return nil
}

// serve runs until the end is asked for, or a door fails.
func (d *Daemon) serve(listeners, web []net.Listener) error {
	d.log.Info("monitor starts", zap.String("id", string(d.cfg.MyID)), zap.Int("port", d.cfg.Port), zap.Int("tls-port", d.cfg.TLS.Port),
		zap.Stringer("gossip", d.pool.Addr()), zap.Int("groups", len(d.cfg.Groups)), zap.String("state", d.store.Path()),
		zap.Int("pid", os.Getpid()))
	finished := make(chan struct{})
	go func() {
		defer d.flushIfBroken(finished)
		d.loop.run(d.done)
		close(finished)
	}()
	<-d.loop.ready // nobody is told "no such master" while the groups are set up
	go d.resolver.run()
	d.serveHTTP(web)
	failed := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { failed <- d.door.Serve(ln) }()
	}
	if d.ready != nil {
		d.ready()
	}
	told := make(chan struct{})
	go func() {
		d.report()
		close(told)
	}()
	var err error
	select {
	case <-d.done.Done():
	case err = <-failed:
	}
	d.stop()
	<-finished
	select {
	case <-told:
	case <-time.After(tellWait):
	}
	d.log.Info("monitor ends")
	if err != nil {
		return fmt.Errorf("serve clients: %w", err)
	}
	return nil
}

// flushIfBroken writes what was logged last when the loop did not finish: it panics, which
// ends the process with what waits for the log.
func (d *Daemon) flushIfBroken(finished <-chan struct{}) {
	select {
	case <-finished:
	default:
		_ = d.log.Sync() // the panic says what there is to say
	}
}

// closeWait bounds how long a shell that hangs can hold up the end. With finalSaveWait
// and the log's flush it keeps the end within a second, which supervisors and operators
// count on.
const closeWait = 400 * time.Millisecond

func (d *Daemon) close() {
	d.stop()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		var shells sync.WaitGroup
		for _, end := range []func(){d.closeHTTP, d.door.Close, d.prober.Close, d.asker.Close, d.pool.Close, d.scripts.Close} {
			shells.Go(end)
		}
		shells.Wait()
	}()
	select {
	case <-closed:
	case <-time.After(closeWait):
	}
}
