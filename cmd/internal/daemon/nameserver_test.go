package daemon

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

const searchChild = "PICKET_TEST_SEARCH_LIST"

// nameServer is a real one on UDP, with the code it gives each full name; a name that is
// not in the table is denied. One that is in order has the address 10.0.0.1.
func nameServer(t *testing.T, codes map[string]dnsmessage.RCode) nameServers {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	t.Cleanup(func() { pc.Close(); <-served })
	go func() {
		defer close(served)
		b := make([]byte, 1500)
		for n, from, err := pc.ReadFrom(b); err == nil; n, from, err = pc.ReadFrom(b) {
			if reply := replyTo(b[:n], codes); reply != nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	}()
	return nameServers{&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", pc.LocalAddr().String())
	}}}
}

func replyTo(query []byte, codes map[string]dnsmessage.RCode) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	code, ok := codes[q.Name.String()]
	if !ok {
		code = dnsmessage.RCodeNameError
	}
	r := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, RCode: code}, Questions: m.Questions}
	if code == dnsmessage.RCodeSuccess && q.Type == dnsmessage.TypeA {
		head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
		r.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{10, 0, 0, 1}}}}
	}
	reply, err := r.Pack()
	if err != nil {
		return nil
	}
	return reply
}

// With a search line a short name is asked for in several full ones, and a server that
// fails on the one that exists denies the others (a review failed a living master over).
func TestANameServerThatFailsDeniesNoName(t *testing.T) {
	if os.Getenv(searchChild) == "" {
		withSearchList(t)
		return
	}
	for name, tt := range map[string]struct {
		code        dnsmessage.RCode
		found       []string
		nonExistent bool
	}{
		"fails":   {code: dnsmessage.RCodeServerFailure},
		"refuses": {code: dnsmessage.RCodeRefused},
		"denies":  {code: dnsmessage.RCodeNameError, nonExistent: true},
		"answers": {code: dnsmessage.RCodeSuccess, found: []string{"10.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := nameServer(t, map[string]dnsmessage.RCode{"redis-a.corp.test.": tt.code})
			found, err := n.lookup(t.Context(), "redis-a")
			if !slices.Equal(found, tt.found) || (noSuchName(err) != nil) != tt.nonExistent {
				t.Errorf("found %v, %v; want %v, denied %t", found, err, tt.found, tt.nonExistent)
			}
			if err == nil && tt.found == nil {
				t.Error("no address and no error")
			}
		})
	}
}

// withSearchList runs the calling test once more where resolv.conf has a search line.
func withSearchList(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a resolv.conf of its own takes root")
	}
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver 127.0.0.1\nsearch corp.test\noptions timeout:1 attempts:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("unshare", "-m", "mount", "--bind", conf, "/etc/resolv.conf").CombinedOutput(); err != nil {
		t.Skipf("a resolv.conf of its own takes a mount namespace: %v: %s", err, out)
	}
	child := exec.Command("unshare", "-m", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`,
		conf, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), searchChild+"=1")
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+"/fails") {
		t.Errorf("with a search line: %v\n%s", err, out)
	}
}
