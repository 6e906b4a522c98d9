package failover

import (
	"picket/monitor"
	"picket/quorum"
)

// check holds one output, and the state after it, to what must always hold.
func (h *hostile) check(out Output) {
	h.Helper()
	if out.Wake != monitor.Never && out.Wake <= h.g.now {
		h.Fatalf("wants to be woken at %d, it is %d", out.Wake, h.g.now)
	}
	h.checkEffects(out)
	h.checkBallot(out)
	h.checkConfig()
	h.checkSizes(out)
	if p := out.Persist; p != nil {
		if p.Promise == 0 || p.LeaderEpoch != h.g.ballot.Epoch || p.Leader != h.g.ballot.Leader {
			h.Fatalf("promises %+v while the vote is %s in %d", p, h.g.ballot.Leader, h.g.ballot.Epoch)
		}
		h.promise = p.Promise
	}
}

func (h *hostile) checkEffects(out Output) {
	for _, e := range out.Effects {
		if e.ID <= h.lastID {
			h.Fatalf("effect %d after %d", e.ID, h.lastID)
		}
		h.lastID = e.ID
		switch a := e.Action.(type) {
		case Promote:
			h.checkPromotion(a)
		case Ask:
			if a.Effect != e.ID {
				h.Fatalf("question %d asked as effect %d", a.Effect, e.ID)
			}
		case Fence:
			if a.Addr == h.g.config.Master {
				h.Fatalf("the master %s is fenced", a.Addr)
			}
		case TellConfig:
			if a.Master.IsZero() {
				h.Fatalf("tells %+v", a)
			}
		}
	}
	h.effects = append(h.effects, out.Effects...)
	h.effects = h.effects[max(0, len(h.effects)-64):]
}

func (h *hostile) checkPromotion(p Promote) {
	a := h.g.attempt
	if a == nil || a.chosen != p.Addr || p.Until > a.lease {
		h.Fatalf("promotion of %s until %d outside an attempt or its lease: %+v", p.Addr, p.Until, a)
	}
	if before, twice := h.promoted[a.epoch]; twice && before != p.Addr {
		h.Fatalf("epoch %d promotes %s and %s", a.epoch, before, p.Addr)
	}
	if a.ballots.For() < quorum.Majority(h.g.votersAll()) || !a.durable {
		h.Fatalf("promotion of %s with %d votes, durable %v", p.Addr, a.ballots.For(), a.durable)
	}
	h.promoted[a.epoch] = p.Addr
}

// checkBallot: one vote in an epoch, ever, and never in an older one.
func (h *hostile) checkBallot(out Output) {
	b := h.g.ballot
	if b.Epoch > h.g.epochs.Current {
		h.Fatalf("voted in epoch %d, the current one is %d", b.Epoch, h.g.epochs.Current)
	}
	for epoch, leader := range h.votes {
		if epoch > b.Epoch || epoch == b.Epoch && leader != b.Leader {
			h.Fatalf("voted for %s in epoch %d, then for %s in %d", leader, epoch, b.Leader, b.Epoch)
		}
	}
	h.votes = map[uint64]quorum.ID{b.Epoch: b.Leader}
}

func (h *hostile) checkConfig() {
	c := h.g.config
	if h.config.Supersedes(c) {
		h.Fatalf("the configuration went back from %+v to %+v", h.config, c)
	}
	if c.Epoch == h.config.Epoch && c.Leader == h.config.Leader && c.Master != h.config.Master {
		h.Fatalf("epoch %d of %s names %s and %s", c.Epoch, c.Leader, h.config.Master, c.Master)
	}
	if c.Epoch > h.g.epochs.Current {
		h.Fatalf("configuration of epoch %d, the current one is %d", c.Epoch, h.g.epochs.Current)
	}
	if h.g.master() == nil {
		h.Fatalf("the master %s is no instance", c.Master)
	}
	h.config = c
}

// checkSizes: nothing that others say can make us remember or ask without bound.
func (h *hostile) checkSizes(out Output) {
	g := h.g
	for what, size := range map[string][2]int{
		"instances": {len(g.instances), maxInstances}, "voters": {len(g.voters), maxVoters}, "lineage": {len(g.lineage), maxLineage},
		"older": {len(g.older), maxOlder}, "warned": {len(g.warned), maxWarnings}, "members": {len(h.m.shared.members), maxMembers},
		"confirming": {len(g.confirming), maxConfirming + maxVoters}, "names": {len(g.names), maxNames},
		"fencing": {len(g.fencing), 1}, "roster": {len(h.m.Peers()), maxVoters + maxFuzzSteps},
		"effects": {len(out.Effects), 4*maxInstances + 4*maxVoters}, "events": {len(out.Events), 4*maxInstances + 4*maxVoters},
	} {
		if size[0] > size[1] {
			h.Fatalf("%d %s, at most %d", size[0], what, size[1])
		}
	}
}

// look: what the front doors and the simulator ask for does not fall either.
func (h *hostile) look() {
	now := h.now
	h.g.Explain(now)
	h.g.Candidates(now)
	h.g.Opinion(now)
	h.g.VoteRefusal(now, VoteAsked{Epoch: 1, Candidate: peer2})
	if v := h.g.View(now); v.Master.Addr != h.config.Master {
		h.Fatalf("shows %s, the master is %s", v.Master.Addr, h.config.Master)
	}
	if h.twin != nil && h.twin.Fingerprint(now) != h.m.Fingerprint(now) {
		h.Fatal("the twin took another way")
	}
}
