// Package cli is the command line: it decides what the words mean, runs it, and
// turns its outcome into an exit code.
//
// The daemon's own words are parsed here as redis-sentinel parses them (a file
// and --directive value); subcommands use kong. commands.go lists them, and the
// usage, the manual and the completion of shells are made from that list. It may
// import everything. It holds no state; tests call Main with words and buffers.
package cli
