package daemon

import (
	"maps"
	"slices"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// heedRefusal says aloud, in each of its groups, when another monitor does not take our
// credentials, and when it does again. Nothing else shows why it is no voter whom we
// could use: it lives, and may well be able to use us.
func (l *loop) heedRefusal(c quorum.Contact) {
	refused := c.Reply == monitor.ReplyNoAuth || c.Reply == monitor.ReplyWrongPass || c.Reply == monitor.ReplyNoPerm
	if c.Reply == monitor.ReplyNone || refused == l.refused[c.Peer] {
		return
	}
	name := failover.EventAuthErrorEnded
	if delete(l.refused, c.Peer); refused {
		l.refused[c.Peer], name = true, failover.EventAuthError
	}
	for _, group := range slices.Sorted(maps.Keys(l.groups)) {
		g := l.groups[group].group
		if !slices.ContainsFunc(g.Saved().Peers, func(p failover.SavedPeer) bool { return p.ID == c.Peer }) {
			continue
		}
		subject := monitor.Subject{Kind: "sentinel", Name: string(c.Peer), Addr: c.Addr, Group: group, Master: l.d.shown(g.Master())}
		reason := monitor.Reason(c.Reply.String())
		l.tell([]monitor.Event{{Name: name, Level: monitor.LevelWarning, Group: group, Reason: reason,
			Payload: subject.String() + " reason=" + string(reason)}})
	}
}
