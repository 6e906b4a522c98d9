package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"picket/deploy/lab"
)

func TestPicketRunsWhereRedisSentinelRan(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "redis-sentinel")
	if err := os.Symlink(picket.Binary, link); err != nil {
		t.Fatal(err)
	}
	// Its command line, its configuration file, nothing of Picket's own.
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3,
		Monitor: lab.MonitorConfig{Program: lab.RedisSentinel{Binary: link}}})
	marks := s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
}

func TestPicketsAndARedisSentinelFailOverTogether(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Monitors: 2})
	s.must(s.StartMonitors(s.ctx))
	foreign := s.add(lab.MonitorConfig{Program: sentinel})
	s.must(s.WaitKnown(s.ctx))
	for _, m := range s.Monitors[:2] {
		s.waitOne(m, 0, lab.On("+config-warning", "redis-sentinel"))
	}
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.agreed(sw.New)
	if addr, err := foreign.MasterAddr(s.ctx); err != nil || addr != sw.New.Addr() {
		t.Errorf("redis-sentinel answers %s, %v", addr, err)
	}
}
