package cli

import (
	"picket/failover"
	"picket/monitor"
)

// meanings say in plain words what the reasons mean that stand for a person's next step.
// A reason that is not here speaks for itself.
var meanings = map[monitor.Reason]string{
	monitor.ReasonBusyEval:     "a script runs (EVAL)",
	monitor.ReasonBusyFunction: "a function runs (FCALL)",
	monitor.ReasonBusyModule:   "a module's command runs",
	monitor.ReasonBusyHidden:   "a script runs, and saving to disk fails",
	monitor.ReasonNoAuth:       "it wants a password that the monitor was not given: SENTINEL SET ... auth-pass",
	monitor.ReasonWrongPass:    "it does not take the monitor's password: SENTINEL SET ... auth-pass",
	monitor.ReasonNoPerm:       "the monitor's user may not run PING there",
	monitor.ReasonProtected:    "its protected-mode keeps the monitor out",
	monitor.ReasonMaxClients:   "it has no room for one more client",
	monitor.ReasonSilent:       "its kernel takes our bytes, the server does not answer",
	monitor.ReasonHung:         "silent for longer than a script may be",
	monitor.ReasonRefused:      "its process does not run",
	monitor.ReasonClosed:       "its process ended",
	monitor.ReasonUnacked:      "its host does not answer",
	monitor.ReasonNoRoute:      "no way to its host",
	monitor.ReasonDialTimeout:  "its host does not answer",
	monitor.ReasonUnresolved:   "its name cannot be resolved",
	monitor.ReasonBusyTooLong:  "a script ran for longer than busy-failover-after",
	monitor.ReasonMisconf:      "it cannot save to disk and takes no writes",

	failover.ReasonNoReplica:      "there is no replica that may be promoted",
	failover.ReasonNoMajority:     "too few monitors can be reached to agree",
	failover.ReasonNotElected:     "no monitor got enough votes",
	failover.ReasonLeaseHeld:      "the vote went to another monitor",
	failover.ReasonRetryWait:      "an attempt was made a moment ago",
	failover.ReasonPriorityZero:   "its replica-priority is 0: never promote it",
	failover.ReasonNoInfo:         "it told nothing of itself since the master is down",
	failover.ReasonNotReplica:     "it does not say that it is a replica",
	failover.ReasonReplicaDown:    "it is down itself",
	failover.ReasonReplicaBusy:    "it does not serve now",
	failover.ReasonLinkDownLong:   "it lost its master too long ago, its data is old",
	failover.ReasonEmpty:          "it holds no keys while others do",
	failover.ReasonLoadingReplica: "it is loading its data",
	failover.ReasonSyncing:        "it is in the middle of a full synchronization",
	failover.ReasonForeign:        "its data is not of this master's history",
}

// explained is a reason, with what it means where that is not plain.
func explained(reason string) string {
	if text := meanings[monitor.Reason(reason)]; text != "" {
		return reason + ": " + text
	}
	return reason
}
