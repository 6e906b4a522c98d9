package respapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"picket/monitor/resp"
)

var clientTable = []*command{
	{name: "getname", arity: 2, class: classConn, summary: "Answers the connection's name", run: (*Server).clientGetName},
	{name: "setname", arity: 3, class: classConn, summary: "Names the connection", run: (*Server).clientSetName},
	{name: "setinfo", arity: 4, class: classConn, summary: "Notes the client library's name or version", run: (*Server).clientSetInfo},
	{name: "id", arity: 2, class: classConn, summary: "Answers the connection's number", run: (*Server).clientID},
	{name: "info", arity: 2, class: classConn, summary: "Tells of the connection", run: (*Server).clientInfo},
	{name: "list", arity: -2, class: classKill, summary: "Tells of all connections", run: (*Server).clientList},
	{name: "kill", arity: -3, class: classKill, summary: "Ends connections", run: (*Server).clientKill},
	{name: "help", arity: 2, class: classHelp, summary: "Explains the subcommands", run: (*Server).clientHelp},
}

func (s *Server) clientHelp(c *call) {
	c.lines([]string{
		"CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"GETNAME | SETNAME <name>",
		"    Read or set the name of this connection.",
		"SETINFO LIB-NAME|LIB-VER <text>",
		"    Note which client library speaks.",
		"ID | INFO",
		"    The number of this connection, or all about it.",
		"LIST [TYPE normal|master|replica|pubsub | ID <id> ...]",
		"    All connections, or those named.",
		"KILL <ip:port> | KILL [ID <id>] [TYPE <type>] [USER <user>] [ADDR <ip:port>] [LADDR <ip:port>] [SKIPME yes|no]",
		"    End the connections for which everything given is true.",
		"HELP",
		"    Prints this help.",
	})
}

func (s *Server) clientGetName(c *call) {
	if name := c.snapshot().name; name != "" {
		c.bulk(name)
		return
	}
	c.null()
}

func (s *Server) clientSetName(c *call) {
	if c.rename(c.args[2]) {
		c.ok()
	}
}

// clientSetInfo follows Redis 7.2; 7.0.15 does not have it, but client
// libraries send it to every server.
func (s *Server) clientSetInfo(c *call) {
	option, value := strings.ToLower(c.args[2]), c.args[3]
	if option != "lib-name" && option != "lib-ver" {
		c.fail("ERR Unrecognized option '" + clip(c.args[2]) + "'")
		return
	}
	if len(value) > maxClientName {
		c.fail(longName)
		return
	}
	if !printable(value) {
		c.fail("ERR " + option + " cannot contain spaces, newlines or special characters.")
		return
	}
	c.update(func(p *profile) {
		if option == "lib-name" {
			p.libName = value
		} else {
			p.libVer = value
		}
	})
	c.ok()
}

func (s *Server) clientID(c *call)   { c.number(c.id) }
func (s *Server) clientInfo(c *call) { c.text(s.describe(c.conn)) }

// describe renders one line of CLIENT LIST. The fields are those of 7.0.15 and
// the library of 7.2; clients know them by name and some refuse others.
func (s *Server) describe(c *conn) string {
	p, now, flag := c.snapshot(), s.cfg.Clock(), "N"
	if p.subs+p.psubs > 0 {
		flag = "P"
	}
	held := c.out.held()
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=-1 name=%s age=%d idle=%d flags=%s db=0 sub=%d psub=%d ssub=0 multi=-1 "+
		"qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=%d oll=0 omem=%d tot-mem=%d events=r cmd=%s user=%s "+
		"redir=-1 resp=%d lib-name=%s lib-ver=%s\n",
		c.id, c.nc.RemoteAddr(), c.nc.LocalAddr(), p.name, int64(now.Since(p.born).Seconds()), int64(now.Since(p.active).Seconds()),
		flag, p.subs, p.psubs, held, held, held, p.command, p.user, p.proto, p.libName, p.libVer)
}

func (s *Server) clientList(c *call) {
	keep, ok := s.listFilter(c)
	if !ok {
		return
	}
	var b strings.Builder
	for _, client := range s.clients() {
		if keep(client) {
			b.WriteString(s.describe(client))
		}
	}
	c.text(b.String())
}

func (s *Server) listFilter(c *call) (func(*conn) bool, bool) {
	words := c.args[2:]
	switch {
	case len(words) == 0:
		return func(*conn) bool { return true }, true
	case len(words) == 2 && strings.EqualFold(words[0], "type"):
		return typeFilter(c, words[1])
	case len(words) > 1 && strings.EqualFold(words[0], "id"):
		return idFilter(c, words[1:])
	}
	c.fail(syntax)
	return nil, false
}

func idFilter(c *call, words []string) (func(*conn) bool, bool) {
	ids := make(map[int64]bool, len(words))
	for _, word := range words {
		n, ok := resp.ParseInt(word)
		if !ok {
			c.fail("ERR Invalid client ID")
			return nil, false
		}
		ids[n] = true
	}
	return func(client *conn) bool { return ids[client.id] }, true
}

// typeFilter knows Redis' types; nobody replicates from a monitor, so master
// and replica match none.
func typeFilter(c *call, word string) (func(*conn) bool, bool) {
	switch strings.ToLower(word) {
	case "normal":
		return func(client *conn) bool { p := client.snapshot(); return p.subs+p.psubs == 0 }, true
	case "pubsub":
		return func(client *conn) bool { p := client.snapshot(); return p.subs+p.psubs > 0 }, true
	case "master", "replica", "slave":
		return func(*conn) bool { return false }, true
	}
	c.fail("ERR Unknown client type '" + clip(word) + "'")
	return nil, false
}

// clientKill ends connections. The old form, with an address alone, answers OK
// or an error; the new one the number of connections ended.
func (s *Server) clientKill(c *call) {
	if len(c.args) == 3 {
		if s.kill(c, addrFilter(c.args[2])) == 0 {
			c.fail("ERR No such client")
			return
		}
		c.ok()
		return
	}
	filter, ok := killFilter(c)
	if ok {
		c.number(s.kill(c, filter))
	}
}

func addrFilter(addr string) func(*conn) bool {
	return func(client *conn) bool { return client.nc.RemoteAddr().String() == addr }
}

// kill ends those that match; the caller's own end waits for its reply.
func (s *Server) kill(c *call, match func(*conn) bool) int64 {
	n := int64(0)
	for _, client := range s.clients() {
		if !match(client) {
			continue
		}
		n++
		if client == c.conn {
			c.hangUp = true
			continue
		}
		client.out.abort()
	}
	return n
}

// killFilter holds one filter of each option, the last one given, as Redis does
// (clientKillCommand); so a client is looked at five times at most.
func killFilter(c *call) (func(*conn) bool, bool) {
	given, skipMe := map[string]func(*conn) bool{}, true
	for words := c.args[2:]; len(words) > 0; words = words[2:] {
		if len(words) == 1 {
			c.fail(syntax)
			return nil, false
		}
		option, value := strings.ToLower(words[0]), strings.ToLower(words[1])
		if option == "skipme" && (value == "yes" || value == "no") {
			skipMe = value == "yes"
			continue
		}
		f, ok := killOption(c, option, words[1])
		if !ok {
			return nil, false
		}
		given[option] = f
	}
	all := slices.Collect(maps.Values(given))
	return func(client *conn) bool {
		miss := func(f func(*conn) bool) bool { return !f(client) }
		return !(skipMe && client == c.conn) && !slices.ContainsFunc(all, miss)
	}, true
}

func killOption(c *call, option, value string) (func(*conn) bool, bool) {
	switch option {
	case "id":
		id, ok := resp.ParseInt(value)
		if !ok || id <= 0 {
			c.fail("ERR client-id should be greater than 0")
			return nil, false
		}
		return func(client *conn) bool { return client.id == id }, true
	case "type":
		return typeFilter(c, value)
	case "addr":
		return addrFilter(value), true
	case "laddr":
		return func(client *conn) bool { return client.nc.LocalAddr().String() == value }, true
	case "user":
		if _, ok := c.srv.accounts.users.Load().Get(value); !ok {
			c.fail("ERR No such user '" + clip(value) + "'")
			return nil, false
		}
		return func(client *conn) bool { return client.snapshot().user == value }, true
	}
	c.fail(syntax)
	return nil, false
}
