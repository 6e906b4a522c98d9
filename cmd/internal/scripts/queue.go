package scripts

import (
	"fmt"
	"slices"
	"time"

	"picket/monitor"
)

// Sentinel's limits (sentinel.c, SENTINEL_SCRIPT_MAX_*).
const (
	maxQueue   = 256 // jobs, those that run included
	maxRunning = 16
	maxTries   = 10
)

// The events of scripts. They belong to no group, so that no script runs for them.
const (
	eventError   = "-script-error"   // <path> <signal> <exit code>
	eventTimeout = "-script-timeout" // <path> <process id>
	eventBegan   = "+script-child"   // <process id>
	eventEnded   = "-script-child"   // <process id> <exit code> <signal>
)

// Limits are what SENTINEL DEBUG changes.
type Limits struct {
	MaxRuntime time.Duration // script-max-runtime, default 60 s: then SIGKILL
	RetryDelay time.Duration // script-retry-delay, default 30 s: before the second try, then doubling
}

// DefaultLimits are Sentinel's.
func DefaultLimits() Limits { return Limits{MaxRuntime: time.Minute, RetryDelay: 30 * time.Second} }

// ending is how a process ended: by a signal, or else with an exit code.
type ending struct{ signal, code int }

// neverBegan is how Sentinel tells a fork that failed.
var neverBegan = ending{signal: 99}

// job is one script to run.
type job struct {
	argv    []string
	running bool
	pid     int             // 0 until the process is there
	since   monitor.Instant // when it was started
	due     monitor.Instant // not before, Never for the first try
	tries   int
	killed  bool // it ran for too long and was told to end
}

// queue holds the jobs, oldest first, and decides what becomes of them. It is the
// whole of Sentinel's rules; somebody else holds its lock, starts the processes and
// publishes the events.
type queue struct {
	limits  Limits
	jobs    []*job
	running int
}

// add appends a job. Beyond maxQueue the oldest that does not run is dropped; one
// always does not, since no more than maxRunning do.
func (q *queue) add(argv []string) {
	q.jobs = append(q.jobs, &job{argv: argv})
	if len(q.jobs) <= maxQueue {
		return
	}
	oldest := slices.IndexFunc(q.jobs, func(j *job) bool { return !j.running })
	q.jobs = slices.Delete(q.jobs, oldest, oldest+1)
}

// start marks the jobs that are to be started now and returns them.
func (q *queue) start(now monitor.Instant) (begin []*job) {
	for _, j := range q.jobs {
		if q.running == maxRunning {
			break
		}
		if j.running || j.due > now {
			continue
		}
		j.running, j.killed, j.since = true, false, now
		j.tries++
		q.running++
		begin = append(begin, j)
	}
	return begin
}

// began notes the process of a job that start returned.
func (q *queue) began(j *job, pid int) monitor.Event {
	j.pid = pid
	return debugEvent(eventBegan, "%d", pid)
}

// ended notes how the process of a job ended. Code 1 means "please repeat", as does a
// signal, be it that of our own limit.
func (q *queue) ended(j *job, how ending, now monitor.Instant) []monitor.Event {
	var events []monitor.Event
	if how != neverBegan {
		events = append(events, debugEvent(eventEnded, "%d %d %d", j.pid, how.code, how.signal))
	}
	q.running--
	j.running, j.pid = false, 0
	if (how.signal != 0 || how.code == 1) && j.tries < maxTries {
		if how == neverBegan {
			events = append(events, j.failed(how)) // each time, as Sentinel: the machine is short of something
		}
		j.due = now.Add(q.delay(j.tries))
		return events
	}
	q.jobs = slices.DeleteFunc(q.jobs, func(other *job) bool { return other == j })
	if how != (ending{}) {
		events = append(events, j.failed(how))
	}
	return events
}

// overdue returns the jobs to kill now, each once for each try.
func (q *queue) overdue(now monitor.Instant) (late []*job, events []monitor.Event) {
	for _, j := range q.jobs {
		if j.pid == 0 || j.killed || now.Sub(j.since) <= q.limits.MaxRuntime {
			continue
		}
		j.killed = true
		late = append(late, j)
		events = append(events, warning(eventTimeout, "%s %d", j.argv[0], j.pid))
	}
	return late, events
}

// wake is when start or overdue will have something to do, if nothing else happens.
func (q *queue) wake() monitor.Instant {
	next := monitor.Never
	for _, j := range q.jobs {
		at := monitor.Never
		switch {
		case j.pid != 0 && !j.killed:
			at = j.since.Add(q.limits.MaxRuntime + time.Millisecond)
		case !j.running && q.running < maxRunning:
			at = max(j.due, 1)
		}
		if at != monitor.Never && (next == monitor.Never || at < next) {
			next = at
		}
	}
	return next
}

// longestDelay keeps what SENTINEL DEBUG can ask for from overflowing.
const longestDelay = 366 * 24 * time.Hour

// delay is how long to wait before the next try, after so many.
func (q *queue) delay(tries int) time.Duration {
	d := q.limits.RetryDelay
	for ; tries > 1 && d < longestDelay; tries-- {
		d *= 2
	}
	return min(d, longestDelay)
}

func (j *job) failed(how ending) monitor.Event {
	return warning(eventError, "%s %d %d", j.argv[0], how.signal, how.code)
}

func warning(name, format string, args ...any) monitor.Event {
	return monitor.Event{Name: name, Level: monitor.LevelWarning, Payload: fmt.Sprintf(format, args...)}
}

func debugEvent(name, format string, args ...any) monitor.Event {
	return monitor.Event{Name: name, Level: monitor.LevelDebug, Payload: fmt.Sprintf(format, args...)}
}
