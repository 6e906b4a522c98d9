// Package sim is a deterministic world in which the real core is tried: N
// monitors that run monitor, quorum and failover, model Redises, a network,
// disks, clocks, operators, and peers that follow redis-sentinel's rules.
//
// Time is virtual and one seed gives one run: [Run] builds a world from a
// seed, plays faults on it, checks every invariant after every step, heals it
// now and then and checks that it converges. A run that breaks an invariant is
// replayed, with a readable timeline, by
//
//	go test ./failover/sim -run TestSeed -seed N -v
//
// Small models are explored to the end: [ExploreBallots] visits every state of
// three monitors with two campaigns, a crash and three steps of the clock, and
// with three campaigns and a crash (half a million and a million states);
// [ExploreGroups] every state of the whole core within eight or nine steps after
// a master's death.
//
// The package is as pure as the core that it drives: no clock, goroutine or
// I/O. It may import failover, quorum and monitor. A [World] belongs to one
// goroutine; worlds share nothing.
//
// The monitors of the model do what cmd/internal/daemon does: they hand
// reports to the core, make what must be saved durable before the effects that
// depend on it, and carry the effects out. The model Redises do what was
// measured on real ones. Broken cores, kept as patches in testdata/mutations,
// show that the invariants can fail.
package sim
