package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"picket/deploy/lab"
)

const (
	trialPatience  = 150 * time.Second
	settlePatience = 60 * time.Second // from the heal on
	steady         = 1500 * time.Millisecond
	pace           = 2 * time.Millisecond
	warmUp         = 100 // writes
)

// errSkip leaves a scene out: this machine cannot play it.
var errSkip = errors.New("not permitted here")

// trial is one scene being played under one program.
type trial struct {
	*lab.Group
	fault    faultScene
	program  lab.Program
	ctx      context.Context
	lab      *lab.Lab
	old      *lab.Redis // the first master
	login    lab.Login  // the password that the writers and the checker use
	clients  *lab.Writer
	pinned   *lab.Writer
	marks    []int // in the monitors' events, from before the fault
	logMarks []int // in their logs, of the same moment
	claims   []claim
	second   *lab.Group       // of scenes with two
	door     *lab.Conn        // to the first master, of scenes that keep others out
	nets     []*lab.Namespace // of the servers, the monitors and the clients, where each has its own
	healed   time.Time        // when the heal was done
	notes    []string         // what else is worth telling
	full     []string         // files that fill a disk
	quota    *lab.Quota
}

// claim is a further promise that somebody was given in a scene, such as the
// reply to a script: broken counts what is missing on the last master.
type claim struct {
	what   string
	broken func(ctx context.Context, master *lab.Redis) (int, error)
}

// config is the scene's group for the trial's program: two replicas, three
// monitors, quorum 2, down-after 1 s, failover-timeout 5 s and T 500 ms, where
// the scene says nothing else.
func (t *trial) config() lab.GroupConfig {
	cfg := t.fault.group
	if cfg.Replicas == 0 {
		cfg.Replicas = 2
	}
	if cfg.Monitors == 0 {
		cfg.Monitors = 3
	}
	if cfg.Monitor.Watch.FailoverTimeout == 0 {
		cfg.Monitor.Watch.FailoverTimeout = 5 * time.Second
	}
	cfg.Monitor.Program = t.program
	if t.program == picket {
		cfg.Monitor.Lines = slices.Concat(cfg.Monitor.Lines, t.fault.lines)
	}
	return cfg
}

// play plays the scene and returns what came of it. What the monitors published
// is shown when Picket did what it must not.
func (f faultScene) play(tb *testing.T, p lab.Program) (figures, error) {
	ctx, cancel := context.WithTimeout(tb.Context(), trialPatience)
	defer cancel()
	stop := context.AfterFunc(interrupted, cancel)
	defer stop()
	l, err := lab.New(interrupted, lab.Config{})
	if err != nil {
		return figures{}, err
	}
	defer l.Close()
	t := &trial{fault: f, program: p, ctx: ctx, lab: l}
	if err := t.begin(); err != nil {
		return figures{}, fmt.Errorf("begin: %w", err)
	}
	err = t.suffer()
	master, unsettled := t.settled()
	t.clients.Stop()
	t.pinned.Stop()
	fig, checked := t.figures(master)
	err = errors.Join(err, unsettled, checked)
	if t.program == picket {
		if err = errors.Join(err, f.want.judge(fig)); err != nil {
			t.show(tb)
		}
	}
	return fig, err
}

func (t *trial) begin() (err error) {
	build := t.fault.build
	if build == nil {
		build = func(t *trial) (*lab.Group, error) { return t.lab.StartGroup(t.ctx, t.config()) }
	}
	if t.Group, err = build(t); err != nil {
		return err
	}
	t.old = t.Master
	if t.fault.prepare != nil {
		if err := t.fault.prepare(t); err != nil {
			return err
		}
	}
	t.clients = t.lab.StartWriter("clients", pace, t.FailoverLedger(&t.login))
	t.pinned = t.lab.StartWriter("pinned", pace, lab.PinnedLedger(t.old, &t.login))
	t.marks = t.Marks()
	for _, m := range t.Monitors {
		t.logMarks = append(t.logMarks, len(m.LogText()))
	}
	return errors.Join(t.clients.WaitAcks(t.ctx, warmUp), t.pinned.WaitAcks(t.ctx, warmUp))
}

// suffer is the fault, from its strike to its heal. The heal is tried also when
// the strike failed, so that the group can be looked at.
func (t *trial) suffer() error {
	err := t.fault.strike(t)
	if err == nil {
		t.wait(t.fault.hold)
	}
	if t.fault.heal != nil {
		err = errors.Join(err, t.fault.heal(t))
	}
	t.healed = time.Now()
	return err
}

func (t *trial) wait(d time.Duration) {
	select {
	case <-t.ctx.Done():
	case <-time.After(d):
	}
}

// failedOver waits until some monitor has published a switch away from the first
// master, but no longer than atMost: whether there must be one, want says.
func (t *trial) failedOver(atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(t.ctx, atMost)
	defer cancel()
	_ = lab.Poll(ctx, "a failover", func(context.Context) bool { return t.failovers() > 0 })
	return t.ctx.Err()
}

// failovers is how often the monitor that saw most of them saw a switch. One that
// was killed may tell the same switch again.
func (t *trial) failovers() (most int) {
	for i, m := range t.Monitors {
		n, last := 0, ""
		for _, ev := range m.Events.All()[t.marks[i]:] {
			if ev.Channel == "+switch-master" && ev.Payload != last {
				n++
				last = ev.Payload
			}
		}
		most = max(most, n)
	}
	return most
}

// settled waits until the group is well and stays so for a while, and returns
// its master; nil if that does not come about.
func (t *trial) settled() (*lab.Redis, error) {
	ctx, cancel := context.WithTimeout(t.ctx, settlePatience)
	defer cancel()
	var master *lab.Redis
	var since time.Time
	var wrong error
	_ = lab.Poll(ctx, "the group is well", func(ctx context.Context) bool {
		var now *lab.Redis
		if now, wrong = t.well(ctx); now == nil || now != master {
			master, since = now, time.Now()
		}
		return master != nil && time.Since(since) >= steady
	})
	if wrong != nil {
		return nil, fmt.Errorf("not well %v after the heal: %w", settlePatience, wrong)
	}
	if err := t.clients.WaitAcks(ctx, warmUp); err != nil {
		return master, fmt.Errorf("the clients do not write again: %w", err)
	}
	return master, nil
}

// well returns the one master that every monitor names and every other server
// follows with its link up, or what is not so.
func (t *trial) well(ctx context.Context) (*lab.Redis, error) {
	master, err := t.named(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range t.Servers() {
		info, err := t.info(ctx, r)
		if err != nil {
			return nil, err
		}
		if r == master && !lab.IsMaster(info) || r != master && !lab.Follows(master)(info) {
			return nil, fmt.Errorf("%s reports role %s, master %s:%s, link %s; the monitors name %s", r.Addr(),
				info["role"], info["master_host"], info["master_port"], info["master_link_status"], master.Addr())
		}
	}
	return master, nil
}

// named is the server that all running monitors answer with.
func (t *trial) named(ctx context.Context) (*lab.Redis, error) {
	var all string
	for _, m := range t.Monitors {
		if !m.Running() {
			continue
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		addr, err := m.MasterAddr(short)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name(), err)
		}
		if all != "" && addr != all {
			return nil, fmt.Errorf("one monitor names %s, another %s", all, addr)
		}
		all = addr
	}
	r, ok := t.Server(all)
	if !ok {
		return nil, fmt.Errorf("the monitors name %q, which is no server of the group", all)
	}
	return r, nil
}

// info asks a server, and does not wait long.
func (t *trial) info(ctx context.Context, r *lab.Redis) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return r.InfoAs(ctx, &t.login)
}

// show writes what the monitors published into the test's log.
func (t *trial) show(tb *testing.T) {
	for i, m := range t.Monitors {
		tb.Logf("events of %s from the fault on", m.Name())
		for _, ev := range m.Events.All()[t.marks[i]:] {
			tb.Log("  ", ev)
		}
	}
}
