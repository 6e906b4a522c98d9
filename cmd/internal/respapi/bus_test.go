package respapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"picket/monitor"
	"picket/monitor/resp"
)

// stall keeps the bus from delivering until the returned function is called.
func (h *house) stall() (release func()) {
	stalled, released := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.bus.do(func() { close(stalled); <-released })
	}()
	<-stalled
	return func() { close(released); <-done }
}

// Publish returns though nothing is delivered at all. Beyond the limit the
// oldest events are lost; a subscriber gets the newest, in order, and the log
// says once that some are missing.
func TestPublishNeverWaits(t *testing.T) {
	const events, limit = 10_000, 64 << 10
	core, logs := observer.New(zapcore.WarnLevel)
	h := open(t, func(c *Config) { c.Log, c.Limits.Backlog = zap.New(core), limit })
	c := h.connect(t)
	c.ask("SUBSCRIBE +sdown")
	for burst := range 2 {
		release := h.stall()
		before := h.bus.lost.Load()
		for i := range events {
			h.Publish(event(i))
		}
		kept := events - int(h.bus.lost.Load()-before)
		if perEvent := len("+sdown") + len(event(events-1).Payload); kept < 1 || kept*perEvent > limit {
			t.Errorf("%d events are kept in %d bytes", kept, limit)
		}
		release()
		got := c.until([]byte(fmt.Sprintf("127.0.0.1 %d\r\n", events-1)))
		got = strings.TrimLeft(got, "\r\n")
		next := events - kept
		for _, part := range strings.Split(got, "master m ")[1:] {
			if want := fmt.Sprintf("127.0.0.1 %d\r\n", next); part != "" && !strings.HasPrefix(part, want) {
				t.Fatalf("got %q, want %q", part, want)
			}
			next++
		}
		if next < events-1 {
			t.Errorf("the last event before the mark was %d", next-1)
		}
		if n := logs.FilterMessage("events for subscribers are lost, they come faster than they can be delivered").Len(); n != burst+1 {
			t.Errorf("%d log lines after %d bursts", n, burst+1)
		}
		c.ask("PING") // the rest of the mark
	}
}

// Whatever waits, a subscriber gets what is published after its subscription
// was taken up and nothing from before; one that leaves gets all from before
// and nothing after. Orders and events keep their places.
func TestSubscriptionsKeepTheirPlaceAmongEvents(t *testing.T) {
	h := open(t, nil)
	early, late := h.connect(t), h.connect(t)
	early.ask("SUBSCRIBE +sdown")
	release := h.stall()
	h.Publish(event(1))
	late.send("SUBSCRIBE +sdown\r\n")
	h.awaitOrders(t, 1)
	h.Publish(event(2))
	early.send("UNSUBSCRIBE +sdown\r\n")
	h.awaitOrders(t, 2)
	h.Publish(event(3))
	release()
	h.settle()
	confirm := func(what string, n int) string {
		return fmt.Sprintf("*3\r\n$%d\r\n%s\r\n$6\r\n+sdown\r\n:%d\r\n", len(what), what, n)
	}
	message := func(n int) string { return string(resp.AppendCommand(nil, "message", "+sdown", event(n).Payload)) }
	if got, want := early.ask("PING"), message(1)+message(2)+confirm("unsubscribe", 0)+"+PONG\r\n"; got != want {
		t.Errorf("who left got %q\nwant %q", got, want)
	}
	want := confirm("subscribe", 1) + message(2) + message(3) + "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
	if got := late.ask("PING"); got != want {
		t.Errorf("who came got %q\nwant %q", got, want)
	}
}

// awaitOrders waits until so many orders stand behind the one that stalls the bus.
func (h *house) awaitOrders(t *testing.T, n int) {
	await(t, func() bool {
		h.bus.mu.Lock()
		defer h.bus.mu.Unlock()
		return h.bus.orders.len == n
	})
}

// What a pattern makes of a name is remembered; the answer is the same the
// second time, and beyond the names that can be remembered.
func TestPatternsRememberNames(t *testing.T) {
	h := open(t, nil)
	c := h.connect(t)
	c.ask("HELLO 3", "PSUBSCRIBE +*[13579]", "PSUBSCRIBE nothing")
	for range 2 {
		for i := range 2 * maxNames {
			h.Publish(monitor.Event{Name: fmt.Sprintf("+%d", i), Level: monitor.LevelNotice})
		}
	}
	h.settle()
	if got := strings.Count(c.ask("PING"), "pmessage"); got != 2*maxNames {
		t.Errorf("%d messages, want those of the odd names twice, %d", got, 2*maxNames)
	}
}

func TestSubscriptionLimits(t *testing.T) {
	confirm := func(what, name string, n int) string {
		return fmt.Sprintf("*3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n", len(what), what, len(name), name, n)
	}
	for name, test := range map[string]struct {
		limits Limits
		other  string // what another client asks before
		ask    []string
		want   string
	}{
		"length of a channel": {Limits{ChannelName: 2}, "PING", []string{"SUBSCRIBE abc", "SUBSCRIBE ab"},
			"-ERR the name of a channel may have at most 2 bytes\r\n" + confirm("subscribe", "ab", 1)},
		"length of a pattern": {Limits{PatternName: 2}, "PING", []string{"PSUBSCRIBE abc", "PSUBSCRIBE ab"},
			"-ERR a pattern may have at most 2 bytes\r\n" + confirm("psubscribe", "ab", 1)},
		"channels of a client": {Limits{Channels: 1}, "PING", []string{"SUBSCRIBE a", "SUBSCRIBE b a", "SUBSCRIBE a", "PSUBSCRIBE b", "UNSUBSCRIBE a", "SUBSCRIBE b"},
			confirm("subscribe", "a", 1) + "-ERR a client may have at most 1 channels\r\n" + confirm("subscribe", "a", 1) +
				confirm("psubscribe", "b", 2) + confirm("unsubscribe", "a", 1) + confirm("subscribe", "b", 2)},
		"patterns of a client": {Limits{Patterns: 1}, "PING", []string{"PSUBSCRIBE a", "PSUBSCRIBE b", "PUNSUBSCRIBE", "PSUBSCRIBE b"},
			confirm("psubscribe", "a", 1) + "-ERR a client may have at most 1 patterns\r\n" + confirm("punsubscribe", "a", 0) + confirm("psubscribe", "b", 1)},
		"patterns of all": {Limits{AllPatterns: 2}, "PSUBSCRIBE other", []string{"PSUBSCRIBE other", "PSUBSCRIBE a", "PSUBSCRIBE b", "PUNSUBSCRIBE other", "PSUBSCRIBE b"},
			confirm("psubscribe", "other", 1) + confirm("psubscribe", "a", 2) +
				"-ERR the monitor holds 2 patterns already, no more are taken\r\n" + confirm("punsubscribe", "other", 1) +
				"-ERR the monitor holds 2 patterns already, no more are taken\r\n"},
		"subscriptions of all": {Limits{AllSubscriptions: 2}, "SUBSCRIBE a", []string{"SUBSCRIBE a", "SUBSCRIBE b"},
			confirm("subscribe", "a", 1) + "-ERR the monitor holds 2 subscriptions already, no more are taken\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(c *Config) { c.Limits = test.limits })
			h.connect(t).ask(test.other)
			if got := h.connect(t).ask(test.ask...); got != test.want {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

// Who leaves takes its subscriptions along, and nobody else's.
func TestLeavingEndsSubscriptions(t *testing.T) {
	h := open(t, nil)
	stays, goes := h.connect(t), h.connect(t)
	stays.ask("PSUBSCRIBE +*", "SUBSCRIBE +sdown")
	goes.ask("PSUBSCRIBE +* -*", "SUBSCRIBE +sdown +odown")
	if channels, patterns := h.bus.counts(); channels != 2 || patterns != 2 {
		t.Errorf("%d channels and %d patterns, want 2 and 2", channels, patterns)
	}
	_ = goes.nc.Close()
	await(t, func() bool { return h.clientCount() == 1 })
	if channels, patterns := h.bus.counts(); channels != 1 || patterns != 1 || h.bus.order.Len() != 1 || h.bus.subscriptions != 2 {
		t.Errorf("%d channels, %d patterns and %d subscriptions left, want 1, 1 and 2", channels, patterns, h.bus.subscriptions)
	}
	h.Publish(event(1))
	h.settle()
	if got := stays.ask("PING"); strings.Count(got, "message") != 2 {
		t.Errorf("who stayed got %q", got)
	}
}

// BenchmarkPublish has 2000 subscribers to everything. What the decision loop
// pays is publish-ns; deliver-ns is what the bus takes after that.
func BenchmarkPublish(b *testing.B) {
	const subscribers = 2000
	h := open(b, func(c *Config) { c.Log, c.Limits.QueuedEvents = zap.NewNop(), 16<<20 })
	for range subscribers {
		c := h.connect(b)
		_ = c.nc.SetDeadline(time.Time{})
		c.ask("PSUBSCRIBE +*")
		go func() {
			for buf := make([]byte, 4096); ; {
				if _, err := c.nc.Read(buf); err != nil {
					return
				}
			}
		}()
	}
	var publish, deliver time.Duration
	for b.Loop() {
		began := time.Now()
		h.Publish(event(1))
		published := time.Now()
		h.settle()
		publish, deliver = publish+published.Sub(began), deliver+time.Since(published)
	}
	b.ReportMetric(float64(publish)/float64(b.N), "publish-ns")
	b.ReportMetric(float64(deliver)/float64(b.N), "deliver-ns")
	if n := h.stats.dropped.Load(); n != 0 {
		b.Errorf("%d subscribers were dropped", n)
	}
}
