package act

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/monitor/resp"
	"picket/monitor/resp/resptest"
)

// A server that announces more than a reply may hold costs the connection, not our
// memory. What is known of the order is what would be known had it hung up.
func TestGreedyServer(t *testing.T) {
	for name, header := range resptest.Greedy {
		header = strings.TrimSuffix(header, "\r\n") // a script's replies have none
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
					cost := resptest.Allocated(func() { res, err = a.Promote(t.Context(), somewhere, monitor.Never) })
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
		l, _ := scripted(script{"HELLO": "*0", "CLIENT": "+OK", "INFO": strings.TrimSpace(resptest.Greedy["string"]), "SCRIPT": strings.TrimSpace(resptest.Greedy["array"])})
		a := newActor(t, l)
		cost := resptest.Allocated(func() {
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
