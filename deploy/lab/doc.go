// Package lab runs real groups on one machine: redis-server processes, monitors
// of either kind (picket or redis-sentinel), followers of their events, writers
// that log every acknowledged write, and checkers that find what was lost.
//
// It owns the processes it starts, their temporary folder and their ports, and
// nothing else: every process is ended by its own handle, at [Lab.Close] at the
// latest, and by the kernel should the program that runs the lab die. It imports
// nothing of Picket: a monitor is a program to be started, whichever it is. A
// [Lab] and what it returns may be used from several goroutines.
//
// The end-to-end tests (deploy/e2e), the bench and the command "picket lab" stand
// on it, and test it by that; tests of its own cover what they would not show.
package lab
