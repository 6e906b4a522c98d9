// Package gossip carries what monitors tell each other at once: who lives,
// opinions, configurations and releases.
//
// It owns memberlist (hashicorp/memberlist) and nothing else does. It is the
// fast path and never the only one: whatever it carries is also learnt over
// RESP (package quorum/ask) and by hellos, so a pool that reaches nobody only
// makes Picket slower. It says nothing about the life of a Redis, and it judges
// nothing: versions are ordered, and authors are believed or not, by the core.
//
// It may import failover, quorum, monitor and monitor/resp of Picket.
//
// Concurrency: a Pool may be used from any goroutine; its methods queue and
// return. Each member has one courier goroutine, so that a member that takes
// nothing delays nobody else. [Sink], [Watcher] and [State] are called from
// memberlist's goroutines, some of them under its locks: they must copy what
// they need and return without waiting.
//
// Tests run in testing/synctest bubbles over an in-memory transport with links
// that can be cut; the decoder has a fuzz target.
package gossip
