package failover

import (
	"picket/monitor"
)

// View returns a picture of the group at now.
func (g *Group) View(now monitor.Instant) *View {
	v := &View{
		Settings: g.set, At: now, ConfigEpoch: g.config.Epoch,
		Leader: g.ballot.Leader, LeaderEpoch: g.ballot.Epoch,
		Master: g.picture(g.master()), FailoverState: g.attempt.word(),
		Voters: g.votersAll(), Usable: g.votersUsable(), SilenceLimit: g.silence(g.master()),
	}
	v.Forced = g.attempt != nil && g.attempt.forced
	v.Master.ODown, v.Master.ODownSince = g.odownSince != monitor.Never, g.odownSince
	v.Master.ScriptKill = g.kill.tried != monitor.Never
	for _, i := range g.replicas() {
		v.Replicas = append(v.Replicas, g.picture(i))
	}
	for _, p := range g.voters {
		v.Peers = append(v.Peers, g.peerPicture(p))
	}
	return v
}

func (g *Group) picture(i *Instance) InstanceView {
	v := InstanceView{
		Addr: i.Addr, Verdict: i.Verdict, Info: i.Info, InfoRaw: i.InfoRaw,
		Connected: i.Evidence.Connected() && i.Verdict.State != monitor.StateBlind, PendingSince: i.Evidence.Invalid,
		LastValid: i.Evidence.LastValid, LastReply: i.Evidence.LastReply,
		InfoAt: i.InfoAt, RoleReported: i.Info.Role, RoleSince: i.RoleSince,
		Down: i.Down(), DownSince: i.DownSince, RebootedSince: i.RebootSince,
		Promoted: g.attempt.ordering() && g.attempt.chosen == i.Addr, Reconf: i.Reconf.String(),
	}
	if i.BlockedAt != monitor.Never {
		v.BlockedSince = i.Evidence.BusyFrom
	}
	if v.RoleReported == monitor.RoleUnknown && i.Addr == g.config.Master {
		v.RoleReported = monitor.RoleMaster
	} else if v.RoleReported == monitor.RoleUnknown {
		v.RoleReported = monitor.RoleReplica
	}
	return v
}

func (g *Group) peerPicture(p *Voter) PeerView {
	v := PeerView{
		ID: p.ID, Addr: p.Addr, Down: p.DownSince != monitor.Never, DownSince: p.DownSince,
		MasterDown: p.SaidDown && g.now.Since(p.SaidAt) < saidExpires, LastHello: p.LastHello,
		VotedFor: p.VotedFor, VotedEpoch: p.VotedEpoch, State: p.Opinion.State, Reason: p.Opinion.Reason,
		Usable: g.usable(p),
	}
	r := g.roster.Get(p.ID)
	if r == nil {
		return v
	}
	v.Kind, v.Gossip, v.GossipAlive = r.Kind, r.Gossip, r.GossipAlive
	v.Connected, v.Pending, v.LastValid, v.LastReply = r.Connected, r.Unanswered, r.LastValid, r.LastReply
	return v
}
