package respapi

import "go.uber.org/zap"

// freeOutlay is what of replies and events a connection may hold, and a reply that is
// being made, without being charged, in bytes. With the budget used up, clients can
// still ask where the master is.
const freeOutlay = 8 << 10

const (
	overspent = "ERR the monitor holds too many replies that clients have not read, try again later"
	overlong  = "ERR the reply would be longer than %d bytes, ask for less at once"
)

// outlay is what one holder of bytes for clients is charged of the budget that all
// of them share. It belongs to whoever owns the bytes.
type outlay struct {
	budget  *budget
	charged int64
}

// cover charges for the bytes that are held now; false when there is no budget for
// them, and nothing has changed.
func (o *outlay) cover(held int) bool {
	more := max(0, int64(held)-freeOutlay) - o.charged
	if more > 0 && !o.budget.take(more) {
		return false
	}
	if more < 0 {
		o.budget.give(-more)
	}
	o.charged += more
	return true
}

// put takes the reply as it has grown. When there is no budget for it, it is given up
// and nothing more is put in: handlers need not look.
func (r *reply) put(grown []byte) {
	if r.lost {
		return
	}
	r.buf = grown
	r.afford()
}

// hold charges for n bytes of which the reply will be made; false when it is given up.
func (r *reply) hold(n int) bool {
	r.aside = n
	r.afford()
	return !r.lost
}

func (r *reply) afford() {
	if !r.lost && !r.outlay.cover(cap(r.buf)+r.aside) {
		r.lost = true
		r.release()
	}
}

// release gives back what the reply was charged, before its bytes go into the queue,
// which is charged for them.
func (r *reply) release() {
	if r.lost {
		r.buf = nil
	}
	r.outlay.cover(0)
}

// tooLong refuses a reply, of n bytes so far, whose length a client's words multiply.
func (c *call) tooLong(n int) bool {
	most := c.srv.cfg.Limits.Reply
	if n <= most {
		return false
	}
	c.buf = nil
	c.failf(overlong, most)
	return true
}

// send queues a reply. The connection is closed, and the log says why, when that was
// one too many.
func (c *conn) send(b []byte) {
	if !c.out.reply(b, c.proto) {
		c.overspent()
	}
}

func (c *conn) overspent() {
	c.srv.stats.dropped.Add(1)
	c.srv.cfg.Log.Warn("closing a connection, clients have left too many replies unread",
		zap.Stringer("client", c.nc.RemoteAddr()), zap.Int("limit_bytes", c.srv.cfg.Limits.Replies))
}
