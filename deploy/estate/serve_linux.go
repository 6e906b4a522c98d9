package estate

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// server is a worker: one goroutine that waits in epoll for all sockets.
type server struct {
	spec      spec
	poll      int
	groups    map[int][]*instance
	byAddr    map[string]*instance
	listeners map[int]*instance
	conns     map[int]*conn
	order     []byte // what came of an unfinished order of the parent
	buf       []byte
	now       time.Time
	clients   int64
}

func serve(s spec) error {
	runtime.GOMAXPROCS(1) // one loop needs no more
	debug.SetGCPercent(400)
	srv := &server{spec: s, groups: map[int][]*instance{}, byAddr: map[string]*instance{},
		listeners: map[int]*instance{}, conns: map[int]*conn{}, buf: make([]byte, 64<<10), now: time.Now()}
	var err error
	if srv.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("create an epoll: %w", err)
	}
	for g := s.First; g < s.First+s.Groups; g++ {
		if err := srv.open(g); err != nil {
			return err
		}
	}
	if err := srv.watch(int(os.Stdin.Fd())); err != nil {
		return err
	}
	fmt.Println("ready")
	return srv.run()
}

// open starts the two instances of a group.
func (s *server) open(group int) error {
	port := s.spec.masterPort(group)
	master, replica := newInstance(group, s.spec.Host, port), newInstance(group, s.spec.Host, port+1)
	replica.replica = true
	replica.follow(s.now, master.host, strconv.Itoa(port), master)
	s.groups[group] = []*instance{master, replica}
	for _, i := range s.groups[group] {
		s.byAddr[addrOf(i)] = i
		if err := s.listen(i); err != nil {
			return fmt.Errorf("listen on %s: %w", addrOf(i), err)
		}
	}
	return nil
}

func addrOf(i *instance) string { return net.JoinHostPort(i.host, strconv.Itoa(i.port)) }

func (s *server) listen(i *instance) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: i.port, Addr: [4]byte(net.ParseIP(i.host).To4())}); err != nil {
		return err
	}
	if err := unix.Listen(fd, 511); err != nil { // Redis' tcp-backlog
		return err
	}
	s.listeners[fd] = i
	return s.watch(fd)
}

func (s *server) watch(fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(s.poll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("watch a socket: %w", err)
	}
	return nil
}

// run serves until the parent closes our input.
func (s *server) run() error {
	events := make([]unix.EpollEvent, 512)
	for {
		n, err := unix.EpollWait(s.poll, events, -1)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("wait for sockets: %w", err)
		}
		s.now = time.Now()
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == int(os.Stdin.Fd()) {
				if !s.obey() {
					return nil
				}
				continue
			}
			s.serveSocket(int(e.Fd))
		}
	}
}

func (s *server) serveSocket(fd int) {
	if i, ok := s.listeners[fd]; ok {
		s.accept(fd, i)
	} else if c, ok := s.conns[fd]; ok {
		s.read(c)
	}
}

// conn is one client's connection.
type conn struct {
	fd         int
	id         int64
	inst       *instance
	in         []byte // an unfinished command
	subscribed bool
	resp3      bool
	multi      bool
	queued     [][]string
	closing    bool // its client does not read
}

func (s *server) accept(fd int, i *instance) {
	for {
		nfd, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_ = unix.SetsockoptInt(nfd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // fails only for a dead socket
		s.clients++
		c := &conn{fd: nfd, id: s.clients, inst: i}
		s.conns[nfd] = c
		i.conns[c] = struct{}{}
		if s.watch(nfd) != nil {
			s.drop(c)
		}
	}
}

func (s *server) drop(c *conn) {
	delete(s.conns, c.fd)
	delete(c.inst.conns, c)
	_ = unix.Close(c.fd)
}

func (s *server) read(c *conn) {
	n, err := unix.Read(c.fd, s.buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if err != nil || n <= 0 {
		s.drop(c)
		return
	}
	data := s.buf[:n]
	if len(c.in) > 0 {
		data = append(c.in, data...)
	}
	var out reply
	for {
		args, rest, err := parse(data)
		if err != nil {
			s.drop(c)
			return
		}
		data = rest
		if args == nil {
			break
		}
		s.command(c, args, &out)
	}
	c.in = append([]byte(nil), data...)
	s.send(c, out.b)
}

// send writes without waiting: who does not read what little there is, is dropped.
func (s *server) send(c *conn, b []byte) {
	if len(b) > 0 {
		if n, err := unix.Write(c.fd, b); err != nil || n < len(b) {
			c.closing = true
		}
	}
	if c.closing {
		s.drop(c)
	}
}

// obey reads orders of the parent. It reports false when there will be none.
func (s *server) obey() bool {
	n, err := unix.Read(int(os.Stdin.Fd()), s.buf)
	if err != nil || n <= 0 {
		return err == unix.EINTR
	}
	s.order = append(s.order, s.buf[:n]...)
	for {
		line, rest, ok := bytes.Cut(s.order, []byte("\n"))
		if !ok {
			return true
		}
		words := strings.Fields(string(line))
		s.order = bytes.Clone(rest)
		for _, w := range words[1:] {
			group, _ := strconv.Atoi(w)
			s.strike(words[0], s.groups[group][0])
		}
		fmt.Println(words[0])
	}
}

func (s *server) strike(how string, i *instance) {
	for _, o := range s.groups[i.group] {
		o.settle(s.now)
	}
	if how == "hang" {
		i.hung = true
		s.eachSocket(i, func(fd int) { _ = unix.EpollCtl(s.poll, unix.EPOLL_CTL_DEL, fd, nil) })
		return
	}
	i.dead = true
	for fd, o := range s.listeners {
		if o == i {
			delete(s.listeners, fd)
			_ = unix.Close(fd)
		}
	}
	for c := range i.conns {
		s.drop(c)
	}
}

func (s *server) eachSocket(i *instance, do func(fd int)) {
	for fd, o := range s.listeners {
		if o == i {
			do(fd)
		}
	}
	for c := range i.conns {
		do(c.fd)
	}
}
