package cli

import (
	"fmt"
	"io"

	"picket/cmd/internal/completion"
	"picket/cmd/internal/manual"
	"picket/config"
)

// completionCommand are the words of picket completion.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help implements kong's longer description.
func (completionCommand) Help() string {
	return "The Debian package installs it. Elsewhere, for bash: source <(picket completion bash); for zsh: picket completion zsh > _picket " +
		"in a directory of $fpath; for fish: picket completion fish | source."
}

// manCommand are the words of picket man.
type manCommand struct {
	Page string `arg:"" optional:"" default:"picket" enum:"picket,picket.conf" help:"picket, the commands, or picket.conf, the configuration file."`
}

// runCompletion prints the completion script of a shell.
func runCompletion(p Program, words []string) int {
	var cmd completionCommand
	if code, ok := parse(p, "completion", &cmd, words); !ok {
		return code
	}
	return printed(p, func(w io.Writer) error {
		parser, err := modelOf(commands())
		if err != nil {
			return err
		}
		return completion.Write(w, completion.Shell(cmd.Shell), completion.Words{Model: parser.Model, Directives: config.Directives()})
	})
}

// runMan prints a manual page.
func runMan(p Program, words []string) int {
	var cmd manCommand
	if code, ok := parse(p, "man", &cmd, words); !ok {
		return code
	}
	return printed(p, func(w io.Writer) error {
		if cmd.Page == "picket.conf" {
			return manual.Directives(w, p.Version, config.Directives())
		}
		list := commands()
		parser, err := modelOf(list)
		if err != nil {
			return err
		}
		uses := map[string]string{}
		for _, c := range list {
			uses[c.name] = c.use(parser.Model)
		}
		return manual.Commands(w, manual.Program{Version: p.Version, Model: parser.Model, Uses: uses})
	})
}

// printed writes a document to standard output.
func printed(p Program, write func(io.Writer) error) int {
	if err := write(p.Out); err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed
	}
	return exitOK
}
