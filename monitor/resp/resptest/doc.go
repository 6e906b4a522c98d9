// Package resptest holds what the tests of several shells need of the other end of a
// RESP connection: a real redis-server ([Start]), and replies that announce more than
// anybody may ([Greedy]).
//
// It is for tests alone, of any package of this module: deploy/arch refuses it in the
// program. It may import monitor and the standard library. A [Server] may be used from
// several goroutines; it ends with the test that started it.
package resptest
