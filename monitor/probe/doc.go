// Package probe gathers evidence about Redis instances and judges nothing.
//
// It owns the links to every watched instance: a ping link with at most one
// PING outstanding, a command link for INFO, CONFIG GET and PUBLISH, and a
// subscription to the hello channel. Where files are short the command link is
// opened for each use. What it sees it tells a [Sink]; what it needs from the outside (connections, credentials, names of commands, the
// hello to announce) it asks of [Links]. It may import monitor, monitor/resp
// and quorum, and no other shell.
//
// Every instance is served by three goroutines, one for each link; each link
// has exactly one user. They share the instance's state under a mutex that is
// never held across I/O or a call of the Sink. [Prober] may be used from any
// goroutine.
//
// Tests run in testing/synctest bubbles over in-memory connections; what only
// a real server and kernel can show is tested against redis-server.
package probe
