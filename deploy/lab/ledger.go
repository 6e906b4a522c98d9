package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// One write of a ledger is one transaction: it appends its number to a list,
// marks the number as alive in a hash, and deletes the mark of the write that
// lies AliveSpan before it. So a write that took place twice is twice in the
// list, and a mark that is back after its deletion was acknowledged is a value
// that rose from the dead.

// AliveSpan is how many writes of a ledger are alive at a time.
const AliveSpan = 50

func aliveKey(key string) string { return key + ":alive" }

func ledger(key string, seq int64) [][]string {
	return [][]string{
		pushArgs(key, seq),
		{"HSET", aliveKey(key), strconv.FormatInt(seq, 10), "1"},
		{"HDEL", aliveKey(key), strconv.FormatInt(seq-AliveSpan, 10)},
	}
}

// FailoverLedger writes a ledger through a go-redis failover client, which asks
// the monitors for the master, from the clients' namespace. It sends
// every write once: what it got no answer for is not tried again under the same
// number, so a number that is there twice was not doubled by the client.
func (g *Group) FailoverLedger(login *Login) Push {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		return g.cfg.clientNet().DialContext(ctx, network, addr)
	}
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: g.Monitors[0].Group, SentinelAddrs: g.asked(), Dialer: dial,
		MaxRetries: -1, DialTimeout: time.Second, DialerRetries: 1,
		CredentialsProvider: func() (string, string) { return "", login.Password() },
	})
	g.Lab.onClose(func() { client.Close() })
	return func(ctx context.Context, key string, seq int64) error {
		_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			for _, cmd := range ledger(key, seq) {
				p.Do(ctx, words(cmd)...)
			}
			return nil
		})
		return err
	}
}

func words(cmd []string) []any {
	list := make([]any, len(cmd))
	for i, s := range cmd {
		list[i] = s
	}
	return list
}

// PinnedLedger writes a ledger to one server, whatever that has become, as a
// client that missed the switch; it waits for an answer as long as it takes, and
// connects again when the connection is lost.
func PinnedLedger(r *Redis, login *Login) Push {
	var c *Conn
	return func(ctx context.Context, key string, seq int64) (err error) {
		if c == nil {
			if c, err = r.login(ctx, login); err != nil {
				return err
			}
		}
		err = c.transaction(ctx, ledger(key, seq))
		var reply ReplyError
		if err != nil && !errors.As(err, &reply) {
			c.Close()
			c = nil
		}
		return err
	}
}

// transaction sends MULTI, the commands and EXEC at once, and returns what EXEC says.
func (c *Conn) transaction(ctx context.Context, commands [][]string) error {
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	all := append(append([][]string{{"MULTI"}}, commands...), []string{"EXEC"})
	var packet []byte
	for _, cmd := range all {
		packet = append(packet, Encode(cmd...)...)
	}
	if _, err := c.Write(packet); err != nil {
		return fmt.Errorf("send a transaction: %w", err)
	}
	var last error
	for range all {
		var reply ReplyError
		if _, last = c.Receive(); last != nil && !errors.As(last, &reply) {
			return last
		}
	}
	return last
}

// CheckLedger compares a ledger writer's log with what the server holds.
func CheckLedger(ctx context.Context, r *Redis, login *Login, w *Writer) (Loss, error) {
	held, alive, err := r.readLedger(ctx, login, w.Key)
	if err != nil {
		return Loss{}, fmt.Errorf("read the writes held by %s: %w", r.Addr(), err)
	}
	log := w.Log()
	loss := compare(held, log)
	loss.Resurrected = append(loss.Resurrected, risen(alive, log)...)
	return loss, nil
}

func (r *Redis) readLedger(ctx context.Context, login *Login, key string) (held, alive []string, err error) {
	c, err := r.login(ctx, login)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	list, err := c.Do(ctx, "LRANGE", key, "0", "-1")
	if err != nil {
		return nil, nil, err
	}
	marks, err := c.Do(ctx, "HKEYS", aliveKey(key))
	return Strings(list), Strings(marks), err
}

// risen are the marks that are there although their deletion was acknowledged.
func risen(alive []string, log []Write) []int64 {
	deleted := map[int64]bool{}
	for _, w := range log {
		if w.Outcome == Acked {
			deleted[w.Seq-AliveSpan] = true
		}
	}
	var back []int64
	for _, s := range alive {
		if seq, err := strconv.ParseInt(s, 10, 64); err == nil && deleted[seq] {
			back = append(back, seq)
		}
	}
	slices.Sort(back)
	return back
}
