package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"picket/deploy/lab"
)

// disks are scenes in which a disk is full. Each process has a folder of its own
// on a tmpfs that nobody else sees, and that ends with it.
var disks = []faultScene{
	{
		name:   "disk full: BGSAVE fails",
		what:   "No room in the master's folder, with save 1 1: writes are refused and PING says MISCONF. 4 s after the failover there is room again.",
		group:  onSmallDisk("save 1 1"),
		build:  mounted,
		strike: func(t *trial) error { return errors.Join(t.fillMaster(), t.failedOver(20*time.Second)) },
		hold:   4 * time.Second, heal: (*trial).roomForMaster, remark: endsItself,
		want: want{failovers: 1, verdicts: []string{"degraded"}, lost: 20, pinned: 750, outage: 5 * time.Second},
	},
	{
		name:   "disk full: the AOF cannot be written",
		what:   "The same with appendonly yes, appendfsync everysec.",
		group:  onSmallDisk("appendonly yes", "appendfsync everysec"),
		build:  mounted,
		strike: func(t *trial) error { return errors.Join(t.fillMaster(), t.failedOver(20*time.Second)) },
		hold:   4 * time.Second, heal: (*trial).roomForMaster, remark: endsItself,
		want: want{failovers: 1, verdicts: []string{"degraded"}, lost: 20, pinned: 750, outage: 5 * time.Second},
	},
	{
		name:   "disk full: the AOF cannot be written, appendfsync always",
		what:   "With appendfsync always the master ends itself; it is started again, with an empty disk, 4 s after the failover.",
		group:  onSmallDisk("appendonly yes", "appendfsync always"),
		build:  mounted,
		strike: func(t *trial) error { return errors.Join(t.fillMaster(), t.failedOver(20*time.Second)) },
		hold:   4 * time.Second, heal: startAgain,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 5 * time.Second},
	},
	{
		name:  "disk full under one monitor, then the master killed",
		what:  "The first monitor can save nothing; the other two fail over. There is room again 3 s later.",
		group: lab.GroupConfig{Monitor: lab.MonitorConfig{Wrap: smallDisk("256k")}},
		build: mounted,
		strike: func(t *trial) error {
			return errors.Join(t.fillMonitors(1), t.held(2*time.Second), t.dies())
		},
		hold: 3 * time.Second, heal: func(t *trial) error { return errors.Join(t.makeRoom(), t.old.Start(t.ctx)) },
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:   "disk full under two monitors, then the master killed",
		what:   "Two of three monitors can save nothing; there is room again 5 s after the master's death.",
		remark: "Picket gives no vote that it could forget: the failover waits for the room. redis-sentinel votes all the same.",
		group:  lab.GroupConfig{Monitor: lab.MonitorConfig{Wrap: smallDisk("256k")}},
		build:  mounted,
		strike: func(t *trial) error {
			err := errors.Join(t.fillMonitors(2), t.held(2*time.Second))
			t.old.Kill()
			return errors.Join(err, t.held(5*time.Second), t.complained(2))
		},
		heal: func(t *trial) error {
			return errors.Join(t.makeRoom(), t.failedOver(20*time.Second), t.old.Start(t.ctx))
		},
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 10 * time.Second},
	},
}

const endsItself = "Redis 7 ends a replica that cannot write to its disk (replica-ignore-disk-write-errors no): " +
	"an old master made a replica while its disk is full does so, and is started again when there is room, with the configuration that it was given: as an empty master, " +
	"which is seen within a second (a replica is dialled no more often) and fenced at once."

// roomForMaster makes room, and waits until the old master has written to its
// disk again. Where it ended itself, before or after, it is started again.
func (t *trial) roomForMaster() error {
	err := t.makeRoom()
	within := t.within(20 * time.Second)
	unhurt := lab.Poll(within, "wait until "+t.old.Addr()+" writes to its disk", func(ctx context.Context) bool {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		info, unread := t.old.Info(short)
		return !t.old.Running() || unread == nil && writes(info)
	})
	if t.old.Running() {
		return errors.Join(err, unhurt)
	}
	t.note("the old master had ended itself: %s", endOf(t.old.LogText()))
	return errors.Join(err, t.old.Start(t.ctx))
}

// writes reports whether a Redis could write to its disk the last time that it tried.
func writes(info map[string]string) bool {
	return info["rdb_last_bgsave_status"] == "ok" && info["aof_last_write_status"] == "ok"
}

// endOf is the line in which a Redis says why it ended.
func endOf(log string) string {
	for line := range strings.SplitSeq(log, "\n") {
		if _, why, ok := strings.Cut(line, "Guru Meditation: "); ok {
			return why
		}
	}
	return "see its log"
}

func onSmallDisk(lines ...string) lab.GroupConfig {
	return lab.GroupConfig{Redis: lab.RedisConfig{Lines: lines, Wrap: smallDisk("8m")}}
}

// mounted starts the group as usual, where mounting is permitted.
func mounted(t *trial) (*lab.Group, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: mounting needs root", errSkip)
	}
	return t.lab.StartGroup(t.ctx, t.config())
}

func (t *trial) fillMaster() error { return t.fillFolder(t.old.Process, t.old.Dir) }

func (t *trial) fillMonitors(n int) error {
	var err error
	for _, m := range t.Monitors[:n] {
		err = errors.Join(err, t.fillFolder(m.Process, m.Dir))
	}
	return err
}

func (t *trial) fillFolder(p *lab.Process, dir string) error {
	path, err := fillDisk(p, dir)
	t.full = append(t.full, path)
	return err
}

// makeRoom removes what filled the disks of those processes that still run.
func (t *trial) makeRoom() error {
	var all error
	for _, path := range t.full {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// complained fails if one of the first n monitors of Picket's does not say that it cannot save.
func (t *trial) complained(n int) error {
	if t.program != picket {
		return nil
	}
	for i, m := range t.Monitors[:n] {
		if _, err := m.Events.Wait(t.within(5*time.Second), t.marks[i], lab.On("+persist-failed")); err != nil {
			return err
		}
	}
	return nil
}
