package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"picket/deploy/lab"
)

func TestRedisCLISeesTheEventsInBothProtocols(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	m := s.Monitors[0]
	dir := t.TempDir()
	outputs := map[string]string{}
	for name, flag := range map[string]string{"RESP2": "-2", "RESP3": "-3"} {
		out := filepath.Join(dir, name)
		p, err := s.lab.Process(lab.Spec{Name: "redis-cli " + flag, Dir: dir, Log: out,
			Argv: []string{s.lab.Binaries().CLI, flag, "-h", m.Host, "-p", itoa(m.Port), "PSUBSCRIBE", "*"}})
		s.must(err)
		s.must(p.Start())
		outputs[name] = out
	}
	shows := func(text string) {
		for name, out := range outputs {
			s.must(lab.Poll(s.ctx, "redis-cli in "+name+" shows "+text, func(context.Context) bool {
				b, _ := os.ReadFile(out)
				return strings.Contains(string(b), text)
			}))
		}
	}
	shows("psubscribe")
	s.Master.Kill()
	for _, channel := range []string{"+sdown", "+odown", "+switch-master"} {
		shows(channel)
	}
	shows("mymaster " + s.Master.Host + " " + itoa(s.Master.Port) + " " + s.Replicas[0].Host + " " + itoa(s.Replicas[0].Port))
}

func TestRedisCLITalksToAMonitor(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	cli := func(args ...string) string {
		m := s.Monitors[0]
		args = append([]string{"-h", m.Host, "-p", itoa(m.Port)}, args...)
		out, err := exec.CommandContext(s.ctx, s.lab.Binaries().CLI, args...).CombinedOutput()
		if err != nil {
			t.Errorf("redis-cli %q: %v: %s", args, err, out)
		}
		return string(out)
	}
	if out := cli("SENTINEL", "get-master-addr-by-name", "mymaster"); !strings.Contains(out, itoa(s.Master.Port)) {
		t.Errorf("get-master-addr-by-name: %s", out)
	}
	if out := cli("SENTINEL", "CKQUORUM", "mymaster"); !strings.HasPrefix(out, "OK 3 usable Sentinels.") {
		t.Errorf("CKQUORUM: %s", out)
	}
	if out := cli("-3", "--no-raw", "SENTINEL", "MASTER", "mymaster"); !strings.Contains(out, `"num-other-sentinels" => "2"`) {
		t.Errorf("MASTER in RESP3: %s", out)
	}
	if out := cli("SENTINEL", "MASTER", "nobody"); !strings.Contains(out, "ERR No such master with that name") {
		t.Errorf("MASTER of an unknown group: %s", out)
	}
}

func TestAnUntouchedFailoverClientWritesThroughAFailover(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	w := s.lab.StartWriter("writes", time.Millisecond, s.Failover())
	s.must(w.WaitAcks(s.ctx, 100))
	marks := s.Marks()
	s.Master.Kill()
	sw := s.switched(s.Master, marks)
	s.must(w.WaitAcks(s.ctx, 100))
	log := w.Stop()
	loss, err := lab.Check(s.ctx, sw.New, w.Key, log)
	s.must(err)
	t.Logf("%v; longest time without an acknowledgement %v", loss, lab.LongestGap(log))
	if len(loss.Resurrected) > 0 {
		t.Errorf("refused writes came back: %v", loss.Resurrected)
	}

	// The same client library asks the monitors themselves.
	c := redis.NewSentinelClient(&redis.Options{Addr: s.Monitors[0].Addr()})
	defer c.Close()
	addr, err := c.GetMasterAddrByName(s.ctx, "mymaster").Result()
	s.must(err)
	if got := strings.Join(addr, ":"); got != sw.New.Addr() {
		t.Errorf("the master is %s, want %s", got, sw.New.Addr())
	}
	peers, err := c.Sentinels(s.ctx, "mymaster").Result()
	s.must(err)
	if len(peers) != 2 {
		t.Errorf("%d other monitors, want 2", len(peers))
	}
}
