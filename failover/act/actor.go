package act

import (
	"context"
	"net"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
)

// Target is the instance on which to act.
type Target struct {
	Group string
	Addr  monitor.Addr
	RunID string // the process that is meant; "": whichever answers
}

// Links is what an Actor needs in order to talk to instances.
type Links interface {
	// Dial connects to addr, with TLS where configured, until ctx ends.
	Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error)
	// Credentials returns what to AUTH with; an empty password means not at all.
	Credentials(group string) (user, pass string)
	// Command returns the name by which a group's instances know a command (rename-command).
	Command(group, name string) string
}

// Config is what an Actor needs. Links and Clock must be set.
type Config struct {
	Links Links
	Clock func() monitor.Instant
	Log   *zap.Logger // default: no log
	// Timeout bounds an action whose context has no deadline; default 5 s.
	Timeout time.Duration
}

// Actor acts on instances.
type Actor struct{ cfg Config }

// New returns an Actor.
func New(cfg Config) *Actor {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 5 * time.Second
	}
	return &Actor{cfg: cfg}
}
