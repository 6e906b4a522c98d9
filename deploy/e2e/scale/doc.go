// Package scale measures picket and redis-sentinel, in turn, over an estate of
// hundreds and thousands of fake masters: how soon they know everyone, what they
// cost while nothing happens, how fast they answer, and what a storm does in
// which a hundred masters die at once.
//
// It holds tests alone, run by make bench-scale; it stands on deploy/lab, which
// owns the monitors' processes, and deploy/estate, which fakes the servers, and
// imports nothing else of Picket.
package scale
