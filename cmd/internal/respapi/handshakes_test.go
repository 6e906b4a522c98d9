package respapi

import (
	"net"
	"testing"
)

// shaking is a connection whose handshake is one byte of the client.
type shaking struct{ net.Conn }

func (s shaking) Shake() error {
	_, err := s.Conn.Read(make([]byte, 1))
	return err
}

func (h *house) knock(t *testing.T) *client {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { _ = here.Close() })
	h.door.conns <- shaking{there}
	return &client{t: t, nc: here}
}

// Connections that do not shake hands take no place of a client, and make room for
// newer ones; one that does is served.
func TestUnfinishedHandshakesTakeNoClientsPlace(t *testing.T) {
	h := open(t, func(c *Config) { c.MaxClients = 2 })
	first := h.knock(t)
	for range maxHandshakes {
		h.knock(t)
	}
	if got := first.until([]byte("never")); got != "<closed>\r\n" {
		t.Errorf("the oldest read %q", got)
	}
	if got := h.connect(t).ask("PING"); got != "+PONG\r\n" {
		t.Errorf("a plain client got %q", got)
	}
	shaken := h.knock(t)
	if _, err := shaken.nc.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := shaken.ask("PING"); got != "+PONG\r\n" {
		t.Errorf("who shook hands got %q", got)
	}
}
