// Package check looks for what is wrong with a configuration before it hurts: in
// the file alone ([File]), and against the servers and monitors that run ([Live]).
// A [Finding] carries the reason word by which the core names the same trouble,
// where there is one.
//
// It may import config, the pure core and what other programs of this binary need
// to speak to servers. Nothing that it sends changes anything: whether a command is
// allowed is asked inside a transaction that is discarded. It starts no goroutine
// that outlives a call.
//
// Tests: check_test.go for what needs no server; deploy/e2e has a file for each
// finding of a file, and plants
// each fault of running servers on real ones.
package check
