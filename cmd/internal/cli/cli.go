package cli

import (
	"fmt"
	"io"
)

// Program is one run of the binary.
type Program struct {
	Args    []string // with the program's name
	Version string
	Out     io.Writer
	Err     io.Writer
}

// Exit codes. What those above 2 mean is told by the command's Help.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitDown    = 3 // a master is down
	exitOther   = 3 // an answer that is no success
	exitWarning = 4
	exitLate    = 4 // no outcome in time
)

// Main runs the program and returns its exit code.
func Main(p Program) int {
	words := p.Args[1:]
	if len(words) == 0 {
		printUsage(p.Err)
		return exitUsage
	}
	if c, ok := named(words[0]); ok {
		return c.run(p, words[1:])
	}
	return runDaemon(p, words)
}

func showHelp(p Program, _ []string) int {
	printUsage(p.Out)
	return exitOK
}

func showVersion(p Program, _ []string) int {
	fmt.Fprintln(p.Out, "picket "+p.Version)
	return exitOK
}
