package probe

import (
	"testing"
	"time"
)

func TestMomentsAreMovedToTheNearestBeat(t *testing.T) {
	p := &Prober{began: time.Now()}
	for after, want := range map[time.Duration]time.Duration{
		0: 0, 49 * time.Millisecond: 0, 51 * time.Millisecond: 100 * time.Millisecond, 1030 * time.Millisecond: 1000 * time.Millisecond,
	} {
		if got := p.onBeat(p.began.Add(after), 100*time.Millisecond).Sub(p.began); got != want {
			t.Errorf("%v is moved to %v, want %v", after, got, want)
		}
	}
}
