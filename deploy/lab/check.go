package lab

import (
	"context"
	"fmt"
	"strconv"
)

// Loss is what became of a writer's writes on one server.
type Loss struct {
	Acked       int     // writes that were acknowledged
	Lost        []Write // acknowledged and not there
	Duplicated  []int64 // there more than once
	Resurrected []int64 // refused and there all the same, or (of a ledger) deleted and there again
}

// LostBytes is the length of the lost writes in the replication stream.
func (l Loss) LostBytes(key string) (n int64) {
	for _, w := range l.Lost {
		n += w.Bytes(key)
	}
	return n
}

func (l Loss) String() string {
	return fmt.Sprintf("%d acknowledged, %d lost, %d duplicated, %d resurrected",
		l.Acked, len(l.Lost), len(l.Duplicated), len(l.Resurrected))
}

// Check compares a writer's log with what the server holds.
func Check(ctx context.Context, r *Redis, key string, log []Write) (Loss, error) {
	reply, err := r.Do(ctx, "LRANGE", key, "0", "-1")
	if err != nil {
		return Loss{}, fmt.Errorf("read the writes held by %s: %w", r.Addr(), err)
	}
	return compare(Strings(reply), log), nil
}

func compare(held []string, log []Write) Loss {
	var loss Loss
	times := map[int64]int{}
	for _, s := range held {
		seq, _ := strconv.ParseInt(s, 10, 64)
		if times[seq]++; times[seq] == 2 {
			loss.Duplicated = append(loss.Duplicated, seq)
		}
	}
	for _, w := range log {
		switch {
		case w.Outcome == Acked && times[w.Seq] == 0:
			loss.Lost = append(loss.Lost, w)
		case w.Outcome == Refused && times[w.Seq] > 0:
			loss.Resurrected = append(loss.Resurrected, w.Seq)
		}
	}
	loss.Acked = acks(log)
	return loss
}
