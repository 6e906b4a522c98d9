package gossip

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

// network is an in-memory stand-in for UDP and TCP between hosts, with links
// that can be cut: datagrams over a cut link vanish, dials time out.
type network struct {
	mu      sync.Mutex
	hosts   map[string]*host // by "ip:port"
	cuts    map[[2]string]bool
	largest int // datagram, bytes
}

func newNetwork() *network {
	return &network{hosts: map[string]*host{}, cuts: map[[2]string]bool{}}
}

// host opens an endpoint at ip, port 7946.
func (n *network) host(ip string) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &host{
		net: n, ip: net.ParseIP(ip).To4(), port: 7946,
		packets: make(chan *memberlist.Packet, 1024), streams: make(chan net.Conn, 64),
	}
	n.hosts[h.addr()] = h
	return h
}

func (n *network) cut(a, b *host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cuts[[2]string{a.addr(), b.addr()}] = true
	n.cuts[[2]string{b.addr(), a.addr()}] = true
}

func (n *network) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cuts)
}

func (n *network) largestDatagram() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.largest
}

// reach finds who answers at an address: nobody with cut set means that the
// bytes are lost, without it that the port is closed.
func (n *network) reach(from, to string) (h *host, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts[to], n.cuts[[2]string{from, to}]
}

// host is one endpoint; it implements memberlist.Transport.
type host struct {
	net     *network
	ip      net.IP
	port    int
	packets chan *memberlist.Packet
	streams chan net.Conn
}

func (h *host) addr() string { return net.JoinHostPort(h.ip.String(), strconv.Itoa(h.port)) }

func (h *host) FinalAdvertiseAddr(string, int) (net.IP, int, error) { return h.ip, h.port, nil }

func (h *host) WriteTo(b []byte, addr string) (time.Time, error) {
	now := time.Now()
	to, cut := h.net.reach(h.addr(), addr)
	if to == nil || cut {
		return now, nil
	}
	h.net.mu.Lock()
	h.net.largest = max(h.net.largest, len(b))
	h.net.mu.Unlock()
	packet := &memberlist.Packet{
		Buf: append([]byte(nil), b...), Timestamp: now,
		From: &net.UDPAddr{IP: h.ip, Port: h.port},
	}
	select {
	case to.packets <- packet:
	default: // as a full socket buffer does
	}
	return now, nil
}

func (h *host) PacketCh() <-chan *memberlist.Packet { return h.packets }

func (h *host) StreamCh() <-chan net.Conn { return h.streams }

func (h *host) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	to, cut := h.net.reach(h.addr(), addr)
	if cut {
		<-time.After(timeout)
		return nil, os.ErrDeadlineExceeded
	}
	if to == nil {
		return nil, syscall.ECONNREFUSED
	}
	ours, theirs := net.Pipe()
	select {
	case to.streams <- theirs:
		return ours, nil
	default:
		return nil, errors.New("accept queue full")
	}
}

func (h *host) Shutdown() error {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if h.net.hosts[h.addr()] == h {
		delete(h.net.hosts, h.addr())
	}
	return nil
}
