package daemon

import (
	"context"
	"net"
	"sync/atomic"
)

// nameServers asks the name servers of the machine. That a name does not exist is believed
// only when every server asked said so of every name tried: Go's resolver walks the search
// list of resolv.conf, and reports "no such host" where db.corp.example. failed and db.
// alone was denied. StrictErrors stops it at a server that fails or is silent, but not at
// one that refuses, so the replies themselves are looked at as well.
type nameServers struct {
	usual *net.Resolver
}

// lookup returns the addresses of a name.
func (n nameServers) lookup(ctx context.Context, host string) ([]string, error) {
	found, err := n.usual.LookupHost(ctx, host)
	if noSuchName(err) == nil {
		return found, err
	}
	w := &witness{connect: n.usual.Dial}
	if w.connect == nil {
		w.connect = (&net.Dialer{}).DialContext
	}
	// Not for every lookup: it drops an IPv4 address when IPv6 was asked in vain.
	strict := &net.Resolver{PreferGo: true, StrictErrors: true, Dial: w.dial}
	found, err = strict.LookupHost(ctx, host)
	if noSuchName(err) != nil && w.failed.Load() {
		return nil, &net.DNSError{Err: "a name server failed", Name: host, IsTemporary: true}
	}
	return found, err
}

// witness notes whether a name server gave a reply that neither answers nor denies.
type witness struct {
	connect func(ctx context.Context, network, address string) (net.Conn, error)
	failed  atomic.Bool
}

func (w *witness) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := w.connect(ctx, network, address)
	if err != nil {
		w.failed.Store(true)
		return nil, err
	}
	if udp, ok := c.(*net.UDPConn); ok {
		return &datagrams{udp, w}, nil
	}
	return &stream{Conn: c, w: w}, nil
}

// The header of a reply, RFC 1035 section 4.1.1.
const (
	replyHeader   = 12
	flagsAt       = 2 // AA is bit 2 of this byte
	codeAt        = 3 // RA is bit 7 of this byte, RCODE its lower half
	authoritative = 1 << 2
	recursive     = 1 << 7
	codeMask      = 0x0f
	nameError     = 3
)

// see judges a reply. One without error from a server that neither owns the name nor
// asks others is a referral, which denies nothing.
func (w *witness) see(reply []byte) {
	if len(reply) < replyHeader {
		return
	}
	code := reply[codeAt] & codeMask
	knows := reply[flagsAt]&authoritative != 0 || reply[codeAt]&recursive != 0
	if code != nameError && (code != 0 || !knows) {
		w.failed.Store(true)
	}
}

// datagrams is a link by UDP, which the resolver tells by its being a net.PacketConn.
type datagrams struct {
	*net.UDPConn
	w *witness
}

func (c *datagrams) Read(p []byte) (int, error) {
	n, err := c.UDPConn.Read(p)
	c.w.see(p[:n])
	return n, err
}

// stream is a link by TCP, on which the length of a reply, two bytes, comes before it.
type stream struct {
	net.Conn
	w    *witness
	head []byte
}

func (c *stream) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if more := 2 + replyHeader - len(c.head); more > 0 && n > 0 {
		c.head = append(c.head, p[:min(n, more)]...)
		c.w.see(c.head[min(2, len(c.head)):])
	}
	return n, err
}
