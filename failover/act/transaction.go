package act

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"picket/monitor"
)

// Promote makes the target a master with exactly Sentinel's transaction. Nothing
// is written once until has come: the order holds only within the leader's
// lease (ErrLeaseOver); Never means that there is no lease.
//
// The error is nil exactly when the outcome is Done. After Unknown the instance
// may or may not have become a master: ask it, and choose no other meanwhile.
func (a *Actor) Promote(ctx context.Context, t Target, until monitor.Instant) (Result, error) {
	return a.slaveOf(ctx, t, order{host: "NO", port: "ONE", until: until})
}

// Repoint makes the target a replica of to, whose host is given as it stands,
// with the transaction of Promote. The error is nil exactly when the outcome is Done.
func (a *Actor) Repoint(ctx context.Context, t Target, to monitor.Addr) (Result, error) {
	return a.slaveOf(ctx, t, order{host: to.Host, port: strconv.Itoa(to.Port)})
}

// order is what SLAVEOF is told, and until when it may be.
type order struct {
	host, port string
	until      monitor.Instant
}

// member is one command of the transaction.
type member struct {
	name     string // as an ACL rule names it
	args     []any
	required bool
}

// members are Sentinel's, in its order (sentinelSendSlaveOf). CLIENT KILL makes
// clients ask the monitors anew; CONFIG REWRITE makes the change outlast a restart.
func (a *Actor) members(group string, o order) []member {
	name := func(s string) any { return a.cfg.Links.Command(group, s) }
	return []member{
		{"slaveof", []any{name("SLAVEOF"), o.host, o.port}, true},
		{"config|rewrite", []any{name("CONFIG"), "REWRITE"}, false},
		{"client|kill", []any{name("CLIENT"), "KILL", "TYPE", "normal"}, false},
		{"client|kill", []any{name("CLIENT"), "KILL", "TYPE", "pubsub"}, false},
	}
}

// slaveOf sends the transaction and, when optional members made it abort, sends
// it again without them: a whole failover must work with the rights that
// Sentinel's documentation gives, and without the rest.
func (a *Actor) slaveOf(ctx context.Context, t Target, o order) (Result, error) {
	ctx, cancel := a.bound(ctx)
	defer cancel()
	s, err := a.open(ctx, t)
	if err != nil {
		return a.result(NotSent), err
	}
	defer s.close()
	s.conn.until = o.until
	if err := a.same(ctx, s, t); err != nil {
		return a.result(NotSent), err
	}
	members := a.members(t.Group, o)
	var denied []string
	for {
		replies, err := s.pipeline(ctx, a.transaction(t.Group, members))
		res := a.judge(s, replies, err)
		left := permitted(members, replies)
		if res.Outcome != Refused || len(left) == len(members) {
			res.Denied = append(denied, res.Denied...)
			return res, describe(t, res, err)
		}
		denied = append(denied, missing(members, left)...)
		a.cfg.Log.Debug("transaction repeated without what is denied", zap.String("group", t.Group),
			zap.Stringer("instance", t.Addr), zap.Strings("denied", denied))
		members = left
	}
}

// same fails if another process answers on this connection than the one that is
// meant: a replica that was chosen for its data may have been restarted without
// them since. Where INFO is refused nothing is known, and the order goes on.
func (a *Actor) same(ctx context.Context, s *session, t Target) error {
	if t.RunID == "" {
		return nil
	}
	replies, err := s.pipeline(ctx, [][]any{{a.cfg.Links.Command(t.Group, "INFO"), "server"}})
	if err != nil && !isRefusal(err) {
		if errors.Is(err, ErrLeaseOver) {
			return ErrLeaseOver
		}
		return fmt.Errorf("order %s of group %s: nothing was written: ask who it is: %w", t.Addr, t.Group, err)
	}
	if id := monitor.ParseInfo(replies[0].text).RunID; id != "" && id != t.RunID {
		return fmt.Errorf("order %s of group %s: nothing was written: it was restarted since it was chosen", t.Addr, t.Group)
	}
	return nil
}

// describe gives the error of an order that was not carried out.
func describe(t Target, res Result, err error) error {
	order := fmt.Sprintf("order %s of group %s", t.Addr, t.Group)
	switch res.Outcome {
	case Done:
		return nil
	case Refused:
		return fmt.Errorf("%s: refused: %w", order, errors.New(res.Reply))
	case NotSent:
		if errors.Is(err, ErrLeaseOver) {
			return ErrLeaseOver
		}
		return fmt.Errorf("%s: nothing was written: %w", order, err)
	}
	return fmt.Errorf("%s: the reply was lost, it may have been carried out: %w", order, err)
}

func (a *Actor) result(o Outcome) Result { return Result{Outcome: o, At: a.cfg.Clock()} }

// bound gives a context without a deadline the Actor's own.
func (a *Actor) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, a.cfg.Timeout)
}

// transaction wraps the members in MULTI and EXEC.
func (a *Actor) transaction(group string, members []member) [][]any {
	commands := [][]any{{a.cfg.Links.Command(group, "MULTI")}}
	for _, m := range members {
		commands = append(commands, m.args)
	}
	return append(commands, []any{a.cfg.Links.Command(group, "EXEC")})
}

// permitted returns the members with which the transaction would not have been
// aborted: all but the optional ones that were refused. A refused SLAVEOF makes
// another try pointless.
func permitted(members []member, replies []reply) []member {
	if replies[1].isErr {
		return members
	}
	var left []member
	for i, m := range members {
		if m.required || !replies[1+i].isErr {
			left = append(left, m)
		}
	}
	return left
}

// missing names the members that are not in left.
func missing(members, left []member) []string {
	var names []string
	for _, m := range members {
		kept := slices.ContainsFunc(left, func(l member) bool { return slices.Equal(l.args, m.args) })
		if !kept && !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	return names
}
