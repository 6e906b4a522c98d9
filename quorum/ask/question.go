package ask

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"picket/quorum"
)

const defaultDeadline = time.Second

func questionBlank(q quorum.Question) quorum.Answer {
	return quorum.Answer{Effect: q.Effect, Peer: q.Peer, Addr: q.Addr, Group: q.Group}
}

// answer asks a question and waits for what comes of it.
func (a *Asker) answer(q quorum.Question) quorum.Answer {
	ctx, cancel := context.WithTimeout(a.ctx, cmp.Or(q.Deadline, defaultDeadline))
	defer cancel()
	d, release := a.doorAt(q.Addr)
	defer release()
	in := d.polls
	if q.Candidate != "" {
		in = d.votes
	}
	candidate := cmp.Or(string(q.Candidate), "*")
	isDown := []any{"SENTINEL", "is-master-down-by-addr", q.Master.Host, q.Master.Port, q.Epoch, candidate}
	return a.inquire(ctx, inquiry{door: d, lane: in, blank: questionBlank(q), isDown: isDown})
}

// inquiry is a question on its way.
type inquiry struct {
	door   *door
	lane   lane
	blank  quorum.Answer // what the answer starts from
	isDown []any
}

// inquire fills in the answer; an answer with an error holds nothing else.
func (a *Asker) inquire(ctx context.Context, i inquiry) quorum.Answer {
	got := i.blank
	err := i.door.exchange(ctx, i.lane, func(l *link) error {
		got = i.blank
		got.Sent = a.cfg.Clock()
		return a.inquireOn(ctx, l, i, &got)
	})
	if err != nil {
		i.blank.Sent = got.Sent
		i.blank.Err = err.Error()
		got = i.blank
	}
	got.At = a.cfg.Clock()
	return got
}

// inquireOn asks in one write where it knows what the other end is. On a new link
// it takes the peer for a picket: a redis-sentinel says that it knows no SENTINEL
// PEER and is asked again in its own words. So a peer whose program was replaced
// is recognized without a word from the core.
func (a *Asker) inquireOn(ctx context.Context, l *link, i inquiry, got *quorum.Answer) error {
	commands := append([][]any{i.isDown}, a.identification(l, i.blank.Group)...)
	replies, err := l.do(ctx, commands...)
	if err != nil {
		return err
	}
	if err := a.identify(ctx, l, replies[1:], got); err != nil {
		return err
	}
	if got.Peer != i.blank.Peer {
		return fmt.Errorf("monitor %s answers at this address, not %s", got.Peer, i.blank.Peer)
	}
	if err := readIsDown(replies[0], got); err != nil {
		return fmt.Errorf("read the reply to SENTINEL IS-MASTER-DOWN-BY-ADDR: %w", err)
	}
	return nil
}

// identify reads who answered and what it holds of the group.
func (a *Asker) identify(ctx context.Context, l *link, replies []*redis.Cmd, got *quorum.Answer) (err error) {
	if l.kind != quorum.KindSentinel {
		if !unknownSubcommand(replies[0].Err()) {
			l.kind = quorum.KindPicket
			if err := readPeer(replies[0], got); err != nil {
				return fmt.Errorf("read the reply to SENTINEL PEER: %w", err)
			}
			return nil
		}
		l.kind = quorum.KindSentinel
		if replies, err = l.do(ctx, sentinelCommands(got.Group)...); err != nil {
			return err
		}
	}
	if err := readSentinel(replies, got); err != nil {
		return fmt.Errorf("read the reply to SENTINEL MYID and MASTER: %w", err)
	}
	return nil
}

// identification is what to ask so that identify can read it.
func (a *Asker) identification(l *link, group string) [][]any {
	if l.kind == quorum.KindSentinel {
		return sentinelCommands(group)
	}
	return [][]any{a.peerCommand(l, group)}
}

func sentinelCommands(group string) [][]any {
	return [][]any{{"SENTINEL", "MYID"}, {"SENTINEL", "MASTER", group}, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group}}
}

func (a *Asker) peerCommand(l *link, group string) []any {
	id, addr := a.cfg.Links.Self()
	host := cmp.Or(addr.Host, l.localHost())
	return []any{"SENTINEL", "PEER", group, string(id), host, addr.Port}
}

// unknownSubcommand recognizes how every version of Sentinel refuses a subcommand
// that it does not know: "ERR unknown subcommand 'PEER'. Try SENTINEL HELP." since
// 7.0, "ERR Unknown sentinel subcommand 'PEER'" and "ERR Unknown subcommand or
// wrong number of arguments for 'PEER'..." before.
func unknownSubcommand(err error) bool {
	if err == nil || !isReply(err) {
		return false
	}
	text := strings.ToLower(err.Error())
	return strings.HasPrefix(text, "err unknown ") && strings.Contains(text, "subcommand")
}

func (a *Asker) release(p Peer, r quorum.Release) {
	ctx, cancel := context.WithTimeout(a.ctx, defaultDeadline)
	defer cancel()
	d, release := a.doorAt(p.Addr)
	defer release()
	epoch := strconv.FormatUint(r.Epoch, 10)
	err := d.exchange(ctx, d.votes, func(l *link) error {
		_, err := l.do(ctx, []any{"SENTINEL", "PEER", r.Group, "RELEASE", string(r.Candidate), epoch})
		return err
	})
	if err != nil {
		a.cfg.Log.Debug("release not sent", zap.Stringer("peer", p.Addr), zap.Error(err))
	}
}
