package probe

import (
	"sync"
	"time"
)

// budget bounds how many late replies are news at once. Some instances that answer late
// are asked for INFO and hear from us; when hundreds do, it is more likely we who are
// short of processor, and asking more of everybody would make us later still.
type budget struct {
	mu   sync.Mutex
	left int
	full time.Time // when left is lateNews again
}

// In any second lateNews late replies are news.
const lateNews = 20

// spend reports whether one more is.
func (b *budget) spend(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !now.Before(b.full) {
		b.left, b.full = lateNews, now.Add(time.Second)
	}
	if b.left == 0 {
		return false
	}
	b.left--
	return true
}
