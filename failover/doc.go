// Package failover is the brain of a group: it detects that the master is
// gone, wins an election, chooses and promotes a replica, tells everyone,
// repoints the rest and repairs what returns.
//
// It owns [Monitor], the core of one daemon, and [Group], one master with its
// replicas. It is pure (see package monitor) and imports only monitor and
// quorum: inputs are stepped in, and out come events, effects for the shells to
// carry out, a promise that must be durable before those effects start, and the
// instant at which it wants to be woken. One goroutine owns a Monitor; others
// read the immutable views of [Snapshot].
//
// Tests are tables, data-driven stanzas and properties here, and whole worlds
// in failover/sim. The shell that carries out effects on instances is in
// failover/act.
package failover
