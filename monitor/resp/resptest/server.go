package resptest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/monitor"
)

// Server is a redis-server of its own, on a free port.
type Server struct {
	Addr monitor.Addr
	Cmd  *exec.Cmd
}

// Start runs a server with these lines in its configuration file, and waits until it
// listens. Without redis-server on this machine the test is skipped, but not in CI.
func Start(t *testing.T, lines ...string) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed, and CI must run this test")
		}
		t.Skip("redis-server is not installed")
	}
	port := freePort(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "redis.conf")
	lines = append([]string{"port " + strconv.Itoa(port), "bind 127.0.0.1", "save \"\"", "dir " + dir, "logfile log",
		"lua-time-limit 200"}, lines...)
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Run(t, monitor.Addr{Host: "127.0.0.1", Port: port}, exec.Command(path, conf))
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Run starts a command that makes a server listen at addr, and waits until it does.
func Run(t *testing.T, addr monitor.Addr, cmd *exec.Cmd) *Server {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: addr, Cmd: cmd}
	t.Cleanup(s.Kill)
	for limit := time.Now().Add(10 * time.Second); ; {
		if c, err := net.Dial("tcp", addr.String()); err == nil {
			_ = c.Close()
			return s
		}
		if time.Now().After(limit) {
			t.Fatal("redis-server never listened")
		}
	}
}

// Kill ends the server, without a word to it.
func (s *Server) Kill() {
	_ = s.Cmd.Process.Kill()
	_ = s.Cmd.Wait()
}

// Signal sends the server a signal.
func (s *Server) Signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := s.Cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Send sends inline commands and returns the open connection without waiting for a reply.
func (s *Server) Send(t *testing.T, lines string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Write([]byte(lines + "\r\n")); err != nil {
		t.Fatal(err)
	}
	return c
}

// Do sends inline commands over a connection of its own and returns what comes first.
func (s *Server) Do(t *testing.T, lines string) string {
	t.Helper()
	c := s.Send(t, lines)
	defer c.Close()
	return Hear(t, c)
}

// Hear returns what comes first on a connection.
func Hear(t *testing.T, c net.Conn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 16384)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(buf[:n]))
}
