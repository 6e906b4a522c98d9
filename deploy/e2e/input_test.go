package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// memory is the monitor's resident memory in bytes.
func (s *scene) memory(m *lab.Monitor) int {
	s.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", m.PID()))
	s.must(err)
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	s.must(err)
	return pages * os.Getpagesize()
}

// answers shows that a monitor serves others well.
func (s *scene) answers(m *lab.Monitor) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 2*time.Second)
	defer cancel()
	if addr, err := m.MasterAddr(ctx); err != nil || addr != s.Master.Addr() {
		s.Errorf("%s answers %q, %v", m.Name(), addr, err)
	}
}

func TestMalformedInputClosesItsOwnConnectionOnly(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 1})
	m := s.Monitors[0]
	before := s.memory(m)
	for _, input := range []string{
		"*1\r\n$-5\r\n",
		"*1\r\nPING\r\n",
		"*3\r\n$abc\r\n",
		"*2000000000\r\n",
		"*99999999999999999999\r\n",
		"*1\r\n$2000000000\r\n",
		strings.Repeat("a", 1<<20),
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		c, err := m.Dial(s.ctx)
		s.must(err)
		c.SetDeadline(time.Now().Add(10 * time.Second))
		c.Write([]byte(input)) // it may be closed before all is written
		if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%.30q: %v, want the connection closed", input, err)
		}
		c.Close()
		s.answers(m)
	}
	if grown := s.memory(m) - before; grown > 64<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
}

func TestABulkThatDripsForeverCostsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 1})
	m := s.Monitors[0]
	before := s.memory(m)
	c, err := m.Dial(s.ctx)
	s.must(err)
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(20 * time.Second))
	c.Write([]byte("*2\r\n$4\r\nPING\r\n$1048576\r\n"))
	for range 20_000 {
		if _, err := c.Write([]byte("x")); err != nil {
			break
		}
	}
	s.answers(m)
	if grown := s.memory(m) - before; grown > 32<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
}

func TestASubscriberThatNeverReadsIsDropped(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 1})
	m := s.Monitors[0]
	deaf, err := m.Dial(s.ctx)
	s.must(err)
	defer deaf.Close()
	s.must(deaf.Conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = deaf.Write(lab.Encode("PSUBSCRIBE", "*"))
	s.must(err)
	before := s.memory(m)

	// Events without end: +set, twice a command.
	c, err := m.Dial(s.ctx)
	s.must(err)
	defer c.Close()
	value := strings.Repeat("v", 4000)
	for range 8000 {
		_, err := c.Do(s.ctx, "SENTINEL", "SET", "mymaster", "auth-user", value)
		s.must(err)
	}
	s.answers(m)
	if grown := s.memory(m) - before; grown > 128<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
}

func TestHellosThatNobodyConfirmsChangeNothing(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	m := s.Monitors[0]
	marks := s.Marks()
	id := strings.Repeat("ab", 20)
	mine := s.do(m, "SENTINEL", "MYID")
	hello := func(f ...any) string { return strings.TrimSuffix(strings.Repeat("%v,", len(f)), ",") }
	for _, fields := range [][]any{
		{"127.0.0.1", 1, id, 5, "mymaster", "127.0.0.1", 1},                                              // 7 fields
		{"127.0.0.1", 1, id, "18446744073709551615", "mymaster", "127.0.0.1", 1, "18446744073709551615"}, // absurd epochs
		{"127.0.0.1", 1, id, "-1", "mymaster", "127.0.0.1", 1, "-1"},                                     // no numbers
		{"127.0.0.1", 1, id, 7, "mymaster", "127.0.0.1", 1, 7},                                           // nobody there
		{"127.0.0.1", s.Replicas[0].Port, id, 7, "mymaster", "127.0.0.1", s.Replicas[0].Port, 7},         // a redis, no monitor
		{"127.0.0.1", s.Monitors[1].Port, id, 7, "mymaster", "127.0.0.1", s.Replicas[0].Port, 7},         // another's address
		{"127.0.0.1", s.Monitors[1].Port, mine, 7, "mymaster", "127.0.0.1", s.Replicas[0].Port, 7},       // the receiver's own id
		{"127.0.0.1", 1, "x", 7, "mymaster", "127.0.0.1", 1, 7},                                          // no id
		{"127.0.0.1", 1, id, 7, "mymaster\r\nsentinel monitor evil 127.0.0.1 1 1", "127.0.0.1", 1, 7},    // a line to inject
		{strings.Repeat("h", 70000), 1, id, 7, "mymaster", "127.0.0.1", 1, 7},                            // very long
	} {
		text := fmt.Sprintf(hello(fields...), fields...)
		s.do(m, "PUBLISH", "__sentinel__:hello", text)
		s.do(s.Master, "PUBLISH", "__sentinel__:hello", text)
	}
	if _, err := m.Do(s.ctx, "PUBLISH", "other", "x"); err == nil {
		t.Error("PUBLISH to another channel was accepted")
	}
	time.Sleep(3 * time.Second)
	s.none(marks, "+switch-master", "+new-epoch", "+sentinel", "+sentinel-address-switch", "+config-update-from")
	for _, m := range s.Monitors {
		s.answers(m)
		f, err := m.Master(s.ctx)
		s.must(err)
		if f["num-other-sentinels"] != "2" || f["config-epoch"] != "0" {
			t.Errorf("%s knows %s other monitors and has configuration epoch %s",
				m.Name(), f["num-other-sentinels"], f["config-epoch"])
		}
	}
}

func TestAnInfoThatIsCutOffHarmsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 3})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	defer l.Close()
	go serve(l, halfInfo)
	m := s.Monitors[0]
	s.do(m, "SENTINEL", "MONITOR", "half", "127.0.0.1", itoa(l.Addr().(*net.TCPAddr).Port), "1")
	marks := s.Marks()
	time.Sleep(3 * time.Second)
	s.answers(m)
	s.do(m, "SENTINEL", "MASTER", "half")
	s.none(marks, "+switch-master", "+sdown")
	s.do(m, "SENTINEL", "REMOVE", "half")
	s.answers(m)
}

// halfInfo is a server that answers everything, and INFO with the half of what it announces.
func halfInfo(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		var n int
		if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
			return
		}
		var name string
		for i := range n {
			var size int
			if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
				return
			}
			arg := make([]byte, size+2)
			if _, err := io.ReadFull(r, arg); err != nil {
				return
			}
			if i == 0 {
				name = string(bytes.ToUpper(arg[:size]))
			}
		}
		switch name {
		case "PING":
			fmt.Fprint(c, "+PONG\r\n")
		case "INFO":
			fmt.Fprint(c, "$2000\r\n# Server\r\nrun_id:", strings.Repeat("a", 40), "\r\nrole:sla")
			return
		default:
			fmt.Fprint(c, "-ERR unknown command\r\n")
		}
	}
}
