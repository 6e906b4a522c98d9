package ask

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// script answers one command with raw RESP; "" leaves it unanswered, closeNow closes
// the connection.
type script func(args []string) string

const closeNow = "close"

// scripted is a peer on in-memory connections.
type scripted struct {
	mu       sync.Mutex
	script   script
	commands []string // as received, without PING and HELLO
	dials    int
	open     map[net.Conn]bool
}

func (s *scripted) play(f script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = f
}

// received returns the commands since the last call.
func (s *scripted) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.commands
	s.commands = nil
	return got
}

func (s *scripted) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

func (s *scripted) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// hangUp closes all connections, as the end of the process does.
func (s *scripted) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Close()
	}
}

func (s *scripted) accept() net.Conn {
	ours, theirs := net.Pipe()
	s.mu.Lock()
	s.dials++
	s.open[theirs] = true
	s.mu.Unlock()
	queue := make(chan []string, 4096) // reading never waits for the client to read
	go s.read(theirs, queue)
	go s.write(theirs, queue)
	return ours
}

func (s *scripted) read(c net.Conn, queue chan<- []string) {
	defer close(queue)
	in := bufio.NewReader(c)
	for {
		args, err := readCommand(in)
		if err != nil {
			return
		}
		queue <- args
	}
}

func (s *scripted) write(c net.Conn, queue <-chan []string) {
	for args := range queue {
		s.mu.Lock()
		if args[0] != "PING" && args[0] != "HELLO" {
			s.commands = append(s.commands, strings.Join(args, " "))
		}
		play := s.script
		s.mu.Unlock()
		reply := play(args)
		if reply == closeNow {
			break
		}
		if _, err := io.WriteString(c, reply); err != nil {
			break
		}
	}
	_ = c.Close()
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
}

// readCommand reads an array of bulk strings; command names come in capitals.
func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readLength(in, '*')
	if err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		size, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		raw := make([]byte, size+2)
		if _, err := io.ReadFull(in, raw); err != nil {
			return nil, err
		}
		args[i] = string(raw[:size])
	}
	args[0] = strings.ToUpper(args[0])
	return args, nil
}

func readLength(in *bufio.Reader, mark byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != mark {
		return 0, fmt.Errorf("want %c, got %q", mark, line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

func array(items ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(items))
	for _, i := range items {
		b.WriteString(bulk(i))
	}
	return b.String()
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

// street is where peers live; it implements Links for monitor 9.
type street struct {
	mu     sync.Mutex
	houses map[monitor.Addr]*scripted
	dials  int // under way at addresses where nobody answers
	most   int
	writes atomic.Int64 // of all connections
}

func (s *street) Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error) {
	s.mu.Lock()
	peer := s.houses[addr]
	s.mu.Unlock()
	switch {
	case addr.Host == "203.0.113.1": // packets to it vanish
		return nil, s.vanish(ctx)
	case peer == nil:
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	return fromHost{peer.accept(), &s.writes}, nil
}

func (s *street) vanish(ctx context.Context) error {
	s.mu.Lock()
	s.dials++
	s.most = max(s.most, s.dials)
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.dials--
	s.mu.Unlock()
	return ctx.Err()
}

func (s *street) PeerCredentials() (user, pass string) { return "", "" }

func (s *street) Self() (quorum.ID, monitor.Addr) { return idOf(9), monitor.Addr{Port: 26379} }

// fromHost gives a pipe the local address of a socket.
type fromHost struct {
	net.Conn
	writes *atomic.Int64
}

func (c fromHost) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func (fromHost) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 41234} }

// notes collects what an Asker delivers.
type notes struct {
	mu       sync.Mutex
	contacts []quorum.Contact
	answers  []quorum.Answer
}

func (n *notes) Contacted(c quorum.Contact) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.contacts = append(n.contacts, c)
}

func (n *notes) Answered(a quorum.Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers = append(n.answers, a)
}

// take returns what was delivered since the last call.
func (n *notes) take() ([]quorum.Contact, []quorum.Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, a := n.contacts, n.answers
	n.contacts, n.answers = nil, nil
	return c, a
}

// stage is an Asker with a street of peers.
type stage struct {
	*Asker
	notes  notes
	street street
}

func newStage(t *testing.T) *stage {
	t.Helper()
	start := time.Now()
	s := &stage{street: street{houses: map[monitor.Addr]*scripted{}}}
	s.Asker = New(Config{
		Sink: &s.notes, Links: &s.street, Log: zap.NewNop(),
		Clock: func() monitor.Instant { return monitor.Instant(time.Second + time.Since(start)) },
	})
	t.Cleanup(func() {
		s.Close()
		<-time.After(2 * time.Second) // slow peers end too
	})
	return s
}

// house puts a peer at an address.
func (s *stage) house(addr monitor.Addr, play script) *scripted {
	peer := &scripted{script: play, open: map[net.Conn]bool{}}
	s.street.mu.Lock()
	defer s.street.mu.Unlock()
	s.street.houses[addr] = peer
	return peer
}

func idOf(n int) quorum.ID { return quorum.ID(fmt.Sprintf("%040d", n)) }

func addrOf(n int) monitor.Addr { return monitor.Addr{Host: fmt.Sprintf("10.0.0.%d", n), Port: 26379} }

const unknownPeer = "-ERR unknown subcommand 'PEER'. Try SENTINEL HELP.\r\n" // redis-sentinel 7.0.15

// sentinelOf answers as redis-sentinel number n.
func sentinelOf(n int) script {
	return func(args []string) string {
		if args[0] != "SENTINEL" {
			return simple(args[0])
		}
		switch strings.ToUpper(args[1]) {
		case "IS-MASTER-DOWN-BY-ADDR":
			return "*3\r\n:1\r\n" + bulk(string(idOf(9))) + ":7\r\n"
		case "MYID":
			return bulk(string(idOf(n)))
		case "MASTER":
			if args[2] != "mymaster" {
				return "-ERR No such master with that name\r\n"
			}
			return array("name", "mymaster", "ip", "10.1.0.7", "port", "7777", "config-epoch", "5") // a leader's, before it has switched
		case "GET-MASTER-ADDR-BY-NAME":
			return array("10.1.0.1", "6379")
		}
		return unknownPeer
	}
}

func simple(command string) string {
	switch command {
	case "PING":
		return "+PONG\r\n"
	case "HELLO":
		return "-ERR unknown command 'HELLO'\r\n"
	case "PUBLISH":
		return ":1\r\n"
	}
	return "-ERR unknown command\r\n"
}

// picketFields are the names and values of SENTINEL PEER, from monitor n.
func picketFields(n int) []string {
	return []string{
		"id", string(idOf(n)), "boot", "3", "version", "1", "current-epoch", "8",
		"gossip-ip", "10.0.0.2", "gossip-port", "27379", "known", "1",
		"master-ip", "10.1.0.1", "master-port", "6379", "config-epoch", "5", "config-leader", string(idOf(4)),
		"leader", string(idOf(5)), "leader-epoch", "6", "quorum", "2",
		"opinion-boot", "3", "opinion-seq", "17", "opinion-master-ip", "10.1.0.1", "opinion-master-port", "6379",
		"run-id", strings.Repeat("ab", 20), "state", "script-blocked", "reason", "busy-script", "down", "0", "age-ms", "120",
	}
}

// picketOf answers as picket number n.
func picketOf(n int) script {
	return func(args []string) string {
		if args[0] != "SENTINEL" {
			return simple(args[0])
		}
		switch strings.ToUpper(args[1]) {
		case "IS-MASTER-DOWN-BY-ADDR":
			return "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n"
		case "PEER":
			if args[3] == "RELEASE" {
				return "+OK\r\n"
			}
			return array(picketFields(n)...)
		}
		return "-ERR unexpected\r\n"
	}
}
