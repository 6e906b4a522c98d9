package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

func TestAnOperatorsFailoverSwitchesAHealthyMaster(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	old := s.Master
	w := s.lab.StartWriter("writes", time.Millisecond, lab.Pinned(old))
	s.must(w.WaitAcks(s.ctx, 50))
	marks := s.Marks()
	asked := time.Now()
	s.do(s.Monitors[1], "SENTINEL", "FAILOVER", "mymaster")
	sw := s.switched(old, marks)
	s.quicker("promoted", sw.Promoted.Sub(asked), time.Second)
	s.must(old.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
	s.unpaused(old)
	log := w.Stop()
	s.quicker("the old master acknowledged writes for", lastAck(log).Sub(sw.Promoted), targetFenced)
	loss, err := lab.Check(s.ctx, sw.New, w.Key, log)
	s.must(err)
	t.Log(loss)
	s.agreed(sw.New)
	// The epoch was won by votes: another monitor voted for the one that was asked.
	id := s.do(s.Monitors[1], "SENTINEL", "MYID")
	votes := 0
	for _, i := range []int{0, 2} {
		votes += len(s.Monitors[i].Events.Find(lab.On("+vote-for-leader", id)))
	}
	if votes == 0 {
		t.Error("no other monitor voted for this failover")
	}
	s.none(marks, "+odown")
}

func TestAnOperatorsFailoverIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Monitors: 3})
	for _, tt := range []struct{ group, want string }{
		{"mymaster", "NOGOODSLAVE No suitable replica to promote"},
		{"nobody", "ERR No such master with that name"},
	} {
		_, err := s.Monitors[0].Sentinel(s.ctx, "FAILOVER", tt.group)
		var reply lab.ReplyError
		if !errors.As(err, &reply) || !strings.HasPrefix(string(reply), tt.want) {
			t.Errorf("FAILOVER %s: %v, want %s", tt.group, err, tt.want)
		}
	}
}

// The two users that redis-sentinel's documentation gives: the comment in
// sentinel.conf, and the page on Sentinel of redis.io.
func TestTheUserOfRedisSentinelsDocumentationSuffices(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]string{
		"sentinel.conf": "+client +subscribe +publish +ping +info +multi +slaveof +config +client +exec on allchannels",
		"redis.io": "on allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info " +
			"+client|setname +client|kill +script|kill",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3,
				Redis: lab.RedisConfig{Lines: []string{"user watcher >secret " + rules}},
				Monitor: lab.MonitorConfig{Lines: []string{
					"sentinel auth-user mymaster watcher", "sentinel auth-pass mymaster secret"}}})
			s.blocked(s.Master, lab.Writing(3*time.Second, "eval", 10), "master mymaster")
			marks := s.Marks()
			old := s.Master
			s.must(old.Freeze())
			sw := s.switched(old, marks)
			for _, r := range s.Replicas {
				if r != sw.New {
					s.must(r.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
				}
			}
			s.must(old.Thaw())
			s.must(old.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
			s.agreed(sw.New)
			if name == "redis.io" { // it may not CONFIG GET
				if n := len(s.Monitors[0].Events.Find(lab.On("+config-warning", "config|get"))); n == 0 {
					t.Error("no +config-warning names the missing rule config|get")
				}
			}
			for _, m := range s.Monitors {
				if strings.Contains(m.LogText(), "secret") {
					t.Errorf("the log of %s tells the password", m.Name())
				}
			}
		})
	}
}
