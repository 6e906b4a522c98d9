package main

import (
	"os"

	"picket/cmd/internal/cli"
)

// version is set by the Makefile.
var version = "dev"

func main() {
	os.Exit(cli.Main(cli.Program{Args: os.Args, Version: version, Out: os.Stdout, Err: os.Stderr}))
}
