// Package zlog makes the daemon's zap logger from Sentinel's log settings, and
// adapts the loggers of libraries to it. Lines for systemd's journal have its priorities
// and no time of their own.
//
// It may import zap and go-redis' logging interface only. A logger is safe for
// concurrent use and never waits for its outputs: each has a goroutine that writes what
// is queued, for as long as the process lives. Tests write to temporary files and observed cores.
package zlog
