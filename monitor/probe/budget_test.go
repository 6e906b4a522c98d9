package probe

import (
	"testing"
	"time"
)

func TestABudgetOfLateNewsIsFullAgainEachSecond(t *testing.T) {
	var b budget
	now := time.Unix(1000, 0)
	spent := func(at time.Duration, asked int) (n int) {
		for range asked {
			if b.spend(now.Add(at)) {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		at          time.Duration
		asked, want int
	}{{0, 15, 15}, {999 * time.Millisecond, 15, 5}, {time.Second, 100, 20}, {5 * time.Second, 1, 1}, {5500 * time.Millisecond, 100, 19}} {
		if got := spent(c.at, c.asked); got != c.want {
			t.Errorf("after %s %d of %d, want %d", c.at, got, c.asked, c.want)
		}
	}
}
