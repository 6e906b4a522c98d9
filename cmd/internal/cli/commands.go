package cli

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// command is a first word of the command line that is not a file. The usage, the manual
// and the completion of shells are made from these: a command that is added here is in
// all of them.
type command struct {
	name     string
	about    string // one line, without a full stop
	synopsis string // what is shown as its use; "" for what kong makes of words
	words    any    // kong's description of the words that follow
	run      func(Program, []string) int
}

// none describes a command that nothing follows.
type none struct{}

// commands lists them in the order in which they are told. Each call makes new ones:
// kong writes defaults into words.
func commands() []command {
	return []command{
		{name: "daemon", about: "run a monitor, as redis-sentinel does", synopsis: "[daemon] FILE [--directive value ...]",
			words: &daemonWords{}, run: runDaemon},
		{name: "ping", about: "ask a monitor whether it serves (exit 0 or 1)", words: &pingCommand{}, run: runPing},
		{name: "status", about: "groups, roles, verdicts with reasons, lag and peers, as a table", words: &statusCommand{}, run: runStatus},
		{name: "explain", about: "why a group is or is not failing over, and what would follow", words: &explainCommand{}, run: runExplain},
		{name: "check", about: "all errors and risks in a configuration file, and with --live in what runs", words: &checkCommand{}, run: runCheck},
		{name: "events", about: "follow the events of monitors, over their restarts", words: &eventsCommand{}, run: runEvents},
		{name: "failover", about: "a planned failover, to the best replica or to one of your choice", words: &failoverCommand{}, run: runFailover},
		{name: "forget", about: "forget a replica or monitor that is gone for good, on every monitor", words: &forgetCommand{}, run: runForget},
		{name: "history", about: "failovers, refused failovers and script-blocked spells", words: &historyCommand{}, run: runHistory},
		{name: "lab", about: "a live demonstration on real redis-servers", words: &labCommand{}, run: runLab},
		{name: "directives", about: "the configuration directives, as a table", words: &none{}, run: runDirectives},
		{name: "completion", about: "the completion script of a shell", words: &completionCommand{}, run: runCompletion},
		{name: "man", about: "a manual page, to be read with: picket man | man -l -", words: &manCommand{}, run: runMan},
		{name: "version", about: "the version, also as --version", words: &none{}, run: showVersion},
		{name: "help", about: "this text, also as --help", words: &none{}, run: showHelp},
	}
}

// aliases are the flags that stand for a command.
var aliases = map[string]string{"--help": "help", "-h": "help", "--version": "version", "-v": "version"}

// named finds a command by its first word.
func named(word string) (command, bool) {
	if name, ok := aliases[word]; ok {
		word = name
	}
	for _, c := range commands() {
		if c.name == word {
			return c, true
		}
	}
	return command{}, false
}

// use is what follows the program's name: "ping [<addr>] [flags]".
func (c command) use(model *kong.Application) string {
	if c.synopsis != "" {
		return c.synopsis
	}
	for _, node := range model.Children {
		if node.Name == c.name {
			return node.Summary()
		}
	}
	return c.name
}

// modelOf is what kong makes of some commands.
func modelOf(list []command, options ...kong.Option) (*kong.Kong, error) {
	options = append(options, kong.Name("picket"))
	for _, c := range list {
		options = append(options, kong.DynamicCommand(c.name, c.about, "", c.words))
	}
	return kong.New(&none{}, options...)
}

// parse reads what follows a command into target; when it is no good, or asks for help,
// it prints what kong says and returns the exit code.
func parse(p Program, name string, target any, words []string) (code int, ok bool) {
	c, _ := named(name)
	c.words = target
	exited, code := false, exitOK
	parser, err := modelOf([]command{c}, kong.Writers(p.Out, p.Err), kong.Exit(func(c int) { exited, code = true, c }))
	if err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed, false
	}
	_, err = parser.Parse(append([]string{name}, words...))
	switch {
	case exited:
		return code, false
	case err != nil:
		fmt.Fprintln(p.Err, "picket:", err)
		return exitUsage, false
	}
	return exitOK, true
}

// printUsage lists the commands.
func printUsage(w io.Writer) {
	list := commands()
	parser, err := modelOf(list)
	if err != nil {
		fmt.Fprintln(w, "picket:", err)
		return
	}
	fmt.Fprint(w, "Picket watches Redis and Valkey masters and fails over when they die, not when a script blocks them.\n\n")
	for _, c := range list {
		fmt.Fprintf(w, "  picket %-40s %s\n", c.use(parser.Model), c.about)
	}
	fmt.Fprint(w, "\nFILE is a sentinel.conf. A path such as ./lab names a file; the bare word lab is the command.\n"+
		"picket COMMAND --help tells more of a command, the manual everything.\n")
}
