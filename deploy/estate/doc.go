// Package estate fakes many Redis groups on loopback addresses: masters with one
// replica each, one port an instance, which answer monitors as redis-server
// 7.0.15 does and can be killed, hung and promoted. It serves to measure
// monitors at a size at which real servers would not fit on the machine.
//
// An [Estate] spreads its groups over worker processes, so that the processor
// time of the fakes is told apart from that of the monitors, and because every
// process has a limit of open files. A worker is the program that started the
// estate, run again: its main must call [Work] first. A worker is one goroutine
// around epoll (Linux alone); it holds no data, and a replica follows its master
// without delay. Both instances of a group live in the same worker.
//
// It may import deploy/lab and nothing of the program that it measures, so that no
// misunderstanding of the protocol is shared. Its tests talk to workers over TCP
// and hold the same dialogue with a real redis-server.
package estate
