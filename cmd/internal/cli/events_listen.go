package cli

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// listener follows the events of one monitor, over its restarts.
type listener struct {
	*asked
	pattern string
	tell    *teller
}

const (
	quiet        = 5 * time.Second // after so long without a word a monitor is asked whether it lives
	firstBackoff = 100 * time.Millisecond
	mostBackoff  = 3 * time.Second
)

// follow listens until ctx ends. A monitor that was never reached, or that refuses us, is an error.
func (l listener) follow(ctx context.Context) error {
	reached, wait := false, firstBackoff
	for {
		began := time.Now()
		subscribed, err := l.once(ctx, reached)
		switch {
		case ctx.Err() != nil:
			return nil
		case !reached && !subscribed, isRefusal(err):
			return unanswered{l.addr, err}
		case subscribed:
			l.tell.news("the monitor at %s is gone (%v); waiting for it", l.addr, err)
		}
		if reached = true; subscribed && time.Since(began) > mostBackoff {
			wait = firstBackoff
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, mostBackoff)
	}
}

// isRefusal reports whether a monitor answered that we may not listen: trying again would not help.
func isRefusal(err error) bool {
	_, isReply := replyError(err)
	return isReply && adviceFor(err) != ""
}

// once listens on one connection until that breaks.
func (l listener) once(ctx context.Context, again bool) (subscribed bool, err error) {
	sub := l.PSubscribe(ctx)
	defer sub.Close()
	if err := sub.PSubscribe(ctx, l.pattern); err != nil {
		return false, err
	}
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })() // ends the Receive; a second Close changes nothing
	asked := false
	for {
		m, err := sub.ReceiveTimeout(ctx, quiet)
		switch m := m.(type) {
		case *redis.Subscription:
			if subscribed = true; again {
				l.tell.news("the monitor at %s is back", l.addr)
			}
		case *redis.Message:
			l.tell.event(heard{At: time.Now(), Monitor: l.addr, Event: m.Channel, Text: m.Payload, Reason: reasonIn(m.Payload)})
		}
		if err == nil {
			asked = false
			continue
		}
		late, isNet := errors.AsType[net.Error](err)
		if !isNet || !late.Timeout() || asked {
			return subscribed, err
		}
		if asked = true; sub.Ping(ctx) != nil {
			return subscribed, err
		}
	}
}
