package daemon

import (
	"strings"
	"testing"

	"picket/monitor"
)

// The name of a group is announced every other second and stands in every event.
func TestWhatCanBeMonitoredFitsIntoFileAndHello(t *testing.T) {
	for _, tc := range []struct {
		what, name, host string
		refused          bool
	}{
		{"the longest name", strings.Repeat("n", 255), "127.0.0.1", false},
		{"a longer name", strings.Repeat("n", 256), "127.0.0.1", true},
		{"the longest host", "m", strings.Repeat("h", 255), false},
		{"a longer host", "m", strings.Repeat("h", 256), true},
		{"a comma", "a,b", "127.0.0.1", true},
		{"nothing", "", "127.0.0.1", true},
	} {
		t.Run(tc.what, func(t *testing.T) {
			if err := nameable(tc.name, monitor.Addr{Host: tc.host, Port: 1}); (err != nil) != tc.refused {
				t.Errorf("refused: %v", err)
			}
		})
	}
}
