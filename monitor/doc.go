// Package monitor judges one instance from evidence.
//
// It owns the words of the watch: addresses, replies, INFO, hellos, evidence,
// verdicts with their reasons, and events. It is pure: no clock, goroutine,
// lock, I/O, logger or global random; time comes in as an [Instant]. It may
// import nothing of Picket. Values are owned by whoever holds them; nothing
// here is safe for concurrent mutation.
//
// Tests are tables and data-driven stanzas in testdata; the properties use
// rapid. The shells that gather the evidence are in monitor/probe, the codec
// of the Redis protocol in monitor/resp.
package monitor
