package quorum

// maxEpochJump is how far ahead of ours an epoch may lie and still be taken: a
// larger one is a mistake or an attack (Sentinel takes 2^64-1 and can elect
// nobody afterwards).
const maxEpochJump = 1 << 32

// Epochs is a monitor's current epoch: process-wide, as in Sentinel, and shared
// by its groups.
type Epochs struct{ Current uint64 }

// Plausible reports whether e is not absurdly far ahead.
func (c *Epochs) Plausible(e uint64) bool { return e <= c.Current || e-c.Current <= maxEpochJump }

// Observe takes a plausible higher epoch and reports whether it did.
func (c *Epochs) Observe(e uint64) bool {
	if e <= c.Current || !c.Plausible(e) {
		return false
	}
	c.Current = e
	return true
}

// Next starts a new epoch, above every epoch seen.
func (c *Epochs) Next() uint64 {
	c.Current++
	return c.Current
}
