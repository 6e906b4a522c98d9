package respapi

import (
	"fmt"
	"strings"
)

// docsTable is what COMMAND DOCS tells of a command beside its summary, so that
// redis-cli and others can help a person type it: since which Redis there is the
// command, how its cost grows ("-": not told), and its arguments. An argument is
//
//	type:name[!TOKEN][@since][#deprecated-since][?][*][+] [( argument ... )]
//
// where ? is optional, * multiple, and + a token before each.
const docsTable = `
acl 6.0.0 sub
acl|cat 6.0.0 1 string:categoryname?
acl|deluser 6.0.0 1 string:username*
acl|dryrun 7.0.0 1 string:username string:command string:arg?*
acl|genpass 6.0.0 1 integer:bits?
acl|getuser 6.0.0 N string:username
acl|help 6.0.0 1
acl|list 6.0.0 N
acl|load 6.0.0 N
acl|log 6.0.0 N oneof:operation? ( integer:count pure-token:reset!RESET )
acl|save 6.0.0 N
acl|setuser 6.0.0 N string:username string:rule?*
acl|users 6.0.0 N
acl|whoami 6.0.0 1
auth 1.0.0 N string:username@6.0.0? string:password
client 2.4.0 sub
client|caching 6.0.0 1 oneof:mode ( pure-token:yes!YES pure-token:no!NO )
client|getname 2.6.9 1
client|getredir 6.0.0 1
client|help 5.0.0 1
client|id 5.0.0 1
client|info 6.2.0 1
client|kill 2.4.0 N oneof:filter ( string:ip:port#2.8.12 oneof:new-format* ( integer:client-id!ID@2.8.12? oneof:normal_master_slave_pubsub!TYPE@2.8.12? ( pure-token:normal!NORMAL pure-token:master!MASTER@3.2.0 pure-token:slave!SLAVE pure-token:replica!REPLICA@5.0.0 pure-token:pubsub!PUBSUB ) string:username!USER? string:ip:port!ADDR? string:ip:port!LADDR@6.2.0? string:yes/no!SKIPME? ) )
client|list 2.4.0 N oneof:normal_master_replica_pubsub!TYPE@5.0.0? ( pure-token:normal!NORMAL pure-token:master!MASTER pure-token:replica!REPLICA pure-token:pubsub!PUBSUB ) block:id!ID@6.2.0? ( integer:client-id* )
client|no-evict 7.0.0 1 oneof:enabled ( pure-token:on!ON pure-token:off!OFF )
client|pause 2.9.50 1 integer:timeout oneof:mode@6.2.0? ( pure-token:write!WRITE pure-token:all!ALL )
client|reply 3.2.0 1 oneof:on_off_skip ( pure-token:on!ON pure-token:off!OFF pure-token:skip!SKIP )
client|setname 2.6.9 1 string:connection-name
client|tracking 6.0.0 1 oneof:status ( pure-token:on!ON pure-token:off!OFF ) integer:client-id!REDIRECT? string:prefix!PREFIX?*+ pure-token:bcast!BCAST? pure-token:optin!OPTIN? pure-token:optout!OPTOUT? pure-token:noloop!NOLOOP?
client|trackinginfo 6.2.0 1
client|unblock 5.0.0 log integer:client-id oneof:timeout_error? ( pure-token:timeout!TIMEOUT pure-token:error!ERROR )
client|unpause 6.2.0 N
command 2.8.13 N
command|count 2.8.13 1
command|docs 7.0.0 N string:command-name?*
command|getkeys 2.8.13 N
command|getkeysandflags 7.0.0 N
command|help 5.0.0 1
command|info 2.8.13 N string:command-name?*
command|list 7.0.0 N oneof:filterby!FILTERBY? ( string:module-name!MODULE string:category!ACLCAT pattern:pattern!PATTERN )
hello 6.0.0 1 block:arguments? ( integer:protover block:username_password!AUTH? ( string:username string:password ) string:clientname!SETNAME? )
info 1.0.0 1 string:section?*
ping 1.0.0 1 string:message?
psubscribe 2.0.0 N block:pattern* ( pattern:pattern )
publish 2.0.0 N string:channel string:message
punsubscribe 2.0.0 N pattern:pattern?*
role 2.8.12 1
sentinel 2.8.4 sub
sentinel|ckquorum 2.8.4 - string:master-name
sentinel|config 6.2.0 1 oneof:set_or_get ( block:set_param_value!SET* ( string:parameter string:value ) string:parameter!GET* )
sentinel|debug 7.0.0 N block:parameter_value* ( string:parameter string:value )
sentinel|failover 2.8.4 - string:master-name
sentinel|flushconfig 2.8.4 1
sentinel|get-master-addr-by-name 2.8.4 1 string:master-name
sentinel|help 6.2.0 1
sentinel|info-cache 3.2.0 N string:nodename*
sentinel|is-master-down-by-addr 2.8.4 1 string:ip integer:port integer:current-epoch string:runid
sentinel|master 2.8.4 1 string:master-name
sentinel|masters 2.8.4 N
sentinel|monitor 2.8.4 1 string:name string:ip integer:port integer:quorum
sentinel|myid 6.2.0 1
sentinel|pending-scripts 2.8.4 -
sentinel|remove 2.8.4 1 string:master-name
sentinel|replicas 5.0.0 N string:master-name
sentinel|reset 2.8.4 N pattern:pattern
sentinel|sentinels 2.8.4 N string:master-name
sentinel|set 2.8.4 1 string:master-name block:option_value* ( string:option string:value )
sentinel|simulate-failure 3.2.0 - oneof:mode?* ( pure-token:crash-after-election pure-token:crash-after-promotion pure-token:help )
sentinel|slaves 2.8.0 N string:master-name
shutdown 1.0.0 N oneof:nosave_save? ( pure-token:nosave!NOSAVE pure-token:save!SAVE ) pure-token:now!NOW@7.0.0? pure-token:force!FORCE@7.0.0? pure-token:abort!ABORT@7.0.0?
subscribe 2.0.0 N string:channel*
unsubscribe 2.0.0 N string:channel?*
`

// costs are the words for how a command's cost grows.
var costs = map[string]string{
	"1": "O(1)", "N": "O(N)", "log": "O(log N)", "sub": "Depends on subcommand.",
}

// document is one line of docsTable.
type document struct {
	since, cost string
	arguments   []argument
}

// argument is one argument of a command, or several that belong together.
type argument struct {
	kind, name, token, since, deprecated string
	flags                                []string
	inner                                []argument
}

// documents are the lines of docsTable by the names of their commands.
var documents = parseDocuments(docsTable)

func parseDocuments(table string) map[string]document {
	all := map[string]document{}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		words := strings.Fields(line)
		arguments, rest := parseArguments(words[3:])
		if len(rest) > 0 {
			panic(fmt.Sprintf("docsTable: %q", line)) // found by every test
		}
		all[words[0]] = document{since: words[1], cost: costs[words[2]], arguments: arguments}
	}
	return all
}

// parseArguments reads up to the parenthesis that closes.
func parseArguments(words []string) (list []argument, rest []string) {
	for len(words) > 0 && words[0] != ")" {
		a := parseArgument(words[0])
		if words = words[1:]; len(words) > 0 && words[0] == "(" {
			a.inner, words = parseArguments(words[1:])
			words = words[1:]
		}
		list = append(list, a)
	}
	return list, words
}

var argumentFlags = map[byte]string{'?': "optional", '*': "multiple", '+': "multiple_token"}

func parseArgument(word string) (a argument) {
	for flag := argumentFlags[word[len(word)-1]]; flag != ""; flag = argumentFlags[word[len(word)-1]] {
		a.flags = append([]string{flag}, a.flags...)
		word = word[:len(word)-1]
	}
	word, a.deprecated, _ = strings.Cut(word, "#")
	word, a.since, _ = strings.Cut(word, "@")
	word, a.token, _ = strings.Cut(word, "!")
	a.kind, a.name, _ = strings.Cut(word, ":")
	return a
}

func (s *Server) commandDocs(c *call) {
	chosen := tableOrder
	if names := c.args[2:]; len(names) > 0 {
		chosen = nil
		for _, name := range names {
			if cmd, ok := named(name); ok {
				chosen = append(chosen, cmd)
			}
		}
	}
	c.mapOf(len(chosen))
	for _, cmd := range chosen {
		c.bulk(cmd.name)
		if c.document(cmd); c.tooLong(len(c.buf)) {
			return
		}
	}
}

// docs leaves out the history of commands, which is Redis' own.
func (c *call) docs(chosen []*command) {
	c.mapOf(len(chosen))
	for _, cmd := range chosen {
		c.bulk(cmd.name)
		c.document(cmd)
	}
}

func (c *call) document(cmd *command) {
	doc := documents[cmd.name]
	var f fields
	f.add("summary", cmd.summary)
	f.text("since", doc.since)
	f.add("group", cmd.class.group)
	f.text("complexity", doc.cost)
	c.mapOf(len(f)/2 + 3*int(flag(cmd.replacedBy != "")) + int(flag(len(doc.arguments) > 0)) + int(flag(len(cmd.told) > 0)))
	for _, text := range f {
		c.bulk(text)
	}
	if cmd.replacedBy != "" {
		c.bulk("doc_flags")
		c.words([]string{"deprecated"})
		c.pair("deprecated_since", "5.0.0")
		c.pair("replaced_by", cmd.replacedBy)
	}
	if len(doc.arguments) > 0 {
		c.bulk("arguments")
		c.arguments(doc.arguments)
	}
	if len(cmd.told) > 0 {
		c.bulk("subcommands")
		c.docs(cmd.told)
	}
}

func (c *call) arguments(list []argument) {
	c.array(len(list))
	for i := range list {
		c.argument(&list[i])
	}
}

func (c *call) argument(a *argument) {
	var f fields
	f.add("name", a.name)
	f.add("type", a.kind)
	f.text("token", a.token)
	f.text("since", a.since)
	f.text("deprecated_since", a.deprecated)
	c.mapOf(len(f)/2 + int(flag(len(a.flags) > 0)) + int(flag(len(a.inner) > 0)))
	for _, text := range f {
		c.bulk(text)
	}
	if len(a.flags) > 0 {
		c.bulk("flags")
		c.words(a.flags)
	}
	if len(a.inner) > 0 {
		c.bulk("arguments")
		c.arguments(a.inner)
	}
}
