package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	// filesOfGroup is how many files a master with one replica takes: a link for
	// PINGs to each, and one on which the master's hellos are heard.
	filesOfGroup = 3
	// filesOfLoan are for the links over which INFO is asked and hellos are published,
	// when there is no room to keep them.
	filesOfLoan = 1000
	// filesOfOurs are for clients, peers, the state and the log.
	filesOfOurs = 200
)

// fileWarning tells the operator that the limit of open files is too low for the
// groups, "" when it is not. Instances that cannot be reached for that reason are
// blind spots and never held to be down, but clients would not be answered either.
func fileWarning(groups int, limit uint64) string {
	needed := filesNeeded(groups)
	if limit >= needed {
		return ""
	}
	return fmt.Sprintf("%d masters with a replica each need about %d open files, and the limit is %d: raise it (ulimit -n, LimitNOFILE=), "+
		"or spread the masters over more monitors", groups, needed, limit)
}

// filesNeeded is how many files a monitor of so many groups needs at least.
func filesNeeded(groups int) uint64 {
	return uint64(groups*filesOfGroup + min(2*groups, filesOfLoan) + filesOfOurs)
}

// keptLinks is how many of the links for INFO and hellos there is room to keep; 0 is
// for all. While it starts a monitor of few groups listens on replicas too.
func keptLinks(groups int, limit uint64) int {
	if limit >= uint64(groups*2*filesOfGroup+filesOfOurs) {
		return 0
	}
	return int(max(filesNeeded(groups)+1, limit) - filesNeeded(groups))
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
