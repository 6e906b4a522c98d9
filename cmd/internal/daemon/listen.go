package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"picket/cmd/internal/respapi"
	"picket/config"
)

// listen binds the ports of the RESP door before anything else is touched: a second
// process on a busy port must leave file and log of the first alone.
func (d *Daemon) listen() ([]net.Listener, error) {
	opened, err := d.listenTCP(entrance{"port", d.cfg.Port, "bind", d.cfg.Bind})
	if err == nil && d.cfg.TLS.Port != 0 {
		var secured []net.Listener
		secured, err = d.listenTCP(entrance{"tls-port", d.cfg.TLS.Port, "bind", d.cfg.Bind})
		for _, ln := range secured {
			opened = append(opened, d.tls.Listener(ln))
		}
	}
	if err == nil && len(opened) == 0 && d.cfg.UnixSocket == "" {
		err = errors.New("port and tls-port are 0 and there is no unixsocket: nobody could reach this monitor; set port or tls-port")
	}
	if err != nil {
		closeAll(opened)
		return nil, err
	}
	return opened, nil
}

// entrance is a port and the addresses to have it on, with the directives that say so.
type entrance struct {
	directive string
	port      int // 0 for none
	bind      string
	addresses []string
}

// listenTCP listens on a port. Beside an error it returns what was opened.
func (d *Daemon) listenTCP(e entrance) ([]net.Listener, error) {
	if e.port == 0 || len(e.addresses) == 0 {
		return nil, nil
	}
	var opened []net.Listener
	for _, bind := range e.addresses {
		optional := bind[0] == '-'
		host := bind
		if optional {
			host = bind[1:]
		}
		ln, err := d.listenOn(net.JoinHostPort(listenHost(host), strconv.Itoa(e.port)))
		if err != nil && optional {
			continue
		}
		if err != nil {
			return opened, fmt.Errorf("listen on %s %d: %w; %s", e.directive, e.port, err, e.advice(err))
		}
		opened = append(opened, ln)
	}
	if len(opened) == 0 {
		return nil, fmt.Errorf("listen on %s %d: no address in %q could be used", e.directive, e.port, e.bind)
	}
	return opened, nil
}

func (d *Daemon) listenOn(addr string) (net.Listener, error) {
	lc := net.ListenConfig{KeepAlive: d.cfg.TCPKeepAlive}
	if d.cfg.TCPKeepAlive == 0 {
		lc.KeepAlive = -1 // off
	}
	ln, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	return ln, setBacklog(ln.(*net.TCPListener), d.cfg.TCPBacklog)
}

// setBacklog says how many connections may wait to be accepted. net gives a listener
// the kernel's limit; listening again changes it.
func setBacklog(ln syscall.Conn, n int) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	if err := raw.Control(func(fd uintptr) { refused = unix.Listen(int(fd), n) }); err != nil {
		return err
	}
	return refused
}

// listenUnix makes the Unix socket, if one is wanted. It is called with the lock held: as
// redis-sentinel it takes the place of a socket that an earlier run left, and must not
// meet that run.
func listenUnix(cfg *config.Config) (net.Listener, error) {
	if cfg.UnixSocket == "" {
		return nil, nil
	}
	if err := removeLeftover(cfg.UnixSocket); err != nil {
		return nil, err
	}
	ln, err := net.Listen("unix", cfg.UnixSocket)
	if err != nil {
		return nil, fmt.Errorf("listen on unixsocket: %w; %s", err, unixAdvice(err))
	}
	if cfg.UnixSocketPerm != 0 {
		if err := os.Chmod(cfg.UnixSocket, fs.FileMode(cfg.UnixSocketPerm)); err != nil {
			_ = ln.Close()
			return nil, fmt.Errorf("set unixsocketperm: %w", err)
		}
	}
	return ln, nil
}

// removeLeftover removes a socket that nobody has open, and only that: one whose owner is
// too busy to answer (EAGAIN), or does not let us in, is left to him, and listening on it
// fails.
func removeLeftover(path string) error {
	c, err := net.Dial("unix", path)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("listen on unixsocket %s: %w; %s", path, syscall.EADDRINUSE, unixAdvice(syscall.EADDRINUSE))
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 { // a plain file refuses too
		_ = os.Remove(path) // else listening fails, and says why
	}
	return nil
}

func unixAdvice(err error) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return "is another monitor running? Name another path"
	}
	return "name a path in a directory that this user can write"
}

func (e entrance) advice(err error) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return "is another monitor running? Set " + e.directive
	}
	if errors.Is(err, fs.ErrPermission) {
		return "set " + e.directive + " to 1024 or more: this user may not have a lower port, which takes CAP_NET_BIND_SERVICE"
	}
	return "set " + e.bind + " to addresses of this machine"
}

// listenHost turns Redis' "*" and "::*" into what net.Listen takes.
func listenHost(host string) string {
	switch host {
	case "*":
		return "0.0.0.0"
	case "::*":
		return "::"
	}
	return host
}

func closeAll(list []net.Listener) {
	for _, ln := range list {
		_ = ln.Close() // it may be closed already
	}
}

// Bounds of what the operator may let clients hold: a monitor needs none of it.
const (
	maxBulk   = 32 << 20
	maxQueued = 256 << 20
)

// limits are what clients may make the door hold, as the configuration says.
func (d *Daemon) limits() respapi.Limits {
	l := respapi.Limits{}
	if d.cfg.MaxBulk > 0 {
		l.Command.Bulk = int(min(d.cfg.MaxBulk, maxBulk))
		l.Command.Total = max(4<<20, l.Command.Bulk)
	}
	if o, ok := d.cfg.OutputLimits["pubsub"]; ok {
		l.QueuedEvents = bounded(o.Hard)
		l.SoftEvents, l.SoftFor = int(min(o.Soft, maxQueued)), o.SoftFor
	}
	if o, ok := d.cfg.OutputLimits["normal"]; ok && o.Hard > 0 {
		l.Unread = bounded(o.Hard)
	}
	return l
}

// bounded takes 0, no limit, as the most that we let a client hold.
func bounded(n uint64) int {
	if n == 0 {
		return maxQueued
	}
	return int(min(n, maxQueued))
}
