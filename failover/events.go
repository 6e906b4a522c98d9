package failover

import "picket/monitor"

// Events of our own, beside Sentinel's.
const (
	EventVerdict          = "+verdict"
	EventScriptBlocked    = "+script-blocked"
	EventScriptUnblocked  = "-script-blocked"
	EventSilent           = "+silent"
	EventNotSilent        = "-silent"
	EventScriptKill       = "+script-kill"
	EventAuthError        = "+auth-error"
	EventAuthErrorEnded   = "-auth-error"
	EventConfigWarning    = "+config-warning"
	EventDivergence       = "+divergence"
	EventPersistFailed    = "+persist-failed"
	EventPersistWorks     = "-persist-failed"
	EventFailoverHeld     = "+failover-held"
	EventNoMajority       = "+no-majority"
	EventMajorityRestored = "-no-majority"
	EventForgotten        = "+forgotten"
)

// Reasons of the group's transitions and refusals.
const (
	ReasonOperator       monitor.Reason = "asked-by-operator"
	ReasonODown          monitor.Reason = "odown"
	ReasonElected        monitor.Reason = "elected"
	ReasonNotElected     monitor.Reason = "too-few-votes"
	ReasonMasterAnswers  monitor.Reason = "master-answers"
	ReasonNoReplica      monitor.Reason = "no-electable-replica"
	ReasonNoMajority     monitor.Reason = "no-majority-reachable"
	ReasonLeaseHeld      monitor.Reason = "voted-for-another"
	ReasonRetryWait      monitor.Reason = "waiting-before-the-next-attempt"
	ReasonRefusedPromote monitor.Reason = "promotion-refused"
	ReasonPromoteUnknown monitor.Reason = "promotion-outcome-unknown"
	ReasonLeaseOver      monitor.Reason = "lease-over"
	ReasonSuperseded     monitor.Reason = "newer-configuration"
	ReasonEqualEpochs    monitor.Reason = "two-configurations-in-one-epoch"
	ReasonReset          monitor.Reason = "reset-by-operator"
	ReasonForgotten      monitor.Reason = "forgotten-by-operator"
	ReasonPromoted       monitor.Reason = "promoted"
	ReasonAdopted        monitor.Reason = "promotion-adopted"
	ReasonDeposed        monitor.Reason = "deposed-master-returned"
	ReasonUnexpectedMain monitor.Reason = "unexpected-master"
	ReasonWrongMaster    monitor.Reason = "follows-another-master"
	ReasonGossipClosed   monitor.Reason = "gossip-port-closed"
	ReasonDownAfterLow   monitor.Reason = "down-after-below-silence-limit"
	ReasonThresholdZero  monitor.Reason = "busy-reply-threshold-zero"
	ReasonDenied         monitor.Reason = "acl-rule-missing"
	ReasonPolicyIdle     monitor.Reason = "busy-policy-without-time"
	ReasonKilled         monitor.Reason = "script-killed"
	ReasonBusyWarn       monitor.Reason = "busy-warn-after"
	ReasonMixedQuorum    monitor.Reason = "redis-sentinel-in-quorum"
	ReasonRestarted      monitor.Reason = "restarted"
	ReasonForeign        monitor.Reason = "foreign-history"
	ReasonPriorityZero   monitor.Reason = "priority-zero"
	ReasonNoInfo         monitor.Reason = "no-info-since-odown"
	ReasonNotReplica     monitor.Reason = "does-not-report-role-slave"
	ReasonReplicaDown    monitor.Reason = "sdown"
	ReasonReplicaBusy    monitor.Reason = "not-serving"
	ReasonLinkDownLong   monitor.Reason = "link-to-master-down-too-long"
	ReasonEmpty          monitor.Reason = "empty-while-others-hold-keys"
	ReasonLoadingReplica monitor.Reason = "loading"
	ReasonSyncing        monitor.Reason = "full-sync-in-progress"
	ReasonElectable      monitor.Reason = "electable"
	ReasonEvenVoters     monitor.Reason = "even-number-of-voters"
	ReasonForeignGroup   monitor.Reason = "another-group-of-this-name"
)

// emit appends an event about a subject.
func (g *Group) emit(level monitor.Level, name string, payload string, reason monitor.Reason) {
	g.out.Events = append(g.out.Events, monitor.Event{
		Name: name, Level: level, Group: g.set.Name, Payload: payload, Reason: reason,
	})
}

func (g *Group) warn(name, payload string, reason monitor.Reason) {
	g.emit(monitor.LevelWarning, name, payload, reason)
}

func (g *Group) note(name, payload string, reason monitor.Reason) {
	g.emit(monitor.LevelNotice, name, payload, reason)
}

// shown is an address as events give it to clients (announceSentinelAddr).
func (g *Group) shown(a monitor.Addr) monitor.Addr {
	if !g.set.AnnounceHostnames {
		a.Host = g.numeric(a.Host)
	}
	return a
}

// masterSubject is the configured master in an event.
func (g *Group) masterSubject() monitor.Subject {
	return monitor.Subject{Kind: "master", Name: g.set.Name, Addr: g.shown(g.config.Master)}
}

// subject is an instance in an event.
func (g *Group) subject(i *Instance) monitor.Subject {
	if i.Addr == g.config.Master {
		return g.masterSubject()
	}
	addr := g.shown(i.Addr)
	return monitor.Subject{Kind: "slave", Name: addr.String(), Addr: addr, Group: g.set.Name, Master: g.shown(g.config.Master)}
}

// peerSubject is another monitor in an event.
func (g *Group) peerSubject(v *Voter) monitor.Subject {
	return monitor.Subject{Kind: "sentinel", Name: string(v.ID), Addr: g.shown(v.Addr), Group: g.set.Name, Master: g.shown(g.config.Master)}
}
