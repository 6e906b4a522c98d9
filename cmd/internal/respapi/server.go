package respapi

import (
	"net"

	"picket/monitor"
)

// Server is the RESP door. Its methods may be called from any goroutine.
type Server struct {
	cfg Config
}

// New returns a server that serves nothing yet.
func New(cfg Config) *Server { return &Server{cfg: cfg} }

// Serve accepts connections until the listener fails or Close is called, when
// it returns nil. It may be called for several listeners.
func (s *Server) Serve(ln net.Listener) error { return ln.Close() }

// Publish delivers an event to its subscribers. It never blocks.
func (s *Server) Publish(ev monitor.Event) {}

// SetPassword changes the password of the user "default" for those who have
// not authenticated yet; empty means that none is asked.
func (s *Server) SetPassword(password string) {}

// Close closes every listener and connection and returns when their goroutines have ended.
func (s *Server) Close() {}
