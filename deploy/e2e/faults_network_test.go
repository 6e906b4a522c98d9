package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"picket/deploy/lab"
)

// In these scenes every server, every monitor and the clients have a network of
// their own, on one bridge. The clients ask the monitors of sites 1 and 2: one that
// asks a monitor which is cut off waits for an answer until its own timeout. Site 0 is the first master with the first monitor,
// sites 1 and 2 are a replica and a monitor each. The pinned writer sits beside
// the first master and reaches it always. Packets are dropped by nftables where
// they arrive; they are not delayed, which would need tc.
func sites(t *trial) (*lab.Group, error) {
	cfg := t.config()
	var err error
	if t.nets, err = t.lab.NewBridge(t.ctx, 7); err != nil {
		return nil, err
	}
	cfg.ServerNets, cfg.MonitorNets, cfg.ClientNet, cfg.ClientAsks = t.nets[:3], t.nets[3:6], t.nets[6], []int{1, 2}
	return t.lab.StartGroup(t.ctx, cfg)
}

type nets = []*lab.Namespace

func (t *trial) site(i int) nets { return nets{t.nets[i], t.nets[3+i]} }

// rest are all networks, the clients' too, but those of site 0.
func (t *trial) rest() nets { return nets{t.nets[1], t.nets[2], t.nets[4], t.nets[5], t.nets[6]} }

// drop drops what comes from some networks to others and matches.
func (t *trial) drop(from, to nets, match string) error {
	var all errgroup.Group
	for _, n := range to {
		all.Go(func() error { return n.DropFrom(t.ctx, match, from...) })
	}
	return all.Wait()
}

// apart cuts the links between some networks and others, both ways.
func (t *trial) apart(a, b nets) error {
	return errors.Join(t.drop(a, b, ""), t.drop(b, a, ""))
}

// mend ends every cut.
func mend(t *trial) error {
	var all errgroup.Group
	for _, n := range t.nets {
		all.Go(func() error { return n.Heal(t.ctx) })
	}
	return all.Wait()
}

// healSplit mends, and tells for how long the first master went on taking writes.
func healSplit(t *trial) error {
	mended := time.Now()
	if err := mend(t); err != nil {
		return err
	}
	following := t.old.WaitInfo(t.within(30*time.Second), "is a replica", func(info map[string]string) bool { return info["role"] == "slave" })
	last := lastAck(t.pinned.Log())
	t.note("the old master took writes until %.1f s after the switch and %.2f s after the heal",
		max(0, last.Sub(t.switchedAt()).Seconds()), max(0, last.Sub(mended).Seconds()))
	return following
}

func (t *trial) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// within is the trial's context, but ends sooner.
func (t *trial) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.ctx, d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// switchedAt is when the first monitor told of a switch.
func (t *trial) switchedAt() (first time.Time) {
	for i, m := range t.Monitors {
		for _, ev := range m.Events.All()[t.marks[i]:] {
			if ev.Channel == "+switch-master" && (first.IsZero() || ev.At.Before(first)) {
				first = ev.At
			}
		}
	}
	return first
}

// unmoved fails if there has been a failover.
func (t *trial) unmoved() error {
	if n := t.failovers(); n > 0 && t.program == picket {
		return fmt.Errorf("%d failovers before there was a reason for any", n)
	}
	return nil
}

// held waits a while, and fails if Picket has failed over by then.
func (t *trial) held(d time.Duration) error {
	t.wait(d)
	return t.unmoved()
}

// cutMaster cuts the first master's site from the rest until it was replaced.
func cutMaster(t *trial) error {
	return errors.Join(t.apart(t.site(0), t.rest()), t.failedOver(15*time.Second))
}

// dies kills the first master and waits until it was replaced.
func (t *trial) dies() error {
	t.old.Kill()
	return t.failedOver(10 * time.Second)
}

// healDeath mends and starts the first master again.
func healDeath(t *trial) error { return errors.Join(mend(t), t.old.Start(t.ctx)) }

// healThenFailover mends, after which there must be a failover, and starts the first master again.
func healThenFailover(t *trial) error {
	return errors.Join(mend(t), t.failedOver(20*time.Second), t.old.Start(t.ctx))
}

// respPorts match what a monitor is asked over RESP, gossipPorts what it is told.
func (t *trial) respPorts() string {
	return "tcp dport { " + t.ports(func(m *lab.Monitor) int { return m.Port }) + " }"
}

func (t *trial) gossipPorts() string {
	return "meta l4proto { tcp, udp } th dport { " + t.ports(func(m *lab.Monitor) int { return m.Gossip }) + " }"
}

func (t *trial) ports(of func(*lab.Monitor) int) string {
	var list []string
	for _, m := range t.Monitors {
		list = append(list, itoa(of(m)))
	}
	return strings.Join(list, ", ")
}
