package e2e

import (
	"context"
	"errors"
	"fmt"
	"time"

	"picket/deploy/lab"
)

// neighbours are scenes with a second group whose instances have the same ports,
// at other addresses.
var neighbours = []faultScene{
	{
		name:   "network: two groups on the same ports",
		what:   "The monitors watch two groups, all six servers of which listen on port 6379, each in a network of its own. One master is killed; 2 s after the failover the other one too.",
		build:  twoGroups,
		strike: func(t *trial) error { return errors.Join(t.dies(), t.secondHeld(2*time.Second)) },
		heal:   (*trial).secondDies,
		want:   want{failovers: 2, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:   "network: two pools on the same ports, with one name",
		what:   "Two pools of monitors on port 26379 watch a group each, of the same name, with servers on port 6379. The master of one is killed.",
		build:  twoPools,
		strike: (*trial).dies, hold: 4 * time.Second, heal: startAgain,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
}

// samePorts is the configuration of a group whose parts live in networks of their own.
func samePorts(cfg lab.GroupConfig, list nets) lab.GroupConfig {
	cfg.Redis.Port, cfg.Monitor.Port = 6379, 26379
	cfg.ServerNets, cfg.MonitorNets = list[:3], list[3:]
	return cfg
}

func twoGroups(t *trial) (*lab.Group, error) {
	var err error
	if t.nets, err = t.lab.NewBridge(t.ctx, 10); err != nil {
		return nil, err
	}
	other := samePorts(t.config(), t.nets[7:])
	other.Monitors = 0
	if t.second, err = t.lab.StartServers(t.ctx, other); err != nil {
		return nil, err
	}
	cfg := samePorts(t.config(), t.nets[:6])
	cfg.ClientNet = t.nets[6]
	cfg.Monitor.Lines = append(cfg.Monitor.Lines,
		"sentinel monitor other "+t.second.Master.Host+" 6379 2",
		"sentinel down-after-milliseconds other 1000", "sentinel failover-timeout other 5000")
	g, err := t.lab.StartGroup(t.ctx, cfg)
	if err != nil {
		return nil, err
	}
	return g, t.knowsSecond(g)
}

// knowsSecond waits until the monitors know the second group's replicas and each other.
func (t *trial) knowsSecond(g *lab.Group) error {
	for _, m := range g.Monitors {
		err := lab.Poll(t.within(30*time.Second), m.Name()+" knows the second group", func(ctx context.Context) bool {
			reply, err := m.Sentinel(ctx, "MASTER", "other")
			f := lab.Pairs(reply)
			return err == nil && f["num-slaves"] == "2" && f["num-other-sentinels"] == "2"
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// secondHeld waits a while, and fails if Picket has moved the second group by then.
func (t *trial) secondHeld(d time.Duration) error {
	t.wait(d)
	if n := t.failovers(); n > 1 && t.program == picket {
		return fmt.Errorf("%d failovers, and one master had died", n)
	}
	return nil
}

// secondDies starts the first master again and kills the second group's, which
// must be replaced by one of its own replicas.
func (t *trial) secondDies() error {
	if err := t.old.Start(t.ctx); err != nil {
		return err
	}
	t.second.Master.Kill()
	for _, m := range t.Monitors {
		err := lab.Poll(t.within(20*time.Second), m.Name()+" names a replica of the second group", func(ctx context.Context) bool {
			reply, err := m.Sentinel(ctx, "GET-MASTER-ADDR-BY-NAME", "other")
			addr := lab.Strings(reply)
			return err == nil && len(addr) == 2 && (addr[0] == t.second.Replicas[0].Host || addr[0] == t.second.Replicas[1].Host)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func twoPools(t *trial) (*lab.Group, error) {
	var err error
	if t.nets, err = t.lab.NewBridge(t.ctx, 13); err != nil {
		return nil, err
	}
	if t.second, err = t.lab.StartGroup(t.ctx, samePorts(t.config(), t.nets[7:])); err != nil {
		return nil, err
	}
	t.claims = append(t.claims, claim{"monitors of the other pool that moved", t.secondMoved})
	cfg := samePorts(t.config(), t.nets[:6])
	cfg.ClientNet = t.nets[6]
	return t.lab.StartGroup(t.ctx, cfg)
}

// secondMoved counts the other pool's monitors that name another master than at first.
func (t *trial) secondMoved(ctx context.Context, _ *lab.Redis) (n int, err error) {
	for _, m := range t.second.Monitors {
		addr, asked := m.MasterAddr(ctx)
		if err = errors.Join(err, asked); addr != t.second.Master.Addr() {
			n++
		}
	}
	return n, err
}
