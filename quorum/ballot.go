package quorum

import (
	"time"

	"picket/monitor"
)

// LeaseLength is how long a vote given to another monitor keeps us from
// campaigning and from voting at a higher epoch in that group.
const LeaseLength = 3 * time.Second

// LeaderLease is how long, from when it sent its requests, an elected leader may
// order a promotion. It is shorter than LeaseLength so that clocks that run at
// slightly different speeds cannot overlap two leaders.
const LeaderLease = 2500 * time.Millisecond

// Reasons why a vote is not given.
const (
	ReasonVoted       monitor.Reason = "already-voted-in-this-epoch"
	ReasonLeased      monitor.Reason = "lease-held-by-another"
	ReasonEpochAbsurd monitor.Reason = "epoch-too-far-ahead"
	ReasonNotVoter    monitor.Reason = "candidate-is-not-a-known-voter"
	ReasonBlocked     monitor.Reason = "master-is-script-blocked"
	ReasonImpostor    monitor.Reason = "another-monitor-has-our-id"
	ReasonUnsaved     monitor.Reason = "state-cannot-be-saved"
	ReasonPromoting   monitor.Reason = "own-promotion-in-flight"
	ReasonNoEpochs    monitor.Reason = "no-epoch-left-to-vote-in"
)

// Ballot is a monitor's vote in one group: at most one in an epoch, ever. Leader
// and Epoch are durable; the lease is not, and is renewed at a restart.
type Ballot struct {
	Leader ID
	Epoch  uint64
	lease  monitor.Instant // until when Leader may act on our vote
}

// Refuse says why candidate cannot have our vote at epoch, or "" if it can.
func (b *Ballot) Refuse(now monitor.Instant, candidate ID, epoch uint64) monitor.Reason {
	switch {
	case epoch <= b.Epoch:
		return ReasonVoted
	case b.Leased(now) && b.Leader != candidate:
		return ReasonLeased
	}
	return ""
}

// Cast records a vote. The caller has asked Refuse, and makes the vote durable
// before it tells anyone.
func (b *Ballot) Cast(candidate ID, epoch uint64, lease monitor.Instant) {
	b.Leader, b.Epoch, b.lease = candidate, epoch, lease
}

// Leased reports whether a vote of ours keeps us from campaigning and voting.
func (b *Ballot) Leased(now monitor.Instant) bool { return now < b.lease }

// LeaseEnd returns until when the lease runs.
func (b *Ballot) LeaseEnd() monitor.Instant { return b.lease }

// Renew restarts the lease after a restart: how much of it had passed is unknown.
func (b *Ballot) Renew(until monitor.Instant) { b.lease = until }

// Free ends the lease if the candidate that holds it gave up that epoch.
func (b *Ballot) Free(candidate ID, epoch uint64) {
	if b.Leader == candidate && b.Epoch == epoch {
		b.lease = monitor.Never
	}
}

// Delay moves a running lease by d, after our own process stood still.
func (b *Ballot) Delay(d time.Duration) {
	if b.lease != monitor.Never {
		b.lease = b.lease.Add(d)
	}
}
