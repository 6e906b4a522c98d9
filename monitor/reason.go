package monitor

// Reason is why a verdict, refusal or transition was reached: a stable word
// that the log, +verdict, EXPLAIN, the command line and the tests share.
type Reason string

// Reasons of verdicts on one instance.
const (
	ReasonNotReached   Reason = "not-reached-yet"
	ReasonPong         Reason = "pong"
	ReasonBusyEval     Reason = "busy-eval"
	ReasonBusyFunction Reason = "busy-function"
	ReasonBusyModule   Reason = "busy-module"
	ReasonBusyHidden   Reason = "busy-behind-misconf"
	ReasonLoading      Reason = "loading"
	ReasonBereft       Reason = "restarted-without-its-data"
	ReasonRebooted     Reason = "rebooted-too-long-ago"
	ReasonMasterDown   Reason = "master-link-down"
	ReasonMisconf      Reason = "misconf"
	ReasonNoAuth       Reason = "noauth"
	ReasonWrongPass    Reason = "wrongpass"
	ReasonNoPerm       Reason = "noperm"
	ReasonProtected    Reason = "protected-mode"
	ReasonMaxClients   Reason = "max-clients"
	ReasonTLS          Reason = "tls-handshake"
	ReasonLocal        Reason = "no-local-socket"
	ReasonReplicasCut  Reason = "blind-and-replicas-cut-off"
	ReasonUnknownReply Reason = "unknown-reply"
	ReasonNotRESP      Reason = "not-resp"
	ReasonSilent       Reason = "silent-acked"
	ReasonQueueFull    Reason = "accept-queue-full"
	ReasonFinishing    Reason = "after-busy"
	ReasonApplying     Reason = "applying-script"
	ReasonHung         Reason = "silent-past-limit"
	ReasonClosed       Reason = "connection-closed"
	ReasonRefused      Reason = "connection-refused"
	ReasonUnacked      Reason = "bytes-not-acknowledged"
	ReasonNoRoute      Reason = "no-route"
	ReasonDialTimeout  Reason = "connect-timeout"
	ReasonUnresolved   Reason = "name-unresolved"
	ReasonRoleMismatch Reason = "reports-role-slave"
	ReasonBusyTooLong  Reason = "busy-failover-after"
)
