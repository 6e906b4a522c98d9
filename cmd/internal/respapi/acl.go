package respapi

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"picket/cmd/internal/acl"
)

// ACLFile is the file of users that the directive aclfile names.
type ACLFile interface {
	Path() string // as it was configured
	// Read returns the file's text. Its error goes to the client.
	Read() (string, error)
	Write(text string) error
}

var (
	classACL      = class{"server", []string{"noscript", "loading", "stale"}, []string{"@slow"}}
	classACLAdmin = class{"server", []string{"admin", "noscript", "loading", "stale"}, []string{"@admin", "@slow", "@dangerous"}}
	classACLGroup = class{"server", nil, []string{"@slow"}}
	classACLHelp  = class{"server", []string{"loading", "stale"}, []string{"@slow"}}
)

var aclTableRows = []*command{
	{name: "cat", arity: -2, class: classACL, summary: "Names the categories, or the commands of one", run: (*Server).aclCat},
	{name: "deluser", arity: -3, class: classACLAdmin, summary: "Deletes users and ends their connections", run: (*Server).aclDelUser},
	{name: "dryrun", arity: -4, class: classACLAdmin, summary: "Tells whether a user could run a command", run: (*Server).aclDryRun},
	{name: "genpass", arity: -2, class: classACL, summary: "Makes up a password", run: (*Server).aclGenPass},
	{name: "getuser", arity: 3, class: classACLAdmin, summary: "Tells of a user", run: (*Server).aclGetUser},
	{name: "help", arity: 2, class: classACLHelp, summary: "Explains the subcommands", run: (*Server).aclHelp},
	{name: "list", arity: 2, class: classACLAdmin, summary: "Tells of all users, as in a configuration file", run: (*Server).aclList},
	{name: "load", arity: 2, class: classACLAdmin, summary: "Reads the users from the ACL file", run: (*Server).aclLoad},
	{name: "log", arity: -2, class: classACLAdmin, summary: "Tells what users were refused", run: (*Server).aclLog},
	{name: "save", arity: 2, class: classACLAdmin, summary: "Writes the users into the ACL file", run: (*Server).aclSave},
	{name: "setuser", arity: -3, class: classACLAdmin, summary: "Makes or changes a user", run: (*Server).aclSetUser},
	{name: "users", arity: 2, class: classACLAdmin, summary: "Names the users", run: (*Server).aclUsers},
	{name: "whoami", arity: 2, class: classACL, summary: "Names the user of the connection", run: (*Server).aclWhoAmI},
}

func (s *Server) aclSetUser(c *call) {
	err := s.edit(c, func(u *acl.Users) (*acl.Users, error) { return u.Set(c.args[2], c.args[3:]) })
	var rule *acl.RuleError
	switch {
	case err == nil:
		c.ok()
	case errors.As(err, &rule):
		c.fail(fmt.Sprintf("ERR Error in ACL SETUSER modifier '%s': %s", rule.Rule, rule.Cause))
	default:
		c.fail("ERR " + err.Error())
	}
}

func (s *Server) aclDelUser(c *call) {
	n := 0
	err := s.edit(c, func(u *acl.Users) (next *acl.Users, err error) {
		next, n, err = u.Delete(c.args[2:]...)
		return next, err
	})
	if err != nil {
		c.fail("ERR " + err.Error())
		return
	}
	c.number(int64(n))
}

func (s *Server) aclGetUser(c *call) {
	u, ok := s.accounts.users.Load().Get(c.args[2])
	if !ok {
		c.null()
		return
	}
	permissions := u.Permissions()
	c.mapOf(6)
	c.bulk("flags")
	c.set(len(u.Flags()))
	for _, f := range u.Flags() {
		c.bulk(f)
	}
	c.bulk("passwords")
	c.bulks(u.Passwords())
	c.permissions(permissions[0])
	c.bulk("selectors")
	c.array(len(permissions) - 1)
	for _, p := range permissions[1:] {
		c.mapOf(3)
		c.permissions(p)
	}
}

func (r *reply) permissions(p acl.Permissions) {
	r.pair("commands", p.Commands)
	r.pair("keys", p.Keys)
	r.pair("channels", p.Channels)
}

func (s *Server) aclList(c *call) { c.bulks(s.accounts.users.Load().Lines()) }

func (s *Server) aclUsers(c *call) {
	all := s.accounts.users.Load().All()
	c.array(len(all))
	for _, u := range all {
		c.bulk(u.Name())
	}
}

func (s *Server) aclWhoAmI(c *call) { c.bulk(c.user) }

const noACLFile = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command " +
	"and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."

// aclLoad replaces all users by those of the file, or none when it has a
// mistake. Connections of other users than the default one end, as in 7.0.15.
func (s *Server) aclLoad(c *call) {
	file := s.cfg.ACLFile
	if file == nil {
		c.fail(noACLFile)
		return
	}
	text, err := file.Read()
	if err == nil {
		err = s.replace(func(u *acl.Users) (*acl.Users, error) { return u.Load(file.Path(), text) })
	}
	if err != nil {
		c.fail("ERR " + err.Error())
		return
	}
	s.evict(c, func(user string) bool { return user != acl.DefaultUser })
	c.ok()
}

func (s *Server) aclSave(c *call) {
	file := s.cfg.ACLFile
	if file == nil {
		c.fail(noACLFile)
		return
	}
	if err := s.saveACL(file); err != nil {
		s.cfg.Log.Error("ACL SAVE failed", zap.Error(err))
		c.fail("ERR There was an error trying to save the ACLs. Please check the server logs for more information")
		return
	}
	c.ok()
}

// saveACL writes one version of the users at a time: the last to begin is the
// one that stays.
func (s *Server) saveACL(file ACLFile) error {
	s.accounts.saving.Lock()
	defer s.accounts.saving.Unlock()
	text := ""
	for _, line := range s.accounts.users.Load().Lines() {
		text += line + "\n"
	}
	return file.Write(text)
}
