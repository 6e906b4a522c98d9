package act

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"picket/monitor"
)

// Fence holds back writes on the target for d and asks what it is, in one
// packet: [CLIENT PAUSE <ms> WRITE][INFO]. Written while a script or its
// silent end blocks the server, the packet is executed before any client's next
// write. INFO is asked for with all default sections, which every version and
// ACL user can do.
//
// The error is not nil when INFO was not answered at all. A refusal, such as
// -BUSY, is an answer and stands in the result.
func (a *Actor) Fence(ctx context.Context, t Target, d time.Duration) (FenceResult, error) {
	ctx, cancel := a.bound(ctx)
	defer cancel()
	s, err := a.open(ctx, t)
	if err != nil {
		return FenceResult{At: a.cfg.Clock()}, err
	}
	defer s.close()
	replies, err := s.pipeline(ctx, [][]any{
		{a.cfg.Links.Command(t.Group, "CLIENT"), "PAUSE", d.Milliseconds(), "WRITE"},
		{a.cfg.Links.Command(t.Group, "INFO")},
	})
	res := FenceResult{Sent: s.conn.sentAt(), At: a.cfg.Clock()}
	res.pause(replies[0])
	if isRefusal(err) {
		res.Text, res.Reply = err.Error(), monitor.ClassifyReply(err.Error())
		return res, nil
	}
	if err != nil {
		return res, fmt.Errorf("fence %s of group %s: %w", t.Addr, t.Group, err)
	}
	res.info(replies[1])
	return res, nil
}

func (r *FenceResult) pause(p reply) {
	r.Paused = p.answered() && !p.isErr
	r.Pause = errorText(p)
	if monitor.ClassifyReply(r.Pause) == monitor.ReplyNoPerm {
		r.Denied = "client|pause"
	}
}

func (r *FenceResult) info(p reply) {
	if p.isErr {
		r.Text, r.Reply = p.text, monitor.ClassifyReply(p.text)
		return
	}
	r.Reply, r.Info = monitor.ReplyPong, monitor.ParseInfo(p.text)
}

// Unfence lets writes go on: CLIENT UNPAUSE. The error is not nil when the
// target did not say OK.
func (a *Actor) Unfence(ctx context.Context, t Target) error {
	r, err := a.one(ctx, t, "CLIENT", "UNPAUSE")
	if err == nil && r.isErr {
		err = errors.New(r.text)
	}
	if err != nil {
		return fmt.Errorf("unfence %s of group %s: %w", t.Addr, t.Group, err)
	}
	return nil
}

// Kill ends the script or function that blocks the target, if it has written
// nothing. The error is not nil exactly when the outcome is KillUnknown: the
// command was not sent, or its reply was lost.
func (a *Actor) Kill(ctx context.Context, t Target, kind KillKind) (KillResult, error) {
	command := "SCRIPT"
	if kind == KillFunction {
		command = "FUNCTION"
	}
	r, err := a.one(ctx, t, command, "KILL")
	if refused, ok := errors.AsType[refusal](err); ok {
		r, err = reply{text: string(refused), isErr: true}, nil
	}
	res := KillResult{Reply: errorText(r), At: a.cfg.Clock()}
	if err != nil {
		return res, fmt.Errorf("kill the %s on %s of group %s: %w", kind, t.Addr, t.Group, err)
	}
	res.Outcome = killOutcome(r)
	return res, nil
}

// killOutcomes maps the first word of an error reply (blocked-redis.md, 1).
var killOutcomes = []struct {
	prefix  string
	outcome KillOutcome
}{
	{"UNKILLABLE ", KillUnkillable},
	{"NOTBUSY ", KillNotBusy},
	{"NOPERM ", KillDenied},
	{"NOAUTH ", KillDenied},
	{"WRONGPASS ", KillDenied},
}

func killOutcome(r reply) KillOutcome {
	if !r.isErr {
		return Killed
	}
	for _, k := range killOutcomes {
		if strings.HasPrefix(r.text, k.prefix) {
			return k.outcome
		}
	}
	return KillRefused
}

// one sends one command over a connection of its own.
func (a *Actor) one(ctx context.Context, t Target, command, sub string) (reply, error) {
	ctx, cancel := a.bound(ctx)
	defer cancel()
	s, err := a.open(ctx, t)
	if err != nil {
		return reply{}, err
	}
	defer s.close()
	replies, err := s.pipeline(ctx, [][]any{{a.cfg.Links.Command(t.Group, command), sub}})
	return replies[0], err
}
