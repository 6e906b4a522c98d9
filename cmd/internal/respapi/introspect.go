package respapi

import (
	"slices"
	"strings"
)

var commandTable = []*command{
	{name: "count", arity: 2, class: classTable, summary: "Counts the commands", run: (*Server).commandCount},
	{name: "list", arity: -2, class: classTable, tips: tipsOrder, summary: "Names the commands", run: (*Server).commandList},
	{name: "info", arity: -2, class: classTable, tips: tipsOrder, summary: "Tells of commands what a client must know", run: (*Server).commandInfo},
	{name: "docs", arity: -2, class: classTable, tips: tipsOrder, summary: "Tells of commands what a person must know", run: (*Server).commandDocs},
	{name: "getkeys", arity: -4, class: classTable, summary: "Answers which words of a command are keys: none here", run: (*Server).commandKeys},
	{name: "getkeysandflags", arity: -4, class: classTable, summary: "The same, with what the command does to the keys", run: (*Server).commandKeys},
	{name: "help", arity: 2, class: classTable, summary: "Explains the subcommands", run: (*Server).commandHelp},
}

func (s *Server) commandHelp(c *call) {
	c.lines([]string{
		"COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"(no subcommand)",
		"    All about all commands.",
		"COUNT",
		"    The number of commands, without subcommands.",
		"LIST [FILTERBY MODULE <name> | ACLCAT <category> | PATTERN <pattern>]",
		"    The names of commands and subcommands.",
		"INFO [<name> ...] | DOCS [<name> ...]",
		"    What a client, or a person, must know of them.",
		"GETKEYS <command> <arg> ... | GETKEYSANDFLAGS <command> <arg> ...",
		"    Which words of a command are keys. No command of a monitor has any.",
		"HELP",
		"    Prints this help.",
	})
}

func (s *Server) commandCount(c *call) { c.number(int64(len(tableOrder))) }

// commandAll is COMMAND without a subcommand.
func (s *Server) commandAll(c *call) {
	c.array(len(tableOrder))
	for _, cmd := range tableOrder {
		c.describeCommand(cmd)
	}
}

func (s *Server) commandInfo(c *call) {
	if len(c.args) == 2 {
		s.commandAll(c)
		return
	}
	c.array(len(c.args) - 2)
	for _, name := range c.args[2:] {
		if cmd, ok := named(name); ok {
			c.describeCommand(cmd)
		} else {
			c.null()
		}
		if c.tooLong(len(c.buf)) {
			return
		}
	}
}

// commandKeys refuses: no command of a monitor has keys (getKeysSubcommandImpl).
func (s *Server) commandKeys(c *call) {
	if cmd, _ := s.lookup(c.args[2:]); cmd == nil {
		c.fail("ERR Invalid command specified")
		return
	}
	c.fail("ERR The command has no key arguments")
}

// named finds "client" as well as "client|kill".
func named(name string) (*command, bool) {
	first, second, isSub := strings.Cut(strings.ToLower(name), "|")
	cmd, ok := commands[first]
	if ok && isSub {
		cmd, ok = cmd.subs[second]
	}
	return cmd, ok
}

// describeCommand writes the ten elements of COMMAND INFO: no command here has keys or key specifications.
func (c *call) describeCommand(cmd *command) {
	c.array(10)
	c.bulk(cmd.name)
	c.number(int64(cmd.arity))
	c.words(cmd.class.flags)
	for range 3 { // first key, last key, step
		c.number(0)
	}
	c.words(cmd.class.acl)
	c.set(len(cmd.tips))
	for _, tip := range cmd.tips {
		c.bulk(tip)
	}
	c.set(0)
	if len(cmd.told) == 0 {
		c.set(0)
		return
	}
	c.array(len(cmd.told))
	for _, sub := range cmd.told {
		c.describeCommand(sub)
	}
}

func (c *call) words(words []string) {
	c.set(len(words))
	for _, w := range words {
		c.simple(w)
	}
}

func (s *Server) commandList(c *call) {
	keep, ok := nameFilter(c.args[2:])
	if !ok {
		c.fail(syntax)
		return
	}
	var names []string
	for _, cmd := range tableOrder {
		for _, one := range append([]*command{cmd}, cmd.told...) {
			if keep(one) {
				names = append(names, one.name)
			}
		}
	}
	c.bulks(names)
}

func nameFilter(words []string) (func(*command) bool, bool) {
	if len(words) == 0 {
		return func(*command) bool { return true }, true
	}
	if len(words) != 3 || !strings.EqualFold(words[0], "filterby") {
		return nil, false
	}
	value := strings.ToLower(words[2])
	switch strings.ToLower(words[1]) {
	case "module":
		return func(*command) bool { return false }, true
	case "aclcat":
		return func(cmd *command) bool { return slices.Contains(cmd.class.acl, "@"+value) }, true
	case "pattern":
		return func(cmd *command) bool { return MatchGlob(value, cmd.name) }, true
	}
	return nil, false
}
