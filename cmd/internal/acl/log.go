package acl

import (
	"slices"
	"strings"
	"time"

	"picket/monitor"
)

// Entry is one refusal in the log, or several that are alike.
type Entry struct {
	Reason Reason
	Object string // the command, the channel, or AUTH or HELLO as it was typed
	User   string
	Client string // as in CLIENT LIST, of the last refusal
	At     monitor.Instant
	Count  int64
}

const (
	alike     = time.Minute // refusals further apart are not counted as one
	lookBack  = 10          // entries that are looked at for one that is alike
	maxObject = 1024        // bytes of a client's own words that an entry keeps
)

// Log is the newest refusals, at most so many (ACL LOG). The zero value keeps
// none. It is not safe for concurrent use.
type Log struct {
	max     int
	entries []Entry // newest first
}

// NewLog returns an empty log that keeps at most max entries.
func NewLog(max int) *Log { return &Log{max: max} }

// Add notes a refusal; of one alike within the last minute it raises the count
// (addACLLogEntry).
func (l *Log) Add(e Entry) {
	e.Object, e.User, e.Count = clip(e.Object), clip(e.User), 1
	for i := range min(lookBack, len(l.entries)) {
		old := l.entries[i]
		if old.Reason == e.Reason && old.Object == e.Object && old.User == e.User && e.At.Since(old.At) <= alike {
			e.Count = old.Count + 1
			l.entries = slices.Delete(l.entries, i, i+1)
			break
		}
	}
	l.entries = slices.Insert(l.entries, 0, e)
	l.entries = l.entries[:min(l.max, len(l.entries))]
}

// clip copies what it keeps: a part of a long word would keep the whole of it in memory.
func clip(s string) string { return strings.Clone(s[:min(len(s), maxObject)]) }

// Newest returns up to n entries, the newest first.
func (l *Log) Newest(n int) []Entry {
	return slices.Clone(l.entries[:min(max(n, 0), len(l.entries))])
}

// Reset forgets all entries.
func (l *Log) Reset() { l.entries = nil }
