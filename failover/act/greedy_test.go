package act

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/monitor/resp"
)

// Headers that announce 64 MiB to go-redis, which would allocate them at once: much
// more than a server may, and little enough for a test that fails.
var greedy = map[string]string{
	"string":     "$67108864",
	"blob error": "!67108864",
	"verbatim":   "=67108864",
	"array":      "*4194304",
	"map":        "%4194304",
	"attribute":  "|1\r\n+k\r\n$67108864",
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A server that announces more than a reply may hold costs the connection, not our
// memory. What is known of the order is what would be known had it hung up.
func TestGreedyServer(t *testing.T) {
	for name, header := range greedy {
		for _, c := range []struct {
			at     string
			script script
			want   Outcome
		}{
			{"the handshake", script{"HELLO": header}, NotSent},
			{"MULTI", script{"HELLO": "*0", "MULTI": header}, Unknown},
			{"EXEC", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": header}, Unknown},
			{"an element of EXEC", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": "*4\r\n+OK\r\n" + header}, Unknown},
			{"EXEC, after SLAVEOF was refused", script{"HELLO": "*0", "MULTI": "+OK", "SLAVEOF": "-BUSY no", "EXEC": header}, Refused},
		} {
			t.Run(name+" at "+c.at, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, _ := scripted(c.script)
					a := newActor(t, l)
					var res Result
					var err error
					cost := allocated(func() { res, err = a.Promote(t.Context(), somewhere, monitor.Never) })
					if res.Outcome != c.want || err == nil {
						t.Errorf("%+v, %v; want %v", res, err, c.want)
					}
					if _, is := errors.AsType[resp.ProtocolError](err); !is && c.want != Refused {
						t.Errorf("error %v, want it to name what the server did", err)
					}
					if cost > 8<<20 {
						t.Errorf("it made us allocate %d bytes", cost)
					}
				})
			})
		}
	}
}

func TestGreedyServerIsFencedAndKilledInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := scripted(script{"HELLO": "*0", "CLIENT": "+OK", "INFO": greedy["string"], "SCRIPT": greedy["array"]})
		a := newActor(t, l)
		cost := allocated(func() {
			if res, err := a.Fence(t.Context(), somewhere, time.Second); res.Reply != monitor.ReplyNone || err == nil {
				t.Errorf("fence: %+v, %v", res, err)
			}
			if res, err := a.Kill(t.Context(), somewhere, KillScript); res.Outcome != KillUnknown || err == nil {
				t.Errorf("kill: %+v, %v", res, err)
			}
		})
		if cost > 8<<20 {
			t.Errorf("it made us allocate %d bytes", cost)
		}
	})
}
