package respapi

import (
	"strconv"
	"strings"
	"time"

	"picket/failover"
	"picket/monitor"
)

// fields are the keys and values, in turn, of one map of SENTINEL MASTER and
// its kin (addReplySentinelRedisInstance). Their order is Sentinel's, some
// tools read by position; ours come after Sentinel's last.
type fields []string

func (f *fields) add(key, value string)          { *f = append(*f, key, value) }
func (f *fields) int(key string, n int64)        { f.add(key, strconv.FormatInt(n, 10)) }
func (f *fields) unsigned(key string, n uint64)  { f.add(key, strconv.FormatUint(n, 10)) }
func (f *fields) ms(key string, d time.Duration) { f.int(key, d.Milliseconds()) }
func (f *fields) text(key, value string) {
	if value != "" {
		f.add(key, value)
	}
}
func itoa(n int) string { return strconv.Itoa(n) }

// head is what instances and monitors have in common, up to where failover-state stands.
type head struct {
	name    string
	addr    monitor.Addr
	runID   string
	flags   []string
	pending monitor.Instant
	sharers int // groups that share the link; 0 means one
}

func (f *fields) head(h head) {
	f.add("name", h.name)
	f.add("ip", h.addr.Host)
	f.int("port", int64(h.addr.Port))
	f.add("runid", h.runID)
	f.add("flags", strings.Join(h.flags, ","))
	f.int("link-pending-commands", flag(h.pending != monitor.Never))
	f.int("link-refcount", int64(max(1, h.sharers)))
}

// pings is what follows: how the instance answers, and since when it is down.
type pings struct {
	pending, valid, reply, sdown, odown monitor.Instant
}

func (f *fields) pings(v *failover.View, p pings, now monitor.Instant) {
	f.ms("last-ping-sent", now.Since(p.pending))
	f.ms("last-ok-ping-reply", now.Since(p.valid))
	f.ms("last-ping-reply", now.Since(p.reply))
	if p.sdown != monitor.Never {
		f.ms("s-down-time", now.Since(p.sdown))
	}
	if p.odown != monitor.Never {
		f.ms("o-down-time", now.Since(p.odown))
	}
	f.ms("down-after-milliseconds", v.Settings.DownAfter)
}

func when(yes bool, t monitor.Instant) monitor.Instant {
	if !yes {
		return monitor.Never
	}
	return t
}

func (f *fields) instance(v *failover.View, i *failover.InstanceView, now monitor.Instant) {
	f.pings(v, pings{i.PendingSince, i.LastValid, i.LastReply, when(i.Down, i.DownSince), when(i.ODown, i.ODownSince)}, now)
	f.ms("info-refresh", now.Since(i.InfoAt))
}

// role tells the role reported, or until then the one that we hold it to have.
func (f *fields) role(i *failover.InstanceView, held monitor.Role, now monitor.Instant) {
	reported := i.RoleReported
	if reported == monitor.RoleUnknown {
		reported = held
	}
	f.add("role-reported", reported.String())
	f.ms("role-reported-time", now.Since(i.RoleSince))
}

func masterFields(v *failover.View, now monitor.Instant) fields {
	m := &v.Master
	f := make(fields, 0, 64)
	f.head(head{v.Settings.Name, m.Addr, m.Info.RunID, masterFlags(v), m.PendingSince, 1})
	f.text("failover-state", v.FailoverState)
	f.instance(v, m, now)
	f.role(m, monitor.RoleMaster, now)
	f.unsigned("config-epoch", v.ConfigEpoch)
	f.int("num-slaves", int64(len(v.Replicas)))
	f.int("num-other-sentinels", int64(len(v.Peers)))
	f.int("quorum", int64(v.Settings.Quorum))
	f.ms("failover-timeout", v.Settings.FailoverTimeout)
	f.int("parallel-syncs", int64(v.Settings.ParallelSyncs))
	f.text("notification-script", v.Settings.NotificationScript)
	f.text("client-reconfig-script", v.Settings.ClientReconfigScript)
	f.verdict(m)
	f.ms("silence-limit", v.SilenceLimit)
	if m.BlockedSince != monitor.Never {
		f.ms("script-blocked-time", now.Since(m.BlockedSince))
	}
	f.add("busy-policy", string(v.Settings.Busy))
	f.int("repl-offset", m.Info.Offset())
	return f
}

func (f *fields) verdict(i *failover.InstanceView) {
	f.add("verdict", i.Verdict.State.String())
	f.add("verdict-reason", string(i.Verdict.Reason))
}

func replicaFields(v *failover.View, r *failover.InstanceView, now monitor.Instant) fields {
	f := make(fields, 0, 48)
	f.head(head{r.Addr.String(), r.Addr, r.Info.RunID, replicaFlags(r), r.PendingSince, 1})
	f.instance(v, r, now)
	f.role(r, monitor.RoleReplica, now)
	f.replication(r)
	f.verdict(r)
	return f
}

// replication tells Sentinel's defaults until INFO was read.
func (f *fields) replication(r *failover.InstanceView) {
	info := r.Info
	if r.InfoAt == monitor.Never {
		info = monitor.Info{Priority: 100, Announced: true}
	}
	host, link := info.MasterHost, "err"
	if host == "" {
		host = "?"
	}
	if info.LinkUp {
		link = "ok"
	}
	f.ms("master-link-down-time", info.LinkDown)
	f.add("master-link-status", link)
	f.add("master-host", host)
	f.int("master-port", int64(info.MasterPort))
	f.int("slave-priority", int64(info.Priority))
	f.int("slave-repl-offset", info.ReplicaOffset)
	f.int("replica-announced", flag(info.Announced))
}

func announced(r *failover.InstanceView) bool { return r.InfoAt == monitor.Never || r.Info.Announced }

// peerFields tell of a monitor; sharers is in how many groups we know it.
func peerFields(v *failover.View, p *failover.PeerView, now monitor.Instant, sharers int) fields {
	f := make(fields, 0, 40)
	f.head(head{string(p.ID), p.Addr, string(p.ID), peerFlags(p), p.Pending, sharers})
	f.pings(v, pings{p.Pending, p.LastValid, p.LastReply, when(p.Down, p.DownSince), monitor.Never}, now)
	f.ms("last-hello-message", now.Since(p.LastHello))
	voted := string(p.VotedFor)
	if voted == "" {
		voted = "?"
	}
	f.add("voted-leader", voted)
	f.unsigned("voted-leader-epoch", p.VotedEpoch)
	f.add("peer-kind", p.Kind.String())
	f.add("verdict", p.State.String())
	f.add("verdict-reason", string(p.Reason))
	return f
}
