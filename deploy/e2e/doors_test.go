package e2e

import (
	"bufio"
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// line sends one inline command over a connection of its own and returns the first line
// of the answer, or why there is none.
func line(network, addr, command string) string {
	c, err := net.DialTimeout(network, addr, 5*time.Second)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second)) // a test that would hang fails
	_, _ = c.Write([]byte(command + "\r\n"))           // who was turned away has its answer already
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(answer)
}

func TestTheDirectivesOfTheDoor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, p := range []lab.Program{picket, sentinel} {
		m, err := s.lab.NewMonitor(lab.MonitorConfig{Program: p, Watch: nowhere})
		s.must(err)
		socket := filepath.Join(m.Dir, "s.sock")
		extra := filepath.Join(m.Dir, "extra")
		s.must(os.MkdirAll(extra, 0o755))
		s.must(os.WriteFile(filepath.Join(extra, "a.conf"), []byte("rename-command ROLE \"\"\n"), 0o644))
		s.must(os.WriteFile(filepath.Join(extra, "b.conf"), []byte("rename-command PING Pong\n"), 0o644))
		text := s.file(m.Conf) + "unixsocket " + socket + "\nunixsocketperm 770\nmaxclients 33\ninclude " + extra + "/*.conf\nlogfile m.log\n"
		s.must(os.WriteFile(m.Conf, []byte(text), 0o644))
		s.must(m.Start(s.ctx))
		for command, want := range map[string]string{
			"PING": "-ERR unknown command 'PING', with args beginning with:", "PONG": "+PONG", "Role": "-ERR unknown command 'Role', with args beginning with:",
		} {
			if got := line("tcp", m.Addr(), command); got != want {
				t.Errorf("%s: %s is answered %q, want %q", m.Name(), command, got, want)
			}
			if got := line("unix", socket, command); got != want {
				t.Errorf("%s: over the socket %s is answered %q, want %q", m.Name(), command, got, want)
			}
		}
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o770 || info.Mode().Type() != fs.ModeSocket {
			t.Errorf("%s: the socket is %v, %v", m.Name(), info, err)
		}
		if info := s.do(m, "INFO", "clients"); !strings.Contains(info, "maxclients:33\r\n") {
			t.Errorf("%s: %s", m.Name(), info)
		}
		log := filepath.Join(m.Dir, "m.log")
		s.must(os.Rename(log, log+".1"))
		s.do(m, "SENTINEL", "SET", "mymaster", "down-after-milliseconds", "1001") // which is logged
		s.must(lab.Poll(s.ctx, "log into a new file", func(context.Context) bool {
			b, err := os.ReadFile(log)
			return err == nil && strings.Contains(string(b), "+set")
		}))
		s.must(m.Terminate(s.ctx))
		if _, err := os.Stat(socket); !os.IsNotExist(err) {
			t.Errorf("%s leaves its socket: %v", m.Name(), err)
		}
	}
}

func TestProtectedModeAndTimeout(t *testing.T) {
	t.Parallel()
	outside := outsideAddr(t)
	s := newScene(t)
	for _, p := range []lab.Program{picket, sentinel} {
		m, err := s.lab.NewMonitor(lab.MonitorConfig{Program: p, Watch: nowhere})
		s.must(err)
		text := strings.Replace(s.file(m.Conf), "bind 127.0.0.1", "bind *", 1) + "protected-mode yes\ntimeout 1\n"
		s.must(os.WriteFile(m.Conf, []byte(text), 0o644))
		s.must(m.Start(s.ctx))
		if got := line("tcp", net.JoinHostPort(outside, itoa(m.Port)), "PING"); !strings.HasPrefix(got, "-DENIED Redis is running in protected mode because") || len(got) < 900 {
			t.Errorf("%s: from outside PING is answered %q", m.Name(), got)
		}
		c, err := net.Dial("tcp", m.Addr())
		s.must(err)
		defer c.Close()
		s.must(c.SetReadDeadline(time.Now().Add(20 * time.Second)))
		if n, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("%s: an idle client reads %d bytes, %v", m.Name(), n, err)
		}
		s.must(m.Terminate(s.ctx))
	}
}

// outsideAddr is an address of this machine other than the loopback.
func outsideAddr(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Skip("no address of this machine is known: ", err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but the loopback")
	return ""
}

func TestLinksComeFromTheSourceAddress(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1, Monitors: 3, Monitor: lab.MonitorConfig{Lines: []string{"bind-source-addr 127.0.0.3", "bind 127.0.0.1 127.0.0.3"}}})
	s.must(s.StartMonitors(s.ctx))
	s.must(s.WaitKnown(s.ctx))
	for _, r := range s.Servers() {
		for client := range strings.SplitSeq(strings.TrimSpace(s.do(r, "CLIENT", "LIST")), "\n") {
			if strings.Contains(client, "name=sentinel-") && !strings.Contains(client, " addr=127.0.0.3:") {
				t.Errorf("%s has a link from elsewhere: %s", r.Addr(), client)
			}
		}
	}
	marks := s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
	if list := s.do(s.Monitors[0], "CLIENT", "LIST"); !strings.Contains(list, " addr=127.0.0.3:") {
		t.Errorf("no peer's link comes from there: %s", list)
	}
}
