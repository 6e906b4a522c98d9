package respapi

import (
	"net"
	"slices"
)

// maxHandshakes is how many connections may be shaking hands. They are no clients
// yet and take no place of one; the oldest makes room for the next.
const maxHandshakes = 128

// shaker is a connection that must shake hands before it is a client's. Shake is
// bounded in time, and ends when the connection's deadline passes.
type shaker interface {
	net.Conn
	Shake() error
}

// shake lets the connection in once it has shaken hands.
func (s *Server) shake(nc shaker) {
	if !s.beginShake(nc) {
		_ = nc.Close() // nobody was promised anything
		return
	}
	go func() {
		defer s.wait.Done()
		err := nc.Shake()
		if !s.endShake(nc) || err != nil {
			_ = nc.Close()
			return
		}
		s.enter(nc)
	}()
}

func (s *Server) beginShake(nc shaker) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if len(s.shaking) >= maxHandshakes {
		_ = s.shaking[0].SetDeadline(longAgo)
		s.shaking = slices.Delete(s.shaking, 0, 1)
		s.stats.rejected.Add(1)
	}
	s.shaking = append(s.shaking, nc)
	s.wait.Add(1)
	return true
}

// endShake reports whether the connection did not have to make room.
func (s *Server) endShake(nc shaker) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.shaking, nc)
	if i >= 0 {
		s.shaking = slices.Delete(s.shaking, i, i+1)
	}
	return i >= 0
}
