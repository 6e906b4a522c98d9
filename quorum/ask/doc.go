// Package ask speaks to other monitors over RESP: it pings them, asks them for
// their opinion and their vote, and finds out who answers at an address.
//
// It owns the outgoing connections to peers. Of redis-sentinels it asks
// SENTINEL IS-MASTER-DOWN-BY-ADDR, MYID and MASTER; of pickets SENTINEL PEER in
// place of the last two. It judges nothing: what peers say goes to the core.
//
// It may import failover, quorum, monitor and monitor/resp of Picket.
//
// Concurrency: an Asker may be used from any goroutine; its methods return at
// once. Each peer has one goroutine that pings; each question has one of its own
// until it is answered, and their number is bounded, as is that of connections.
// [Sink] is called from these goroutines and must not wait for the caller of the
// Asker; [Links] is called from them too.
//
// Tests run a scripted peer on in-memory connections in testing/synctest
// bubbles; one test asks a real redis-sentinel.
package ask
