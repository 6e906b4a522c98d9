package failover

import (
	"strconv"
	"time"

	"picket/monitor"
)

func itoa(n int) string { return strconv.Itoa(n) }

// observed takes a probe's report on an instance.
func (g *Group) observed(r monitor.Report) {
	i := g.instance(r.Addr)
	if i == nil {
		return
	}
	wasBusy := i.Evidence.BusyLast != monitor.Never
	first := i.Evidence.Unanswered != monitor.Never
	i.Evidence.Observe(r)
	if r.Kind != monitor.ReportReplied {
		return
	}
	if r.Reply == monitor.ReplyPong {
		i.RebootSince = monitor.Never
	}
	loaded := i.newborn != monitor.Never && i.Info.Loading && r.Reply == monitor.ReplyPong
	if wasBusy && !r.Reply.Busy() || first && g.wantsNewsOf(i) || loaded {
		g.do(Refresh{Addr: i.Addr})
	}
}

// wantsNewsOf reports whether an instance that answers again must be looked at
// at once: the one deposed, or any while a failover runs.
func (g *Group) wantsNewsOf(i *Instance) bool {
	return g.attempt != nil || (g.deposed != nil && g.deposed.Addr == i.Addr)
}

// informed takes an INFO reply.
func (g *Group) informed(r monitor.InfoReport) {
	i := g.instance(r.Addr)
	if i == nil || r.Sent < i.InfoSent {
		return
	}
	before, first := i.Info, i.InfoAt == monitor.Never
	i.Info, i.InfoRaw, i.InfoAt, i.InfoSent = r.Info, r.Raw, r.At, r.Sent
	if i.Threshold != r.Threshold || first {
		i.Threshold = r.Threshold
		g.silenceWarnings()
	}
	for _, command := range r.Denied {
		g.configWarning("the ACL user may not run "+command+" on "+i.Addr.String()+": add +"+command, ReasonDenied)
	}
	if i.prospect {
		g.judgeProspect(i)
		return
	}
	g.roleSeen(i, before)
	g.runIDSeen(i, before)
	if i.newborn != monitor.Never && i.Info.Loading {
		i.newborn = g.now // nobody can sync with it before it has read its data
	}
	g.hostSeen(i, before)
	if i.Addr == g.config.Master {
		g.discover(i)
	}
	g.learnLineage(i)
	g.reconfSeen(i)
	if i.Addr != g.config.Master && g.attempt == nil {
		g.adopt(i)
	}
	g.settleRunID()
	g.dropDoubles()
}

func (g *Group) roleSeen(i *Instance, before monitor.Info) {
	i.turned = i.Info.Role == monitor.RoleMaster && i.Info.RunID == before.RunID && (i.turned || before.Role == monitor.RoleReplica)
	if before.Role == i.Info.Role && i.RoleSince != monitor.Never {
		return
	}
	i.RoleSince = g.now
	held := monitor.RoleReplica
	if i.Addr == g.config.Master {
		held = monitor.RoleMaster
	}
	if before.Role == monitor.RoleUnknown && i.Info.Role == held {
		return
	}
	name := "-role-change"
	if i.Info.Role == held {
		name = "+role-change"
	}
	g.emit(monitor.LevelVerbose, name, g.subject(i).String()+" new reported role is "+i.Info.Role.String(), "")
}

func (g *Group) runIDSeen(i *Instance, before monitor.Info) {
	if i.Info.RunID == before.RunID || before.RunID == "" {
		if i.RunID == "" {
			i.RunID = i.Info.RunID
		}
		return
	}
	g.note("+reboot", g.subject(i).String(), ReasonRestarted)
	if i.Addr == g.config.Master {
		i.newborn, i.former = g.now, g.lineage.newest()
		for _, r := range g.replicas() {
			g.do(Refresh{Addr: r.Addr}) // what they hold decides whether it is bereft
		}
	}
	if i.Addr == g.config.Master && g.set.RebootDownAfter > 0 && i.Evidence.Reply != monitor.ReplyPong {
		i.RebootSince = g.now
	}
	if i.Addr != g.config.Master {
		i.RunID = i.Info.RunID // of a master: settleRunID, while no failover runs
		g.restartedAsMaster(i, before)
	}
}

func (g *Group) hostSeen(i *Instance, before monitor.Info) {
	if before.MasterHost != i.Info.MasterHost || before.MasterPort != i.Info.MasterPort {
		i.HostSince = g.now
	}
	if g.linkedToMaster(i) {
		i.LinkedSeen = g.now
	}
	if i.Info.Role == monitor.RoleReplica && !g.known(monitor.Addr{Host: i.Info.MasterHost, Port: i.Info.MasterPort}) {
		i.strangeID, i.Strayed = i.Info.ReplID, g.now
	}
	if i.Info.Role == monitor.RoleMaster && i.Addr != g.config.Master {
		i.Strayed = g.now
	}
}

// discover takes new replicas from the master's INFO. They are never removed
// by INFO, as in Sentinel.
func (g *Group) discover(master *Instance) {
	if master.Info.Role != monitor.RoleMaster {
		return
	}
	for _, addr := range master.Info.Replicas {
		if i, added := g.member(addr); added {
			g.note("+slave", g.subject(i).String(), "")
			g.dirty, g.retarget = true, true
		}
	}
}

// judgeAll draws a verdict on every instance and tells what changed.
func (g *Group) judgeAll() {
	cut := g.replicasCutSince()
	for _, i := range g.instances {
		rules := g.rulesFor(i, cut)
		v := monitor.Judge(g.now, &i.Evidence, rules)
		g.settle(i, g.sticky(i, v))
		if next := monitor.NextLook(g.now, &i.Evidence, rules); next != monitor.Never {
			g.lookAgain(next)
		}
	}
}

// sticky keeps an instance down until it answers: a link that came up again
// proves only its kernel.
func (g *Group) sticky(i *Instance, v monitor.Verdict) monitor.Verdict {
	if !i.Down() || v.Down || i.Evidence.LastReply > i.DownSince {
		return v
	}
	switch v.State {
	case monitor.StateFinishing, monitor.StateApplying, monitor.StateUnreachable, monitor.StateGone:
		if !i.Verdict.Down {
			return v
		}
		v.Down = true
		return v
	}
	kept := i.Verdict
	kept.Down = true
	return kept
}

func (g *Group) rulesFor(i *Instance, cut monitor.Instant) monitor.Rules {
	r := monitor.Rules{
		DownAfter: g.set.DownAfter, Silence: g.silence(i), MisconfDown: g.set.MisconfDown,
		HeldMaster:  i.Addr == g.config.Master,
		RebootSince: i.RebootSince, RebootAfter: g.set.RebootDownAfter,
	}
	if !r.HeldMaster {
		r.ApplyUntil = g.applyUntil()
		return r
	}
	r.CutSince = cut
	r.Bereft = g.bereft(i)
	if i.Info.Role == monitor.RoleReplica && i.InfoSent > g.configSince {
		r.RoleSince = i.RoleSince
	}
	if g.set.Busy == BusyFailover {
		r.BusyDownFrom = g.set.BusyFailoverAfter
	}
	return r
}

// silence is the age at which silence of an instance counts.
func (g *Group) silence(i *Instance) time.Duration {
	if !g.set.SilenceGrace {
		return g.set.DownAfter
	}
	return monitor.SilenceLimit(g.set.DownAfter, i.Threshold)
}

// applyUntil is until when replicas may be silent because they apply what a
// script of the master wrote: as long as the script ran, between 5 s and 120 s.
func (g *Group) applyUntil() monitor.Instant {
	m := g.master()
	if m == nil || m.Evidence.BusyEnded == monitor.Never {
		return monitor.Never
	}
	grace := min(max(m.Evidence.BusyLength, 5*time.Second), 2*time.Minute)
	return m.Evidence.BusyEnded.Add(grace)
}

// replicasCutSince is since when every replica that answers has had its link to
// the master down, Never when one has it up or none answers.
func (g *Group) replicasCutSince() monitor.Instant {
	var since monitor.Instant
	for _, i := range g.instances {
		if !g.isReplica(i) || i.Down() || i.InfoAt == monitor.Never {
			continue
		}
		if i.Info.LinkUp || i.Info.Role != monitor.RoleReplica {
			return monitor.Never
		}
		since = max(since, i.LinkedSeen+1)
		if i.Info.LinkDown >= 0 {
			since = max(since, i.InfoAt.Add(-i.Info.LinkDown-time.Second)) // INFO counts whole seconds
		}
	}
	return since
}

// settle takes the new verdict and tells what changed.
func (g *Group) settle(i *Instance, v monitor.Verdict) {
	old := i.Verdict
	v.Since = old.Since
	if v.State != old.State || v.Reason != old.Reason {
		if v.State != old.State {
			v.Since = g.now
		}
		i.Verdict = v
		if v.State != monitor.StateUnknown {
			g.tellVerdict(i, old)
		}
	}
	i.Verdict = v
	switch {
	case v.Down && !i.Down():
		i.DownSince = g.now
		if v.State == monitor.StateHung {
			g.do(Refresh{Addr: i.Addr})
		}
		g.warn("+sdown", g.subject(i).String(), v.Reason)
	case !v.Down && i.Down():
		i.DownSince = monitor.Never
		g.warn("-sdown", g.subject(i).String(), v.Reason)
	}
}

func (g *Group) tellVerdict(i *Instance, old monitor.Verdict) {
	v, subject := i.Verdict, g.subject(i).String()
	g.note(EventVerdict, subject+" from="+old.State.String()+" to="+v.State.String()+" reason="+string(v.Reason), v.Reason)
	g.tellBlocked(i, subject)
	g.tellSilent(i, subject)
	g.tellBlind(i, subject)
}

// tellBlocked publishes the start of a BUSY spell and, once the instance serves
// again or is gone, its end. The silence in which the script's effects are
// propagated belongs to the spell.
func (g *Group) tellBlocked(i *Instance, subject string) {
	switch i.Verdict.State {
	case monitor.StateScriptBlocked:
		if i.BlockedAt == monitor.Never {
			i.BlockedAt, i.WarnedBusy = g.now, false
			g.warn(EventScriptBlocked, subject+" reason="+string(i.Verdict.Reason), i.Verdict.Reason)
		}
	case monitor.StateFinishing:
	default:
		if i.BlockedAt != monitor.Never {
			length := i.Evidence.BusyLength
			if i.Evidence.BusyLast != monitor.Never { // it ended without an answer
				length = g.now.Sub(i.Evidence.BusyFrom)
			}
			i.BlockedAt = monitor.Never
			g.warn(EventScriptUnblocked, subject+" after-ms="+millis(length)+" reason="+string(i.Verdict.Reason), i.Verdict.Reason)
		}
	}
}

func (g *Group) tellSilent(i *Instance, subject string) {
	silent := i.Verdict.State == monitor.StateSilent || (i.SilentTold && i.Verdict.State == monitor.StateHung)
	switch {
	case silent && !i.SilentTold:
		i.SilentTold = true
		limit := g.silence(i)
		g.do(Refresh{Addr: i.Addr}) // if a second link is answered, nobody is on the first any more
		g.warn(EventSilent, subject+" limit-ms="+millis(limit)+" reason="+string(i.Verdict.Reason), i.Verdict.Reason)
	case !silent && i.SilentTold:
		i.SilentTold = false
		g.warn(EventNotSilent, subject+" reason="+string(i.Verdict.Reason), i.Verdict.Reason)
	}
}

func (g *Group) tellBlind(i *Instance, subject string) {
	blind := i.Verdict.State == monitor.StateBlind
	switch {
	case blind && !i.BlindTold:
		g.warn(EventAuthError, subject+" reason="+string(i.Verdict.Reason), i.Verdict.Reason)
	case !blind && i.BlindTold:
		g.warn(EventAuthErrorEnded, subject+" reason="+string(i.Verdict.Reason), i.Verdict.Reason)
	}
	i.BlindTold = blind
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
