package sim

import (
	"flag"
	"strings"
	"testing"
)

// TestExploreBallots visits every state of small elections.
func TestExploreBallots(t *testing.T) {
	for _, m := range []BallotModel{
		{Campaigns: 2, Crashes: 1, Ticks: 3},
		{Campaigns: 3, Crashes: 0, Ticks: 0},
	} {
		e := ExploreBallots(m)
		println(m.Campaigns, m.Crashes, m.Ticks, e.States)
		t.Logf("%+v: %d states", m, e.States)
		if e.Violation != "" {
			t.Errorf("%+v: %s\n%s", m, e.Violation, strings.Join(e.Path, "\n"))
		}
	}
}

// TestExploreGroups visits every state of the whole core within a few steps.
func TestExploreGroups(t *testing.T) {
	for _, m := range []GroupModel{
		{Replicas: 2, Depth: *depth, Ticks: 1, Crashes: 1},
	} {
		e := ExploreGroups(m)
		t.Logf("%+v: %d states", m, e.States)
		if e.Violation != "" {
			t.Errorf("%+v: %s\n%s", m, e.Violation, strings.Join(e.Path, "\n"))
		}
	}
}

var depth = flag.Int("depth", 9, "how many steps TestExploreGroups goes")
