package respapi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"picket/monitor"
)

func event(n int) monitor.Event {
	return monitor.Event{Name: "+sdown", Level: monitor.LevelWarning, Payload: fmt.Sprintf("master m 127.0.0.1 %d", n)}
}

// A subscriber that never reads is dropped when its queue is full. Publishing
// never waits for it, and the others get everything.
func TestSlowSubscriberIsDropped(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.QueuedEvents = 2000 })
	slow, quick := h.connect(t), h.connect(t)
	slow.ask("SUBSCRIBE +sdown")
	quick.ask("HELLO 3", "PSUBSCRIBE +*")
	for i := range 100 {
		h.Publish(event(i))
		got := quick.until([]byte(fmt.Sprintf("127.0.0.1 %d\r\n", i)))
		if !strings.HasPrefix(got, ">4\r\n$8\r\npmessage\r\n") {
			t.Fatalf("event %d came as %q", i, got)
		}
	}
	if got := h.stats.dropped.Load(); got != 1 {
		t.Errorf("%d subscribers dropped, want 1", got)
	}
	for i := 0; strings.Contains(quick.ask("CLIENT LIST"), "psub=0"); i++ {
		if i == 1000 {
			t.Fatal("the dropped subscriber is still listed")
		}
		runtime.Gosched()
	}
}

// A client that asks without reading is not answered without end: its commands wait.
func TestUnreadRepliesHoldBackCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, func(c *Config) { c.Limits.QueuedReplies = 1000 })
		greedy := h.connect(t)
		greedy.send(strings.Repeat("SENTINEL MASTERS\r\n", 500))
		synctest.Wait()
		if n := h.stats.commands.Load(); n > 4 {
			t.Errorf("%d commands were answered into the void", n)
		}
		greedy.send(marker + "\r\n")
		if got := strings.Count(greedy.until(endReply), "mymaster"); got != 500 {
			t.Errorf("%d replies once the client reads, want 500", got)
		}
	})
}

// What a client asked for and does not take for WriteTimeout ends it.
func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		silent := h.connect(t)
		silent.send("PING\r\n")
		<-time.After(9 * time.Second) // virtual
		synctest.Wait()
		if n := h.clientCount(); n != 1 {
			t.Fatalf("%d clients before the timeout, want 1", n)
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if n := h.clientCount(); n != 0 {
			t.Errorf("%d clients after the timeout, want none", n)
		}
	})
}

// An endless argument, dripped, costs its own bytes and ends with its sender's
// connection; others are served meanwhile.
func TestDrippedArgument(t *testing.T) {
	h := open(t, nil)
	drip, other := h.connect(t), h.connect(t)
	if _, err := drip.nc.Write([]byte("*1\r\n$1048576\r\n")); err != nil {
		t.Fatal(err)
	}
	for range 5000 {
		if _, err := drip.nc.Write([]byte{'x'}); err != nil {
			t.Fatal(err)
		}
	}
	if got := other.ask("PING"); got != "+PONG\r\n" {
		t.Errorf("meanwhile another client got %q", got)
	}
}

func TestMaxClients(t *testing.T) {
	h := open(t, func(c *Config) { c.MaxClients = 2 })
	first := h.connect(t)
	h.connect(t)
	third := h.connect(t)
	if got := third.until([]byte("never")); got != "-ERR max number of clients reached\r\n<closed>\r\n" {
		t.Errorf("one too many was told %q", got)
	}
	if got := first.ask("PING"); got != "+PONG\r\n" {
		t.Errorf("those inside get %q", got)
	}
}

// Of an option that is given again the last one counts, as in Redis; CLIENT LIST
// tells of an id as often as it is asked for.
func TestRepeatedClientFilters(t *testing.T) {
	h := open(t, nil)
	first, second, me := h.connect(t), h.connect(t), h.connect(t)
	if got := strings.Count(me.ask("CLIENT LIST ID 2 1 2"), "id=2 "); got != 2 {
		t.Errorf("listed %d times", got)
	}
	if got := me.ask("CLIENT KILL ID 1 ID 2"); got != ":1\r\n" {
		t.Errorf("KILL answers %q", got)
	}
	if got := second.until([]byte("never")); got != "<closed>\r\n" {
		t.Errorf("the second got %q", got)
	}
	if got := first.ask("PING"); got != "+PONG\r\n" {
		t.Errorf("the first got %q", got)
	}
}

// CLIENT LIST repeats what clients call themselves to everybody who asks.
func TestClientNamesAreBounded(t *testing.T) {
	c, long := open(t, nil).connect(t), strings.Repeat("n", maxClientName)
	for _, command := range []string{"CLIENT SETNAME ", "HELLO 2 SETNAME ", "CLIENT SETINFO LIB-NAME ", "CLIENT SETINFO LIB-VER "} {
		if got := c.ask(command + long + "n"); got != "-"+longName+"\r\n" {
			t.Errorf("%s of one byte too many: %q", command, got)
		}
		if got := c.ask(command + long); strings.HasPrefix(got, "-") {
			t.Errorf("%s: %q", command, got)
		}
	}
}

// A decision that does not come is given up, and the client is told.
func TestAnswerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		c := h.connect(t)
		began := time.Now()
		if got := c.ask("SENTINEL MONITOR hang 127.0.0.1 6379 1"); got != "-ERR the monitor is too busy to answer, try again\r\n" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("after %s, want 10s", took)
		}
	})
}

// Close does not wait for a decision, nor for anybody to read; goleak and the
// house's own check see to the rest.
func TestCloseEndsEverything(t *testing.T) {
	h := open(t, nil)
	hanging, unread, idle := h.connect(t), h.connect(t), h.connect(t)
	idle.ask("SUBSCRIBE +sdown")
	unread.send("PING\r\n")
	hanging.send("SENTINEL MONITOR hang 127.0.0.1 6379 1\r\n")
	<-h.asked
	h.Close()
	if got := idle.until([]byte("never")); got != "<closed>\r\n" {
		t.Errorf("the idle client read %q", got)
	}
	if err := h.Serve(newPipes()); err != nil {
		t.Errorf("Serve after Close: %v", err)
	}
	h.Publish(event(1)) // to nobody
}

// flaky is a listener that fails to accept as one does that is out of file descriptors.
type flaky struct {
	*pipes
	failures chan error
}

func (f *flaky) Accept() (net.Conn, error) {
	select {
	case err := <-f.failures:
		return nil, err
	default:
		return f.pipes.Accept()
	}
}

func TestAcceptErrorsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.WarnLevel)
		b := newBackend()
		s := New(Config{Reader: b, Operator: b, Peers: b, Knobs: b, Clock: clock, Log: zap.New(core)})
		ln := &flaky{newPipes(), make(chan error, 20)}
		for range 10 {
			ln.failures <- syscall.EMFILE
		}
		served := make(chan error)
		go func() { served <- s.Serve(ln) }()
		began := time.Now()
		h := &house{Server: s, backend: b, door: ln.pipes}
		if got := h.connect(t).ask("PING"); got != "+PONG\r\n" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("ten failures took %s, want 5+10+...+640 ms and then seconds", took)
		}
		if n := logs.FilterMessage("cannot accept a connection").Len(); n != 10 {
			t.Errorf("%d warnings, want 10", n)
		}
		_ = ln.Close()
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a listener closed by others ends Serve with %v", err)
		}
		s.Close()
	})
}

// Whatever bytes a client sends, the server neither falls nor stops serving others.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{"PING\r\nQUIT\r\n", "*2\r\n$8\r\nSENTINEL\r\n$7\r\nMASTERS\r\n", "HELLO 3\nPSUBSCRIBE * [ \\\n",
		"CLIENT KILL ID 1 SKIPME no\n", "SENTINEL IS-MASTER-DOWN-BY-ADDR a 1 -1 *\n", "COMMAND INFO client| |\nCOMMAND LIST FILTERBY PATTERN [^\n",
		"PUBLISH __sentinel__:hello ,,,,,,,\n", "SENTINEL PEER mymaster RELEASE a b\n", "*1\r\n$1048577\r\n", "\"\n", "INFO \xff\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h := open(t, func(c *Config) { c.Log = zap.NewNop() })
		hostile := h.connect(t)
		go func() { _, _ = io.Copy(io.Discard, hostile.nc) }()
		_, _ = hostile.nc.Write(in) // the server may have closed
		h.Publish(event(1))
		_ = hostile.nc.Close()
		await(t, func() bool { return h.clientCount() == 0 })
		if got := h.connect(t).ask("PING"); got != "+PONG\r\n" {
			t.Errorf("the next client gets %q", got)
		}
	})
}

func TestInfo(t *testing.T) {
	h := open(t, nil)
	c := h.connect(t)
	all := c.ask("INFO")
	for _, want := range []string{"# Server\r\nredis_version:7.0.15\r\n", "\r\nredis_mode:sentinel\r\n", "\r\n\r\n# Clients\r\nconnected_clients:1\r\n",
		"\r\n\r\n# Stats\r\n", "\r\n\r\n# CPU\r\nused_cpu_sys:", "\r\n\r\n# Sentinel\r\nsentinel_masters:2\r\n", "\r\nuptime_in_seconds:10\r\n",
		"\r\nconfig_file:/etc/picket/sentinel.conf\r\n", "\r\ntcp_port:26379\r\n", "\r\nrun_id:" + h.runID + "\r\n"} {
		if !strings.Contains(all, want) {
			t.Errorf("INFO lacks %q:\n%s", want, all)
		}
	}
	for _, same := range []string{"INFO all", "INFO everything cpu", "INFO DEFAULT"} {
		if got := c.ask(same); strings.Count(got, "\r\n# ") != 5 || !strings.HasPrefix(got, "$") {
			t.Errorf("%s has other sections than INFO: %s", same, got)
		}
	}
	if got := c.ask("INFO sentinel cpu"); strings.Index(got, "# CPU") > strings.Index(got, "# Sentinel") || strings.Contains(got, "# Server") {
		t.Errorf("sections are not in Sentinel's order: %s", got)
	}
}

// A connection that is being ended is gone for everybody, at once.
func TestAKilledConnectionIsGoneAtOnce(t *testing.T) {
	h := open(t, nil)
	admin := h.connect(t)
	admin.ask("PING")
	for id := 2; id < 50; id++ {
		h.connect(t).ask("PING")
		kill := "CLIENT KILL ID " + strconv.Itoa(id)
		if got := admin.ask(kill, kill, "CLIENT LIST ID "+strconv.Itoa(id)); got != ":1\r\n:0\r\n$0\r\n\r\n" {
			t.Fatalf("got %q", got)
		}
	}
}
