package respapi

import (
	"maps"
	"slices"
	"strings"

	"picket/monitor/resp"
)

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
	return func(client *conn) bool { return client.remote == addr }
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
		return func(client *conn) bool { return client.local == value }, true
	case "user":
		if _, ok := c.srv.accounts.users.Load().Get(value); !ok {
			c.fail("ERR No such user '" + value + "'")
			return nil, false
		}
		return func(client *conn) bool { return client.snapshot().user == value }, true
	}
	c.fail(syntax)
	return nil, false
}
