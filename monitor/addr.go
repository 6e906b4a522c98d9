package monitor

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Addr names an instance or a peer as Sentinel does: a numeric address or, with
// resolve-hostnames, a host name, and a TCP port.
type Addr struct {
	Host string
	Port int
}

// String renders host:port, with brackets around an IPv6 address.
func (a Addr) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// IsZero reports whether the address names nothing.
func (a Addr) IsZero() bool { return a.Host == "" && a.Port == 0 }

// Compare orders addresses by host and then port, so that maps are walked in one order.
func (a Addr) Compare(b Addr) int {
	if c := strings.Compare(a.Host, b.Host); c != 0 {
		return c
	}
	return a.Port - b.Port
}

// ParseAddr reads host:port. The error names the text and what is wrong with it.
func ParseAddr(s string) (Addr, error) {
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		return Addr{}, fmt.Errorf("parse address %q: %w", s, err)
	}
	port, err := strconv.Atoi(p)
	if err != nil || port < 1 || port > 65535 {
		return Addr{}, fmt.Errorf("parse address %q: port must be between 1 and 65535", s)
	}
	return Addr{Host: host, Port: port}, nil
}

// Fields renders "host port", the form in which events carry an address.
func (a Addr) Fields() string { return a.Host + " " + strconv.Itoa(a.Port) }
