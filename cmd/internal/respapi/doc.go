// Package respapi is the RESP door: the server that clients, operators and
// peers speak to, in the commands of redis-sentinel and a few of our own.
//
// It owns the listeners' connections, the dispatch of commands, the shape of
// their replies and the delivery of events to subscribers. What it answers
// comes from the small interfaces [Reader], [Operator] and [Peers]; it holds no
// state of any group. It may import everything; it uses monitor, monitor/resp,
// quorum, failover and acl.
//
// It owns the users too. They are one immutable value, read without a lock for
// every command and replaced under one; whoever replaces it then looks, in the
// bus, for connections that have lost their user or their channels.
//
// Concurrency: each connection has one goroutine that reads and answers, and
// one that writes from a byte-bounded queue. Publish only appends to a bounded
// backlog: the decision loop calls it. One goroutine of the server, the bus,
// owns the subscriptions; it takes events and changes of subscriptions in the
// order in which they were placed, matches, and appends to the subscribers'
// queues. It never waits either; a subscriber whose queue is full is dropped.
// Close ends all of them before it returns. [Limits] bound what clients can
// make the server hold and do, each and all together.
//
// Tests play raw bytes against a server with a fake backend (testdata,
// rewritable, in RESP2 and RESP3), and go-redis clients, over in-memory
// connections and loopback listeners. The texts and shapes were compared with
// redis-sentinel 7.0.15.
package respapi
