// Package httpapi is the HTTP door: metrics, health for load balancers and
// orchestrators, what the page shows as JSON and as a stream of events, and the
// page itself. It reads snapshots and changes nothing.
//
// Nobody logs in at this door, so it shows no secret, and it is meant for hosts
// that may be attacked through it all the same: a browser on the same machine, a
// scraper gone wild. Only GET and HEAD are answered, bodies are refused, and the
// size of requests, their time, connections, streams and answers made at a time
// are bounded ([Limits]). On a loopback address the Host header must name this
// machine, so that no web page can reach the door under a name of its own (DNS
// rebinding). Answers forbid embedding and reading by other origins.
//
// It may import everything; it uses history, monitor, failover and quorum. What it
// answers comes from the interface [Source].
//
// Concurrency: net/http has a goroutine a connection. One goroutine of the server,
// the feed's, hands events to the streams; [Server.Publish] never waits and takes
// no lock: the decision loop calls it. Close ends all of them before it returns.
//
// Tests speak HTTP to a server with a fake source over loopback listeners.
package httpapi
