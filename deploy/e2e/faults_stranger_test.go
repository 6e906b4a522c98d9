package e2e

import (
	"context"
	"errors"
	"fmt"
	"time"

	"picket/deploy/lab"
)

// strangers are scenes in which a server or a monitor meets those of another group.
var strangers = []faultScene{
	{
		name:   "a replica re-pointed to a foreign master",
		what:   "REPLICAOF a server that is not of the group, on one replica; nothing else. It has to be brought back.",
		strike: func(t *trial) error { return t.estrange(t.Replicas[0]) },
		hold:   time.Second,
		want:   want{outage: time.Second},
	},
	{
		name: "a replica re-pointed to a foreign master, then the master killed",
		what: "The same, of the replica with the better replica-priority; once it holds the foreign data the master is killed, and started again 4 s later.",
		strike: func(t *trial) error {
			err := t.estrange(t.Replicas[0])
			t.old.Kill()
			return err
		},
		hold: 4 * time.Second,
		heal: startAgain,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 3 * time.Second},
	},
	{
		name:    "two groups of one name",
		what:    "Another pool of three monitors watches another master under the same name, one configuration epoch ahead. One replica of the first group is re-pointed to the other group's master, so that both pools' hellos meet on it; after 12 s it is sent back, and has to stay for 15 s.",
		remark:  "Both pools call a strayed replica back after failover-timeout, so it would go to and fro, with a full sync each time. Picket leaves it where it was sent while it sees that another pool watches that master.",
		prepare: (*trial).secondPool,
		strike: func(t *trial) error {
			return t.repoint(t.Replicas[1], t.second.Master)
		},
		hold: 12 * time.Second,
		heal: func(t *trial) error {
			return errors.Join(t.repoint(t.Replicas[1], t.old), t.stays(t.Replicas[1], t.old))
		},
		want: want{outage: time.Second},
	},
}

// estrange lets a replica follow a master of no group, until it holds its data.
// It is the replica that Sentinel's rules prefer.
func (t *trial) estrange(r *lab.Redis) error {
	foreign, err := t.lab.StartRedis(t.ctx, lab.RedisConfig{})
	if err != nil {
		return err
	}
	_, err = foreign.Do(t.ctx, "SET", "foreign", "1")
	_, second := r.Do(t.ctx, "CONFIG", "SET", "replica-priority", "1")
	if err := errors.Join(err, second, t.repoint(r, foreign)); err != nil {
		return err
	}
	return r.WaitInfo(t.ctx, "follows the foreign master", lab.Follows(foreign))
}

func (t *trial) repoint(r, master *lab.Redis) error {
	_, err := r.Do(t.ctx, "REPLICAOF", master.Host, itoa(master.Port))
	return err
}

// stays fails if a replica, once it follows a master, does not for 15 s.
func (t *trial) stays(r, master *lab.Redis) error {
	follows := lab.Follows(master)
	if err := r.WaitInfo(t.ctx, "follows its master again", follows); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.ctx, 15*time.Second)
	defer cancel()
	left := false
	_ = lab.Poll(ctx, "the replica is gone again", func(ctx context.Context) bool {
		info, err := t.info(ctx, r)
		left = err == nil && (info["master_host"] != master.Host || info["master_port"] != itoa(master.Port))
		return left
	})
	if left {
		return fmt.Errorf("%s was called away again", r.Addr())
	}
	return t.ctx.Err()
}

// secondPool starts another group under the same name, lets it fail over once,
// and claims that neither pool takes over anything of the other.
func (t *trial) secondPool() error {
	other, err := t.lab.StartGroup(t.ctx, t.config())
	if err != nil {
		return err
	}
	first := other.Master
	marks := other.Marks()
	if err := t.promise(other, first, marks); err != nil {
		return fmt.Errorf("fail the second group over: %w", err)
	}
	t.claims = append(t.claims,
		claim{"monitors of the other pool that name a foreign master", func(ctx context.Context, _ *lab.Redis) (int, error) {
			return astray(ctx, other)
		}},
		claim{"strangers taken for peers", func(ctx context.Context, _ *lab.Redis) (int, error) {
			ours, err := peers(ctx, t.Group)
			theirs, err2 := peers(ctx, other)
			return ours + theirs - 2*len(t.Monitors)*(len(t.Monitors)-1), errors.Join(err, err2)
		}})
	return nil
}

// promise fails the second group over, so that its epoch is ahead of the first one's.
func (t *trial) promise(other *lab.Group, first *lab.Redis, marks []int) error {
	if _, err := other.Monitors[0].Sentinel(t.ctx, "FAILOVER", other.Monitors[0].Group); err != nil {
		return err
	}
	sw, err := other.WaitSwitch(t.ctx, first, marks)
	if err != nil {
		return err
	}
	t.second = &lab.Group{Lab: t.lab, Master: sw.New, Monitors: other.Monitors}
	return first.WaitInfo(t.ctx, "follows the other group's new master", lab.Follows(sw.New))
}

// astray counts monitors that answer with a server that is not of their group.
func astray(ctx context.Context, g *lab.Group) (n int, err error) {
	for _, m := range g.Monitors {
		addr, asked := m.MasterAddr(ctx)
		err = errors.Join(err, asked)
		if _, ok := g.Server(addr); !ok {
			n++
		}
	}
	return n, err
}

// peers adds up how many other monitors each monitor knows.
func peers(ctx context.Context, g *lab.Group) (n int, err error) {
	for _, m := range g.Monitors {
		fields, asked := m.Master(ctx)
		err = errors.Join(err, asked)
		others := 0
		fmt.Sscan(fields["num-other-sentinels"], &others)
		n += others
	}
	return n, err
}
