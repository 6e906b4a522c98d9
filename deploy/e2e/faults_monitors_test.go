package e2e

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"picket/deploy/lab"
)

// absences are scenes in which monitors end.
var absences = []faultScene{
	{
		name:    "all monitors killed, idle",
		what:    "SIGKILL of all monitors at once, nothing else; started again 3 s later.",
		prepare: (*trial).remembered,
		strike:  func(t *trial) error { t.killMonitors(); return nil },
		hold:    3 * time.Second,
		heal:    (*trial).startMonitors,
		want:    want{outage: time.Second},
	},
	{
		name:    "all monitors killed with the master dead",
		what:    "SIGKILL of the master and of all monitors; the monitors are started again 1 s later, the master 6 s after that.",
		remark:  "Picket saves what it discovered within a second, redis-sentinel at once; the scene begins when it is saved.",
		prepare: (*trial).remembered,
		strike:  func(t *trial) error { t.old.Kill(); t.killMonitors(); t.wait(time.Second); return t.startMonitors() },
		hold:    6 * time.Second,
		heal:    startAgain,
		want:    want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 5 * time.Second},
	},
	{
		name:   "the leader killed in its failover",
		what:   "SIGKILL of the master, and of the monitor that publishes +elected-leader the moment it does; both are started again once the clients write again, after 30 s at the latest.",
		strike: func(t *trial) error { t.old.Kill(); return t.killLeader() },
		hold:   time.Second,
		heal: func(t *trial) error {
			return errors.Join(t.failedOver(30*time.Second), t.startMonitors(), t.old.Start(t.ctx))
		},
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 8 * time.Second},
	},
}

// remembered waits until every monitor has written down whom it knows.
func (t *trial) remembered() error {
	return lab.Poll(t.ctx, "the monitors' files name everyone", func(context.Context) bool {
		for _, m := range t.Monitors {
			b, err := os.ReadFile(m.Conf)
			file := string(b)
			if err != nil || strings.Count(file, "sentinel known-replica ") < len(t.Replicas) ||
				strings.Count(file, "sentinel known-sentinel ") < len(t.Monitors)-1 {
				return false
			}
		}
		return true
	})
}

func (t *trial) killMonitors() {
	var all sync.WaitGroup
	for _, m := range t.Monitors {
		all.Go(m.Kill)
	}
	all.Wait()
}

// startMonitors starts those that do not run.
func (t *trial) startMonitors() error {
	var all errgroup.Group
	for _, m := range t.Monitors {
		if !m.Running() {
			all.Go(func() error { return m.Start(t.ctx) })
		}
	}
	return all.Wait()
}

// killLeader kills the first monitor that is elected.
func (t *trial) killLeader() error {
	elected := make(chan error, len(t.Monitors))
	var once sync.Once
	for i, m := range t.Monitors {
		go func() {
			_, err := m.Events.Wait(t.ctx, t.marks[i], lab.On("+elected-leader"))
			once.Do(func() { m.Kill(); elected <- err })
		}()
	}
	return <-elected
}
