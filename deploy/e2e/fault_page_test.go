package e2e

import (
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"picket/deploy/lab"
)

// pageHead is the beginning of RESULTS.md: what the numbers are.
const pageHead = `# The fault lab's results

Written by ` + "`make fault-lab`" + `: %s, %d processors, four scenes at a time. Every
scene is played twice, by Picket and by redis-sentinel, each on a fresh group with the
same parameters: one master, two replicas, three monitors, quorum 2, down-after 1 s,
failover-timeout 5 s, T (busy-reply-threshold) 500 ms, so a silence limit of 1.5 s, unless
the scene says otherwise. A scene fails the lab when Picket breaks what it must do; what
redis-sentinel does is only written down.

How each number is measured:

* **verdict on the master**: what Picket's monitors told of the first master (+verdict), in
  order; of redis-sentinel, which knows none, whether it was +sdown and +odown.
* **failovers**: +switch-master events of the monitor that saw most of them.
* **lost**: a client writes one transaction every %v, one at a time, through an untouched
  go-redis failover client that asks the monitors for the master. Counted are those that
  were acknowledged and are not on the last master once all servers are up, linked and
  hold the same data (DEBUG DIGEST), of all that were acknowledged. A script that was
  answered counts with the keys that it set.
* **pinned lost**: the same for a second client that stays with the first master whatever
  becomes of it, as one that missed the switch. A deposed master takes such writes until
  it is fenced: that is split brain, and its length.
* **duplicated**: appends that are in the list twice. Clients send each write once, so
  these would be the servers' doing.
* **resurrected**: values whose deletion was acknowledged and that are back, or writes
  that were refused and are there all the same. Each write deletes the value written %d
  before it, so a loss brings back up to %d of them a client.
* **s without a write**: the longest time in which the first client got no acknowledgement.
* **master**: which server is master in the end.
* **outcome**: *well* if within %v of the heal one master is named by every monitor,
  followed by every other server, and stays so; what Picket must do besides is judged too.

Replication is asynchronous: what a master has acknowledged and not sent when it dies is
lost, whoever monitors. One client on one machine seldom catches that moment, so most rows
say 0 where a busy site would lose some milliseconds of writes under either program.

`

// pageFoot says what the table does not: where Picket pays, or is no better.
const pageFoot = `
## Where Picket is no better, or pays

* What was acknowledged and not replicated is lost with its master: SIGKILL, replication cut.
* It waits for scripts: seconds without a write in which redis-sentinel's clients write again,
  on a replica that has nothing of what the script was acknowledged. busy-policy chooses.
* A process that is silent for longer than the silence limit and never says BUSY (SIGSTOP,
  DEBUG SLEEP, CLIENT PAUSE ALL, a KEYS loop) cannot be told from one that hangs: it is failed
  over, and what it does when it goes on is lost.
* A master that is cut off, or alone with monitors that name another one, cannot be fenced
  while nobody reaches it or no new master answers: whoever still writes to it loses those
  writes. min-replicas-to-write bounds that; no monitor can.
* A master that restarts without its data acknowledges writes until it is replaced, and those
  are lost; the data are saved only while a replica has not synced with it.
* An old master that became a replica of the new one and never synced with it is promoted when
  it is the last that is left; what the others had is lost when they return.
* Both programs fail over when two of three monitors have lost a master that serves everybody else.
`

// page is RESULTS.md.
func (s *sheet) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, serverVersion(), runtime.NumCPU(), pace, lab.AliveSpan, lab.AliveSpan, settlePatience)
	fmt.Fprintf(&b, "| scene | program | %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)+2))
	all, rows := faults(), s.sorted()
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", all[r.scene].name, r.program.Name(), strings.Join(r.cells(), " | "))
	}
	b.WriteString("\n## What happens in each\n\n")
	for i, f := range all {
		if slices.ContainsFunc(rows, func(r row) bool { return r.scene == i }) {
			fmt.Fprintf(&b, "* **%s.** %s\n", f.name, strings.TrimSpace(f.what+" "+f.remark))
		}
	}
	for _, name := range s.left() {
		fmt.Fprintf(&b, "* **%s.** Not played: this machine does not permit it.\n", name)
	}
	b.WriteString(pageFoot)
	return b.String()
}

// left are the scenes that were left out.
func (s *sheet) left() []string {
	s.Lock()
	defer s.Unlock()
	return slices.Sorted(slices.Values(s.skipped))
}

// serverVersion is what redis-server says of itself, without its build.
func serverVersion() string {
	bins, err := lab.FindBinaries()
	if err != nil {
		return err.Error()
	}
	out, err := exec.Command(bins.Server, "--version").Output()
	v := regexp.MustCompile(`v=(\S+)`).FindSubmatch(out)
	if err != nil || v == nil {
		return "an unknown redis-server"
	}
	return "redis-server and redis-sentinel " + string(v[1])
}
