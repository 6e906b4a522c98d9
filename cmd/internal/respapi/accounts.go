package respapi

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"picket/cmd/internal/acl"
)

// accounts are the users of the door and the log of what they were refused.
type accounts struct {
	users atomic.Pointer[acl.Users]

	mu  sync.Mutex // held while users are replaced; guards log
	log *acl.Log

	saving sync.Mutex // held while the ACL file is written
}

// defaultACLLog is the default of acllog-max-len.
const defaultACLLog = 128

func (a *accounts) init(cfg *Config) {
	users := cfg.Users
	if users == nil {
		users = acl.NewUsers(aclTable, acl.ForbidChannels).SetDefaultPassword(cfg.Password)
	}
	a.users.Store(users)
	n := defaultACLLog
	if cfg.ACLLogMax != nil {
		n = *cfg.ACLLogMax
	}
	a.log = acl.NewLog(n)
}

// open reports whether connections need not log in.
func (a *accounts) open() bool {
	u := a.users.Load().Default()
	return u.Enabled() && u.NoPassword()
}

// login makes the connection that of the user, or says that it cannot be.
func (s *Server) login(c *call, user, pass string) bool {
	u, ok := s.accounts.users.Load().Get(user)
	if !ok || !u.Accepts(pass) {
		s.refused(c, acl.Denial{Reason: acl.DeniedAuth, Object: c.args[0]}, user)
		c.fail(wrongPass)
		return false
	}
	c.become(user)
	c.authenticated = true
	return true
}

func (c *conn) become(user string) {
	c.user = user
	c.update(func(p *profile) { p.user = user })
}

// exists reports whether the connection's user still exists. One that was
// deleted while its command was on the way is sent off.
func (s *Server) exists(c *call) bool {
	if _, ok := s.accounts.users.Load().Get(c.user); ok {
		return true
	}
	c.fail("NOAUTH Authentication required.")
	c.hangUp = true
	return false
}

// permits reports whether the user may run the command, and says and notes it
// if not.
func (s *Server) permits(c *call, cmd *command) bool {
	u, ok := s.accounts.users.Load().Get(c.user)
	if !ok {
		return s.exists(c)
	}
	d := u.Check(cmd.acl, c.args)
	if d.Reason == acl.Allowed {
		return true
	}
	s.refused(c, d, c.user)
	if d.Reason == acl.DeniedChannel {
		c.fail("NOPERM this user has no permissions to access one of the channels used as arguments")
	} else {
		c.fail("NOPERM this user has no permissions to run the '" + cmd.name + "' command")
	}
	return false
}

// refused notes a refusal in the log.
func (s *Server) refused(c *call, d acl.Denial, user string) {
	line := s.describe(c.conn)
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	s.accounts.log.Add(acl.Entry{Reason: d.Reason, Object: d.Object, User: user, Client: line[:len(line)-1], At: s.cfg.Clock()})
}

// edit replaces the users by what change makes of them, ends the connections
// that have no right to be any more, and has the users saved. The caller's own
// end waits for its reply.
func (s *Server) edit(c *call, change func(*acl.Users) (*acl.Users, error)) error {
	if err := s.replace(change); err != nil {
		return err
	}
	s.evict(c, func(string) bool { return false })
	if s.cfg.UsersChanged != nil {
		s.cfg.UsersChanged()
	}
	return nil
}

func (s *Server) replace(change func(*acl.Users) (*acl.Users, error)) error {
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	next, err := change(s.accounts.users.Load())
	if err == nil {
		s.accounts.users.Store(next)
	}
	return err
}

// evict ends the connections of users that are no more, of subscribers that may
// no longer listen, and of users that also says.
func (s *Server) evict(c *call, also func(user string) bool) {
	users := s.accounts.users.Load()
	leave := map[*conn]bool{}
	s.bus.do(func() { // it owns the subscriptions
		for _, client := range s.clients() {
			name := client.snapshot().user
			u, ok := users.Get(name)
			leave[client] = !ok || also(name) || !u.MayListen(client.channels.list(), client.patterns.list())
		}
	})
	s.kill(c, func(client *conn) bool { return leave[client] })
}

func (n *names) list() []string { return slices.Collect(maps.Keys(n.came)) }

// Users returns the users as they are now.
func (s *Server) Users() *acl.Users { return s.accounts.users.Load() }
