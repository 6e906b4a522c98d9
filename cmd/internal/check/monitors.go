package check

import (
	"context"
	"net"
	"strconv"
	"strings"

	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// monitors asks the monitor of this configuration, if it runs, for the others.
func (f *findings) monitors(ctx context.Context, g config.Group) {
	name, own := g.Settings.Name, f.ownLogin()
	t := own.open()
	defer t.close()
	reply, err := t.do(ctx, "SENTINEL", "SENTINELS", name)
	if err != nil {
		f.about(own.addr, name, f.ownAway(err))
		return
	}
	peers, _ := reply.([]any)
	f.voters(g, len(peers)+1)
	for _, p := range peers {
		f.peer(ctx, g, pairs(p))
	}
}

// ownAway is about this monitor: it need not run when its file is checked.
func (f *findings) ownAway(err error) Finding {
	one := unanswered("the monitor of this file", err)
	if one.Reason == monitor.ReasonRefused || strings.Contains(err.Error(), "No such master") {
		return Finding{Severity: Note, Reason: ReasonMonitorAway, Text: "the monitor of this file does not run or does not know the group: the other monitors were not checked", Advice: "Check again once it runs."}
	}
	return one
}

// ownLogin is how this machine reaches the monitor of the configuration.
func (f *findings) ownLogin() login {
	c, l := f.cfg, login{pass: f.cfg.RequirePass}
	host, port := "127.0.0.1", c.Port
	if len(c.Bind) > 0 && net.ParseIP(c.Bind[0]) != nil && !net.ParseIP(c.Bind[0]).IsUnspecified() {
		host = c.Bind[0]
	}
	if port == 0 {
		port = c.TLS.Port
		t := *c
		t.TLS.Replication = true
		l.tls, _ = secured(&t) // told by File when it fails
	}
	l.addr = net.JoinHostPort(host, strconv.Itoa(port))
	return l
}

func pairs(reply any) map[string]string {
	list, _ := reply.([]any)
	m := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		key, _ := list[i].(string)
		m[key], _ = list[i+1].(string)
	}
	return m
}

// peer judges another monitor: it must let us in, and its gossip port be open.
func (f *findings) peer(ctx context.Context, g config.Group, fields map[string]string) {
	name, c := g.Settings.Name, f.cfg
	secure, err := secured(c)
	if err != nil {
		return
	}
	l := login{addr: net.JoinHostPort(fields["ip"], fields["port"]), user: c.SentinelUser, pass: c.SentinelPass, tls: secure}
	if l.pass == "" {
		l.pass = c.RequirePass
	}
	if isLoopback(fields["ip"]) && !isLoopback(g.Saved.Master.Host) {
		f.about(l.addr, name, Finding{Severity: Risk, Reason: ReasonLoopback, Text: "a monitor is known by a loopback address, which others look for on their own machines",
			Advice: "Set sentinel announce-ip on that monitor."})
	}
	t := l.open()
	defer t.close()
	if _, err := t.do(ctx, "PING"); err != nil {
		one := unanswered("the monitor", err)
		if one.Severity = Risk; one.Reason == monitor.ReasonRefused || one.Reason == ReasonUnreachable {
			one.Reason, one.Advice = ReasonMonitorAway, "Start it; or if it is gone for good: picket forget."
		}
		if one.Reason == monitor.ReasonNoAuth || one.Reason == monitor.ReasonWrongPass {
			one.Severity, one.Advice = Error, "Give all monitors the same requirepass, or set sentinel sentinel-pass."
		}
		f.about(l.addr, name, one)
		return
	}
	f.gossip(ctx, name, t)
}

// gossip dials the gossip port of a picket. A redis-sentinel has none.
func (f *findings) gossip(ctx context.Context, name string, t *talk) {
	reply, err := t.do(ctx, "SENTINEL", "PEER")
	said := pairs(reply)
	if err != nil || said["gossip-ip"] == "" || said["gossip-port"] == "0" {
		return
	}
	addr := net.JoinHostPort(said["gossip-ip"], said["gossip-port"])
	d := net.Dialer{Timeout: patience}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		f.about(t.addr, name, Finding{Severity: Risk, Reason: failover.ReasonGossipClosed, Text: "its gossip port " + addr + " cannot be reached: monitors agree more slowly",
			Advice: "Open the port in the firewall, for TCP and UDP, between all monitors."})
		return
	}
	_ = conn.Close()
}
