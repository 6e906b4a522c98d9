package ask

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/monitor/resp/resptest"
	"picket/quorum"
)

// canned is a connection to a peer whose answers are fixed, whatever it is asked: one
// for each write; then it hangs up.
type canned struct {
	net.Conn
	now     bytes.Reader
	answers [][]byte
}

func (c *canned) Read(p []byte) (int, error) { return c.now.Read(p) }

func (c *canned) Write(p []byte) (int, error) {
	if len(c.answers) > 0 {
		c.now.Reset(c.answers[0])
		c.answers = c.answers[1:]
	}
	return len(p), nil
}

func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
func (c *canned) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 41234} }
func (c *canned) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 26379} }

// cannedLinks lead to a canned peer; a second connection finds nobody.
type cannedLinks struct {
	street
	peer *canned
}

func (l *cannedLinks) Dial(context.Context, monitor.Addr) (net.Conn, error) {
	if l.peer == nil {
		return nil, io.EOF
	}
	c := l.peer
	l.peer = nil
	return c, nil
}

// A hostile peer answers a question, or an invented address a confirmation. What is
// taken is well-formed and from the one asked; anything else is an error that leaves
// nothing behind, and no answer costs much more memory than it has bytes.
func FuzzAnswer(f *testing.F) {
	const hello = "-ERR unknown command 'HELLO'\r\n"
	plays := map[string]script{"picket": picketOf(2), "redis-sentinel": sentinelOf(2)}
	for name, c := range answersThatAreNone {
		plays[name] = c.play
	}
	for _, play := range plays {
		down, peer := play([]string{"SENTINEL", "is-master-down-by-addr", "10.1.0.1", "6379", "0", "*"}), play([]string{"SENTINEL", "PEER", "mymaster", "id"})
		sentinel := play([]string{"SENTINEL", "MYID"}) + play([]string{"SENTINEL", "MASTER", "mymaster"}) + play([]string{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"})
		f.Add([]byte(hello), []byte(down+peer), []byte(sentinel), true)
		f.Add([]byte(hello), []byte(peer), []byte(sentinel), false)
	}
	for _, header := range resptest.Greedy {
		f.Add([]byte(header), []byte(header), []byte(header), true)
		f.Add([]byte(hello), []byte(unknownPeer), []byte(header), false)
	}
	f.Cleanup(func() { <-time.After(1500 * time.Millisecond) }) // go-redis looks once more whether to dial
	f.Fuzz(func(t *testing.T, hello, first, second []byte, asked bool) {
		there := &canned{answers: [][]byte{hello, first, second}}
		a := &Asker{cfg: Config{Links: &cannedLinks{peer: there}, Log: zap.NewNop(), Clock: func() monitor.Instant { return 1 }}, peers: map[quorum.ID]*peer{}}
		a.ctx = t.Context()
		before := allocatedEver()
		var got, blank quorum.Answer
		if asked {
			q := question()
			got, blank = a.answer(q), questionBlank(q)
		} else {
			c := quorum.Confirmation{Effect: 3, Addr: addrOf(2), Hinted: idOf(4), Group: "mymaster"}
			d := newDoor(a, c.Addr)
			got, blank = a.confirm(d, []awaited{await(c)})[0], confirmationBlank(c)
			d.close()
		}
		size := len(hello) + len(first) + len(second)
		if cost := allocatedEver() - before; cost > 8<<20+256*uint64(size) {
			t.Fatalf("%d bytes made us allocate %d", size, cost)
		}
		if got.Err != "" {
			got.Err, got.Sent, got.At = "", 0, 0
			diff(t, "beside the error it holds", got, blank)
			return
		}
		mustBeWellFormed(t, got, blank, asked)
	})
}

func allocatedEver() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func mustBeWellFormed(t *testing.T, got, blank quorum.Answer, asked bool) {
	t.Helper()
	if asked && got.Peer != blank.Peer || !monitor.ValidID(string(got.Peer)) || got.Kind == quorum.KindUnknown {
		t.Fatalf("taken from %q, a %v, asked was %q", got.Peer, got.Kind, blank.Peer)
	}
	for _, id := range []quorum.ID{got.Leader, got.Config.Leader} {
		if id != "" && !monitor.ValidID(string(id)) {
			t.Fatalf("took %q for an id", id)
		}
	}
	addrs := []monitor.Addr{got.Config.Master, got.Gossip}
	if o := got.Opinion; o != nil {
		addrs = append(addrs, o.Master)
		if o.Author != got.Peer || o.Group != blank.Group || o.Age < 0 || o.Age > longestAge || o.Version.Seq == 0 {
			t.Fatalf("took the opinion %+v", o)
		}
	}
	for _, addr := range addrs {
		if addr.Port < 0 || addr.Port > 65535 || addr.Host != "" && !monitor.ValidHost(addr.Host) {
			t.Fatalf("took %q for an address", addr)
		}
	}
	if !got.KnowsGroup && (got.Config != quorum.Configuration{} || got.Opinion != nil) || got.Addr != blank.Addr || got.Effect != blank.Effect {
		t.Fatalf("took %+v", got)
	}
	if strings.ContainsAny(string(got.Peer)+string(got.Leader), "\r\n") {
		t.Fatalf("took %+v", got)
	}
}
