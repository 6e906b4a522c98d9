package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picket/config"
)

func open(t *testing.T, d config.TLS) *Keeper {
	t.Helper()
	k, err := Open(d, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ends are the two ends of a TCP connection.
func ends(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ours, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close(); _ = theirs.Close() })
	return ours, theirs
}

// one accepts a connection that exists already.
type one struct {
	net.Listener
	c net.Conn
}

func (o one) Accept() (net.Conn, error) { return o.c, nil }

// echo answers what it is sent, over a keeper's door.
func echo(t *testing.T, k *Keeper, theirs net.Conn) {
	c, err := k.Listener(one{c: theirs}).Accept()
	if err != nil {
		t.Error(err)
		return
	}
	go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
}

func speak(t *testing.T, c net.Conn) error {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	b := make([]byte, 6)
	_, err := io.ReadFull(c, b)
	return err
}

func TestBothSidesShakeHands(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	mixed := a.directives()
	mixed.ClientCertFile, mixed.ClientKeyFile = b.path("own.crt"), b.path("own.key")
	for _, tc := range []struct {
		name           string
		server, client func(config.TLS) config.TLS
		want           bool
	}{
		{"alike", nil, nil, true},
		{"a stranger calls", nil, func(config.TLS) config.TLS { return mixed }, false},
		{"a stranger calls where nobody is looked at", func(d config.TLS) config.TLS { d.AuthClients = "no"; return d }, func(config.TLS) config.TLS { return mixed }, true},
		{"a stranger calls where he need not show anything", func(d config.TLS) config.TLS { d.AuthClients = "optional"; return d }, func(config.TLS) config.TLS { return mixed }, false},
		{"a stranger answers", func(config.TLS) config.TLS { d := b.directives(); d.CACertFile = a.path("ca.crt"); return d }, nil, false},
		{"old protocols meet", func(d config.TLS) config.TLS { d.Protocols = "TLSv1.2"; return d }, nil, true},
		{"protocols do not meet", func(d config.TLS) config.TLS { d.Protocols = "TLSv1.2"; return d },
			func(d config.TLS) config.TLS { d.Protocols = "TLSv1.3"; return d }, false},
	} {
		for name, dial := range map[string]func(*Keeper, context.Context, net.Conn) (net.Conn, error){
			"handshake": (*Keeper).Handshake, "eager": (*Keeper).Eager} {
			t.Run(tc.name+", "+name, func(t *testing.T) {
				server, client := a.directives(), a.directives()
				if tc.server != nil {
					server = tc.server(server)
				}
				if tc.client != nil {
					client = tc.client(client)
				}
				ours, theirs := ends(t)
				echo(t, open(t, server), theirs)
				c, err := dial(open(t, client), t.Context(), ours)
				if err == nil { // TLS 1.3 refuses a client only when it reads
					err = speak(t, c)
				}
				if (err == nil) != tc.want {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

func serial(t *testing.T, k, asking *Keeper) int64 {
	t.Helper()
	ours, theirs := ends(t)
	echo(t, k, theirs)
	c, err := asking.Handshake(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*client).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestFilesThatChangeAreReadAgain(t *testing.T) {
	a := newAuthority(t)
	core, logs := observer.New(zap.InfoLevel)
	k, err := Open(a.directives(), zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	asking := open(t, a.directives())
	expire := func() { k.mu.Lock(); k.looked = time.Time{}; k.mu.Unlock() } // a second goes by
	if got := serial(t, k, asking); got != 2 {
		t.Fatalf("shows %d", got)
	}
	a.issue("own", template(7, "own"))
	expire()
	if got := serial(t, k, asking); got != 7 {
		t.Errorf("after a change it shows %d, want 7", got)
	}
	if err := os.WriteFile(a.path("own.crt"), []byte("half a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		expire()
		if got := serial(t, k, asking); got != 7 {
			t.Errorf("with a broken file it shows %d, want 7 still", got)
		}
	}
	if n := logs.FilterLevelExact(zap.ErrorLevel).Len(); n != 1 {
		t.Errorf("the broken file is told %d times, want once", n)
	}
	a.issue("own", template(8, "own"))
	k.Reload()
	if got := serial(t, k, asking); got != 8 {
		t.Errorf("after Reload it shows %d, want 8", got)
	}
}

// A door that has changed its mind about whom it trusts takes no session of before.
func TestASessionDoesNotOutliveTheFiles(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	client := k.current().client.Clone()
	client.ClientSessionCache, client.ServerName = tls.NewLRUClientSessionCache(4), "x"
	resumed := func() bool {
		ours, theirs := ends(t)
		echo(t, k, theirs)
		c := tls.Client(ours, client)
		if err := speak(t, c); err != nil { // reading takes the ticket
			t.Fatal(err)
		}
		return c.ConnectionState().DidResume
	}
	if resumed() || !resumed() {
		t.Fatal("the test itself is wrong: sessions are not resumed")
	}
	k.Reload()
	if resumed() {
		t.Error("a session was resumed after the files were read again")
	}
}

func TestAClientThatShakesNoHandsHoldsNobodyUp(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	synctest.Test(t, func(t *testing.T) {
		_, theirs := net.Pipe()
		c, err := k.Listener(one{c: theirs}).Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("-ERR max number of clients reached\r\n")); !errors.Is(err, errNoHandshake) {
			t.Errorf("writing: %v", err)
		}
		began := time.Now()
		if _, err := c.Read(make([]byte, 1)); err == nil || time.Since(began) != shakeLimit {
			t.Errorf("reading: %v after %v", err, time.Since(began))
		}
	})
}

// What waits behind a handshake keeps its order and its deadlines, and the socket below
// can be asked meanwhile.
func TestAnEagerConnectionWaitsForTheHandshake(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		began := time.Now()
		c, err := k.Eager(t.Context(), ours)
		if err != nil || time.Since(began) != eagerWait {
			t.Fatalf("%v after %v", err, time.Since(began))
		}
		if below := c.(interface{ NetConn() net.Conn }).NetConn(); below != ours {
			t.Errorf("below is %v", below)
		}
		for _, part := range []string{"PI", "NG\r\n"} {
			if n, err := c.Write([]byte(part)); n != len(part) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		for range 3 { // as the probe waits for a PONG
			began = time.Now()
			_ = c.SetReadDeadline(began.Add(100 * time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
		_ = c.SetReadDeadline(time.Time{})
		read := make(chan string)
		go func() {
			b := make([]byte, 6)
			_, err := io.ReadFull(c, b)
			if err != nil {
				t.Error(err)
			}
			read <- string(b)
		}()
		synctest.Wait()
		echo(t, k, theirs)
		if got := <-read; got != "PING\r\n" {
			t.Errorf("read %q", got)
		}
		if err := speak(t, c); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		_ = c.Close()
	})
}

func TestADeadlineThatMovesWakesAReaderBehindAHandshake(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	synctest.Test(t, func(t *testing.T) {
		ours, _ := net.Pipe()
		c, err := k.Eager(t.Context(), ours)
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error)
		go func() { _, err := c.Read(make([]byte, 1)); failed <- err }()
		synctest.Wait()
		_ = c.SetReadDeadline(time.Unix(1, 0)) // the probe's kick
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v", err)
		}
		_ = c.SetReadDeadline(time.Time{})
		go func() { _, err := c.Read(make([]byte, 1)); failed <- err }()
		synctest.Wait()
		_ = c.Close()
		if err := <-failed; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestAHandshakeThatFailsLateIsAnErrorOfReading(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c, err := k.Eager(t.Context(), ours)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = theirs.Read(make([]byte, 4096))
			_, _ = theirs.Write([]byte("-ERR this is no TLS\r\n"))
			_, _ = io.Copy(io.Discard, theirs)
		}()
		_, err = c.Read(make([]byte, 1))
		if record := (tls.RecordHeaderError{}); !errors.As(err, &record) {
			t.Errorf("reading: %v", err)
		}
		if _, err := c.Write([]byte("x")); err == nil {
			t.Error("it can be written to still")
		}
		_ = theirs.Close()
	})
}

func TestWhatWaitsForAHandshakeIsBounded(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	synctest.Test(t, func(t *testing.T) {
		ours, _ := net.Pipe()
		c, err := k.Eager(t.Context(), ours)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(make([]byte, eagerBytes)); err != nil {
			t.Error(err)
		}
		if _, err := c.Write([]byte("x")); err == nil {
			t.Error("there is no end to it")
		}
	})
}

func TestTheCallersEndEndsADial(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	synctest.Test(t, func(t *testing.T) {
		for _, dial := range []func(*Keeper, context.Context, net.Conn) (net.Conn, error){(*Keeper).Handshake, (*Keeper).Eager} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			if _, err := dial(k, ctx, ours); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
			if _, err := ours.Write([]byte("x")); err == nil {
				t.Error("the connection is left open")
			}
			cancel()
		}
	})
}

// A refusal that was lost the first time is heard the second; an address that is good
// again is trusted again.
func TestARefusalIsHeardAtLast(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	server, mine := open(t, a.directives()), a.directives()
	mine.ClientCertFile, mine.ClientKeyFile = b.path("own.crt"), b.path("own.key")
	k := open(t, mine)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for secured := server.Listener(ln); ; {
			c, err := secured.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	for name, dial := range map[string]func(*Keeper, context.Context, net.Conn) (net.Conn, error){"handshake": (*Keeper).Handshake, "eager": (*Keeper).Eager} {
		t.Run(name, func(t *testing.T) {
			k.refusals.suspect(ln.Addr().String()) // as after a connection that was reset
			nc, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c, err := dial(k, t.Context(), nc)
			if err == nil {
				_, err = c.Read(make([]byte, 1)) // the handshake may have taken longer than eagerWait
			}
			if op := (*net.OpError)(nil); !errors.As(err, &op) || op.Op != "remote error" {
				t.Errorf("%v", err)
			}
			if !k.refusals.suspected(ln.Addr().String()) {
				t.Error("it is trusted again")
			}
		})
	}
	good := open(t, a.directives())
	good.refusals.suspect(ln.Addr().String())
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := good.Handshake(t.Context(), nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := speak(t, c); err != nil || good.refusals.suspected(ln.Addr().String()) {
		t.Errorf("%v; suspected still: %v", err, good.refusals.suspected(ln.Addr().String()))
	}
}

func TestWhoIsSuspected(t *testing.T) {
	a := newAuthority(t)
	k := open(t, a.directives())
	for name, tc := range map[string]struct {
		end  func(ours, theirs net.Conn)
		want bool
	}{
		"ends before it said anything": {func(_, theirs net.Conn) { _ = theirs.Close() }, true},
		"we end it":                    {func(ours, _ net.Conn) { _ = ours.Close() }, false},
		"says nothing for a while":     {func(ours, _ net.Conn) { _ = ours.SetReadDeadline(time.Unix(1, 0)) }, false},
		"ends after it said something": {func(_, theirs net.Conn) { _, _ = theirs.Write([]byte("x")); _ = theirs.Close() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := ends(t)
			door, err := k.Listener(one{c: theirs}).Accept()
			if err != nil {
				t.Fatal(err)
			}
			shaken := make(chan struct{})
			go func() { _, _ = door.Read(make([]byte, 1)); close(shaken) }()
			c, err := k.Handshake(t.Context(), ours)
			if err != nil {
				t.Fatal(err)
			}
			if err := func() error { _, err := c.Write([]byte("x")); return err }(); err != nil {
				t.Fatal(err)
			}
			<-shaken
			tc.end(c, door)
			_, _ = io.ReadAll(c)
			if got := k.refusals.suspected(ours.RemoteAddr().String()); got != tc.want {
				t.Errorf("suspected: %v", got)
			}
		})
	}
	for n := range mostSuspects + 10 {
		k.refusals.suspect(string(rune(n)))
	}
	if got := len(k.refusals.suspects); got > mostSuspects {
		t.Errorf("%d addresses are remembered", got)
	}
}
