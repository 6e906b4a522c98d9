package quorum_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/monitor"
	"picket/quorum"
)

const downAfter = 5 * time.Second

var here, there = monitor.Addr{Host: "10.0.0.1", Port: 26379}, monitor.Addr{Host: "10.0.0.2", Port: 26379}

func contact(after time.Duration, r monitor.Reply) quorum.Contact {
	return quorum.Contact{Peer: alice, Addr: here, At: origin.Add(after), Reply: r}
}

func lostContact(after time.Duration) quorum.Contact {
	c := contact(after, monitor.ReplyNone)
	c.Cause = monitor.CauseRefused
	return c
}

func TestRosterObserve(t *testing.T) {
	elsewhere, stranger := contact(time.Second, monitor.ReplyPong), contact(time.Second, monitor.ReplyPong)
	elsewhere.Addr, stranger.Peer = there, bob
	for _, tc := range []struct {
		name     string
		contacts []quorum.Contact
		want     func(*quorum.Peer)
	}{
		{"nothing yet", nil, func(*quorum.Peer) {}},
		{"from an address it left", []quorum.Contact{elsewhere}, func(*quorum.Peer) {}},
		{"of a stranger", []quorum.Contact{stranger}, func(*quorum.Peer) {}},
		{"a PONG", []quorum.Contact{contact(time.Second, monitor.ReplyPong)}, func(p *quorum.Peer) {
			p.Connected, p.Reply, p.Unanswered = true, monitor.ReplyPong, monitor.Never
			p.LastReply, p.LastValid = origin.Add(time.Second), origin.Add(time.Second)
		}},
		{"another reply: connected, and as unanswered as before", []quorum.Contact{contact(time.Second, monitor.ReplyNoAuth)}, func(p *quorum.Peer) {
			p.Connected, p.Reply, p.LastReply = true, monitor.ReplyNoAuth, origin.Add(time.Second)
		}},
		{"refused", []quorum.Contact{lostContact(time.Second)}, func(p *quorum.Peer) { p.Cause = monitor.CauseRefused }},
		{"PONG, then refused twice: unanswered since the first", []quorum.Contact{contact(time.Second, monitor.ReplyPong), lostContact(2 * time.Second),
			lostContact(3 * time.Second)}, func(p *quorum.Peer) {
			p.Reply, p.LastReply, p.LastValid = monitor.ReplyPong, origin.Add(time.Second), origin.Add(time.Second)
			p.Unanswered, p.Cause = origin.Add(2*time.Second), monitor.CauseRefused
		}},
		{"PONG after that", []quorum.Contact{lostContact(time.Second), contact(2*time.Second, monitor.ReplyPong)}, func(p *quorum.Peer) {
			p.Connected, p.Reply, p.Unanswered = true, monitor.ReplyPong, monitor.Never
			p.LastReply, p.LastValid = origin.Add(2*time.Second), origin.Add(2*time.Second)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := quorum.NewRoster()
			r.Add(origin, alice, here)
			for _, c := range tc.contacts {
				r.Observe(c)
			}
			want := quorum.Peer{ID: alice, Addr: here, Unanswered: origin, GossipSince: origin}
			tc.want(&want)
			if diff := cmp.Diff(want, *r.Get(alice)); diff != "" {
				t.Error(diff)
			}
			if len(r.All()) != 1 {
				t.Errorf("%d peers", len(r.All()))
			}
		})
	}
}

func TestPeerDown(t *testing.T) {
	pong := contact(time.Second, monitor.ReplyPong)
	for _, tc := range []struct {
		name     string
		contacts []quorum.Contact
		from     time.Duration // down just after this
	}{
		{"never answered", nil, downAfter},
		{"refused from the start", []quorum.Contact{lostContact(time.Second)}, downAfter},
		{"lost", []quorum.Contact{pong, lostContact(2 * time.Second)}, 2*time.Second + downAfter},
		{"answers what is not valid", []quorum.Contact{pong, contact(2*time.Second, monitor.ReplyNoAuth), contact(9*time.Second, monitor.ReplyNoAuth)}, 2*time.Second + downAfter},
		{"no word at all: two pings more", []quorum.Contact{pong}, time.Second + downAfter + 2*time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := quorum.NewRoster()
			p := r.Add(origin, alice, here)
			for _, c := range tc.contacts {
				r.Observe(c)
			}
			if p.Down(origin.Add(tc.from), downAfter) || !p.Down(origin.Add(tc.from+1), downAfter) {
				t.Errorf("down at %v: %v, a moment later: %v", tc.from, p.Down(origin.Add(tc.from), downAfter), p.Down(origin.Add(tc.from+1), downAfter))
			}
			r.Delay(time.Minute) // our own process stood still
			if p.Down(origin.Add(tc.from+time.Minute), downAfter) || !p.Down(origin.Add(tc.from+time.Minute+1), downAfter) {
				t.Error("a stall of a minute does not delay it by a minute")
			}
		})
	}
}

// An address that changes is taken; what was seen of the peer stays.
func TestRosterAddAgain(t *testing.T) {
	r := quorum.NewRoster()
	p := r.Add(origin, alice, here)
	r.Observe(contact(time.Second, monitor.ReplyPong))
	if again := r.Add(origin.Add(time.Hour), alice, there); again != p || p.Addr != there || !p.Connected || p.Unanswered != monitor.Never {
		t.Errorf("%+v", *again)
	}
	r.Observe(lostContact(2 * time.Hour)) // of the address before
	if !p.Connected {
		t.Error("the link to the address it left counts")
	}
	r.Remove(alice)
	if r.Get(alice) != nil || len(r.All()) != 0 {
		t.Error("a removed peer is still there")
	}
}

func TestRosterAllIsSorted(t *testing.T) {
	r := quorum.NewRoster()
	for _, id := range []quorum.ID{carol, alice, "ffff", bob, "0000"} {
		r.Add(origin, id, here)
	}
	var got []quorum.ID
	for _, p := range r.All() {
		got = append(got, p.ID)
	}
	if diff := cmp.Diff([]quorum.ID{"0000", alice, bob, carol, "ffff"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRosterClone(t *testing.T) {
	r := quorum.NewRoster()
	r.Add(origin, alice, here)
	c := r.Clone()
	c.Add(origin, bob, there)
	c.Observe(contact(time.Second, monitor.ReplyPong))
	if p := r.Get(alice); r.Get(bob) != nil || p.Connected {
		t.Errorf("a change of the copy shows: %+v", *p)
	}
	r.Remove(alice)
	if p := c.Get(alice); p == nil || !p.Connected {
		t.Error("a change of the original shows")
	}
}

// GossipSince is when the pool's word last changed, not when it was last said.
func TestSetGossip(t *testing.T) {
	p := quorum.NewRoster().Add(origin, alice, here)
	for _, step := range []struct {
		after time.Duration
		word  quorum.Membership
		since time.Duration
	}{
		{time.Second, quorum.MemberGone, 0}, {2 * time.Second, quorum.MemberAlive, 2 * time.Second},
		{3 * time.Second, quorum.MemberAlive, 2 * time.Second}, {4 * time.Second, quorum.MemberGone, 4 * time.Second},
	} {
		p.SetGossip(origin.Add(step.after), there, step.word)
		if p.GossipAlive != bool(step.word) || p.GossipSince != origin.Add(step.since) || p.Gossip != there {
			t.Errorf("after %v: alive %v since %v at %v", step.after, p.GossipAlive, p.GossipSince.Sub(origin), p.Gossip)
		}
	}
}
