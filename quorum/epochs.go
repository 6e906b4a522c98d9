package quorum

import "math"

// maxEpochJump is how far ahead of ours an epoch may lie and still be taken: a
// larger one is a mistake or an attack (Sentinel takes 2^64-1 and can elect
// nobody afterwards).
const maxEpochJump = 1 << 32

// maxEpoch is the last epoch that can be voted in: epochs cross the wire as signed
// 64-bit numbers, and one past the last would start again at 0.
const maxEpoch = math.MaxInt64

// Epochs is a monitor's current epoch: process-wide, as in Sentinel, and shared
// by its groups.
type Epochs struct{ Current uint64 }

// Plausible reports whether e is not absurdly far ahead.
func (c *Epochs) Plausible(e uint64) bool {
	return e <= c.Current || e <= maxEpoch && e-c.Current <= maxEpochJump
}

// Exhausted reports whether no epoch is left to vote in, as after a mistake in a
// file or a redis-sentinel that took an absurd one.
func (c *Epochs) Exhausted() bool { return c.Current >= maxEpoch }

// Observe takes a plausible higher epoch and reports whether it did.
func (c *Epochs) Observe(e uint64) bool {
	if e <= c.Current || !c.Plausible(e) {
		return false
	}
	c.Current = e
	return true
}

// Next starts a new epoch, above every epoch seen. The caller has asked Exhausted.
func (c *Epochs) Next() uint64 {
	c.Current++
	return c.Current
}
