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
	c := acl.Command{Name: cmd.name, Channels: channelArguments[cmd.name], Anyone: cmd.exempt&beforeAuth != 0}
	for _, category := range cmd.class.acl {
		c.Categories = append(c.Categories, strings.TrimPrefix(category, "@"))
	}
	return c
}
