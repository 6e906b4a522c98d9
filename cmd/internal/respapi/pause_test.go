package respapi

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Everybody's commands wait for the end of a pause, or for that of their own
// connection; a second pause makes it longer and stricter, never the other way.
func TestPauseHoldsCommandsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		c, other := h.connect(t), h.connect(t)
		c.ask("CLIENT PAUSE 3000", "CLIENT ID")
		began := time.Now()
		h.pauses.add(pauseAll, 4*time.Second)
		h.pauses.add(pauseWrite, time.Second)
		if got := other.ask("PING"); got != "+PONG\r\n" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("after %s, want 4s", took)
		}
	})
}

func TestPauseOfWritesHoldsPublishBackAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		c := h.connect(t)
		began := time.Now()
		if got := c.ask("CLIENT PAUSE 3000 WRITE", "PING"); got != "+OK\r\n+PONG\r\n" || time.Since(began) != 0 {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
		if got := c.ask("PUBLISH __sentinel__:hello x"); got != ":1\r\n" || time.Since(began) != 3*time.Second {
			t.Errorf("got %q after %s, want 3s", got, time.Since(began))
		}
	})
}

// Who waits for the end of a pause is shown, goes on at once when it is ended, and
// leaves at once when it is killed.
func TestPauseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		waits, killed := h.connect(t), h.connect(t)
		waits.ask("PING")
		killed.ask("PING")
		h.pauses.add(pauseAll, time.Hour)
		waits.send("PING\r\n")
		killed.send("PING\r\n")
		synctest.Wait()
		if p := h.clients()[0].snapshot(); p.flags(false) != "b" {
			t.Errorf("flags %q while it waits, want b", p.flags(false))
		}
		h.clients()[1].out.abort()
		if got := killed.until([]byte("never")); got != "<closed>\r\n" {
			t.Errorf("who was killed got %q", got)
		}
		began := time.Now()
		h.pauses.end()
		if got := waits.until([]byte("+PONG\r\n")); got != "" {
			t.Errorf("who waited got %q before its answer", got)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("after %s, want at once", took)
		}
	})
}

// Who waits and leaves is not kept until the pause ends, whatever it sent before.
func TestLeavingEndsThePauseForOneself(t *testing.T) {
	for name, sent := range map[string]string{
		"one command": "PING\r\n", "more than is read at once": "PING\r\n" + strings.Repeat("PING\r\n", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, nil)
			nc := h.dial(t)
			h.pauses.add(pauseAll, time.Hour)
			if _, err := nc.Write([]byte(sent)); err != nil {
				t.Fatal(err)
			}
			await(t, func() bool { return h.clientCount() == 1 && h.clients()[0].snapshot().paused })
			if err := nc.Close(); err != nil {
				t.Fatal(err)
			}
			await(t, func() bool { return h.clientCount() == 0 })
		})
	}
}

// dial connects over a socket, which a pipe is not.
func (h *house) dial(t *testing.T) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(ln) }()
	t.Cleanup(func() { h.Close(); <-served })
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// A second counts for INFO once it is over, and for one second.
func TestRates(t *testing.T) {
	var r rates
	at := time.Unix(1000, 0)
	r.add(at, tally{commands: 2, in: 10})
	r.add(at.Add(900*time.Millisecond), tally{commands: 1, out: 5})
	for _, step := range []struct {
		after time.Duration
		want  tally
	}{
		{950 * time.Millisecond, tally{}}, {time.Second, tally{3, 10, 5}}, {1900 * time.Millisecond, tally{3, 10, 5}}, {2 * time.Second, tally{}},
	} {
		if got := r.read(at.Add(step.after)); got != step.want {
			t.Errorf("after %s: %+v, want %+v", step.after, got, step.want)
		}
	}
}
