package probe

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"picket/monitor"
)

func TestJudgeAck(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name         string
		age, timeout time.Duration
		outstanding  int
		want         monitor.Ack
	}{
		{"all acknowledged, however old", time.Hour, 200 * ms, 0, monitor.AckAcked},
		{"too early to tell", 249 * ms, 100 * ms, 15, monitor.AckUnknown},
		{"a fast network", 251 * ms, 100 * ms, 15, monitor.AckUnacked},
		{"a slow network", 251 * ms, 200 * ms, 15, monitor.AckUnknown},
		{"a slow network, later", 401 * ms, 200 * ms, 15, monitor.AckUnacked},
	} {
		if got := judgeAck(c.age, c.timeout, c.outstanding); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The kernel doubles its timeout with every resend; the rule speaks of the one before.
func TestTimeoutIsThatBeforeBackOff(t *testing.T) {
	if got := timeout(&unix.TCPInfo{Rto: 1632000, Backoff: 3}); got != 204*time.Millisecond {
		t.Errorf("timeout %v, want 204ms", got)
	}
}
