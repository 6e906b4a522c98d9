// Package e2e shows Picket on real processes: redis-server, picket and, for
// comparison, redis-sentinel, on free ports of this machine, with the faults
// that only a kernel can make.
//
// It holds tests alone, one subject a file; each says in its name what must
// hold. They stand on deploy/lab, which owns the processes, and import nothing
// else of Picket: what they see is what an operator sees. Scenes run side by
// side, two at a time, so their limits are five times the targets of the
// design; the bench (make bench) asserts the targets
// themselves, alone on the machine.
//
// The differential test (differential*_test.go, testdata/differential) holds
// picket's replies against redis-sentinel's, command by command, and fails for a
// difference that is not listed with its reason.
//
// Two parts run when they are asked for. The fault lab (make fault-lab, fault*_test.go)
// plays each scene under picket and under redis-sentinel, with writers that log every
// acknowledged write, and keeps its table in RESULTS.md. The soak (make soak,
// soak*_test.go) plays faults that are no reason to fail over on both at once, and
// keeps its figures in RESULTS-soak.md.
package e2e
