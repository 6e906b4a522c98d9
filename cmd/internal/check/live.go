package check

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// Live checks a configuration against the servers and monitors that run, and adds to
// what was found in the file.
func Live(ctx context.Context, cfg *config.Config, found []Finding) []Finding {
	f := &findings{cfg: cfg, list: found}
	for _, g := range cfg.Groups {
		f.group(ctx, g)
	}
	return sorted(f.list)
}

func (f *findings) group(ctx context.Context, g config.Group) {
	secure, err := secured(f.cfg)
	if err != nil {
		return // told by File
	}
	l := login{addr: g.Saved.Master.String(), user: g.AuthUser, pass: g.AuthPass, tls: secure, rename: g.Rename}
	f.master(ctx, g, l)
	f.monitors(ctx, g)
}

// master judges the master, and goes on to the replicas that it names.
func (f *findings) master(ctx context.Context, g config.Group, l login) {
	name := g.Settings.Name
	t := l.open()
	defer t.close()
	info, err := t.info(ctx)
	if err != nil {
		f.about(l.addr, name, unanswered("the master", err))
		return
	}
	f.rules(ctx, name, l)
	if info["role"] != "master" {
		f.about(l.addr, name, Finding{Severity: Error, Reason: monitor.ReasonRoleMismatch, Text: "it is no master, it follows " + info["master_host"] + ":" + info["master_port"],
			Advice: "Name the master in the sentinel monitor line."})
		return
	}
	f.threshold(ctx, g, t)
	f.safety(ctx, name, t)
	f.replicas(ctx, g, l, info)
}

// threshold judges the time after which a script is answered for with BUSY.
func (f *findings) threshold(ctx context.Context, g config.Group, t *talk) {
	value, ok := t.setting(ctx, "busy-reply-threshold")
	if !ok {
		value, ok = t.setting(ctx, "lua-time-limit")
	}
	ms, err := strconv.Atoi(value)
	switch {
	case !ok || err != nil:
	case ms <= 0:
		f.about(t.addr, g.Settings.Name, Finding{Severity: Risk, Reason: failover.ReasonThresholdZero,
			Text: "busy-reply-threshold is 0: it never answers BUSY, so a script cannot be told from a hang", Advice: "CONFIG SET busy-reply-threshold 5000, and CONFIG REWRITE."})
	default:
		f.downAfter(g, time.Duration(ms)*time.Millisecond)
	}
}

// smallBacklog is what a busy master fills within seconds; Redis' default is 1 MiB.
const smallBacklog = 4 << 20

// safety judges what decides how much a failover loses.
func (f *findings) safety(ctx context.Context, name string, t *talk) {
	if value, ok := t.setting(ctx, "min-replicas-to-write"); ok && value == "0" {
		f.about(t.addr, name, Finding{Severity: Risk, Reason: ReasonMinReplicas, Text: "min-replicas-to-write is 0: a master that is cut off keeps taking writes, which are lost",
			Advice: "CONFIG SET min-replicas-to-write 1 on every server, and CONFIG REWRITE."})
	}
	if value, ok := t.setting(ctx, "repl-backlog-size"); ok {
		if n, err := strconv.Atoi(value); err == nil && n < smallBacklog {
			f.about(t.addr, name, Finding{Severity: Risk, Reason: ReasonBacklog, Text: text("repl-backlog-size is %d bytes: a replica that was away for a moment must copy everything", n),
				Advice: "CONFIG SET repl-backlog-size 64mb on every server, or what is written within a minute, and CONFIG REWRITE."})
		}
	}
	save, known := t.setting(ctx, "save")
	appendonly, also := t.setting(ctx, "appendonly")
	if known && also && save == "" && appendonly == "no" {
		f.about(t.addr, name, Finding{Severity: Risk, Reason: ReasonNoPersistence, Text: "nothing is saved to disk: a master that is restarted at once is empty, and its replicas empty themselves",
			Advice: "Set appendonly yes or save, or see that nothing restarts the server before a failover is over."})
	}
}

// replicas judges those that the master has.
func (f *findings) replicas(ctx context.Context, g config.Group, l login, master map[string]string) {
	name, priorities := g.Settings.Name, []string{}
	for n := 0; ; n++ {
		line, ok := master["slave"+strconv.Itoa(n)]
		if !ok {
			break
		}
		if p := f.replica(ctx, g, l, line); p != "" {
			priorities = append(priorities, p)
		}
	}
	switch {
	case master["slave0"] == "":
		f.about(l.addr, name, Finding{Severity: Risk, Reason: ReasonNoReplicas, Text: "the master has no replica: nothing could be promoted", Advice: "Add one: REPLICAOF on another server."})
	case len(priorities) > 0 && !slices.ContainsFunc(priorities, func(p string) bool { return p != "0" }):
		f.about(l.addr, name, Finding{Severity: Risk, Reason: failover.ReasonPriorityZero, Text: "every replica has replica-priority 0: none may be promoted",
			Advice: "CONFIG SET replica-priority 100 on those that may."})
	}
}

// replica judges the replica of one line of the master's INFO and returns its priority.
func (f *findings) replica(ctx context.Context, g config.Group, l login, line string) (priority string) {
	said := map[string]string{}
	for word := range strings.SplitSeq(line, ",") {
		key, value, _ := strings.Cut(word, "=")
		said[key] = value
	}
	name, master := g.Settings.Name, l.addr
	l.addr = net.JoinHostPort(said["ip"], said["port"])
	if isLoopback(said["ip"]) && !isLoopback(g.Saved.Master.Host) {
		f.about(l.addr, name, Finding{Severity: Error, Reason: ReasonLoopback, Text: "a replica is known by a loopback address, which others look for on their own machines",
			Advice: "Set replica-announce-ip on the replica."})
	}
	t := l.open()
	defer t.close()
	info, err := t.info(ctx)
	if err != nil {
		f.about(l.addr, name, f.silentReplica(said["state"], err))
		return ""
	}
	if info["role"] != "slave" || net.JoinHostPort(info["master_host"], info["master_port"]) != master && isIP(info["master_host"]) && isIP(g.Saved.Master.Host) {
		f.about(l.addr, name, Finding{Severity: Error, Reason: ReasonAnnounced, Text: "the master knows a replica by this address, and who answers there is none of its replicas",
			Advice: "Correct replica-announce-ip and replica-announce-port on the replica."})
		return ""
	}
	f.rules(ctx, name, l)
	if info["replica_announced"] == "0" {
		f.about(l.addr, name, Finding{Severity: Note, Reason: ReasonHidden, Text: "replica-announced is no: clients are not told of this replica", Advice: "Set it to yes, unless it is meant."})
	}
	if value, ok := t.setting(ctx, "replica-serve-stale-data"); ok && value == "no" {
		f.about(l.addr, name, Finding{Severity: Note, Reason: ReasonStaleRefused, Text: "replica-serve-stale-data is no: while there is no master it answers clients with an error", Advice: "Set it to yes, unless it is meant."})
	}
	return info["slave_priority"]
}

// silentReplica is about one that does not answer: where its master holds it to be
// online, the address is at fault.
func (f *findings) silentReplica(state string, err error) Finding {
	one := unanswered("the replica", err)
	if state == "online" && (one.Reason == monitor.ReasonRefused || one.Reason == ReasonUnreachable || one.Reason == monitor.ReasonNoRoute) {
		return Finding{Severity: Error, Reason: ReasonAnnounced, Text: "the master says that this replica is online, and nothing answers at its address",
			Advice: "Correct replica-announce-ip and replica-announce-port on the replica, its bind, or the firewall."}
	}
	return one
}

func isIP(host string) bool { return net.ParseIP(host) != nil }
