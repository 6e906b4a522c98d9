// Package scripts runs the notification and client reconfiguration scripts of the
// groups, by the rules of redis-sentinel.
//
// It owns a bounded queue of jobs and the processes that carry them out: at most 16 at
// a time, killed after 60 s, repeated up to ten times, later and later, when they end
// with code 1 or by a signal. A script gets the daemon's working folder, environment,
// standard output and standard error, an empty standard input, and no other file of
// the daemon. Which script runs for what is the daemon's to say.
//
// The rules are in [queue], which has no clock, no goroutine and no process: tables and
// properties test it. [Runner] adds these. One goroutine starts scripts and keeps time;
// one more for each running script waits for its end; its methods may be called from
// any goroutine and never wait for a process. It is tested under testing/synctest with
// processes that a test invents, and with real shell scripts.
//
// A job that was queued is carried out even if its group is removed meanwhile: the
// removal itself is news. Scripts that run when the daemon ends are left to finish, as
// redis-sentinel does: to stop halfway in moving an address is worse than to move it
// unwatched. Jobs that had not begun are lost, as there.
//
// [AdoptOrphans] waits for what scripts leave in the background where the daemon is the
// first process of a container, which inherits it.
//
// It may import monitor, and cmd/internal/supervise for what scripts must not inherit.
package scripts
