package e2e

import (
	"time"

	"picket/deploy/lab"
)

// faultScene is one scene of the fault lab (make fault-lab). Picket plays it first and
// redis-sentinel after it, each on a group of its own with the same parameters:
//
//	build      the group is started and everybody knows everybody
//	prepare    what must be so before anything is measured
//	           two writers start: "clients", through a failover client, and
//	           "pinned", which stays with the first master whatever becomes of it
//	strike     the fault happens
//	hold       it lasts
//	heal       it ends
//	           one master, named by every monitor, with all others linked to it and
//	           clients writing, must be there and stay, within settlePatience; then
//	           the writers stop, and what they were told is compared with what every
//	           server holds
//
// A new scene is an element of a list, and the list one of those in faults. The
// smallest one:
//
//	{
//		name:   "master killed",
//		what:   "SIGKILL of the master; it is started again 4 s later.",
//		strike: func(t *trial) error { t.old.Kill(); return nil },
//		hold:   4 * time.Second,
//		heal:   func(t *trial) error { return t.old.Start(t.ctx) },
//		want:   want{failovers: 1, verdicts: []string{"gone"}, lost: 20, pinned: 250, outage: 3 * time.Second},
//	}
//
// Functions wait for conditions (lab.Poll, t.failedOver, Events.Wait), not for
// time; what lasts is said in hold. An error of Picket's trial fails the test, one
// of redis-sentinel's is written into its row. errSkip, lab.ErrNotPermitted or
// lab.ErrNoQuota, wrapped or not, leaves the scene out with its message.
type faultScene struct {
	name    string
	what    string                             // for RESULTS.md: what happens, and how it ends
	remark  string                             // for RESULTS.md: what to make of the outcome, if that is not plain
	group   lab.GroupConfig                    // zero values: see config
	lines   []string                           // of Picket's configuration alone
	build   func(t *trial) (*lab.Group, error) // instead of starting group; t.config() is the configuration
	prepare func(t *trial) error               // may be nil
	strike  func(t *trial) error
	hold    time.Duration
	heal    func(t *trial) error // may be nil
	want    want
}

// want is what Picket must do.
type want struct {
	failovers int           // exactly; anyNumber is not judged
	verdicts  []string      // each must have been told of the first master
	lost      int           // acknowledged writes at most, of the clients
	pinned    int           // the same, of the pinned writer; 0: as lost
	outage    time.Duration // at most without an acknowledged write; 0 is not judged
	broken    int           // claims that may be broken
}
