package e2e

import (
	"errors"
	"time"

	"picket/deploy/lab"
)

// starved are scenes in which the monitors get next to no processor time: all
// three together may run 30 ms in each second, all at once, and then stand still.
var starved = []faultScene{
	{
		name:   "monitors starved of cpu",
		what:   "The three monitors share 3 % of one processor for 10 s.",
		strike: (*trial).starve, hold: 10 * time.Second, heal: (*trial).feed,
		want: want{outage: 3 * time.Second},
	},
	{
		name: "monitors starved of cpu, and the master killed",
		what: "The three monitors share 3 % of one processor; 3 s later the master is killed. Both are over 3 s after the failover.",
		strike: func(t *trial) error {
			err := errors.Join(t.starve(), t.held(3*time.Second))
			t.old.Kill()
			return errors.Join(err, t.failedOver(40*time.Second))
		},
		hold: 3 * time.Second,
		heal: func(t *trial) error { return errors.Join(t.feed(), t.old.Start(t.ctx)) },
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 30 * time.Second},
	},
	{
		name: "master starved of cpu",
		what: "The master's server gets 2 % of one processor, in one piece of 20 ms a second, for 10 s: it is silent for 0.98 s at a time.",
		strike: func(t *trial) error {
			return errors.Join(t.limit(20*time.Millisecond, t.old.Process), t.held(10*time.Second))
		},
		heal: (*trial).feed,
		want: want{outage: 6 * time.Second},
	},
}

func (t *trial) starve() error {
	return t.limit(30*time.Millisecond, processes(t.Monitors)...)
}

// limit lets some processes run so long in each second.
func (t *trial) limit(run time.Duration, list ...*lab.Process) error {
	q, err := t.lab.NewQuota()
	if err != nil {
		return err
	}
	for _, p := range list {
		err = errors.Join(err, q.Add(p))
	}
	t.quota = q
	return errors.Join(err, q.Limit(run, time.Second))
}

func (t *trial) feed() error { return t.quota.Free() }
