// Package quorum is how monitors agree: who counts, what each one thinks, who
// may lead.
//
// It owns peers and voters, opinions and their tally, ballots with their
// leases, and the order of configurations. It is pure (see package monitor)
// and imports only monitor. What it exchanges with peers is carried by the
// shells quorum/gossip (memberlist) and quorum/ask (RESP).
//
// Tests are tables, data-driven stanzas and properties; package failover/sim
// explores the ballots together with the rest of the core.
package quorum
