package sim

import (
	"os"
	"runtime/debug"
	"testing"
)

// A world is small and makes much garbage: the collector may wait longer.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(800)
	}
	os.Exit(m.Run())
}
