package respapi

import (
	"slices"
	"strings"

	"picket/monitor/resp"
)

// compatVersion is the release of Redis whose Sentinel this door speaks like.
// Clients choose features by it; Picket's own version is in INFO.
const compatVersion = "7.0.15"

const (
	wrongPass = "WRONGPASS invalid username-password pair or user is disabled."
	noPass    = "ERR AUTH <password> called without any password configured for the default user. " +
		"Are you sure your configuration is correct?"
	helloNoAuth = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> " +
		"option can be used to authenticate the client and select the RESP protocol version at the same time"
	longName = "ERR the names of a client and of its library may have at most 1024 bytes"
	badName  = "ERR Client names cannot contain spaces, newlines or special characters."
	syntax   = "ERR syntax error"
)

func (s *Server) ping(c *call) {
	switch {
	case len(c.args) > 2:
		c.fail("ERR wrong number of arguments for 'ping' command")
	case c.conn.proto == resp.RESP2 && c.subscribed():
		c.bulks([]string{"pong", strings.Join(c.args[1:], "")})
	case len(c.args) == 2:
		c.bulk(c.args[1])
	default:
		c.simple("PONG")
	}
}

func (s *Server) quit(c *call) {
	c.ok()
	c.hangUp = true
}

func (s *Server) auth(c *call) {
	user, pass := "default", c.args[len(c.args)-1]
	switch {
	case len(c.args) > 3:
		c.fail(syntax)
		return
	case len(c.args) == 3:
		user = c.args[1]
	case s.accounts.users.Load().Default().NoPassword():
		c.fail(noPass)
		return
	}
	if s.login(c, user, pass) {
		c.ok()
	}
}

// hello answers HELLO [version [AUTH user password] [SETNAME name]]. What its
// options ask is done in the order given, as in 7.0.15.
func (s *Server) hello(c *call) {
	proto, ok := helloVersion(c)
	if !ok || !s.helloOptions(c) {
		return
	}
	if c.mustAuthenticate() {
		c.fail(helloNoAuth)
		return
	}
	c.conn.proto, c.reply.proto = proto, proto
	c.update(func(p *profile) { p.proto = proto })
	c.mapOf(6)
	c.pair("server", "redis")
	c.pair("version", compatVersion)
	c.bulk("proto")
	c.number(int64(proto))
	c.bulk("id")
	c.number(c.id)
	c.pair("mode", "sentinel")
	c.bulk("modules")
	c.array(0)
}

func helloVersion(c *call) (resp.Proto, bool) {
	if len(c.args) == 1 {
		return c.conn.proto, true
	}
	n, ok := resp.ParseInt(c.args[1])
	if !ok {
		c.fail("ERR Protocol version is not an integer or out of range")
		return 0, false
	}
	if n != int64(resp.RESP2) && n != int64(resp.RESP3) {
		c.fail("NOPROTO unsupported protocol version")
		return 0, false
	}
	return resp.Proto(n), true
}

func (s *Server) helloOptions(c *call) bool {
	for words := c.args[min(2, len(c.args)):]; len(words) > 0; {
		switch {
		case strings.EqualFold(words[0], "auth") && len(words) > 2:
			if !s.login(c, words[1], words[2]) {
				return false
			}
			words = words[3:]
		case strings.EqualFold(words[0], "setname") && len(words) > 1:
			if !c.rename(words[1]) {
				return false
			}
			words = words[2:]
		default:
			c.fail("ERR Syntax error in HELLO option '" + words[0] + "'")
			return false
		}
	}
	return true
}

// maxClientName bounds, in bytes, what a client has us say of it in CLIENT LIST.
const maxClientName = 1024

// rename names the connection; names show in CLIENT LIST, so they must not
// contain what separates its fields.
func (c *call) rename(name string) bool {
	if len(name) > maxClientName {
		c.fail(longName)
		return false
	}
	if !printable(name) {
		c.fail(badName)
		return false
	}
	c.update(func(p *profile) { p.name = name })
	return true
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return true
}

func (s *Server) role(c *call) {
	views := s.cfg.Reader.Views()
	c.array(2)
	c.bulk("sentinel")
	c.array(len(views))
	for _, v := range views {
		c.bulk(v.Settings.Name)
	}
}

// shutdown answers nothing when it succeeds, as Redis: the connection ends with
// the process. There is no data set, and nothing to wait for.
func (s *Server) shutdown(c *call) {
	given := map[string]bool{}
	for _, word := range c.args[1:] {
		option := strings.ToLower(word)
		if !slices.Contains(shutdownOptions, option) {
			c.fail(syntax)
			return
		}
		given[option] = true
	}
	switch abort := given["abort"]; {
	case abort && len(given) > 1, given["save"] && given["nosave"]:
		c.fail(syntax)
	case abort:
		c.fail("ERR No shutdown in progress.")
	default:
		s.cfg.Operator.Shutdown()
	}
}

var shutdownOptions = []string{"nosave", "save", "now", "force", "abort"}
