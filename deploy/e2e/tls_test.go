package e2e

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

// startSecured runs a group in which everybody speaks TLS alone and shows a certificate.
func startSecured(t *testing.T, cfg lab.GroupConfig) (*scene, *lab.TLS) {
	t.Helper()
	authority, err := lab.NewTLS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Redis.TLS, cfg.Monitor.TLS = authority, authority
	return start(t, cfg), authority
}

func TestAGroupOverTLSFailsOver(t *testing.T) {
	t.Parallel()
	s, _ := startSecured(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
	s.must(s.Master.Start(s.ctx))
	s.must(s.Master.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
}

func TestAGroupOverTLSWithARedisSentinelFailsOver(t *testing.T) {
	t.Parallel()
	s, authority := startSecured(t, lab.GroupConfig{Replicas: 1, Monitors: 2})
	foreign := s.add(lab.MonitorConfig{Program: sentinel, TLS: authority})
	s.must(s.WaitKnown(s.ctx))
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	if addr, err := foreign.MasterAddr(s.ctx); err != nil || addr != sw.New.Addr() {
		t.Errorf("redis-sentinel answers %s, %v", addr, err)
	}
}

func TestAScriptIsWaitedForOverTLS(t *testing.T) {
	t.Parallel()
	s, _ := startSecured(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Redis: lab.RedisConfig{Threshold: 3 * time.Second}})
	s.blocked(s.Master, lab.Writing(6*time.Second, "eval", 500), "master mymaster")
	s.everywhere("eval", 500)
}

// A link that is lost while the master does not talk comes up again as far as its kernel
// takes it: without a handshake there is no reply, but the silence is told from death.
func TestALinkLostDuringAScriptIsNoDeathOverTLS(t *testing.T) {
	t.Parallel()
	s, _ := startSecured(t, lab.GroupConfig{Replicas: 1, Monitors: 3, Redis: lab.RedisConfig{Threshold: 8 * time.Second}})
	marks := s.Marks()
	door, err := s.Master.Dial(s.ctx)
	s.must(err)
	defer door.Close()
	// One transaction cuts all other links and then keeps the server from talking.
	for _, command := range [][]string{{"MULTI"}, {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}, {"DEBUG", "SLEEP", "6"}} {
		if _, err := door.Do(s.ctx, command...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := door.Do(s.ctx, "EXEC"); err != nil {
		t.Fatal(err)
	}
	s.wait(marks, lab.On("-silent", "master mymaster"))
	s.none(marks, alarms...)
	s.agreed(s.Master)
}

// shown is the number of the certificate that a server shows.
func (s *scene) shown(authority *lab.TLS, addr string) int64 {
	cfg, err := authority.Client()
	if err != nil {
		return -1
	}
	d := tls.Dialer{Config: cfg}
	c, err := d.DialContext(s.ctx, "tcp", addr)
	if err != nil {
		return -1
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificatesAreReplacedWhileMonitorsRun(t *testing.T) {
	t.Parallel()
	s, authority := startSecured(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	marks := s.Marks()
	s.must(authority.Issue("client"))
	s.must(authority.Issue("server"))
	for _, m := range s.Monitors {
		s.must(lab.Poll(s.ctx, m.Name()+" shows its new certificate", func(context.Context) bool {
			return s.shown(authority, m.Addr()) == authority.Serial()
		}))
	}
	s.none(marks, alarms...)
	marks = s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
}

// A certificate that nobody takes is no death of those who refuse it, and one that they
// take is used as soon as it lies there.
func TestACertificateThatIsRefusedIsNoDeath(t *testing.T) {
	t.Parallel()
	s, authority := startSecured(t, lab.GroupConfig{Replicas: 1, Monitors: 2})
	stranger, err := lab.NewTLS(t.TempDir())
	s.must(err)
	m := s.add(lab.MonitorConfig{TLS: authority, Lines: []string{
		"tls-client-cert-file " + stranger.Dir + "/client.crt", "tls-client-key-file " + stranger.Dir + "/client.key"}})
	s.logged(m, "+auth-error", "master mymaster", "tls-handshake")
	s.flagged(m, "master,disconnected")
	time.Sleep(2 * time.Second) // twice down-after
	s.none(make([]int, len(s.Monitors)), alarms...)
	mark := m.Events.Mark()
	for _, name := range []string{"client.key", "client.crt"} {
		text, err := os.ReadFile(filepath.Join(authority.Dir, name))
		s.must(err)
		s.must(os.WriteFile(filepath.Join(stranger.Dir, name), text, 0o600))
	}
	s.must(m.Signal(syscall.SIGHUP))
	s.waitOne(m, mark, lab.On("-auth-error", "master mymaster"))
	s.must(s.WaitKnown(s.ctx))
}

// What is wrong at a start is said in words that name the directive and the file, and
// the monitor ends before it has touched anything.
func TestTLSThatIsWrongStopsTheStart(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{})
	authority, err := lab.NewTLS(t.TempDir())
	s.must(err)
	for line, want := range map[string]string{
		"tls-cert-file /no/such.crt":                    "/no/such.crt",
		"tls-key-file " + authority.Dir + "/client.key": "does not match",
		"tls-ca-cert-file " + authority.Dir + "/nobody": "tls-ca-cert-file",
		"tls-protocols TLSv1.4":                         "tls-protocols",
	} {
		m, err := s.lab.NewMonitor(lab.MonitorConfig{Program: program, TLS: authority, Lines: []string{line},
			Watch: lab.Watch{Master: s.Master.Host, Port: s.Master.Port}})
		s.must(err)
		before, err := os.ReadFile(m.Conf)
		s.must(err)
		s.must(m.Process.Start())
		s.must(m.WaitExit(s.ctx))
		after, err := os.ReadFile(m.Conf)
		s.must(err)
		if m.ExitCode() != 1 || !strings.Contains(m.LogText(), want) || string(before) != string(after) {
			t.Errorf("%s: ended with %d: %s", line, m.ExitCode(), m.LogText())
		}
	}
}
