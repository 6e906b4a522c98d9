package e2e

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"picket/deploy/lab"
)

// lastAck is when a writer was last answered that its write was made.
func lastAck(log []lab.Write) time.Time {
	var last time.Time
	for _, w := range log {
		if w.Outcome == lab.Acked && w.Done.After(last) {
			last = w.Done
		}
	}
	return last
}

func TestAMasterThatComesBackIsFencedAndItsDivergenceIsCounted(t *testing.T) {
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	old := s.Master
	w := s.lab.StartWriter("writes", time.Millisecond, lab.Pinned(old))
	s.must(w.WaitAcks(s.ctx, 100))

	marks := s.Marks()
	s.must(old.Freeze())
	sw := s.switched(old, marks)
	time.Sleep(500 * time.Millisecond)
	marks = s.Marks()
	resumed := time.Now()
	s.must(old.Thaw())
	s.must(old.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
	s.unpaused(old)
	log := w.Stop()
	s.quicker("the old master acknowledged writes for", lastAck(log).Sub(resumed), targetFenced)

	loss, err := lab.Check(s.ctx, sw.New, w.Key, log)
	s.must(err)
	t.Log(loss)
	if len(loss.Resurrected) > 0 {
		t.Errorf("refused writes came back: %v", loss.Resurrected)
	}
	s.divergence(marks, loss.LostBytes(w.Key))

	s.do(sw.New, "SET", "after", "1")
	s.must(old.WaitInfo(s.ctx, "takes the new master's stream", func(info map[string]string) bool {
		return info["slave_repl_offset"] == s.info(sw.New, "master_repl_offset")
	}))
}

// divergence waits for the one +divergence and compares it with the bytes of the
// writes that were acknowledged and lost. A master also streams what nobody
// wrote: a PING to its replicas, a SELECT, and the hellos of the monitors, which
// wait in its sockets while it is stopped.
func (s *scene) divergence(marks []int, lost int64) {
	s.Helper()
	var found []lab.Event
	s.must(lab.Poll(s.ctx, "an event +divergence", func(context.Context) bool {
		found = nil
		for i, m := range s.Monitors {
			for _, ev := range m.Events.All()[marks[i]:] {
				if ev.Channel == "+divergence" {
					found = append(found, ev)
				}
			}
		}
		return len(found) > 0
	}))
	if len(found) > 1 {
		s.Errorf("%d monitors published +divergence, want one: %v", len(found), found)
	}
	bytes, ok := field(found[0].Payload, "bytes")
	if !ok {
		s.Fatalf("no bytes=… in %v", found[0])
	}
	said, err := strconv.ParseInt(bytes, 10, 64)
	s.must(err)
	if !s.streamed(said - lost) {
		s.Errorf("+divergence says %d bytes, the writer lost %d", said, lost)
	}
	s.Logf("%v; the writer lost %d bytes", found[0], lost)
}

// streamed tells whether so many bytes can be a few commands of the master's own.
func (s *scene) streamed(bytes int64) bool {
	ping, selects := int64(len(lab.Encode("PING"))), int64(len(lab.Encode("SELECT", "0")))
	m := s.Monitors[0] // all ports have five digits, and the epochs one
	hello := int64(len(lab.Encode("PUBLISH", "__sentinel__:hello", fmt.Sprintf("%s,%d,%040d,0,%s,%s,%d,0",
		m.Host, m.Port, 0, m.Group, s.Master.Host, s.Master.Port))))
	for hellos := range int64(2*len(s.Monitors) + 1) {
		for pings := range int64(3) {
			rest := bytes - hellos*hello - pings*ping
			if rest == 0 || rest == selects {
				return true
			}
		}
	}
	return false
}

// unpaused shows that no CLIENT PAUSE was left behind: PUBLISH waits behind one
// and, unlike a write, is not refused by a replica before that.
func (s *scene) unpaused(r *lab.Redis) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := r.Do(ctx, "PUBLISH", "unpaused", "1"); err != nil {
		s.Errorf("%s is paused still: %v", r.Addr(), err)
	}
}

func TestAMasterRestartedAfterItWasReplacedIsDemoted(t *testing.T) {
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3})
	old := s.Master
	marks := s.Marks()
	old.Kill()
	sw := s.switched(old, marks)
	w := s.lab.StartWriter("writes", time.Millisecond, lab.Pinned(old))
	marks = s.Marks()
	restarted := time.Now()
	s.must(old.Start(s.ctx))
	s.must(old.WaitInfo(s.ctx, "follows the new master", lab.Follows(sw.New)))
	log := w.Stop()
	if last := lastAck(log); !last.IsZero() {
		s.quicker("the old master acknowledged writes for", last.Sub(restarted), targetFenced)
	}
	for i, m := range s.Monitors {
		for _, ev := range m.Events.All()[marks[i]:] {
			if ev.Channel == "+divergence" {
				t.Log(ev)
				if !lab.On("+divergence", "unknown", "reason=restarted")(ev) {
					t.Errorf("%v: want unknown reason=restarted", ev)
				}
				return
			}
		}
	}
	t.Error("no monitor published +divergence")
}
