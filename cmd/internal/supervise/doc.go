// Package supervise tells who started this process how it fares: systemd over its
// notify socket (sd_notify(3)), upstart by a signal.
//
// It owns the words of that protocol and hides the supervisor's variables from what
// is started ([Environ]). It imports go-systemd and the standard library. A
// [Supervisor] has no state of its own and may be used from several goroutines; each
// call may wait while systemd does not read, so the monitor's loop makes none. Tests
// listen where systemd would; deploy/systemd runs the service under a real one.
package supervise
