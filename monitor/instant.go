package monitor

import "time"

// Instant is a point on one monitor's own clock: nanoseconds since an
// arbitrary origin, never moving backwards. The zero Instant means "never".
// Instants of different monitors must not be compared; what crosses the wire
// is an age.
type Instant int64

// Never is the Instant of something that has not happened.
const Never Instant = 0

// Add returns the instant d after t.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the time between u and t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Since returns how long ago u was at t, and 0 when u never happened or lies ahead.
func (t Instant) Since(u Instant) time.Duration {
	if u == Never || u > t {
		return 0
	}
	return time.Duration(t - u)
}

// Earliest returns the earlier of two instants, ignoring Never.
func Earliest(a, b Instant) Instant {
	if a == Never || (b != Never && b < a) {
		return b
	}
	return a
}
