package daemon

import (
	"context"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"picket/config"
	"picket/monitor"
	"picket/quorum"
)

// links tells the shells how to reach instances and peers, and what to say of
// ourselves. The loop replaces what changes; shells read from any goroutine.
type links struct {
	d      *Daemon
	dialer net.Dialer
	groups atomic.Pointer[map[string]access]
}

// access is how a group's instances are spoken to.
type access struct {
	user, pass string
	rename     map[string]string
}

func newLinks(d *Daemon) *links {
	l := &links{d: d, dialer: net.Dialer{KeepAlive: 15 * time.Second}}
	l.groups.Store(&map[string]access{})
	return l
}

// setGroups takes how to speak to the instances of groups.
func (l *links) setGroups(groups ...config.Group) {
	next := maps.Clone(*l.groups.Load())
	for _, g := range groups {
		next[g.Settings.Name] = access{user: g.AuthUser, pass: g.AuthPass, rename: maps.Clone(g.Rename)}
	}
	l.groups.Store(&next)
}

func (l *links) removeGroup(name string) {
	next := maps.Clone(*l.groups.Load())
	delete(next, name)
	l.groups.Store(&next)
}

// Dial connects to an instance or a peer, with tls-replication by TLS.
func (l *links) Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error) {
	nc, err := l.dialTCP(ctx, addr)
	if err != nil || !l.d.cfg.TLS.Replication {
		return nc, err
	}
	return l.d.tls.Handshake(ctx, nc)
}

// dialTCP connects from bind-source-addr where it is set.
func (l *links) dialTCP(ctx context.Context, addr monitor.Addr) (net.Conn, error) {
	d := l.dialer
	if l.d.cfg.BindSource != "" {
		source, err := sourceAddr(ctx, l.d.cfg.BindSource)
		if err != nil {
			return nil, err
		}
		d.LocalAddr = source
	}
	return l.d.resolver.dial(ctx, &d, addr)
}

// sourceAddr is the local address that bind-source-addr names.
func sourceAddr(ctx context.Context, host string) (net.Addr, error) {
	if ip := net.ParseIP(host); ip != nil {
		return &net.TCPAddr{IP: ip}, nil
	}
	found, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("find bind-source-addr: %w", err)
	}
	return &net.TCPAddr{IP: found[0].IP, Zone: found[0].Zone}, nil
}

// Credentials returns a group's auth-user and auth-pass.
func (l *links) Credentials(group string) (user, pass string) {
	a := (*l.groups.Load())[group]
	return a.user, a.pass
}

// Command returns the name by which a group's instances know a command.
func (l *links) Command(group, name string) string {
	if renamed, ok := (*l.groups.Load())[group].rename[strings.ToUpper(name)]; ok {
		return renamed
	}
	return name
}

// Announce returns the hello of a group.
func (l *links) Announce(group string) monitor.Hello {
	c, ok := l.d.board.config(group)
	if !ok {
		return monitor.Hello{}
	}
	return l.hello(c)
}

func (l *links) hello(c quorum.Configuration) monitor.Hello {
	id, self := l.Self()
	return monitor.Hello{
		Peer: self, ID: string(id), CurrentEpoch: l.d.board.epoch.Load(), Group: c.Group,
		Master: l.d.shown(c.Master), ConfigEpoch: c.Epoch,
	}
}

// PeerCredentials are sentinel-user and sentinel-pass, else requirepass, as in Sentinel.
func (l *links) PeerCredentials() (user, pass string) {
	if g := l.d.globals(); g.SentinelPass != "" {
		return g.SentinelUser, g.SentinelPass
	}
	return "", l.d.cfg.RequirePass
}

// Self is our id and the address we announce.
func (l *links) Self() (quorum.ID, monitor.Addr) {
	g := l.d.globals()
	addr := monitor.Addr{Host: g.AnnounceIP, Port: g.AnnouncePort}
	if addr.Port == 0 {
		addr.Port = l.d.announcedPort()
	}
	return l.d.cfg.MyID, addr
}

// shown is an address as it is given to clients and instances: numeric, unless
// announce-hostnames is on.
func (d *Daemon) shown(a monitor.Addr) monitor.Addr {
	if d.globals().AnnounceHostnames {
		return a
	}
	return d.numeric(a)
}

// numeric is an address with its host name, if it has one that is known, resolved.
func (d *Daemon) numeric(a monitor.Addr) monitor.Addr {
	if ip, ok := (*d.board.names.Load())[a.Host]; ok {
		a.Host = ip
	}
	return a
}
