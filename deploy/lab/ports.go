package lab

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken below the range from which kernels choose the local ports of
// outgoing connections (32768 and up on Linux): a port above could be taken by
// somebody's connection while a server is being restarted on it.
const (
	firstPort = 10000
	lastPort  = 31999
)

var taken struct {
	sync.Mutex
	ports map[int]bool
}

var errNoPort = errors.New("find a free port: none is free between 10000 and 31999")

// FreePort returns a port on which nothing listens and which this program did
// not give out before. Another program may still take it: who starts a server
// on it tries another one then.
func FreePort() (int, error) {
	taken.Lock()
	defer taken.Unlock()
	if taken.ports == nil {
		taken.ports = map[int]bool{}
	}
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if taken.ports[port] || !listens(port) {
			continue
		}
		taken.ports[port] = true
		return port, nil
	}
	return 0, errNoPort
}

// portOr returns the wanted port or, if it is 0, a free one.
func portOr(wanted int) (int, error) {
	if wanted != 0 {
		return wanted, nil
	}
	return FreePort()
}

// listens reports whether we could listen on the port, over TCP and over UDP.
func listens(port int) bool {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	l.Close()
	u, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	u.Close()
	return true
}
