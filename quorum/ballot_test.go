package quorum_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"picket/monitor"
	"picket/quorum"
)

const (
	origin = monitor.Instant(time.Hour)
	lease  = quorum.LeaseLength

	alice quorum.ID = "a000000000000000000000000000000000000000"
	bob   quorum.ID = "b000000000000000000000000000000000000000"
	carol quorum.ID = "c000000000000000000000000000000000000000"
)

func TestRefuse(t *testing.T) {
	b := quorum.Ballot{}
	b.Cast(alice, 5, origin.Add(lease))
	for _, tc := range []struct {
		name      string
		after     time.Duration
		candidate quorum.ID
		epoch     uint64
		want      monitor.Reason
	}{
		{"another, same epoch", 0, bob, 5, quorum.ReasonVoted},
		{"another, same epoch, once the lease is over", time.Hour, bob, 5, quorum.ReasonVoted},
		{"another, older epoch", time.Hour, bob, 4, quorum.ReasonVoted},
		{"the same, same epoch", 0, alice, 5, quorum.ReasonVoted},
		{"another, higher epoch, while the lease runs", lease - 1, bob, 6, quorum.ReasonLeased},
		{"another, far higher epoch, while the lease runs", 0, bob, 1 << 40, quorum.ReasonLeased},
		{"another, higher epoch, as the lease ends", lease, bob, 6, ""},
		{"the holder itself, higher epoch", 0, alice, 6, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := b.Refuse(origin.Add(tc.after), tc.candidate, tc.epoch); got != tc.want {
				t.Errorf("refused with %q, want %q", got, tc.want)
			}
		})
	}
}

func TestFirstVoteIsFree(t *testing.T) {
	b := quorum.Ballot{}
	if got := b.Refuse(origin, alice, 1); got != "" || b.Leased(origin) {
		t.Errorf("a ballot never cast refuses with %q, leased %v", got, b.Leased(origin))
	}
	if got := b.Refuse(origin, alice, 0); got != quorum.ReasonVoted {
		t.Errorf("epoch 0 is refused with %q", got)
	}
}

// Only the holder of the lease frees it, and only for that epoch; the vote stays.
func TestFree(t *testing.T) {
	for _, tc := range []struct {
		name      string
		candidate quorum.ID
		epoch     uint64
		free      bool
	}{
		{"holder", alice, 5, true}, {"another", bob, 5, false}, {"an earlier epoch", alice, 4, false}, {"a later epoch", alice, 6, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := quorum.Ballot{}
			b.Cast(alice, 5, origin.Add(lease))
			b.Free(tc.candidate, tc.epoch)
			if b.Leased(origin) == tc.free {
				t.Errorf("leased %v", b.Leased(origin))
			}
			if b.Leader != alice || b.Epoch != 5 || b.Refuse(origin, bob, 5) != quorum.ReasonVoted {
				t.Errorf("the vote changed: %+v", b)
			}
		})
	}
}

// After a restart nobody knows how much of the lease had passed.
func TestRenewAndDelay(t *testing.T) {
	b := quorum.Ballot{Leader: alice, Epoch: 5}
	b.Delay(time.Hour)
	if b.Leased(origin) {
		t.Error("a stall starts a lease")
	}
	b.Renew(origin.Add(lease))
	b.Delay(time.Second)
	if got := b.LeaseEnd(); got != origin.Add(lease+time.Second) {
		t.Errorf("the lease ends %v after its start, want %v", got.Sub(origin), lease+time.Second)
	}
	if got := b.Refuse(origin.Add(lease), bob, 6); got != quorum.ReasonLeased {
		t.Errorf("in the delayed lease: %q", got)
	}
}

// A leader's own lease ends before those that its voters granted.
func TestLeasesCannotOverlap(t *testing.T) {
	if quorum.LeaderLease >= quorum.LeaseLength {
		t.Errorf("a leader acts for %v on votes that bind for %v", quorum.LeaderLease, quorum.LeaseLength)
	}
}

// promise is what a vote binds us to, kept apart from the Ballot under test.
type promise struct {
	holder quorum.ID
	epoch  uint64
	until  monitor.Instant
}

// TestBallotKeepsItsPromises plays requests, releases, restarts and stalls
// against one ballot and checks each vote against the promises given before.
func TestBallotKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b quorum.Ballot
		var last promise
		given := map[uint64]quorum.ID{}
		now := origin
		candidate := rapid.SampledFrom([]quorum.ID{alice, bob, carol})
		epoch := rapid.Uint64Range(0, 12)
		step := func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, 4000).Draw(t, "ms")) * time.Millisecond
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if b.Leased(now) != (now < last.until) || b.Leader != last.holder || b.Epoch != last.epoch {
					t.Fatalf("ballot %+v leased=%v, promised %+v at %v", b, b.Leased(now), last, now)
				}
			},
			"wait": func(t *rapid.T) { now = now.Add(step(t)) },
			"ask": func(t *rapid.T) {
				who, e := candidate.Draw(t, "who"), epoch.Draw(t, "epoch")
				if b.Refuse(now, who, e) != "" {
					return
				}
				switch {
				case given[e] != "" && given[e] != who:
					t.Fatalf("epoch %d went to %s and to %s", e, given[e], who)
				case e <= last.epoch:
					t.Fatalf("a vote at epoch %d after one at %d", e, last.epoch)
				case now < last.until && who != last.holder:
					t.Fatalf("a vote for %s in the lease of %s", who, last.holder)
				}
				b.Cast(who, e, now.Add(lease))
				given[e], last = who, promise{who, e, now.Add(lease)}
			},
			"free": func(t *rapid.T) {
				who, e := candidate.Draw(t, "who"), epoch.Draw(t, "epoch")
				b.Free(who, e)
				if who == last.holder && e == last.epoch {
					last.until = monitor.Never
				}
			},
			"restart": func(*rapid.T) {
				b = quorum.Ballot{Leader: b.Leader, Epoch: b.Epoch}
				b.Renew(now.Add(lease))
				last.until = now.Add(lease)
			},
			"stall": func(t *rapid.T) {
				d := step(t)
				b.Delay(d)
				if last.until != monitor.Never {
					last.until = last.until.Add(d)
				}
			},
		})
		if b.Refuse(now.Add(1<<50), bob, 1<<50) != "" {
			t.Fatal("a ballot refuses forever")
		}
	})
}
