package transport

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// protocol is one of Redis' words.
type protocol struct {
	word string
	id   uint16
}

// protocols are all of them, oldest first.
var protocols = []protocol{{"TLSv1", tls.VersionTLS10}, {"TLSv1.1", tls.VersionTLS11}, {"TLSv1.2", tls.VersionTLS12}, {"TLSv1.3", tls.VersionTLS13}}

// versions returns the oldest and the newest protocol that tls-protocols names; by
// default those of Redis. crypto/tls knows no more than the two, so there must be no gap.
func versions(list string) (lowest, highest uint16, err error) {
	words := strings.Fields(list)
	if len(words) == 0 {
		return tls.VersionTLS12, tls.VersionTLS13, nil
	}
	named := make([]bool, len(protocols))
	for _, word := range words {
		n := slices.IndexFunc(protocols, func(p protocol) bool { return strings.EqualFold(p.word, word) })
		if n < 0 {
			return 0, 0, fmt.Errorf("read tls-protocols %q: %s is none; use a combination of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3", list, word)
		}
		named[n] = true
	}
	first, last := slices.Index(named, true), len(named)-1
	for !named[last] {
		last--
	}
	if gap := slices.Index(named[first:last], false); gap >= 0 {
		return 0, 0, fmt.Errorf("read tls-protocols %q: it leaves out %s between two that it names, which cannot be done; name it, or only those on one side of it",
			list, protocols[first+gap].word)
	}
	return protocols[first].id, protocols[last].id, nil
}
