package resp

import "net"

// BoundedConn is a connection to a server whose replies are bounded before their
// reader sees them. A client library allocates what a header announces, so that
// one line of a broken or hostile server ("$20000000000") would take the memory of
// the whole process; no header that breaks the limits passes a BoundedConn.
//
// Limits count for each reply of the stream, whatever was written meanwhile. Like
// any connection it is for one reader at a time.
type BoundedConn struct {
	net.Conn
	replies replyScanner
	err     error // what ended the stream
}

// NewBoundedConn bounds the replies that come over c, of which none may have been
// read yet. Zero limits mean the defaults.
func NewBoundedConn(c net.Conn, limits ReplyLimits) *BoundedConn {
	return &BoundedConn{Conn: c, replies: replyScanner{limits: limits.withDefaults()}}
}

// Read reads as the connection below does. Of a reply that makes no sense or
// breaks a limit it returns nothing from the line on that does so, and then a
// [ProtocolError] for ever.
func (c *BoundedConn) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Read(p)
	good, bad := c.replies.scan(p[:n])
	if bad == nil {
		return n, err
	}
	c.err = bad
	if good == 0 {
		return 0, bad
	}
	return good, nil
}

// NetConn returns the connection below, for those who ask the socket about its state.
func (c *BoundedConn) NetConn() net.Conn { return c.Conn }
