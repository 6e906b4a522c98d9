package ask

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/quorum"
)

// realSentinel starts redis-sentinel with a password, watching a port where
// nobody listens, and returns its address.
func realSentinel(t *testing.T) monitor.Addr {
	t.Helper()
	program, err := exec.LookPath("redis-sentinel")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-sentinel is not installed, and CI must not pass without it")
		}
		t.Skip("redis-sentinel is not installed")
	}
	addr, silent := freePort(t), freePort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	conf := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nrequirepass sekret\nsentinel monitor mymaster 127.0.0.1 %d 2\n"+
		"sentinel down-after-milliseconds mymaster 100\n", addr.Port, filepath.Dir(file), silent.Port)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed: there is no exit code to look at
	})
	return addr
}

func freePort(t *testing.T) monitor.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return monitor.Addr{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
}

// sockets dials for real, with a password.
type sockets struct{ pass string }

func (s sockets) Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr.String())
}
func (s sockets) PeerCredentials() (user, pass string) { return "", s.pass }
func (s sockets) Self() (quorum.ID, monitor.Addr)      { return idOf(9), monitor.Addr{Port: 26379} }

func realAsker(t *testing.T, pass string) (*Asker, *notes) {
	t.Helper()
	start, n := time.Now(), &notes{}
	a := New(Config{
		Sink: n, Links: sockets{pass}, Log: zap.NewNop(), PingEvery: 50 * time.Millisecond,
		Clock: func() monitor.Instant { return monitor.Instant(time.Second + time.Since(start)) },
	})
	t.Cleanup(a.Close)
	return a, n
}

// until asks again until what is delivered satisfies the test.
func until(t *testing.T, what string, ask func(), holds func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		ask()
		select {
		case <-limit:
			t.Fatalf("after 10 s still not: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
		if holds() {
			return
		}
	}
}

func TestARealRedisSentinel(t *testing.T) {
	addr := realSentinel(t)
	a, n := realAsker(t, "sekret")

	var confirmed quorum.Answer
	until(t, "it is confirmed", func() {
		a.Confirm(quorum.Confirmation{Addr: addr, Group: "mymaster"})
	}, func() bool {
		for _, confirmed = range lastAnswers(n) {
			if confirmed.Err == "" {
				return true
			}
		}
		return false
	})
	if confirmed.Kind != quorum.KindSentinel || !confirmed.KnowsGroup || !monitor.ValidID(string(confirmed.Peer)) {
		t.Fatalf("confirmed as %+v", confirmed)
	}

	p := Peer{ID: confirmed.Peer, Addr: addr, Kind: confirmed.Kind}
	a.Reconcile([]Peer{p})
	a.Hello(p, monitor.Hello{Peer: addrOf(9), ID: string(idOf(9)), Group: "mymaster", Master: confirmed.Config.Master})
	var voted quorum.Answer
	until(t, "it holds the master to be down and votes for us", func() {
		a.Ask(quorum.Question{
			Peer: p.ID, Addr: addr, Group: "mymaster", Master: confirmed.Config.Master,
			Epoch: 41, Candidate: idOf(9), Deadline: time.Second,
		})
	}, func() bool {
		for _, voted = range lastAnswers(n) {
			if voted.Down && voted.Leader == idOf(9) {
				return true
			}
		}
		return false
	})
	if voted.LeaderEpoch != 41 || voted.Err != "" || voted.Sent == 0 || voted.At < voted.Sent {
		t.Errorf("voted: %+v, want epoch 41", voted)
	}
	a.Confirm(quorum.Confirmation{Addr: addr, Group: "other"})
	until(t, "it does not know another group", func() {}, func() bool {
		answers := lastAnswers(n)
		return len(answers) > 0 && answers[0].Err == "" && !answers[0].KnowsGroup
	})
	until(t, "it answers PING", func() {}, func() bool { return contacted(n, monitor.ReplyPong) })
}

func TestARealRedisSentinelThatRefusesOurPassword(t *testing.T) {
	addr := realSentinel(t)
	for pass, reply := range map[string]monitor.Reply{"": monitor.ReplyNoAuth, "wrong": monitor.ReplyWrongPass} {
		a, n := realAsker(t, pass)
		a.Reconcile([]Peer{{ID: idOf(2), Addr: addr}})
		until(t, "PING is answered with "+reply.String(), func() {}, func() bool { return contacted(n, reply) })
		a.Confirm(quorum.Confirmation{Addr: addr, Group: "mymaster"})
		until(t, "the refusal is the answer", func() {}, func() bool {
			for _, answer := range lastAnswers(n) {
				return strings.Contains(strings.ToLower(answer.Err), reply.String())
			}
			return false
		})
	}
}

func lastAnswers(n *notes) []quorum.Answer {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.answers
	n.answers = nil
	return answers
}

func contacted(n *notes, reply monitor.Reply) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.contacts {
		if c.Reply == reply {
			return true
		}
	}
	return false
}
