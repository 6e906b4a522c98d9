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

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `Picket watches Redis and Valkey masters and fails over when they die, not when a script blocks them.

  picket [daemon] FILE [--directive value ...]   run a monitor, as redis-sentinel does
  picket ping [HOST:PORT] [--pass PASSWORD]      ask a monitor whether it serves (exit 0 or 1)
  picket lab [--compare]                         a live demonstration on real redis-servers
  picket directives                              the configuration directives, as a table
  picket --version | --help

FILE is a sentinel.conf. A path such as ./lab names a file; the bare word lab is the command.
`

// subcommands are the first words that are not a file.
var subcommands = map[string]func(Program, []string) int{
	"daemon": runDaemon, "ping": runPing, "lab": runLab, "directives": runDirectives,
	"help": showHelp, "--help": showHelp, "-h": showHelp,
	"version": showVersion, "--version": showVersion, "-v": showVersion,
}

// Main runs the program and returns its exit code.
func Main(p Program) int {
	words := p.Args[1:]
	if len(words) == 0 {
		fmt.Fprint(p.Err, usage)
		return exitUsage
	}
	if run, ok := subcommands[words[0]]; ok {
		return run(p, words[1:])
	}
	return runDaemon(p, words)
}

func showHelp(p Program, _ []string) int {
	fmt.Fprint(p.Out, usage)
	return exitOK
}

func showVersion(p Program, _ []string) int {
	fmt.Fprintln(p.Out, "picket "+p.Version)
	return exitOK
}
