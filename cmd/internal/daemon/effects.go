package daemon

import (
	"context"
	"maps"
	"time"

	"go.uber.org/zap"

	"picket/failover"
	"picket/failover/act"
	"picket/monitor"
	"picket/quorum"
	"picket/quorum/ask"
)

// Deadlines of effects on instances.
const (
	promoteWait = 2 * time.Second
	repointWait = 5 * time.Second
	fenceWait   = time.Second
	killWait    = 10 * time.Second // before its BUSY phase a script answers nothing
)

// effects hands requests to the shells. None of them makes the loop wait.
func (l *loop) effects(w *watched, list []failover.Effect) {
	for _, e := range list {
		if w == nil {
			l.tickets.drop(e.Action)
			continue
		}
		l.effect(w, e)
	}
}

func (l *loop) effect(w *watched, e failover.Effect) {
	switch a := e.Action.(type) {
	case failover.Refresh:
		l.d.prober.Refresh(e.Group, a.Addr)
	case failover.Ask:
		q := a.Question
		q.Effect = e.ID
		q.Master = l.d.shown(q.Master)
		l.d.asker.Ask(q)
	case failover.Confirm:
		c := a.Confirmation
		c.Effect = e.ID
		l.d.asker.Confirm(c)
	case failover.TellOpinion:
		w.slot.opinion.Store(&told{Opinion: a.Opinion, at: l.d.clock()})
		l.d.pool.TellOpinion(a.Opinion)
	case failover.TellConfig:
		l.d.pool.TellConfig(a.Configuration)
	case failover.TellRelease:
		l.release(a.Release)
	case failover.Announce:
		l.announce(w)
	case failover.JoinGossip:
		l.joinGossip(a.Addr)
	case failover.Repeer:
		l.repeer()
	case failover.AnswerVote:
		l.tickets.vote(a)
	case failover.AnswerFailover:
		l.recordRefusal(w, a.Refusal)
		l.tickets.failover(a)
	case failover.AnswerForget: // read by who asked
	case failover.RunScript:
		l.reconfigure(w, a)
	default:
		l.onInstance(w, e)
	}
}

// onInstance carries out what acts on an instance, in a goroutine of its own.
func (l *loop) onInstance(w *watched, e failover.Effect) {
	ctx := l.d.done
	switch e.Action.(type) {
	case failover.Repoint, failover.Fence:
		ctx = w.orders // they serve the configuration of now, and must not be written under a newer one
	}
	go func() {
		done := l.d.act(ctx, e)
		done.Effect = e.ID
		l.put(job{group: e.Group, in: done})
	}()
}

// act carries out one effect on an instance and says how it ended.
func (d *Daemon) act(ctx context.Context, e failover.Effect) failover.Done {
	switch a := e.Action.(type) {
	case failover.Promote:
		return d.promote(e.Group, a)
	case failover.Repoint:
		if d.itself(e.Group, a) {
			d.log.Warn("an instance is not told to replicate from itself", zap.Stringer("instance", a.Addr), zap.Stringer("master", a.To))
			return failover.Done{Outcome: failover.OutcomeNotSent, Detail: "it is the master under another address"}
		}
		ctx, cancel := context.WithTimeout(ctx, repointWait)
		defer cancel()
		r, err := d.actor.Repoint(ctx, act.Target{Group: e.Group, Addr: a.Addr}, d.shown(a.To))
		return d.ordered("repoint", a.Addr, r, err)
	case failover.Fence:
		return d.fence(ctx, e.Group, a)
	case failover.Unfence:
		return d.unfence(e.Group, a)
	case failover.Kill:
		return d.kill(e.Group, a)
	}
	d.log.DPanic("an effect has no shell", zap.Any("effect", e.Action))
	return failover.Done{Outcome: failover.OutcomeNotSent}
}

func (d *Daemon) promote(group string, a failover.Promote) failover.Done {
	ctx, cancel := context.WithTimeout(d.done, promoteWait)
	defer cancel()
	r, err := d.actor.Promote(ctx, act.Target{Group: group, Addr: a.Addr, RunID: a.RunID}, a.Until)
	done := d.ordered("promote", a.Addr, r, err)
	if err == act.ErrLeaseOver {
		done.Outcome = failover.OutcomeLeaseOver
	}
	return done
}

var orderOutcomes = map[act.Outcome]failover.Outcome{
	act.NotSent: failover.OutcomeNotSent, act.Refused: failover.OutcomeRefused,
	act.Done: failover.OutcomeDone, act.Unknown: failover.OutcomeUnknown,
}

// ordered logs and translates what became of an order to change master.
func (d *Daemon) ordered(what string, addr monitor.Addr, r act.Result, err error) failover.Done {
	d.log.Info("order", zap.String("order", what), zap.Stringer("instance", addr), zap.Stringer("outcome", r.Outcome),
		zap.String("reply", r.Reply), zap.String("rewrite", r.Rewrite), zap.Strings("denied", r.Denied), zap.Error(err))
	return failover.Done{Outcome: orderOutcomes[r.Outcome], Detail: r.Reply, Denied: r.Denied}
}

func (d *Daemon) fence(ctx context.Context, group string, a failover.Fence) failover.Done {
	ctx, cancel := context.WithTimeout(ctx, fenceWait)
	defer cancel()
	r, err := d.actor.Fence(ctx, act.Target{Group: group, Addr: a.Addr}, a.For)
	done := failover.Done{Outcome: failover.OutcomeDone, Info: r.Info, Reply: r.Reply, Detail: r.Text}
	if r.Denied != "" {
		done.Denied = []string{r.Denied}
	}
	switch {
	case err != nil:
		done.Outcome = failover.OutcomeUnknown
	case r.Reply != monitor.ReplyPong:
		done.Outcome = failover.OutcomeRefused
	}
	return done
}

func (d *Daemon) unfence(group string, a failover.Unfence) failover.Done {
	ctx, cancel := context.WithTimeout(d.done, fenceWait)
	defer cancel()
	if err := d.actor.Unfence(ctx, act.Target{Group: group, Addr: a.Addr}); err != nil {
		d.log.Warn("fence not lifted, it ends by itself", zap.Stringer("instance", a.Addr), zap.Error(err))
		return failover.Done{Outcome: failover.OutcomeUnknown}
	}
	return failover.Done{Outcome: failover.OutcomeDone}
}

var killOutcomes = map[act.KillOutcome]failover.Outcome{
	act.KillUnknown: failover.OutcomeNotSent, act.Killed: failover.OutcomeDone,
	act.KillUnkillable: failover.OutcomeUnkillable, act.KillNotBusy: failover.OutcomeNotBusy,
	act.KillDenied: failover.OutcomeRefused, act.KillRefused: failover.OutcomeRefused,
}

func (d *Daemon) kill(group string, a failover.Kill) failover.Done {
	ctx, cancel := context.WithTimeout(d.done, killWait)
	defer cancel()
	kind := act.KillScript
	if a.Kind == monitor.ReplyBusyFunction {
		kind = act.KillFunction
	}
	r, err := d.actor.Kill(ctx, act.Target{Group: group, Addr: a.Addr}, kind)
	d.log.Warn("script kill", zap.Stringer("instance", a.Addr), zap.Stringer("kind", kind), zap.Stringer("outcome", r.Outcome), zap.Error(err))
	return failover.Done{Outcome: killOutcomes[r.Outcome], Detail: r.Reply}
}

// release frees voters by gossip and, for those that gossip does not reach, over RESP.
func (l *loop) release(r quorum.Release) {
	l.d.pool.TellRelease(r)
	for _, p := range l.mon.Peers() {
		if p.Kind != quorum.KindSentinel {
			l.d.asker.Release(askPeer(p), r)
		}
	}
}

// announce publishes the hello at once, through the instances and to each peer.
func (l *loop) announce(w *watched) {
	l.publishConfig(w)
	l.d.prober.Announce(w.slot.name)
	hello := l.d.links.hello(w.group.Configuration())
	for _, p := range w.group.Saved().Peers {
		if peer := l.mon.Peer(p.ID); peer != nil {
			l.d.asker.Hello(askPeer(peer), hello)
		}
	}
}

func askPeer(p *quorum.Peer) ask.Peer { return ask.Peer{ID: p.ID, Addr: p.Addr, Kind: p.Kind} }

// repeer gives the shells the current set of peers.
func (l *loop) repeer() {
	l.mon.Tidy()
	var peers []ask.Peer
	for _, p := range l.mon.Peers() {
		peers = append(peers, askPeer(p))
		if !p.Gossip.IsZero() {
			l.gossip[p.Gossip] = true
		}
	}
	l.d.asker.Reconcile(peers)
	maps.DeleteFunc(l.refused, func(id quorum.ID, _ bool) bool { return l.mon.Peer(id) == nil })
	l.reconcileGossip()
}

func (l *loop) joinGossip(addr monitor.Addr) {
	l.gossip[addr] = true
	l.reconcileGossip()
}

// maxGossipAddrs bounds how many addresses peers can make us dial.
const maxGossipAddrs = 256

func (l *loop) reconcileGossip() {
	known := append([]monitor.Addr(nil), l.d.cfg.GossipJoin...)
	current := map[monitor.Addr]bool{}
	for _, p := range l.mon.Peers() {
		if !p.Gossip.IsZero() {
			current[p.Gossip] = true
		}
	}
	for a := range l.gossip {
		if !current[a] && len(l.gossip) > maxGossipAddrs {
			delete(l.gossip, a)
			continue
		}
		known = append(known, a)
	}
	l.d.pool.Reconcile(known)
}
