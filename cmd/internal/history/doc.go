// Package history keeps what happened to the groups: each failover, each failover
// that was due or asked for and did not take place, and each spell in which a
// script blocked a master, with its timeline, what was seen and by whom, the
// votes, the candidates with the reasons for and against each, the outage and the
// bytes that only the old master held.
//
// A [Recorder] makes records of the events and accounts that it is given, and is
// called by the decision loop only. A [Log] keeps the newest records for readers,
// in memory and, where there is a state folder, in history.jsonl, which its own
// goroutine writes: a slow disk costs the newest lines of the file, never the watch.
//
// It may import the pure core. Tests: recorder_test.go feeds events and reads
// records, log_test.go writes, tears and reads files.
package history
