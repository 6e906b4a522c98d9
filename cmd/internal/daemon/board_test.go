package daemon

import (
	"testing"

	"picket/config"
)

// An instance may tell another host name with each INFO.
func TestNamesThatNobodyHasAreForgotten(t *testing.T) {
	b := newBoard(&Daemon{cfg: &config.Config{}}, "test")
	b.names.Store(&map[string]string{"kept.example": "10.0.0.1", "gone.example": "10.0.0.2"})
	b.forgetNames(map[string][]string{"kept.example": {"m"}, "new.example": {"m"}})
	if got := *b.names.Load(); len(got) != 1 || got["kept.example"] != "10.0.0.1" {
		t.Errorf("remembers %v", got)
	}
}
