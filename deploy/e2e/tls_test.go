package e2e

import (
	"context"
	"crypto/tls"
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
