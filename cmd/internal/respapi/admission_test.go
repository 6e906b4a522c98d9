package respapi

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
)

// from is a connection that says it comes from somewhere.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

func TestProtectedModeKeepsOtherMachinesOutWhileThereIsNoPassword(t *testing.T) {
	far, near := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9)}, &net.TCPAddr{IP: net.IPv6loopback}
	for _, tt := range []struct {
		name      string
		protected bool
		password  string
		addr      net.Addr
		denied    bool
	}{
		{"another machine", true, "", far, true},
		{"another machine, with a password", true, "secret", far, false},
		{"another machine, not protected", false, "", far, false},
		{"this machine", true, "", near, false},
		{"a Unix socket", true, "", &net.UnixAddr{Name: "s"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, func(c *Config) { c.ProtectedMode, c.Password = tt.protected, tt.password })
			here, there := net.Pipe()
			defer here.Close()
			h.door.conns <- from{there, tt.addr}
			c := &client{t: t, nc: here}
			got := c.ask("AUTH secret", "PING")
			if denied := strings.HasPrefix(got, "-DENIED Redis is running in protected mode"); denied != tt.denied {
				t.Errorf("answered %q", got)
			}
			if closed := strings.HasSuffix(got, "<closed>\r\n"); closed != tt.denied {
				t.Errorf("closed: %t", closed)
			}
		})
	}
}

func TestIdleClientsAreClosedSubscribersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		born := time.Now()
		h := open(t, func(c *Config) {
			c.IdleTimeout = 3 * time.Second
			c.Clock = func() monitor.Instant { return monitor.Instant(time.Since(born)) + 1 }
		})
		idle, busy, listener := h.connect(t), h.connect(t), h.connect(t)
		idle.ask("PING")
		listener.ask("SUBSCRIBE +sdown")
		for range 5 {
			busy.ask("PING")
			<-time.After(time.Second) // virtual
		}
		synctest.Wait()
		if got := idle.until([]byte("never")); got != "<closed>\r\n" {
			t.Errorf("the idle one read %q", got)
		}
		if n := h.clientCount(); n != 2 {
			t.Errorf("%d clients are left, want the busy one and the subscriber", n)
		}
	})
}

func TestCommandsAreRenamed(t *testing.T) {
	h := open(t, func(c *Config) { c.Rename = map[string]string{"role": "", "ping": "info", "info": "ping"} })
	c := h.connect(t)
	if got := c.ask("Role"); !strings.HasPrefix(got, "-ERR unknown command 'Role'") {
		t.Errorf("a disabled command answers %q", got)
	}
	if got := c.ask("INFO"); got != "+PONG\r\n" {
		t.Errorf("PING, which is INFO now, answers %q", got)
	}
	if got := c.ask("PING server"); !strings.Contains(got, "redis_mode:sentinel") {
		t.Errorf("INFO, which is PING now, answers %q", got)
	}
}

// A subscriber may be behind for a while, and not for longer.
func TestTheSoftLimitOfASubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, func(c *Config) {
			c.Limits.QueuedEvents, c.Limits.SoftEvents, c.Limits.SoftFor = 1<<20, 1000, 5*time.Second
			c.Limits.WriteTimeout = time.Hour
		})
		slow := h.connect(t)
		slow.ask("SUBSCRIBE +sdown")
		for i := range 30 {
			h.Publish(event(i))
		}
		h.settle()
		if h.stats.dropped.Load() != 0 {
			t.Fatal("dropped at once")
		}
		<-time.After(6 * time.Second)
		h.Publish(event(0))
		h.settle()
		if h.stats.dropped.Load() != 1 {
			t.Error("not dropped after the time")
		}
	})
}

func TestAClientThatLeavesTooMuchUnreadIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, func(c *Config) { c.Limits.Unread = 3000 })
		greedy := h.connect(t)
		greedy.send(strings.Repeat("SENTINEL MASTERS\r\n", 50))
		synctest.Wait()
		if n := h.clientCount(); n != 0 {
			t.Errorf("%d clients are left", n)
		}
	})
}
