package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"picket/monitor"
)

// servedName is a daemon that knows the name db to be a listener here that echoes.
func servedName(t *testing.T, known ...string) (*Daemon, monitor.Addr) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				b := make([]byte, 16)
				for n, err := c.Read(b); err == nil; n, err = c.Read(b) {
					_, _ = c.Write(b[:n])
				}
			}()
		}
	}()
	d := nameless(t, names{"db": known})
	d.resolver.learn(t.Context(), "db")
	return d, monitor.Addr{Host: "db", Port: ln.Addr().(*net.TCPAddr).Port}
}

// namesAre makes the name server say something else, and what is known of it old.
func (d *Daemon) namesAre(lookup func(context.Context, string) ([]string, error)) {
	d.resolver.mu.Lock()
	defer d.resolver.mu.Unlock()
	d.resolver.lookup = lookup
	clear(d.resolver.answers)
}

func noSuchHost(context.Context, string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: "db", IsNotFound: true}
}

// The address of a container that ended is given to the next one. Who answers there is
// not the instance, and orders would reach the wrong one (found by the compose lab: a
// foreign server was emptied, and the cut-off master, back elsewhere, never fenced).
func TestANameThatIsGoneIsNotDialledAtItsLastAddress(t *testing.T) {
	d, addr := servedName(t, "127.0.0.1")
	d.namesAre(noSuchHost)
	for range 2 { // the second on what the first was told
		c, err := d.resolver.dial(t.Context(), &net.Dialer{}, addr)
		if _, ok := errors.AsType[*net.DNSError](err); !ok {
			t.Fatalf("dialled %v, %v; want an error of the name", c, err)
		}
	}
	if at := d.numeric(addr).Host; at != "127.0.0.1" {
		t.Errorf("it is shown at %s: the last address is to be kept", at)
	}
}

func TestANameThatMovedIsDialledWhereItIs(t *testing.T) {
	d, addr := servedName(t, "127.0.0.9")
	d.namesAre(func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil })
	c, err := d.resolver.dial(t.Context(), &net.Dialer{}, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if at := d.numeric(addr).Host; at != "127.0.0.1" {
		t.Errorf("in use is %s", at)
	}
}

// A name server that fails, or says nothing, is no reason to lose an instance.
func TestALinkIsDialledAtTheLastAddressWithoutTheNameServersWord(t *testing.T) {
	for name, lookup := range map[string]func(context.Context, string) ([]string, error){
		"fails": func(context.Context, string) ([]string, error) {
			return nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
		},
		"hangs": names{}.lookup,
	} {
		t.Run(name, func(t *testing.T) {
			d, addr := servedName(t, "127.0.0.1")
			d.namesAre(lookup)
			began := time.Now()
			for range 30 { // one of which may wait for the name server
				c, err := d.resolver.dial(t.Context(), &net.Dialer{}, addr)
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			if took := time.Since(began); took > 10*confirmWait {
				t.Errorf("30 links took %v: each waited for the name server", took)
			}
		})
	}
}

// lostConn is a link whose other end is gone.
type lostConn struct{ net.Conn }

func (lostConn) Read([]byte) (int, error) { return 0, io.EOF }
func (lostConn) Close() error             { return nil }

// Names go where a cluster takes them from whoever is not ready, which every replica is
// once the master is dead: orders go over a second link then.
func TestAnInstanceThatAnswersIsDialledThoughItsNameIsGone(t *testing.T) {
	d, addr := servedName(t, "127.0.0.1")
	first, err := d.resolver.dial(t.Context(), &net.Dialer{}, addr)
	if err != nil {
		t.Fatal(err)
	}
	dial := func() error {
		c, err := d.resolver.dial(t.Context(), &net.Dialer{}, addr)
		if err == nil {
			c.Close()
		}
		return err
	}
	d.namesAre(noSuchHost)
	if dial() == nil {
		t.Error("dialled on the strength of a link that has proven nothing")
	}
	b := make([]byte, 16)
	if _, err := first.Write([]byte("PING")); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(b); err != nil {
		t.Fatal(err)
	}
	if err := dial(); err != nil {
		t.Errorf("the instance answers, and is not dialled: %v", err)
	}
	lost := d.resolver.keep(addr, lostConn{})
	_, _ = lost.Read(b)
	if dial() == nil {
		t.Error("dialled on the strength of what was answered before a link was lost")
	}
	lost.Close()
	first.(*namedConn).asked.Store(time.Now().UnixNano())
	first.(*namedConn).heard.Store(time.Now().UnixNano())
	if err := dial(); err != nil {
		t.Errorf("the instance answers again, and is not dialled: %v", err)
	}
	first.(*namedConn).asked.Store(time.Now().Add(-answersWithin).UnixNano() - 1)
	first.(*namedConn).heard.Store(time.Now().Add(-provenFor / 2).UnixNano())
	if dial() == nil {
		t.Error("dialled on the strength of a link that has an answer outstanding")
	}
	first.Close()
	if dial() == nil {
		t.Error("dialled on the strength of a link that is closed")
	}
	if len(d.resolver.open) != 0 {
		t.Errorf("links are kept that are closed: %v", d.resolver.open)
	}
}
