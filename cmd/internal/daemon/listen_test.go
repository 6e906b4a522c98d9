package daemon

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"picket/config"
)

// busySocket listens at path and is full: whoever connects is told EAGAIN.
func busySocket(t *testing.T, path string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		c, err := net.Dial("unix", path)
		if errors.Is(err, syscall.EAGAIN) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the socket takes a hundred connections")
}

// aliveSocket has somebody who answers.
func aliveSocket(t *testing.T, path string) {
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
}

// leftSocket is what a monitor that was killed leaves.
func leftSocket(t *testing.T, path string) {
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
}

func plainFile(t *testing.T, path string) {
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyASocketThatNobodyHasIsReplaced(t *testing.T) {
	for _, tc := range []struct {
		name  string
		there func(t *testing.T, path string)
		taken bool
	}{
		{"nothing", func(*testing.T, string) {}, true},
		{"left behind", leftSocket, true},
		{"alive", aliveSocket, false},
		{"alive and busy", busySocket, false},
		{"a file", plainFile, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "s") // a socket's path is short
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			path := filepath.Join(dir, "s")
			tc.there(t, path)
			before, _ := os.Lstat(path) // nil where nothing is
			ln, err := listenUnix(&config.Config{UnixSocket: path})
			if ln != nil {
				defer ln.Close()
			}
			if (err == nil) != tc.taken || !tc.taken && !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatalf("listening: %v", err)
			}
			if now, err := os.Lstat(path); !tc.taken && (err != nil || !os.SameFile(before, now)) {
				t.Errorf("what was there is gone: %v", err)
			}
		})
	}
}

func TestWhyAPortCannotBeHadIsSaidAsItIs(t *testing.T) {
	e := entrance{directive: "tls-port", bind: "bind"}
	for err, want := range map[error]string{
		syscall.EACCES:        "CAP_NET_BIND_SERVICE",
		syscall.EADDRINUSE:    "another monitor",
		syscall.EADDRNOTAVAIL: "addresses of this machine",
	} {
		if said := e.advice(&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", err)}); !strings.Contains(said, want) {
			t.Errorf("on %v: %q", err, said)
		}
	}
}
