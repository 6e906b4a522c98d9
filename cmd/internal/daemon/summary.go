package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// namedAtMost is how many groups the summary names in each state.
const namedAtMost = 3

// summarize says in one line what is watched and how it is: "watching 3 groups: 2 up,
// 1 script-blocked (mymaster); 2 of 2 peers answer". Groups that are not up are named.
func summarize(views []*failover.View) string {
	if len(views) == 0 {
		return "watching no groups"
	}
	states := map[string][]string{}
	for _, v := range views {
		state := stateOf(v)
		states[state] = append(states[state], v.Settings.Name)
	}
	return fmt.Sprintf("watching %s: %s; %s", counted(len(views), "group"), strings.Join(inStates(states), ", "), peersOf(views))
}

func inStates(states map[string][]string) []string {
	const up = "up"
	var list []string
	if n := len(states[up]); n > 0 {
		list = append(list, fmt.Sprintf("%d %s", n, up))
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		if state != up {
			list = append(list, fmt.Sprintf("%d %s (%s)", len(states[state]), state, someOf(states[state])))
		}
	}
	return list
}

// stateOf is a group's state in a word: what is done about its master outweighs what is
// concluded of it, and that outweighs the verdict.
func stateOf(v *failover.View) string {
	switch {
	case v.FailoverState != "":
		return "failing over"
	case v.Master.ODown:
		return "odown"
	case v.Master.Down:
		return "sdown"
	case v.Master.Verdict.State == monitor.StateUnknown:
		return "not reached yet"
	}
	return v.Master.Verdict.State.String()
}

// peersOf says how many other monitors answer. One that watches several groups is one.
func peersOf(views []*failover.View) string {
	down := map[quorum.ID]bool{}
	for _, v := range views {
		for _, p := range v.Peers {
			down[p.ID] = down[p.ID] || p.Down || !p.Connected
		}
	}
	answer := 0
	for _, isDown := range down {
		if !isDown {
			answer++
		}
	}
	if len(down) == 0 {
		return "no peers known"
	}
	return fmt.Sprintf("%d of %s answer", answer, counted(len(down), "peer"))
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func someOf(names []string) string {
	slices.Sort(names)
	if n := len(names) - namedAtMost; n > 0 {
		return strings.Join(names[:namedAtMost], " ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, " ")
}
