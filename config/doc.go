// Package config speaks sentinel.conf and owns what must survive a restart.
//
// # What it owns
//
// [Load] reads the file that the operator gave, with the directives of the
// command line appended, and reports every error in it at once. One table holds
// every directive ([Directives]); the options of a group in it serve the file
// and SENTINEL SET alike ([Group.Set]), so that the two cannot drift apart.
//
// A [Store] makes a [State] durable before [Store.Save] returns. Without
// state-dir the state goes into the operator's own file, as redis-sentinel does
// it: lines keep their place, comments and unknown lines stay, a line is changed
// only when its value is, and redis-sentinel can read the result back. What only
// Picket needs is kept in comment lines that begin with "# picket:". With
// state-dir the operator's file is never written; the state lives in
// DIR/state.conf, in the same syntax and closed by a checksum.
//
// # What it may import
//
// The pure core (failover, quorum, monitor) and the standard library.
//
// # Who owns concurrency
//
// Nobody here starts a goroutine or takes a lock. A Store belongs to one
// goroutine, the daemon's writer. Load is called before there are others. Group.Set
// changes only the group that it is called on.
//
// # How it is tested
//
// Tables for directives, errors and SENTINEL SET; properties for quoting and
// for "read, rewrite, read again changes nothing"; a disk that fails at each
// step of a save; and files that redis-sentinel 7.0.15 itself wrote.
package config
