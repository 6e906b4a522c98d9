package respapi

import (
	"testing"
	"time"

	"picket/cmd/internal/scripts"
	"picket/monitor/resp"
)

type pendingScripts []scripts.Pending

func (p pendingScripts) PendingScripts() []scripts.Pending { return p }

// The shape is that of redis-sentinel 7.0.15: maps whose argv is an array and whose
// numbers are text.
func TestPendingScripts(t *testing.T) {
	s := &Server{cfg: Config{Scripts: pendingScripts{
		{Argv: []string{"/n.sh", "+sdown", "master m"}, Running: true, PID: 77, RunTime: 1500 * time.Millisecond, Tries: 2},
		{Argv: []string{"/r.sh"}, Delay: 30 * time.Second, Tries: 1},
	}}}
	const running = "$4\r\nargv\r\n*3\r\n$5\r\n/n.sh\r\n$6\r\n+sdown\r\n$8\r\nmaster m\r\n$5\r\nflags\r\n$7\r\nrunning\r\n" +
		"$3\r\npid\r\n$2\r\n77\r\n$8\r\nrun-time\r\n$4\r\n1500\r\n$9\r\nretry-num\r\n$1\r\n2\r\n"
	const waiting = "$4\r\nargv\r\n*1\r\n$5\r\n/r.sh\r\n$5\r\nflags\r\n$9\r\nscheduled\r\n" +
		"$3\r\npid\r\n$1\r\n0\r\n$9\r\nrun-delay\r\n$5\r\n30000\r\n$9\r\nretry-num\r\n$1\r\n1\r\n"
	for proto, want := range map[resp.Proto]string{
		resp.RESP2: "*2\r\n*10\r\n" + running + "*10\r\n" + waiting,
		resp.RESP3: "*2\r\n%5\r\n" + running + "%5\r\n" + waiting,
	} {
		c := &call{reply: reply{proto: proto}}
		s.sentinelPendingScripts(c)
		if got := string(c.buf); got != want {
			t.Errorf("RESP%v\ngot  %q\nwant %q", proto, got, want)
		}
	}
	c := &call{reply: reply{proto: resp.RESP2}}
	if (&Server{}).sentinelPendingScripts(c); string(c.buf) != "*0\r\n" {
		t.Errorf("without scripts: %q", c.buf)
	}
}
