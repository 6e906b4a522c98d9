package gossip

import (
	"errors"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"
)

var errPoolFull = errors.New("the pool has as many members as it may have")

// delegate is what memberlist calls. Most calls come under memberlist's locks:
// nothing here may call memberlist or wait, and nothing keeps a node or a slice
// that it was given.
type delegate struct{ pool *Pool }

// NodeMeta tells nothing beyond the node's name.
func (d delegate) NodeMeta(int) []byte { return nil }

// NotifyMsg takes a frame sent to us.
func (d delegate) NotifyMsg(frame []byte) { d.pool.hear(frame) }

// GetBroadcasts adds nothing to memberlist's own rounds: couriers send at once.
func (d delegate) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState renders all that we know, for one other member.
func (d delegate) LocalState(bool) []byte {
	frame := newFrame()
	for _, o := range d.pool.cfg.State.Opinions() {
		frame = appendItem(frame, kindOpinion, opinionBody(o, 0))
	}
	for _, c := range d.pool.cfg.State.Configs() {
		frame = appendItem(frame, kindConfig, configBody(c))
	}
	return frame
}

// MergeRemoteState takes all that another member knows.
func (d delegate) MergeRemoteState(frame []byte, _ bool) { d.pool.hear(frame) }

// NotifyAlive refuses nodes whose name is not one of ours.
func (d delegate) NotifyAlive(n *memberlist.Node) error {
	if n.Name != d.pool.name && d.pool.roster.full(n.Name) {
		return errPoolFull
	}
	_, err := parseNode(n)
	return err
}

// NotifyJoin adds a member. The first call is about ourselves.
func (d delegate) NotifyJoin(n *memberlist.Node) {
	m, err := parseNode(n)
	switch {
	case err != nil:
		d.pool.log.Warn("gossip member ignored", zap.Error(err))
	case n.Name == d.pool.name:
		d.pool.advertised.Store(&m.Addr)
	default:
		d.report(d.pool.roster.add(n.Name, d.pool.newCourier(m, n)))
	}
}

// NotifyUpdate is a node that moved or changed its protocol version.
func (d delegate) NotifyUpdate(n *memberlist.Node) { d.NotifyJoin(n) }

// NotifyLeave is a node that left or died.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	if n.Name != d.pool.name {
		d.report(d.pool.roster.remove(n.Name))
	}
}

// NotifyConflict is two addresses for one name. When it is ours, a copy of our
// state runs elsewhere; any other monitor finds that out for itself.
func (d delegate) NotifyConflict(_, other *memberlist.Node) {
	if m, err := parseNode(other); err == nil && other.Name == d.pool.name {
		d.report(m, true)
	}
}

// report passes a change on, except about former lives of ourselves, which die
// by themselves.
func (d delegate) report(m Member, changed bool) {
	former := m.ID == d.pool.cfg.ID && m.Boot < d.pool.cfg.Boot
	if changed && !former {
		d.pool.cfg.Watcher.MemberChanged(m)
	}
}

// hear passes on what a frame holds.
func (p *Pool) hear(frame []byte) {
	for _, m := range decodeFrame(frame) {
		switch {
		case m.opinion != nil:
			p.cfg.Sink.OpinionHeard(*m.opinion)
		case m.config != nil:
			p.cfg.Sink.ConfigHeard(*m.config)
		case m.release != nil:
			p.cfg.Sink.ReleaseHeard(*m.release)
		}
	}
}
