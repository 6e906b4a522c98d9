package main

import (
	"os"

	"picket/cmd/internal/cli"
	"picket/cmd/internal/zlog"
)

// version is set by the Makefile.
var version = "dev"

func main() {
	os.Exit(cli.Main(cli.Program{Args: os.Args, Version: version, Out: os.Stdout, Err: zlog.ErrorLines(os.Stderr)}))
}
