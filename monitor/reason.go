package monitor

// Reason is why a verdict, refusal or transition was reached: a stable word
// that the log, +verdict, EXPLAIN, the command line and the tests share.
type Reason string
