// Command picket is the monitor daemon and its tools: see package cli.
package main
