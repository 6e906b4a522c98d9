package daemon

import (
	"context"
	"net"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"picket/cmd/internal/respapi"
	"picket/config"
	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// backend answers the RESP door.
type backend struct{ d *Daemon }

// Master returns the address that clients should use.
func (b backend) Master(name string) (monitor.Addr, bool) {
	c, ok := b.d.board.config(name)
	return b.d.shown(c.Master), ok
}

// View returns the last picture of a group.
func (b backend) View(name string) (*failover.View, bool) {
	s := b.d.board.slot(name)
	if s == nil {
		return nil, false
	}
	v := s.view.Load()
	return b.d.shownView(v), v != nil
}

// Views returns all pictures in configuration order.
func (b backend) Views() []*failover.View {
	var list []*failover.View
	for _, s := range b.d.board.slots.Load().order {
		if v := s.view.Load(); v != nil {
			list = append(list, b.d.shownView(v))
		}
	}
	return list
}

// Status returns what the monitor says of itself.
func (b backend) Status() respapi.Status {
	st := b.d.board.status
	st.CurrentEpoch = b.d.board.epoch.Load()
	if a := b.d.board.gossip.Load(); a != nil {
		st.Gossip = *a
	}
	st.Scripts, st.ScriptsQueue = b.d.scripts.Counts()
	return st
}

// Explain says why a group is, or is not, failing over now.
func (b backend) Explain(ctx context.Context, name string) ([]string, error) {
	var lines []string
	err := b.onLoop(ctx, func(now monitor.Instant) error {
		w := b.d.loop.groups[name]
		if w == nil {
			return respapi.NoSuchMaster
		}
		lines = w.group.Explain(now)
		return nil
	})
	return lines, err
}

// onLoop runs f between two steps and waits for it.
func (b backend) onLoop(ctx context.Context, f func(now monitor.Instant) error) error {
	done := make(chan error, 1)
	j := job{run: func(now monitor.Instant) { done <- f(now) }}
	select {
	case b.d.loop.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-b.d.done.Done():
		return context.Canceled
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-b.d.done.Done():
		return context.Canceled
	}
}

// Failover asks for a failover; it answers once it is accepted.
func (b backend) Failover(ctx context.Context, name string, to monitor.Addr) error {
	if b.d.board.slot(name) == nil {
		return respapi.NoSuchMaster
	}
	ticket, answer := b.d.loop.tickets.newFailover()
	defer b.d.loop.tickets.forget(ticket)
	b.d.loop.put(job{group: name, in: failover.FailoverAsked{Ticket: ticket, To: to}})
	select {
	case a := <-answer:
		if a.Refusal != "" {
			return respapi.Refusal(a.Refusal)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// MonitorGroup starts to watch a master.
func (b backend) MonitorGroup(ctx context.Context, name string, master monitor.Addr, q int) error {
	master.Host = monitor.Canonical(master.Host)
	if err := nameable(name, master); err != nil {
		return err
	}
	if err := b.resolvable(ctx, master.Host); err != nil {
		return err
	}
	return b.saved(ctx, func(monitor.Instant) error {
		if b.d.loop.groups[name] != nil {
			return respapi.DuplicateMaster
		}
		g := config.NewGroup(name, master, q)
		b.d.knobs.defaults(&g)
		// A group starts with its last vote at the current epoch: removing and
		// monitoring it again must not let us vote twice in one epoch.
		g.Saved.LeaderEpoch = b.d.loop.mon.CurrentEpoch()
		b.d.loop.watch(g)
		return nil
	})
}

// nameable refuses what could not be written to the file and read back, or could
// never be announced: a hello has fields between commas.
func nameable(name string, master monitor.Addr) error {
	switch {
	case master.Port < 1 || master.Port > 65535:
		return respapi.InvalidPort
	case len(master.Host) > config.MaxName:
		return respapi.InvalidAddress
	case len(name) > config.MaxName:
		return respapi.Refusal("ERR Invalid master name: it may have at most " + strconv.Itoa(config.MaxName) + " bytes")
	case name == "" || strings.ContainsAny(name, ", ") || !config.Printable(name) || !config.Printable(master.Host):
		return respapi.Refusal("ERR Invalid master name: it must not be empty or hold control characters, spaces or commas")
	}
	return nil
}

func (b backend) resolvable(ctx context.Context, host string) error {
	if net.ParseIP(host) != nil {
		return nil
	}
	if !b.d.globals().ResolveHostnames {
		return respapi.InvalidAddress
	}
	if !b.d.resolver.learn(ctx, host) {
		return respapi.InvalidAddress
	}
	return nil
}

// Remove stops watching a master.
func (b backend) Remove(ctx context.Context, name string) error {
	return b.saved(ctx, func(monitor.Instant) error {
		w := b.d.loop.groups[name]
		if w == nil {
			return respapi.NoSuchMaster
		}
		master := monitor.Subject{Kind: "master", Name: name, Addr: w.group.Master()}
		b.d.loop.tell([]monitor.Event{{Name: "-monitor", Level: monitor.LevelWarning, Group: name, Payload: master.String()}})
		b.d.loop.unwatch(name)
		return nil
	})
}

// Set changes options of a group, all or none.
func (b backend) Set(ctx context.Context, name string, options []string) error {
	return b.saved(ctx, func(now monitor.Instant) error {
		l := b.d.loop
		w := l.groups[name]
		if w == nil {
			return respapi.NoSuchMaster
		}
		changes, err := w.conf.Set(config.SetRequest{Words: options, DenyScripts: b.d.globals().DenyScriptsReconfig})
		if err != nil {
			return respapi.Refusal(err.Error())
		}
		l.changed(w, now, changes)
		return nil
	})
}

// Reset resets the groups whose names match.
func (b backend) Reset(ctx context.Context, pattern string) (int, error) {
	var matching []string // matched here: a hostile pattern must not cost the loop
	for _, name := range b.d.board.groupNames() {
		if respapi.MatchGlob(pattern, name) {
			matching = append(matching, name)
		}
	}
	n := 0
	err := b.saved(ctx, func(now monitor.Instant) error {
		l := b.d.loop
		for _, name := range matching {
			if w := l.groups[name]; w != nil {
				l.apply(w, w.group.Step(now, failover.Reset{}))
				n++
			}
		}
		l.repeer()
		return nil
	})
	return n, err
}

// Forget drops a replica or a monitor of a group that is gone for good, and answers
// once that is durable.
func (b backend) Forget(ctx context.Context, name string, addr monitor.Addr) error {
	return b.saved(ctx, func(now monitor.Instant) error {
		w := b.d.loop.groups[name]
		if w == nil {
			return respapi.NoSuchMaster
		}
		out := w.group.Step(now, failover.Forget{Addr: addr})
		b.d.loop.apply(w, out)
		for _, e := range out.Effects {
			if a, ok := e.Action.(failover.AnswerForget); ok && a.Refusal != "" {
				return respapi.Refusal(a.Refusal)
			}
		}
		b.d.loop.repeer()
		return nil
	})
}

// Flush saves the state now.
func (b backend) Flush(ctx context.Context) error {
	return b.saved(ctx, func(monitor.Instant) error { return nil })
}

// saved runs f between two steps and waits until its result is durable.
func (b backend) saved(ctx context.Context, f func(now monitor.Instant) error) error {
	written := make(chan error, 1)
	err := b.onLoop(ctx, func(now monitor.Instant) error {
		if err := f(now); err != nil {
			return err
		}
		b.d.loop.save.asked = append(b.d.loop.save.asked, written)
		b.d.loop.save.wanted = true
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case err = <-written:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err != nil {
		b.d.log.Error("state cannot be saved", zap.Error(err))
		return respapi.ConfigFileFailed
	}
	return nil
}

// Shutdown ends the daemon.
func (b backend) Shutdown() { b.d.stop() }

// AskDown answers SENTINEL IS-MASTER-DOWN-BY-ADDR.
func (b backend) AskDown(ctx context.Context, q respapi.DownQuestion) (respapi.DownAnswer, error) {
	s, v := b.d.groupAt(q.Master)
	if s == nil {
		return respapi.DownAnswer{}, nil
	}
	// After a switch the view is of the old master until it is renewed.
	c := s.config.Load()
	down := v.Master.Down && c != nil && c.Master == v.Master.Addr
	if q.Candidate == "" {
		return respapi.DownAnswer{Down: down}, nil
	}
	ticket, answer := b.d.loop.tickets.newVote()
	defer b.d.loop.tickets.forget(ticket)
	b.d.loop.put(job{group: s.name, in: failover.VoteAsked{Ticket: ticket, Epoch: q.Epoch, Candidate: q.Candidate}})
	select {
	case a := <-answer:
		if a.Leader != q.Candidate || a.Epoch != q.Epoch {
			s.meter.VoteRefused()
		}
		return respapi.DownAnswer{Down: down, Leader: a.Leader, LeaderEpoch: a.Epoch}, nil
	case <-ctx.Done():
		return respapi.DownAnswer{}, ctx.Err()
	}
}

// groupAt finds the group whose master has that address, as given or resolved.
func (d *Daemon) groupAt(addr monitor.Addr) (*slot, *failover.View) {
	for _, s := range d.board.slots.Load().order {
		c, v := s.config.Load(), s.view.Load()
		if c != nil && v != nil && (c.Master == addr || d.numeric(c.Master) == d.numeric(addr)) {
			return s, v
		}
	}
	return nil, nil
}

// Hello takes a hello that was published to us.
func (b backend) Hello(h monitor.Hello) { sink{b.d.loop}.hint(h) }

// Opinion returns what we hold of a group's master now.
func (b backend) Opinion(group string) (quorum.Opinion, quorum.Configuration, bool) {
	s := b.d.board.slot(group)
	if s == nil {
		return quorum.Opinion{}, quorum.Configuration{}, false
	}
	c, o := s.config.Load(), s.opinion.Load()
	if c == nil {
		return quorum.Opinion{}, quorum.Configuration{}, false
	}
	if o == nil {
		return quorum.Opinion{}, *c, true
	}
	return o.aged(b.d.clock()), *c, true
}

// Hint takes a caller's word that a monitor is at addr.
func (b backend) Hint(group string, id quorum.ID, addr monitor.Addr) {
	c, ok := b.d.board.config(group)
	if !ok {
		return
	}
	sink{b.d.loop}.hint(monitor.Hello{Peer: addr, ID: string(id), Group: group, Master: c.Master, ConfigEpoch: c.Epoch})
}

// Release takes a candidate's giving up.
func (b backend) Release(r quorum.Release) {
	b.d.loop.put(job{group: r.Group, in: failover.Released{Release: r}})
}
