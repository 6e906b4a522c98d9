package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	// filesOfGroup is how many files a master with one replica takes: three links
	// to each instance while the monitor starts.
	filesOfGroup = 6
	// filesOfOurs are for clients, peers, the state and the log.
	filesOfOurs = 200
)

// fileWarning tells the operator that the limit of open files is too low for the
// groups, "" when it is not. Instances that cannot be reached for that reason are
// blind spots and never held to be down, but clients would not be answered either.
func fileWarning(groups int, limit uint64) string {
	needed := uint64(groups*filesOfGroup + filesOfOurs)
	if limit >= needed {
		return ""
	}
	return fmt.Sprintf("%d masters with a replica each need about %d open files, and the limit is %d: raise it (ulimit -n, LimitNOFILE=), "+
		"or spread the masters over more monitors", groups, needed, limit)
}

// fileLimit is the most files that this process may open. The runtime has raised
// the soft limit to it.
func fileLimit() uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return ^uint64(0)
	}
	return l.Cur
}
