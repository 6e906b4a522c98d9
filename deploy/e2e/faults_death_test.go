package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"picket/deploy/lab"
)

// deaths are scenes in which the master's process ends, and what comes back is
// the same, less or nothing. No server saves anything by itself.
var deaths = []faultScene{
	{
		name:   "SIGKILL",
		what:   "SIGKILL of the master; started again after 4 s, with an empty data folder.",
		remark: "Replication is asynchronous: what the master had acknowledged and not yet sent dies with it, whoever monitors. A write takes some 50 µs to be sent, so mostly it is none. The pinned client writes to the old master once it is back, until that is fenced.",
		strike: func(t *trial) error { t.old.Kill(); return nil },
		hold:   4 * time.Second,
		heal:   startAgain,
		want:   want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 3 * time.Second},
	},
	{
		name:   "restarted empty, within down-after",
		what:   "700 writes, SIGKILL of the master and a start at once with an empty data folder, as a supervisor does.",
		remark: "Its replicas would copy the emptiness. Picket sees a new process that read nothing while a replica holds keys, and replaces it at once, while the replicas, which try to connect once a second and are then let wait 5 s (repl-diskless-sync-delay, Redis' default), have their data still. What is lost was written to the empty process before it was replaced.",
		group:  asInstalled,
		strike: func(t *trial) error {
			err := t.clients.WaitAcks(t.ctx, 600)
			t.old.Kill()
			return errors.Join(err, t.old.Start(t.ctx))
		},
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 400, outage: 3 * time.Second},
	},
	{
		name:   "restarted from an old snapshot, within down-after",
		what:   "SAVE, 600 more writes, SIGKILL of the master and a start at once from that snapshot.",
		group:  asInstalled,
		strike: func(t *trial) error { return errors.Join(t.snapshot(600), t.old.Start(t.ctx)) },
		want:   want{failovers: 1, verdicts: []string{"gone"}, lost: 400, outage: 3 * time.Second},
	},
	{
		name:   "restarted from an old snapshot, after the failover",
		what:   "SAVE, 300 more writes, SIGKILL of the master and, 4 s later, a start from that snapshot.",
		strike: func(t *trial) error { return t.snapshot(300) },
		hold:   4 * time.Second,
		heal:   startAgain,
		want:   want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 3 * time.Second},
	},
	{
		name:    "LOADING: DEBUG RELOAD",
		what:    "The master writes its data set and reads it again, slowly: some 6 s of LOADING.",
		group:   lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{"loading-process-events-interval-bytes 1024"}}},
		prepare: func(t *trial) error { return t.fill(3000) },
		strike: func(t *trial) error {
			err := t.asks("CONFIG", "SET", "key-load-delay", "2000") // µs a key
			t.sends("DEBUG", "RELOAD")
			return err
		},
		hold: 5 * time.Second,
		want: want{verdicts: []string{"loading"}, outage: 12 * time.Second},
	},
	{
		name:    "LOADING: restarted with its AOF",
		what:    "SIGKILL of the master, which wrote an AOF with appendfsync always, and a start at once: some 6 s of LOADING.",
		group:   lab.GroupConfig{Redis: lab.RedisConfig{Lines: durable}},
		prepare: func(t *trial) error { return t.fill(20_000) },
		strike: func(t *trial) error {
			t.old.Kill()
			return errors.Join(appendLine(t.old.Conf, "key-load-delay 200"), t.old.Start(t.ctx))
		},
		hold: 4 * time.Second,
		want: want{verdicts: []string{"loading"}, outage: 20 * time.Second},
	},
	{
		name:   "a stale old master alone",
		what:   "The master is killed and replaced; 300 writes later the two fresh servers are killed and, once every monitor holds the new master to be down, the old master is started with its old data, alone with the monitors for 8 s; then the fresh ones are started, with theirs. All keep an AOF.",
		remark: "Had it come back a moment earlier, it would have become a replica of the new master, never synced. Picket promotes such a one when it is the last that is left and has not been apart for longer than a link may be down (ten times down-after), and the writes of the fresh ones are lost when they return; redis-sentinel promotes it however long that was.",
		group:  lab.GroupConfig{Redis: lab.RedisConfig{Lines: durable}},
		strike: func(t *trial) error {
			t.old.Kill()
			err := errors.Join(t.failedOver(20*time.Second), t.clients.WaitAcks(t.ctx, 300))
			for _, r := range t.Replicas {
				r.Kill()
			}
			return errors.Join(err, t.mourned(), t.old.Start(t.ctx))
		},
		hold: 8 * time.Second,
		heal: func(t *trial) error {
			// Both at once: one that waited for the other would rightly be taken for all there is.
			var fresh errgroup.Group
			for _, r := range t.Replicas {
				fresh.Go(func() error { return r.Start(t.ctx) })
			}
			return fresh.Wait()
		},
		want: want{failovers: anyNumber, verdicts: []string{"gone"}, lost: 20, pinned: anyNumber},
	},
}

// asInstalled has Redis' default wait before a full sync, which other scenes do without.
var asInstalled = lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{"repl-diskless-sync-delay 5"}}}

var durable = []string{"appendonly yes", "appendfsync always"}

// anyNumber is a limit that is none.
const anyNumber = 1 << 30

// mourned waits until every monitor holds a master other than the first to be down.
func (t *trial) mourned() error {
	for i, m := range t.Monitors {
		down := func(ev lab.Event) bool {
			return ev.Channel == "+sdown" && strings.HasPrefix(ev.Payload, "master ") && !strings.Contains(ev.Payload, " "+itoa(t.old.Port))
		}
		if _, err := m.Events.Wait(t.ctx, t.marks[i], down); err != nil {
			return err
		}
	}
	return nil
}

func startAgain(t *trial) error { return t.old.Start(t.ctx) }

// fill sets n keys, on all servers, in portions that hold nobody up.
func (t *trial) fill(n int) error {
	const portion = 10_000
	for ; n > 0; n -= portion {
		if res := <-t.old.Run(t.ctx, lab.ManySets(min(n, portion), "k"+itoa(n))); res.Err != nil {
			return res.Err
		}
		if err := t.WaitAcknowledged(t.ctx); err != nil {
			return err
		}
	}
	return nil
}

// snapshot lets the master save, and kills it when it has so many writes more.
func (t *trial) snapshot(writes int) error {
	err := errors.Join(t.asks("SAVE"), t.clients.WaitAcks(t.ctx, writes))
	t.old.Kill()
	return err
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("add a line to a configuration: %w", err)
	}
	defer f.Close()
	_, err = fmt.Fprintln(f, line)
	return err
}
