package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"picket/deploy/lab"
)

// contender is one of the two programs under comparison, in one of the worlds.
type contender struct {
	name     string
	monitor  *lab.Monitor
	password string
	kept     map[string]*diffConn // connections that blocks share, by protocol and login
}

// diffConn is one connection to a side. It finds the end of a command's replies
// by sending a command after it that nobody knows: that is refused in every
// state of a connection, logged in or not, subscribed or not.
type diffConn struct {
	net.Conn
	r     *bufio.Reader
	marks int
	shut  bool
	id    string // CLIENT ID, where a case asks for it
}

// connect opens a connection for a block, or uses one that earlier blocks left as
// they found it; release ends the use.
func (s *contender) connect(ctx context.Context, b *block, resp int) (c *diffConn, release func(), err error) {
	key := fmt.Sprint(resp, b.has("anonymous"))
	if c := s.kept[key]; c != nil && b.leavesNothing() && !c.shut {
		c.SetDeadline(time.Now().Add(patienceOfOne))
		return c, func() {}, nil
	}
	c, err = s.open(ctx, resp, b)
	if err != nil || !b.leavesNothing() {
		return c, func() { c.Close() }, err
	}
	if s.kept == nil {
		s.kept = map[string]*diffConn{}
	}
	s.kept[key] = c
	return c, func() {}, nil
}

// patienceOfOne bounds what is done on one connection.
const patienceOfOne = 20 * time.Second

// open connects, in the protocol and logged in as the case says.
func (s *contender) open(ctx context.Context, resp int, b *block) (*diffConn, error) {
	network, addr := "tcp", s.monitor.Addr()
	if b.has("unix") {
		network, addr = "unix", s.socket()
	}
	nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	nc.SetDeadline(time.Now().Add(patienceOfOne))
	c, anonymous := &diffConn{Conn: nc, r: bufio.NewReader(nc)}, b.has("anonymous")
	if resp == 3 && !anonymous {
		hello := []string{"HELLO", "3"}
		if s.password != "" {
			hello = append(hello, "AUTH", "default", s.password)
		}
		c.ask(lab.Encode(hello...))
	} else if s.password != "" && !anonymous {
		c.ask(lab.Encode("AUTH", s.password))
	}
	return c, nil
}

// socket is the path of the side's Unix socket.
func (s *contender) socket() string { return filepath.Join(s.monitor.Dir, "socket") }

// address is how the side calls one end of a connection.
func (s *contender) address(a net.Addr) string {
	if a.Network() == "unix" {
		return s.socket() + ":0"
	}
	return a.String()
}

// closedNode stands in a list of replies for the end of the connection.
var closedNode = &node{kind: '<', text: "closed>"}

// ask sends bytes and returns every reply until that to the mark.
func (c *diffConn) ask(b []byte) []*node {
	c.marks++
	mark := fmt.Sprintf("END-OF-REPLIES-%d", c.marks)
	c.tell(append(b, lab.Encode(mark)...))
	var replies []*node
	for !c.shut {
		n, err := readNode(c.r)
		switch {
		case err != nil:
			c.shut = true
			replies = append(replies, closedNode)
		case n.kind == '-' && strings.Contains(n.text, "'"+mark+"'"):
			return replies
		default:
			replies = append(replies, n)
		}
	}
	return replies
}

// tell sends bytes, and waits for nothing.
func (c *diffConn) tell(b []byte) { c.Write(b) } // a broken connection shows when it is read

// identify learns the connection's own number.
func (c *diffConn) identify() {
	if replies := c.ask(lab.Encode("CLIENT", "ID")); len(replies) == 1 {
		c.id = replies[0].text
	}
}
