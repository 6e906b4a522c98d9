package cli

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"picket/deploy/lab"
)

func TestPingOverTLS(t *testing.T) {
	t.Setenv("PICKET_PASS", "")
	dir, other := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, other} {
		if _, err := lab.NewTLS(d); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	own, err := tls.LoadX509KeyPair(file("server.crt"), file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert})
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, "+PONG")
		}
	}()
	addr := l.Addr().String()
	shown := []string{"--cert", file("client.crt"), "--key", file("client.key")}
	run(append([]string{"ping", addr, "--tls", "--cacert", file("ca.crt")}, shown...)...).check(t, exitOK, "PONG\n", "")
	run("ping", addr, "--tls", "--cacert", file("ca.crt")).check(t, exitFailed, "", "does not serve")
	run(append([]string{"ping", addr, "--tls", "--cacert", filepath.Join(other, "ca.crt")}, shown...)...).check(t, exitFailed, "", "unknown authority")
	run(append([]string{"ping", addr, "--tls"}, shown...)...).check(t, exitFailed, "", "unknown authority")
	run("ping", addr, "--tls", "--cacert", "/no/such").check(t, exitFailed, "", "/no/such")
	run("ping", addr, "--tls", "--cacert", file("client.key")).check(t, exitFailed, "", "holds none")
	run("ping", addr, "--tls", "--cacert", file("ca.crt"), "--cert", file("client.crt")).check(t, exitFailed, "", "certificate to show")
}
