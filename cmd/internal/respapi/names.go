package respapi

import (
	"maps"
	"slices"
)

// names is the set of channels or patterns of one connection. It remembers the
// order in which they came, which is that of the answers to UNSUBSCRIBE.
type names struct {
	came map[string]uint64
	next uint64
}

func (n *names) len() int { return len(n.came) }

func (n *names) has(name string) bool {
	_, found := n.came[name]
	return found
}

func (n *names) add(name string) {
	if n.came == nil { // most connections never subscribe
		n.came = map[string]uint64{}
	}
	n.came[name] = n.next
	n.next++
}

func (n *names) remove(name string) { delete(n.came, name) }

func (n *names) inOrder() []string {
	return slices.SortedFunc(maps.Keys(n.came), func(a, b string) int {
		return int(n.came[a]) - int(n.came[b])
	})
}
