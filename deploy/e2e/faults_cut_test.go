package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"picket/deploy/lab"
)

// cuts are scenes in which the first master is cut off, with its monitor or without.
var cuts = []faultScene{
	{
		name:   "network: master and its monitor cut off",
		what:   "All links between the master's site and the rest are cut, for 5 s beyond the failover. The pinned client is on the master's side.",
		remark: "Nothing that monitors do can stop a master that they do not reach: what it took after the switch is lost.",
		build:  sites, strike: cutMaster, hold: 5 * time.Second, heal: healSplit,
		want: want{failovers: 1, verdicts: []string{"unreachable"}, lost: 20, pinned: 6000, outage: 4 * time.Second},
	},
	{
		name:  "network: the same with min-replicas-to-write 1",
		what:  "As before; the servers refuse writes without a replica that reported within 2 s.",
		group: lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{"min-replicas-to-write 1", "min-replicas-max-lag 2"}}},
		build: sites, strike: cutMaster, hold: 5 * time.Second, heal: healSplit,
		want: want{failovers: 1, verdicts: []string{"unreachable"}, lost: 20, pinned: 2500, outage: 5 * time.Second},
	},
	{
		name:  "network: one way, what the master's site sends is lost",
		what:  "What the master and its monitor send is dropped by the rest; they hear everything. 5 s beyond the failover.",
		build: sites,
		strike: func(t *trial) error {
			return errors.Join(t.drop(t.site(0), t.rest(), ""), t.failedOver(15*time.Second))
		},
		hold: 5 * time.Second, heal: healSplit,
		want: want{failovers: 1, verdicts: []string{"unreachable"}, lost: 20, pinned: 6000, outage: 4 * time.Second},
	},
	{
		name:  "network: one way, what is sent to the master's site is lost",
		what:  "The master and its monitor drop what the rest sends; the rest hears them. 5 s beyond the failover.",
		build: sites,
		strike: func(t *trial) error {
			return errors.Join(t.drop(t.rest(), t.site(0), ""), t.failedOver(15*time.Second))
		},
		hold: 5 * time.Second, heal: healSplit,
		want: want{failovers: 1, verdicts: []string{"unreachable"}, lost: 20, pinned: 6000, outage: 4 * time.Second},
	},
	{
		name:   "network: two of three monitors lose the master, nobody else does",
		what:   "Two monitors drop what the master's server sends. Its replicas, its clients and the third monitor reach it. 5 s beyond the failover.",
		remark: "A quorum is a quorum: the group is switched, by a promotion that all clients can follow.",
		build:  sites,
		strike: func(t *trial) error {
			return errors.Join(t.drop(nets{t.nets[0]}, nets{t.nets[4], t.nets[5]}, ""), t.failedOver(15*time.Second))
		},
		hold: 5 * time.Second, heal: healSplit,
		want: want{failovers: 1, verdicts: []string{"unreachable"}, lost: anyNumber, outage: 4 * time.Second},
	},
	{
		name:  "network: replication cut, then the master killed",
		what:  "The links between the master and its replicas are cut, the monitors see all; the master is killed 4 s later and started again 4 s after the failover.",
		build: sites,
		strike: func(t *trial) error {
			err := t.apart(nets{t.nets[0]}, nets{t.nets[1], t.nets[2]})
			return errors.Join(err, t.held(4*time.Second), t.dies())
		},
		hold: 4 * time.Second, heal: healDeath,
		remark: "No replica had what was written in those 4 s: it is lost with the master, whoever fails over.",
		want:   want{failovers: 1, verdicts: []string{"gone"}, lost: 4000, outage: 4 * time.Second},
	},
	{
		name:  "network: one replica behind, then the master killed",
		what:  "The same with the link of one replica alone: the other one must be promoted.",
		build: sites,
		strike: func(t *trial) error {
			err := t.apart(nets{t.nets[0]}, nets{t.nets[1]})
			return errors.Join(err, t.held(4*time.Second), t.dies())
		},
		hold: 4 * time.Second, heal: healDeath,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
}

// pairs are scenes in which monitors lose each other.
var pairs = []faultScene{
	{
		name:  "network: one monitor cut off",
		what:  "The first monitor reaches nobody for 6 s.",
		build: sites,
		strike: func(t *trial) error {
			return errors.Join(t.apart(nets{t.nets[3]}, t.others(3)), t.held(6*time.Second))
		},
		heal: mend,
		want: want{outage: 3 * time.Second},
	},
	{
		name:  "network: one monitor cut off, then the master killed",
		what:  "The first monitor reaches nobody; 3 s later the master is killed. Both come back 3 s after the failover.",
		build: sites,
		strike: func(t *trial) error {
			return errors.Join(t.apart(nets{t.nets[3]}, t.others(3)), t.held(3*time.Second), t.dies())
		},
		hold: 3 * time.Second, heal: healDeath,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:   "network: monitors cut off from each other, then the master killed",
		what:   "No monitor reaches another one; all see every server. 4 s later the master is killed; the links are mended 5 s after that.",
		remark: "Nobody has a majority until the links are mended, and nobody may promote.",
		build:  sites,
		strike: func(t *trial) error {
			err := errors.Join(t.apart(nets{t.nets[3]}, t.nets[4:6]), t.apart(nets{t.nets[4]}, nets{t.nets[5]}), t.held(4*time.Second))
			t.old.Kill()
			return errors.Join(err, t.held(5*time.Second))
		},
		heal: healThenFailover,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 12 * time.Second},
	},
	{
		name:  "network: gossip ports cut, then the master killed",
		what:  "What monitors send to each other's gossip ports is dropped (redis-sentinel has none); 3 s later the master is killed.",
		build: sites,
		strike: func(t *trial) error {
			return errors.Join(t.drop(t.nets[3:6], t.nets[3:6], t.gossipPorts()), t.held(3*time.Second), t.dies())
		},
		hold: 3 * time.Second, heal: healDeath,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:   "network: monitors' command ports cut, then the master killed",
		what:   "Monitors cannot ask each other over RESP; gossip and hellos go on. 3 s later the master is killed; the links are mended 5 s after that.",
		remark: "Votes are asked over RESP alone, by both programs: nobody is elected until the links are mended.",
		build:  sites,
		strike: func(t *trial) error {
			err := errors.Join(t.drop(t.nets[3:6], t.nets[3:6], t.respPorts()), t.held(3*time.Second))
			t.old.Kill()
			return errors.Join(err, t.held(5*time.Second))
		},
		heal: healThenFailover,
		want: want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 12 * time.Second},
	},
	{
		name:   "network: hellos refused, then the master killed",
		what:   "The servers' default user loses PUBLISH, so that no hello passes; 3 s later the master is killed; PUBLISH is given back 4 s after the failover.",
		build:  sites,
		strike: func(t *trial) error { return errors.Join(t.publish("-publish"), t.held(3*time.Second), t.dies()) },
		hold:   4 * time.Second,
		heal:   func(t *trial) error { return errors.Join(t.old.Start(t.ctx), t.publish("+publish")) },
		want:   want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
}

// losses are scenes with links that work now and then.
var losses = []faultScene{
	{
		name:   "network: 20 % of all packets lost",
		what:   "Every fifth packet between any two of them is dropped at random, for 20 s, with down-after 5 s.",
		group:  lab.GroupConfig{Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 5 * time.Second}}},
		build:  sites,
		strike: func(t *trial) error { return t.lossy(20) },
		hold:   20 * time.Second, heal: mend,
		want: want{lost: anyNumber},
	},
	{
		name:   "network: 30 % of all packets lost, down-after 1 s",
		what:   "Three of ten packets are dropped, for 20 s.",
		remark: "TCP repeats a segment after 0.2, 0.6 and 1.4 s: at this loss a second without an answer is common, and a failover is no wrong answer.",
		build:  sites,
		strike: func(t *trial) error { return t.lossy(30) },
		hold:   20 * time.Second, heal: mend,
		want: want{failovers: anyNumber, lost: anyNumber},
	},
	{
		name:   "network: a flapping link",
		what:   "The master's site is cut off and mended again, each for 0.5 to 1 s, for 20 s, with down-after 2 s.",
		remark: "A failover is right when TCP's repetitions meet the cuts alone for 2 s; the group must be well in the end, and no write there twice.",
		group:  lab.GroupConfig{Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 2 * time.Second}}},
		build:  sites,
		strike: (*trial).flap, heal: mend,
		want: want{failovers: anyNumber, lost: anyNumber},
	},
}

// others are all networks but one.
func (t *trial) others(than int) nets {
	return append(append(nets{}, t.nets[:than]...), t.nets[than+1:]...)
}

// publish changes what the servers' default user may do.
func (t *trial) publish(rule string) error {
	var err error
	for _, r := range t.Servers() {
		if r.Running() {
			_, failed := r.Do(t.ctx, "ACL", "SETUSER", "default", rule)
			err = errors.Join(err, failed)
		}
	}
	return err
}

// lossy drops a part of what passes between any two networks.
func (t *trial) lossy(percent int) error {
	for i, n := range t.nets {
		if err := t.drop(t.others(i), nets{n}, fmt.Sprintf("numgen random mod 100 < %d", percent)); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) flap() error {
	r := rand.New(rand.NewPCG(7, 0)) // the same for both programs
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && t.ctx.Err() == nil; {
		if err := t.apart(t.site(0), t.rest()); err != nil {
			return err
		}
		t.wait(between(r, 500*time.Millisecond, time.Second))
		if err := mend(t); err != nil {
			return err
		}
		t.wait(between(r, 500*time.Millisecond, time.Second))
	}
	return t.ctx.Err()
}
