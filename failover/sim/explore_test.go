package sim

import (
	"flag"
	"strings"
	"testing"
)

var depth = flag.Int("depth", 8, "how many steps TestExploreGroups goes")

// TestExploreBallots visits every state of small elections.
func TestExploreBallots(t *testing.T) {
	models := []BallotModel{{Campaigns: 2, Crashes: 1, Ticks: 3}, {Campaigns: 3, Crashes: 1}}
	if underRace {
		models = []BallotModel{{Campaigns: 2, Crashes: 1}}
	}
	for _, m := range models {
		e := ExploreBallots(m)
		t.Logf("%+v: %d states", m, e.States)
		if e.Violation != "" {
			t.Errorf("%+v: %s\n%s", m, e.Violation, strings.Join(e.Path, "\n"))
		}
	}
}

// TestExploreGroups visits every state of the whole core within a few steps.
func TestExploreGroups(t *testing.T) {
	models := []GroupModel{{Replicas: 2, Depth: *depth, Ticks: 1, Crashes: 1}, {Replicas: 1, Depth: *depth + 1, Ticks: 2}}
	if underRace {
		models = []GroupModel{{Replicas: 2, Depth: 6, Ticks: 1, Crashes: 1}}
	}
	for _, m := range models {
		e := ExploreGroups(m)
		t.Logf("%+v: %d states", m, e.States)
		if e.Violation != "" {
			t.Errorf("%+v: %s\n%s", m, e.Violation, strings.Join(e.Path, "\n"))
		}
	}
}
