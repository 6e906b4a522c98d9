package gossip

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// PortChoice says what to do when the gossip port is taken.
type PortChoice uint8

// Choices of port.
const (
	PortPreferred PortChoice = iota // taken: any free port, peers learn it over RESP
	PortFixed                       // taken: an error; the operator named it
)

// Config says who we are and how to reach the pool.
type Config struct {
	ID   quorum.ID
	Boot uint64 // durable, rises at every start

	Bind      string // numeric address; "" is every address
	Port      int    // 0 is any free port
	Choice    PortChoice
	Advertise string // address to tell others, numeric or a name; "" finds one
	Toward    string // numeric address of a master: others are where it is

	Key   []byte // 16, 24 or 32 bytes; nil gossips in clear (see DeriveKey)
	Label string // pools with different labels do not mix; "" is "picket"

	Sink    Sink
	Watcher Watcher
	State   State
	Clock   func() monitor.Instant
	Log     *zap.Logger

	Transport memberlist.Transport // nil is TCP and UDP sockets; tests give their own
}

const (
	anyAddress = "0.0.0.0"
	// streamTimeout bounds one exchange over TCP. memberlist's default of ten
	// seconds would hold a dead member's courier for as long.
	streamTimeout = 2 * time.Second
)

// listen opens the port that was asked for or, when that is only preferred and
// taken, any free one.
func (p *Pool) listen() error {
	p.cfg.Bind = cmp.Or(p.cfg.Bind, anyAddress)
	if len(p.cfg.Key) > 0 {
		if err := memberlist.ValidateKey(p.cfg.Key); err != nil {
			return fmt.Errorf("use the key of directive gossip-key: %w", err)
		}
	}
	advertise, err := p.advertise()
	if err != nil {
		return err
	}
	err = p.create(p.cfg.Port, advertise)
	if err != nil && p.cfg.Choice == PortPreferred && p.cfg.Port != 0 && p.cfg.Transport == nil {
		p.log.Info("gossip port not available, taking any free one", zap.Int("port", p.cfg.Port), zap.Error(err))
		err = p.create(0, advertise)
	}
	if err != nil {
		where := monitor.Addr{Host: p.cfg.Bind, Port: p.cfg.Port}
		return fmt.Errorf("open gossip on %s (directives gossip-bind, gossip-port): %w", where, err)
	}
	return nil
}

func (p *Pool) create(port int, advertise string) (err error) {
	p.list, err = memberlist.Create(p.libraryConfig(port, advertise))
	return err
}

// libraryConfig detects a dead member in one to two seconds, for about three
// datagrams a second. memberlist keeps and changes what it is given, so each
// attempt gets its own.
func (p *Pool) libraryConfig(port int, advertise string) *memberlist.Config {
	c := memberlist.DefaultLANConfig()
	c.Name = p.name
	c.Label = cmp.Or(p.cfg.Label, "picket")
	c.Keyring = p.keyring()
	c.Transport = p.cfg.Transport
	c.BindAddr, c.BindPort = p.cfg.Bind, port
	c.AdvertiseAddr, c.AdvertisePort = advertise, port

	c.ProbeInterval = 400 * time.Millisecond
	c.ProbeTimeout = 200 * time.Millisecond
	c.SuspicionMult = 3
	c.SuspicionMaxTimeoutMult = 2
	c.TCPTimeout = streamTimeout
	c.PushPullInterval = 10 * time.Second
	c.DeadNodeReclaimTime = 30 * time.Second // a copy of a dead monitor's state may take its place
	c.EnableCompression = false              // costs more than it saves on frames this small

	d := delegate{p}
	c.Delegate, c.Events, c.Conflict, c.Alive = d, d, d, d
	c.Logger = libraryLogger(p.log)
	return c
}

// keyring holds the key that was checked, nil in clear.
func (p *Pool) keyring() *memberlist.Keyring {
	p.keys.ring = nil
	if len(p.cfg.Key) > 0 {
		p.keys.ring, _ = memberlist.NewKeyring(nil, p.cfg.Key) // fails only for a key that ValidateKey refuses
	}
	return p.keys.ring
}

// advertise finds the numeric address to tell others. "" leaves it to the
// transport, which then knows best: one address is bound.
func (p *Pool) advertise() (string, error) {
	if p.cfg.Advertise != "" {
		a, err := resolve(context.Background(), monitor.Addr{Host: p.cfg.Advertise})
		if err != nil {
			return "", fmt.Errorf("find the address to announce for gossip: %w", err)
		}
		return a.Host, nil
	}
	bound, err := netip.ParseAddr(p.cfg.Bind)
	if err != nil || !bound.IsUnspecified() || p.cfg.Transport != nil {
		return "", nil
	}
	return p.reachable(bound), nil
}

// reachable is the address from which this machine speaks to the master, as hellos
// announce it, else to other networks; without any route it is a guess. The address
// of a bridge for containers, say, is private and reached by nobody.
func (p *Pool) reachable(bound netip.Addr) string {
	for _, host := range []string{p.cfg.Toward, elsewhere} {
		a, err := netip.ParseAddr(routedAddress(host))
		if err == nil && !a.IsLoopback() && !a.IsUnspecified() && a.Is4() == bound.Is4() {
			return a.String()
		}
	}
	return ownAddress()
}

// ownAddress picks a private address of this machine, else a public one, else
// the loopback. memberlist refuses to start without a private address.
func ownAddress() string {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	best, rank := "127.0.0.1", 0
	for _, i := range interfaces {
		prefix, err := netip.ParsePrefix(i.String())
		if r := addressRank(prefix.Addr()); err == nil && r > rank {
			best, rank = prefix.Addr().String(), r
		}
	}
	return best
}

// elsewhere is on a network for documentation (RFC 5737): nobody is there.
const elsewhere = "192.0.2.1"

// routedAddress is the address from which this machine would speak to host, "" when it
// has no way there. Debian's unit of redis-sentinel forbids the kind of socket that
// lists addresses (RestrictAddressFamilies). Nothing is sent: connecting a datagram
// socket only asks the routing table.
func routedAddress(host string) string {
	if _, err := netip.ParseAddr(host); err != nil {
		return ""
	}
	c, err := net.Dial("udp", net.JoinHostPort(host, "9"))
	if err != nil {
		return ""
	}
	defer c.Close()
	local, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	return local
}

func addressRank(a netip.Addr) int {
	rank := 0
	if a.IsGlobalUnicast() {
		rank++
		if a.IsPrivate() {
			rank++
		}
		if a.Is4() {
			rank += 2
		}
	}
	return rank
}
