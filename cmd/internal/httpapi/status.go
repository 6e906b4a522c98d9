package httpapi

import (
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// Never stands for what has not happened, in milliseconds, and for an offset or a lag
// that is not known.
const Never = -1

// Status is the JSON of /api/status. Durations are in milliseconds.
type Status struct {
	Monitor MonitorStatus `json:"monitor"`
	Groups  []GroupStatus `json:"groups"`
}

// MonitorStatus is this monitor.
type MonitorStatus struct {
	ID             quorum.ID `json:"id"`
	Version        string    `json:"version"`
	Epoch          uint64    `json:"epoch"`
	UptimeMillis   int64     `json:"uptime-ms"`
	Groups         int       `json:"groups"`
	StateSaved     bool      `json:"state-saved"`
	Unsaved        string    `json:"unsaved,omitempty"` // why state cannot be saved
	HistoryDurable bool      `json:"history-durable"`
}

// GroupStatus is one group.
type GroupStatus struct {
	Name               string           `json:"name"`
	ConfigEpoch        uint64           `json:"config-epoch"`
	Leader             quorum.ID        `json:"leader"` // who this monitor voted for last
	Quorum             int              `json:"quorum"`
	Voters             int              `json:"voters"`
	Usable             int              `json:"usable"`
	Failover           string           `json:"failover"` // Sentinel's word for the phase, "" when none
	BusyPolicy         string           `json:"busy-policy"`
	DownAfterMillis    int64            `json:"down-after-ms"`
	SilenceLimitMillis int64            `json:"silence-limit-ms"`
	Master             InstanceStatus   `json:"master"`
	Replicas           []InstanceStatus `json:"replicas"`
	Monitors           []PeerStatus     `json:"monitors"` // this one first
}

// InstanceStatus is one Redis process.
type InstanceStatus struct {
	Address         string `json:"address"`
	Role            string `json:"role"` // as it reports
	State           string `json:"state"`
	Reason          string `json:"reason"`
	SinceMillis     int64  `json:"since-ms"` // how long the state stands
	Down            bool   `json:"down"`     // sdown
	ODown           bool   `json:"odown"`
	LastValidMillis int64  `json:"last-valid-ms"`
	LastReplyMillis int64  `json:"last-reply-ms"`
	LinkUp          bool   `json:"link-up"` // of a replica: its link to the master
	Follows         string `json:"follows"` // host:port, "" for a master
	Offset          int64  `json:"offset"`  // bytes of the replication stream
	LagBytes        int64  `json:"lag-bytes"`
	BlockedMillis   int64  `json:"blocked-ms"` // how long a script has been seen to block it
	Priority        int    `json:"priority"`
	Keys            int64  `json:"keys"`
}

// PeerStatus is one monitor of a group, and what it says of the master.
type PeerStatus struct {
	ID              quorum.ID `json:"id"`
	Address         string    `json:"address"`
	Kind            string    `json:"kind"`
	Self            bool      `json:"self"`
	Usable          bool      `json:"usable"`
	Down            bool      `json:"down"` // it holds the master to be sdown
	State           string    `json:"state"`
	Reason          string    `json:"reason"`
	LastReplyMillis int64     `json:"last-reply-ms"`
}

func monitorStatus(self Self, groups int) MonitorStatus {
	return MonitorStatus{
		ID: self.ID, Version: self.Version, Epoch: self.Epoch, UptimeMillis: self.Uptime.Milliseconds(), Groups: groups,
		StateSaved: self.Unsaved == "", Unsaved: self.Unsaved, HistoryDurable: self.HistoryDurable,
	}
}

func (s *Server) wholeStatus() Status {
	self, views, now := s.cfg.Source.Self(), s.cfg.Source.Views(), s.cfg.Clock()
	st := Status{Monitor: monitorStatus(self, len(views)), Groups: make([]GroupStatus, 0, len(views))}
	for _, v := range views {
		st.Groups = append(st.Groups, groupStatus(self, v, now))
	}
	return st
}

func groupStatus(self Self, v *failover.View, now monitor.Instant) GroupStatus {
	g := GroupStatus{
		Name: v.Settings.Name, ConfigEpoch: v.ConfigEpoch, Leader: v.Leader, Quorum: v.Settings.Quorum, Voters: v.Voters, Usable: v.Usable,
		Failover: v.FailoverState, BusyPolicy: string(v.Settings.Busy),
		DownAfterMillis: v.Settings.DownAfter.Milliseconds(), SilenceLimitMillis: v.SilenceLimit.Milliseconds(),
		Master: instanceStatus(v, &v.Master, now), Replicas: make([]InstanceStatus, 0, len(v.Replicas)),
	}
	for n := range v.Replicas {
		g.Replicas = append(g.Replicas, instanceStatus(v, &v.Replicas[n], now))
	}
	g.Monitors = append(g.Monitors, PeerStatus{
		ID: self.ID, Address: addressOf(self.Address), Kind: quorum.KindPicket.String(), Self: true, Usable: true, Down: v.Master.Down,
		State: v.Master.Verdict.State.String(), Reason: string(v.Master.Verdict.Reason),
	})
	for n := range v.Peers {
		g.Monitors = append(g.Monitors, peerStatus(&v.Peers[n], now))
	}
	return g
}

func instanceStatus(v *failover.View, i *failover.InstanceView, now monitor.Instant) InstanceStatus {
	st := InstanceStatus{
		Address: i.Addr.String(), Role: i.RoleReported.String(), State: i.Verdict.State.String(), Reason: string(i.Verdict.Reason),
		SinceMillis: ago(i.Verdict.Since, now), Down: i.Down, ODown: i.ODown,
		LastValidMillis: ago(i.LastValid, now), LastReplyMillis: ago(i.LastReply, now),
		LinkUp: i.Info.LinkUp, Offset: Never, LagBytes: Never, BlockedMillis: ago(i.BlockedSince, now), Priority: i.Info.Priority, Keys: Never,
	}
	if i.InfoAt == monitor.Never {
		return st
	}
	st.Offset, st.Keys = i.Info.Offset(), i.Info.Keys
	if i.Info.Role == monitor.RoleReplica {
		st.Follows = addressOf(monitor.Addr{Host: i.Info.MasterHost, Port: i.Info.MasterPort})
	}
	if lag, known := v.Lag(i); known {
		st.LagBytes = lag
	}
	return st
}

func peerStatus(p *failover.PeerView, now monitor.Instant) PeerStatus {
	return PeerStatus{
		ID: p.ID, Address: addressOf(p.Addr), Kind: p.Kind.String(), Usable: p.Usable, Down: p.MasterDown,
		State: p.State.String(), Reason: string(p.Reason), LastReplyMillis: ago(p.LastReply, now),
	}
}

// addressOf is host:port, "" when there is none.
func addressOf(a monitor.Addr) string {
	if a.Host == "" {
		return ""
	}
	return a.String()
}

// ago is how long before now t was, in milliseconds, [Never] when it never was.
func ago(t, now monitor.Instant) int64 {
	if t == monitor.Never {
		return Never
	}
	return now.Since(t).Milliseconds()
}

// stamp is a wall-clock time as the API writes it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
