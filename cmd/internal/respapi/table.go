package respapi

import (
	"slices"

	"picket/cmd/internal/acl"
)

// exempt says which of the general refusals a command is spared.
type exempt uint8

const (
	beforeAuth      exempt = 1 << iota // may be sent before AUTH
	whileSubscribed                    // may be sent by a RESP2 subscriber
)

// command is one row of the table: what COMMAND INFO tells of it and who runs it.
type command struct {
	name    string // full name, as "client|kill"
	arity   int    // words with the name's own; negative: at least so many
	class   class
	exempt  exempt
	summary string
	tips    []string // for proxies and client libraries
	foreign bool     // not of redis-sentinel 7.0.15: understood, but not told of by COMMAND
	// replacedBy says, in COMMAND DOCS, what a deprecated command should be replaced by.
	replacedBy string
	run        func(*Server, *call)
	subs       map[string]*command
	order      []*command // subs in the order of the table
	told       []*command // those of them that COMMAND tells of
	acl        acl.ID     // its place in aclTable
}

func (c *command) takes(words int) bool {
	return words == c.arity || (c.arity < 0 && words >= -c.arity)
}

// class is what many commands have in common in COMMAND INFO, as 7.0.15 reports it.
type class struct {
	group string
	flags []string
	acl   []string
}

var (
	classFast  = class{"connection", []string{"fast"}, []string{"@fast", "@connection"}}
	classAuth  = class{"connection", []string{"noscript", "loading", "stale", "fast", "no_auth", "allow_busy"}, []string{"@fast", "@connection"}}
	classConn  = class{"connection", []string{"noscript", "loading", "stale"}, []string{"@slow", "@connection"}}
	classKill  = class{"connection", []string{"admin", "noscript", "loading", "stale"}, []string{"@admin", "@slow", "@dangerous", "@connection"}}
	classGroup = class{"connection", nil, []string{"@slow"}}
	classHelp  = class{"connection", []string{"loading", "stale"}, []string{"@slow", "@connection"}}
	classTable = class{"server", []string{"loading", "stale"}, []string{"@slow", "@connection"}}
	classInfo  = class{"server", []string{"loading", "stale"}, []string{"@slow", "@dangerous"}}
	classRole  = class{"server", []string{"noscript", "loading", "stale", "fast"}, []string{"@admin", "@fast", "@dangerous"}}
	classStop  = class{"server", []string{"admin", "noscript", "loading", "stale", "no_multi", "allow_busy"}, []string{"@admin", "@slow", "@dangerous"}}
	classPub   = class{"pubsub", []string{"pubsub", "loading", "stale", "fast"}, []string{"@pubsub", "@fast"}}
	classSub   = class{"pubsub", []string{"pubsub", "noscript", "loading", "stale"}, []string{"@pubsub", "@slow"}}
	classWatch = class{"sentinel", []string{"admin"}, []string{"@admin", "@slow", "@dangerous"}}
	classGuide = class{"sentinel", []string{"loading", "stale"}, []string{"@slow"}}
)

// commands is the table by lower-case name, tableOrder the table in order. They
// are set by init because the handlers of COMMAND read them.
var (
	commands   map[string]*command
	tableOrder []*command // those that COMMAND tells of
)

// Tips of 7.0.15, which proxies and client libraries read.
var (
	tipsVary  = []string{"nondeterministic_output"}
	tipsOrder = []string{"nondeterministic_output_order"}
	tipsPing  = []string{"request_policy:all_shards", "response_policy:all_succeeded"}
	tipsInfo  = []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}
)

func init() {
	all := []*command{
		{name: "ping", arity: -1, class: classFast, tips: tipsPing, exempt: whileSubscribed, summary: "Answers PONG, or the message given", run: (*Server).ping},
		{name: "hello", arity: -1, class: classAuth, exempt: beforeAuth, summary: "Chooses the protocol, authenticates, names the connection", run: (*Server).hello},
		{name: "auth", arity: -2, class: classAuth, exempt: beforeAuth, summary: "Authenticates the connection", run: (*Server).auth},
		{name: "quit", arity: -1, foreign: true, class: classAuth, exempt: beforeAuth | whileSubscribed, summary: "Closes the connection", run: (*Server).quit},
		{name: "info", arity: -1, class: classInfo, tips: tipsInfo, summary: "Tells of the monitor and its groups", run: (*Server).info},
		{name: "role", arity: 1, class: classRole, summary: "Answers sentinel and the names of the groups", run: (*Server).role},
		{name: "publish", arity: 3, class: classPub, summary: "Announces a monitor, on its hello channel only", run: (*Server).publish},
		{name: "subscribe", arity: -2, class: classSub, exempt: whileSubscribed, summary: "Listens to events by name", run: (*Server).subscribe},
		{name: "unsubscribe", arity: -1, class: classSub, exempt: whileSubscribed, summary: "Stops listening to events by name", run: (*Server).unsubscribe},
		{name: "psubscribe", arity: -2, class: classSub, exempt: whileSubscribed, summary: "Listens to events by pattern", run: (*Server).psubscribe},
		{name: "punsubscribe", arity: -1, class: classSub, exempt: whileSubscribed, summary: "Stops listening to events by pattern", run: (*Server).punsubscribe},
		{name: "shutdown", arity: -1, class: classStop, summary: "Ends the monitor", run: (*Server).shutdown},
		(&command{name: "acl", arity: -2, class: classACLGroup, summary: "Tells of and changes the users"}).with(aclTableRows),
		(&command{name: "client", arity: -2, class: classGroup, summary: "Tells of and ends connections"}).with(clientTable),
		(&command{name: "command", arity: -1, class: classTable, tips: tipsOrder, summary: "Tells of the commands", run: (*Server).commandAll}).with(commandTable),
		(&command{name: "sentinel", arity: -2, class: classWatch, summary: "Tells of and steers the groups"}).with(sentinelTable),
	}
	commands, tableOrder = byName(all, ""), told(all)
	nameForACL(all)
}

// told returns the commands that COMMAND tells of.
func told(table []*command) []*command {
	return slices.DeleteFunc(slices.Clone(table), func(c *command) bool { return c.foreign })
}

// with makes a command one whose second word chooses among subs; its own run is
// for the command without a second word.
func (c *command) with(subs []*command) *command {
	for _, sub := range subs {
		sub.name = c.name + "|" + sub.name
	}
	c.subs, c.order, c.told = byName(subs, c.name+"|"), subs, told(subs)
	return c
}

func byName(table []*command, prefix string) map[string]*command {
	m := make(map[string]*command, len(table))
	for _, c := range table {
		m[c.name[len(prefix):]] = c
	}
	return m
}
