package respapi

import (
	"strings"
	"testing"

	"picket/failover"
)

// A monitor that watches several groups with us is one link for all of them, as in
// Sentinel (instanceLink).
func TestPeersOfSeveralGroupsShareTheirLink(t *testing.T) {
	h := open(t, nil)
	c := h.connect(t)
	const once, twice = "$13\r\nlink-refcount\r\n$1\r\n1\r\n", "$13\r\nlink-refcount\r\n$1\r\n2\r\n"
	if got := c.ask("SENTINEL SENTINELS mymaster"); !strings.Contains(got, once) {
		t.Errorf("in one group: %s", got)
	}
	h.change("idle", func(v *failover.View) { v.Peers = h.views["mymaster"].Peers })
	if got := c.ask("SENTINEL SENTINELS mymaster"); !strings.Contains(got, twice) {
		t.Errorf("in two groups: %s", got)
	}
	if got := c.ask("SENTINEL MASTER mymaster"); !strings.Contains(got, once) {
		t.Errorf("a master has its own: %s", got)
	}
}
