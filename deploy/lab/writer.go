package lab

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Outcome is what a writer was told about one write.
type Outcome uint8

// Outcomes of a write.
const (
	Unknown Outcome = iota // no answer: it may have been made
	Acked                  // acknowledged
	Refused                // answered with an error: it was not made
)

// Write is one write and what became of it.
type Write struct {
	Seq     int64
	Sent    time.Time
	Done    time.Time
	Outcome Outcome
	Err     error
}

// Bytes is the length of the write's command, as it stands in the replication stream.
func (w Write) Bytes(key string) int64 { return int64(len(Encode(pushArgs(key, w.Seq)...))) }

func pushArgs(key string, seq int64) []string {
	return []string{"RPUSH", key, strconv.FormatInt(seq, 10)}
}

// Push makes one write: it appends seq to the list named key.
type Push func(ctx context.Context, key string, seq int64) error

// Writer appends 1, 2, 3 ... to a list, one write at a time, and logs each.
type Writer struct {
	Key    string
	cancel context.CancelFunc
	done   chan struct{}

	mu  sync.Mutex
	log []Write
}

// StartWriter starts a writer that waits for pace between two writes. It ends at
// Stop, or with the lab.
func (l *Lab) StartWriter(key string, pace time.Duration, push Push) *Writer {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Writer{Key: key, cancel: cancel, done: make(chan struct{})}
	l.onClose(func() { w.Stop() })
	go w.run(ctx, pace, push)
	return w
}

func (w *Writer) run(ctx context.Context, pace time.Duration, push Push) {
	defer close(w.done)
	for seq := int64(1); ctx.Err() == nil; seq++ {
		one := Write{Seq: seq, Sent: time.Now()}
		one.Err = push(ctx, w.Key, seq)
		one.Done, one.Outcome = time.Now(), outcome(one.Err)
		w.mu.Lock()
		w.log = append(w.log, one)
		w.mu.Unlock()
		pause(ctx, pace)
	}
}

func outcome(err error) Outcome {
	var ours ReplyError
	var theirs redis.Error
	switch {
	case err == nil:
		return Acked
	case errors.As(err, &ours), errors.As(err, &theirs):
		return Refused
	}
	return Unknown
}

// Stop ends the writer and returns its log.
func (w *Writer) Stop() []Write {
	w.cancel()
	<-w.done
	return w.Log()
}

// Log is every write so far whose fate is settled.
func (w *Writer) Log() []Write {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Write(nil), w.log...)
}

// WaitAcks waits until n further writes have been acknowledged.
func (w *Writer) WaitAcks(ctx context.Context, n int) error {
	want := acks(w.Log()) + n
	return Poll(ctx, "wait for acknowledged writes", func(context.Context) bool { return acks(w.Log()) >= want })
}

func acks(log []Write) (n int) {
	for _, w := range log {
		if w.Outcome == Acked {
			n++
		}
	}
	return n
}

// LongestGap is the longest time without an acknowledged write between the first
// write and the last one settled.
func LongestGap(log []Write) time.Duration {
	if len(log) == 0 {
		return 0
	}
	last, longest := log[0].Sent, time.Duration(0)
	for _, w := range log {
		if w.Outcome == Acked {
			longest = max(longest, w.Done.Sub(last))
			last = w.Done
		}
	}
	return max(longest, log[len(log)-1].Done.Sub(last))
}

// Pinned writes to one server on one connection, whatever that server has become;
// it waits for an answer as long as it takes, and connects again when the
// connection is lost.
func Pinned(r *Redis) Push {
	var c *Conn
	return func(ctx context.Context, key string, seq int64) (err error) {
		if c == nil {
			if c, err = r.Dial(ctx); err != nil {
				return err
			}
		}
		_, err = c.Do(ctx, pushArgs(key, seq)...)
		var reply ReplyError
		if err != nil && !errors.As(err, &reply) {
			c.Close()
			c = nil
		}
		return err
	}
}

// Failover writes through an untouched go-redis failover client, which asks the
// monitors for the master. The client is closed with the lab.
func (g *Group) Failover() Push {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: g.Monitors[0].Group, SentinelAddrs: g.MonitorAddrs(),
	})
	g.Lab.onClose(func() { client.Close() })
	return func(ctx context.Context, key string, seq int64) error {
		return client.RPush(ctx, key, seq).Err()
	}
}

// MonitorAddrs are host:port of every monitor.
func (g *Group) MonitorAddrs() []string {
	addrs := make([]string, len(g.Monitors))
	for i, m := range g.Monitors {
		addrs[i] = m.Addr()
	}
	return addrs
}
