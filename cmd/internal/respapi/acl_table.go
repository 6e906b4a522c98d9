package respapi

import (
	"strings"

	"picket/cmd/internal/acl"
)

// aclTable is the table of commands as rules of users speak of it. It is set by
// init, after the table itself.
var aclTable *acl.Table

// ACLTable is the commands of this door, for who reads rules of users.
func ACLTable() *acl.Table { return aclTable }

// channelArguments are the commands whose arguments users need a right to,
// beside that to the command.
var channelArguments = map[string]acl.Channels{
	"publish": acl.OneChannel, "subscribe": acl.AllChannels, "psubscribe": acl.AllPatterns,
}

// permittedAs names, for commands that redis-sentinel 7.0 does not have, the one
// whose permission they share. Thus users written for it may do with picket what
// they should, and it can read back what picket writes of users. AUTH may be run
// by anyone.
var permittedAs = map[string]string{
	"quit":                              "auth",
	"client|setinfo":                    "client|setname",
	"client|no-touch":                   "client|setname",
	"sentinel|explain":                  "sentinel|master",
	"sentinel|history":                  "sentinel|master",
	"sentinel|promote":                  "sentinel|failover",
	"sentinel|forget":                   "sentinel|reset",
	"sentinel|peer":                     "sentinel|is-master-down-by-addr",
	"sentinel|primary":                  "sentinel|master",
	"sentinel|primaries":                "sentinel|masters",
	"sentinel|get-primary-addr-by-name": "sentinel|get-master-addr-by-name",
	"sentinel|is-primary-down-by-addr":  "sentinel|is-master-down-by-addr",
}

// nameForACL makes aclTable of the table and tells every command its place there.
func nameForACL(table []*command) {
	var list []acl.Command
	for _, cmd := range table {
		one := aclCommand(cmd)
		for _, sub := range cmd.order {
			one.Subs = append(one.Subs, aclCommand(sub))
		}
		list = append(list, one)
	}
	aclTable = acl.NewTable(list, MatchGlob)
	for _, cmd := range table {
		for _, one := range append([]*command{cmd}, cmd.order...) {
			one.acl, _ = aclTable.Lookup(one.name)
		}
	}
}

func aclCommand(cmd *command) acl.Command {
	c := acl.Command{Name: cmd.name, Channels: channelArguments[cmd.name], As: permittedAs[cmd.name], Anyone: cmd.exempt&beforeAuth != 0}
	for _, category := range cmd.class.acl {
		c.Categories = append(c.Categories, strings.TrimPrefix(category, "@"))
	}
	return c
}
