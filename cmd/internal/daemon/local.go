package daemon

import (
	"net"
	"sync"
	"time"
)

// localPeriod is how long the machine's addresses are remembered: they are
// asked for at each echo of our own hello.
const localPeriod = 10 * time.Second

// localAddrs remembers which addresses this machine has.
type localAddrs struct {
	mu   sync.Mutex
	at   time.Time
	have map[string]bool
}

// contains reports whether ip is one of them.
func (l *localAddrs) contains(ip net.IP) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.have == nil || time.Since(l.at) > localPeriod {
		l.at, l.have = time.Now(), interfaceAddrs()
	}
	return l.have[ip.String()]
}

func interfaceAddrs() map[string]bool {
	have := map[string]bool{}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return have // unknown: every hello with our id is then confirmed by asking
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			have[n.IP.String()] = true
		}
	}
	return have
}

// isLocal reports whether host is an address of this machine, so that our own
// hello is told from that of another monitor with our id. A name that is not known
// to be ours is asked who it is.
func (d *Daemon) isLocal(host string) bool {
	if host == d.globals().AnnounceIP {
		return true
	}
	if known, ok := (*d.board.names.Load())[host]; ok {
		host = known
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || d.local.contains(ip))
}
