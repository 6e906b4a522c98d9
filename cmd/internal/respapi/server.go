package respapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Server is the RESP door. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	runID    string // of this process, as Redis' run_id; not the monitor's id
	buildID  string // of the program, of 16 digits as Redis' redis_build_id
	accounts accounts
	commands map[string]*command // by the names that clients use
	stats    stats
	bus      bus
	budget   budget // of unfinished commands
	outlays  budget // of replies and events that are being made or have not been read
	pauses   pauses
	ctx      context.Context // of the commands that go through the decision loop
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[int64]*conn
	shaking   []shaker // the oldest first
	lastID    int64
}

// New returns a server that serves nothing yet. Its bus runs until Close.
func New(cfg Config) *Server {
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.MaxClients <= 0 {
		cfg.MaxClients = 10000
	}
	s := &Server{cfg: cfg, runID: randomID(), buildID: buildID(), listeners: map[net.Listener]struct{}{}, conns: map[int64]*conn{}}
	s.accounts.init(&s.cfg)
	s.budget.limit, s.outlays.limit = int64(cfg.Limits.Commands), int64(cfg.Limits.Replies)
	s.bus.init(&s.cfg, &s.stats.dropped)
	go s.bus.run()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.commands = renamed(cfg.Rename)
	if cfg.IdleTimeout > 0 {
		s.wait.Go(s.closeIdle)
	}
	return s
}

func (l Limits) withDefaults() Limits {
	def := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	def(&l.QueuedEvents, 1<<20)
	def(&l.QueuedReplies, 64<<10)
	def(&l.Backlog, 8<<20)
	def(&l.Commands, 64<<20)
	def(&l.Replies, 128<<20)
	def(&l.Reply, 1<<20)
	def(&l.Channels, 1024)
	def(&l.ChannelName, 1024)
	def(&l.Patterns, 64)
	def(&l.PatternName, 128)
	def(&l.AllPatterns, 4096)
	def(&l.AllSubscriptions, 1<<16)
	if l.WriteTimeout <= 0 {
		l.WriteTimeout = 10 * time.Second
	}
	if l.ReplyTimeout <= 0 {
		l.ReplyTimeout = time.Minute
	}
	if l.AnswerTimeout <= 0 {
		l.AnswerTimeout = 10 * time.Second
	}
	return l
}

func randomID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// buildID tells two builds of the program apart.
func buildID() string {
	h := fnv.New64a()
	if info, ok := debug.ReadBuildInfo(); ok {
		_, _ = io.WriteString(h, info.String()) // a hash takes everything
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// Serve accepts connections until the listener is closed, and closes it. It
// returns nil after Close. Other failures to accept, such as too many open
// files, are logged and retried ever more slowly, up to once a second. It may
// be called for several listeners.
func (s *Server) Serve(ln net.Listener) error {
	if !s.listen(ln) {
		return ln.Close()
	}
	defer s.wait.Done()
	for delay := time.Duration(0); ; {
		nc, err := ln.Accept()
		if err == nil {
			delay = 0
			s.accept(nc)
			continue
		}
		if s.ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept on %s: %w", ln.Addr(), err)
		}
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		s.cfg.Log.Warn("cannot accept a connection", zap.Stringer("listener", ln.Addr()), zap.Duration("retry_in", delay), zap.Error(err))
		s.pause(delay)
	}
}

func (s *Server) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.ctx.Done():
	}
}

func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wait.Add(1)
	s.listeners[ln] = struct{}{}
	return true
}

func (s *Server) accept(nc net.Conn) {
	s.stats.connections.Add(1)
	if s.protected(nc) {
		s.stats.rejected.Add(1)
		turnAway(nc, denied)
		return
	}
	if hands, ok := nc.(shaker); ok {
		s.shake(hands)
		return
	}
	s.enter(nc)
}

// enter serves a connection, or says that the house is full.
func (s *Server) enter(nc net.Conn) {
	c := s.admit(nc)
	if c == nil {
		s.stats.rejected.Add(1)
		turnAway(nc, "-ERR max number of clients reached\r\n")
		return
	}
	go func() {
		defer s.wait.Done()
		defer s.forget(c)
		c.serve()
	}()
}

// admit returns nil when the house is full or closed.
func (s *Server) admit(nc net.Conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= s.cfg.MaxClients {
		return nil
	}
	s.lastID++
	c := newConn(s, s.lastID, nc)
	s.conns[c.id] = c
	s.wait.Add(1)
	return c
}

// turnAway says why in the few bytes that a new connection's buffer always
// takes; the deadline is for connections that are not TCP.
func turnAway(nc net.Conn, why string) {
	_ = nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = nc.Write([]byte(why))
	_ = nc.Close()
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.id)
}

// clients returns the connections in the order of their ids, without those that
// are being ended.
func (s *Server) clients() []*conn {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.conns))
	s.mu.Unlock()
	all = slices.DeleteFunc(all, func(c *conn) bool { return c.out.over() })
	slices.SortFunc(all, func(a, b *conn) int { return int(a.id - b.id) })
	return all
}

func (s *Server) clientCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Load is what the door carries, for the metrics.
type Load struct {
	Clients    int   // connected
	EventsLost int64 // that came faster than they could be handed to subscribers
	Dropped    int64 // subscribers that did not read
}

// Load tells it as it is now.
func (s *Server) Load() Load {
	return Load{Clients: s.clientCount(), EventsLost: s.bus.lost.Load(), Dropped: s.stats.dropped.Load()}
}

// Close closes every listener and connection and returns when their goroutines
// have ended.
func (s *Server) Close() {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	for ln := range s.listeners {
		_ = ln.Close() // already closed is as good
	}
	for _, c := range s.conns {
		c.out.abort()
	}
	for _, nc := range s.shaking {
		_ = nc.SetDeadline(longAgo) // fails only on a closed connection
	}
	s.mu.Unlock()
	s.wait.Wait()
	s.bus.close() // last: the connections leave it
}
