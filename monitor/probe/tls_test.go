package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
)

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// The deadlines by which a ping link waits and idles must not disturb TLS, whose
// session tickets also come unasked.
func TestTLS(t *testing.T) {
	cert := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis()
		rec := newRecorder()
		dial := func(ctx context.Context, _ monitor.Addr) (net.Conn, error) {
			ours, theirs := pipe()
			go f.serve(tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{cert}}))
			c := tls.Client(ours, &tls.Config{InsecureSkipVerify: true})
			return c, c.HandshakeContext(ctx)
		}
		p := New(Config{Sink: rec, Links: &testLinks{dial: dial, hello: testHello()}, Clock: clock(), ID: myID})
		p.Reconcile("g", []Target{greeting()})
		pass(3500 * time.Millisecond)
		thaw := f.freeze()
		pass(10 * time.Second)
		thaw()
		pass(10 * time.Second)
		for _, r := range rec.since(0) {
			if r.Kind == monitor.ReportLinkLost || r.Link != 1 {
				t.Errorf("%+v", r)
			}
		}
		if last := tail(rec.since(0))[4]; !replied(monitor.ReplyPong)(last) {
			t.Errorf("%+v", last)
		}
		p.Close()
	})
}

func TestTLSFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRedis() // speaks no TLS
		ours, theirs := pipe()
		go func() {
			_, _ = theirs.Write([]byte("-ERR unknown command\r\n"))
			f.serve(theirs)
		}()
		err := tls.Client(ours, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(t.Context())
		if got := causeOf(err); got != monitor.CauseTLS {
			t.Errorf("%v: cause %v", err, got)
		}
		_ = ours.Close()
	})
}
