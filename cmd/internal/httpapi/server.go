package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"picket/cmd/internal/history"
	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// Source tells what the door shows. Its methods return at once, Explain excepted,
// and what they return is immutable.
type Source interface {
	// Views returns all groups in configuration order.
	Views() []*failover.View
	View(group string) (*failover.View, bool)
	// Master is the address that clients should use now.
	Master(group string) (monitor.Addr, bool)
	// Numeric is an address with its host name resolved, where that is known.
	Numeric(a monitor.Addr) monitor.Addr
	Self() Self
	// Explain says, a finding a line, why a group is or is not failing over now.
	Explain(ctx context.Context, group string) ([]string, error)
	// Records are what happened to a group, to all when it is "", newest first.
	Records(group string) []history.Record
}

// Self is what the monitor says of itself.
type Self struct {
	ID      quorum.ID
	Address monitor.Addr // as announced; the host may be ""
	Version string
	Epoch   uint64
	Uptime  time.Duration
	Unsaved string        // why state cannot be saved, "" when it can
	LoopAge time.Duration // since the decision loop last ran

	HistoryDurable bool // records outlive the process
}

// Limits bound what clients can make the door hold and do. Zero fields mean the default.
type Limits struct {
	Connections int           // at a time, default 256; more wait in the kernel
	Streams     int           // of events, default 32
	StreamQueue int           // events that one stream may leave unread, default 256
	Answers     int           // made at a time, default 8; more wait
	Header      int           // bytes of a request's line and header, default 8 KiB
	HeaderTime  time.Duration // to send them in, default 5 s
	IdleTime    time.Duration // of a connection between requests, default 30 s
	WriteTime   time.Duration // for an answer, for each event of a stream; default 10 s
	Heartbeat   time.Duration // between signs of life on a stream, default 15 s
	AnswerAge   time.Duration // answers as old as this are given again, default 200 ms
}

func (l Limits) filled() Limits {
	l.Connections = cmp.Or(l.Connections, 256)
	l.Streams = cmp.Or(l.Streams, 32)
	l.StreamQueue = cmp.Or(l.StreamQueue, 256)
	l.Answers = cmp.Or(l.Answers, 8)
	l.Header = cmp.Or(l.Header, 8<<10)
	l.HeaderTime = cmp.Or(l.HeaderTime, 5*time.Second)
	l.IdleTime = cmp.Or(l.IdleTime, 30*time.Second)
	l.WriteTime = cmp.Or(l.WriteTime, 10*time.Second)
	l.Heartbeat = cmp.Or(l.Heartbeat, 15*time.Second)
	l.AnswerAge = cmp.Or(l.AnswerAge, 200*time.Millisecond)
	return l
}

// Config is what a server is made of. Source, Clock and Log are required.
type Config struct {
	Source  Source
	Clock   func() monitor.Instant
	Log     *zap.Logger
	Names   []string     // host names by which this machine may be asked, beside localhost
	Page    http.Handler // of /; nil: there is none
	Metrics http.Handler // of /metrics; nil: there is none
	Limits  Limits
}

// Server is the door. It serves any number of listeners.
type Server struct {
	cfg     Config
	limits  Limits
	http    *http.Server
	feed    *feed
	answers *answers
	turns   chan struct{}
	end     context.CancelFunc
}

// New makes a server; Close must be called even if Serve never is.
func New(cfg Config) *Server {
	ctx, end := context.WithCancel(context.Background())
	s := &Server{cfg: cfg, limits: cfg.Limits.filled(), end: end}
	s.feed, s.answers = newFeed(s.limits), newAnswers(s.limits.AnswerAge)
	s.turns = make(chan struct{}, s.limits.Answers)
	s.http = &http.Server{
		Handler:           s.guard(s.routes()),
		ReadHeaderTimeout: s.limits.HeaderTime,
		ReadTimeout:       s.limits.HeaderTime, // no request has a body
		WriteTimeout:      s.limits.WriteTime,
		IdleTimeout:       s.limits.IdleTime,
		MaxHeaderBytes:    s.limits.Header,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          quiet(cfg.Log),

		DisableGeneralOptionsHandler: true, // "OPTIONS *" is refused as any other method is
	}
	return s
}

// Serve answers those who come to a listener until Close, or until the listener fails.
func (s *Server) Serve(ln net.Listener) error {
	err := s.http.Serve(netutil.LimitListener(ln, s.limits.Connections))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Publish hands an event to the streams. It returns at once, whatever they do: one
// that is too slow loses its connection, and its browser comes back for what it missed.
func (s *Server) Publish(at time.Time, e monitor.Event) { s.feed.publish(at, e) }

// Streams counts those that are open, the events that came faster than they could be
// told, and the streams that were ended because nobody read them.
func (s *Server) Streams() (open int, lost, dropped int64) {
	return int(s.feed.open.Load()), s.feed.lost.Load(), s.feed.dropped.Load()
}

// closeWait bounds how long an answer that is being written can hold up the end.
const closeWait = 200 * time.Millisecond

// Close ends the streams, lets answers be finished for a moment, and ends the rest.
func (s *Server) Close() {
	s.end()
	s.feed.close()
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // its connections are of no use any more
	}
}
