package respapi

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"picket/cmd/internal/acl"
	"picket/monitor/resp"
)

const notInteger = "ERR value is not an integer or out of range"

func (s *Server) aclHelp(c *call) {
	c.lines([]string{
		"ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CAT [<category>]",
		"    The categories of commands, or the commands of one.",
		"SETUSER <username> [<rule> ...]",
		"    Make a user, or change one by rules such as on >password +ping &+switch-master.",
		"DELUSER <username> [<username> ...]",
		"    Delete users and end their connections.",
		"GETUSER <username> | LIST | USERS | WHOAMI",
		"    All about one user; all users as in a configuration file; their names; yours.",
		"DRYRUN <username> <command> [<arg> ...]",
		"    Whether the user could run the command; it is not run.",
		"GENPASS [<bits>]",
		"    A password nobody can guess, of 256 bits or so many.",
		"LOG [<count> | RESET]",
		"    What users were refused lately.",
		"LOAD | SAVE",
		"    Read the users from the ACL file, or write them into it.",
		"HELP",
		"    Prints this help.",
	})
}

// tooMany answers a subcommand that has more words than any form of it.
func (c *call) tooMany(most int) bool {
	if len(c.args) <= most {
		return false
	}
	c.fail(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP.",
		clip(c.args[1]), strings.ToUpper(c.args[0])))
	return true
}

func (s *Server) aclCat(c *call) {
	switch {
	case c.tooMany(3):
	case len(c.args) == 2:
		c.bulks(acl.Categories())
	default:
		names, ok := aclTable.Category(c.args[2])
		if !ok {
			c.fail("ERR Unknown category '" + clip(c.args[2]) + "'")
			return
		}
		c.bulks(names)
	}
}

// aclDryRun looks at the command as dispatch would, but does not run it.
func (s *Server) aclDryRun(c *call) {
	u, ok := s.accounts.users.Load().Get(c.args[2])
	if !ok {
		c.fail("ERR User '" + c.args[2] + "' not found")
		return
	}
	cmd, refusal := s.lookup(c.args[3:])
	switch {
	case strings.HasPrefix(refusal, "ERR wrong number"):
		c.fail(refusal)
		return
	case refusal != "":
		c.fail("ERR Command '" + c.args[3] + "' not found")
		return
	}
	switch d := u.Check(cmd.acl, c.args[3:]); d.Reason {
	case acl.Allowed:
		c.ok()
	case acl.DeniedChannel:
		c.bulk("This user has no permissions to access the '" + d.Object + "' channel")
	default:
		c.bulk("This user has no permissions to run the '" + cmd.name + "' command")
	}
}

const maxPasswordBits = 4096

func (s *Server) aclGenPass(c *call) {
	bits := int64(256)
	if c.tooMany(3) {
		return
	}
	if len(c.args) == 3 {
		var ok bool
		if bits, ok = resp.ParseInt(c.args[2]); !ok {
			c.fail(notInteger)
			return
		}
	}
	if bits <= 0 || bits > maxPasswordBits {
		c.fail(fmt.Sprintf("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to %d", maxPasswordBits))
		return
	}
	var b [maxPasswordBits / 8]byte
	_, _ = rand.Read(b[:]) // never fails
	c.bulk(hex.EncodeToString(b[:])[:(bits+3)/4])
}

func (s *Server) aclLog(c *call) {
	count := int64(10)
	if c.tooMany(3) {
		return
	}
	if len(c.args) == 3 {
		if strings.EqualFold(c.args[2], "reset") {
			s.accounts.mu.Lock()
			defer s.accounts.mu.Unlock()
			s.accounts.log.Reset()
			c.ok()
			return
		}
		var ok bool
		if count, ok = resp.ParseInt(c.args[2]); !ok {
			c.fail(notInteger)
			return
		}
	}
	s.accounts.mu.Lock()
	entries := s.accounts.log.Newest(int(max(0, count)))
	s.accounts.mu.Unlock()
	s.showACLLog(c, entries)
}

func (s *Server) showACLLog(c *call, entries []acl.Entry) {
	now := s.cfg.Clock()
	c.array(len(entries))
	for _, e := range entries {
		c.mapOf(7)
		c.bulk("count")
		c.number(e.Count)
		c.pair("reason", e.Reason.String())
		c.pair("context", "toplevel")
		c.pair("object", e.Object)
		c.pair("username", e.User)
		c.bulk("age-seconds")
		c.double(float64(now.Since(e.At).Milliseconds()) / 1000)
		c.pair("client-info", e.Client)
	}
}
