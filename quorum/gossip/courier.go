package gossip

import (
	"context"
	"net"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"

	"picket/monitor"
)

// courier carries messages to one member. Datagrams and streams are sent by two
// goroutines, because a stream to a member that takes nothing blocks for seconds.
type courier struct {
	member Member
	node   *memberlist.Node // our own copy: memberlist's is not safe to read
	pool   *Pool
	fast   *outbox // by datagram
	sure   *outbox // by stream
	cancel context.CancelFunc
}

func (p *Pool) newCourier(m Member, n *memberlist.Node) *courier {
	copied := *n
	copied.Addr = append(net.IP(nil), n.Addr...)
	copied.Meta = nil
	return &courier{member: m, node: &copied, pool: p, fast: newOutbox(), sure: newOutbox()}
}

// start runs the courier until it is cancelled or the pool is closed.
func (c *courier) start() {
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(c.pool.ctx)
	c.pool.running.Go(func() { c.run(ctx, c.fast, c.sendDatagrams) })
	c.pool.running.Go(func() { c.run(ctx, c.sure, c.sendStream) })
}

// run sends what the outbox holds. Members may join before memberlist.Create has
// returned, hence the wait.
func (c *courier) run(ctx context.Context, box *outbox, send func([]parcel)) {
	<-c.pool.opened
	for {
		select {
		case <-ctx.Done():
			return
		case <-box.ready:
			send(box.take())
		}
	}
}

// tell queues a message for the member.
func (c *courier) tell(p parcel) {
	room := c.fast.put(p)
	if p.config != nil {
		room = c.sure.put(p) && room
	}
	if !room {
		c.pool.log.Warn("gossip message dropped, too many wait", zap.String("member", string(c.member.ID)))
	}
}

// sendDatagrams packs the parcels into as few datagrams as hold them.
func (c *courier) sendDatagrams(parcels []parcel) {
	frame := newFrame()
	for _, p := range parcels {
		k, body := p.body(c.pool.clock().Since(p.since))
		if len(body) > datagramLimit {
			c.sure.put(p)
			continue
		}
		if len(frame)+len(body) > datagramLimit {
			c.sent(c.pool.list.SendBestEffort(c.node, frame))
			frame = newFrame()
		}
		frame = appendItem(frame, k, body)
	}
	if len(frame) > len(newFrame()) {
		c.sent(c.pool.list.SendBestEffort(c.node, frame))
	}
}

func (c *courier) sendStream(parcels []parcel) {
	frame := newFrame()
	for _, p := range parcels {
		k, body := p.body(c.pool.clock().Since(p.since))
		frame = appendItem(frame, k, body)
	}
	c.sent(c.pool.list.SendReliable(c.node, frame))
}

// sent notes a failure; the next exchange of whole states makes up for it.
func (c *courier) sent(err error) {
	if err == nil {
		return
	}
	c.pool.log.Debug("gossip message not sent", zap.String("member", string(c.member.ID)),
		zap.Stringer("addr", c.member.Addr), zap.Error(err))
}

// nodeAddr copies where a node gossips.
func nodeAddr(n *memberlist.Node) monitor.Addr {
	return monitor.Addr{Host: plainIP(n.Addr), Port: int(n.Port)}
}

func plainIP(ip net.IP) string {
	if four := ip.To4(); four != nil {
		return four.String()
	}
	return ip.String()
}
