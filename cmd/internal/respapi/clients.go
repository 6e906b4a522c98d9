package respapi

import (
	"fmt"
	"slices"
	"strings"

	"picket/monitor/resp"
)

var clientTable = []*command{
	{name: "getname", arity: 2, class: classConn, summary: "Answers the connection's name", run: (*Server).clientGetName},
	{name: "setname", arity: 3, class: classConn, summary: "Names the connection", run: (*Server).clientSetName},
	{name: "setinfo", arity: 4, class: classConn, foreign: true, summary: "Notes the client library's name or version", run: (*Server).clientSetInfo},
	{name: "id", arity: 2, class: classConn, summary: "Answers the connection's number", run: (*Server).clientID},
	{name: "info", arity: 2, class: classConn, tips: tipsVary, summary: "Tells of the connection", run: (*Server).clientInfo},
	{name: "list", arity: -2, class: classKill, tips: tipsVary, summary: "Tells of all connections", run: (*Server).clientList},
	{name: "kill", arity: -3, class: classKill, summary: "Ends connections", run: (*Server).clientKill},
	{name: "reply", arity: 3, class: classConn, summary: "Turns the replies to the connection off and on", run: (*Server).clientReply},
	{name: "pause", arity: -3, class: classKill, summary: "Lets commands wait for a time", run: (*Server).clientPause},
	{name: "unpause", arity: 2, class: classKill, summary: "Lets commands go on", run: (*Server).clientUnpause},
	{name: "unblock", arity: -3, class: classKill, summary: "Ends the wait of a blocked connection: none ever is", run: (*Server).clientUnblock},
	{name: "no-evict", arity: 3, class: classKill, summary: "Spares the connection from eviction", run: (*Server).clientNoEvict},
	{name: "no-touch", arity: 3, class: classConn, foreign: true, summary: "Does not count as a use of keys: there are none", run: (*Server).clientNoTouch},
	{name: "tracking", arity: -3, class: classConn, summary: "Asks to be told when keys change: there are none", run: (*Server).clientTracking},
	{name: "trackinginfo", arity: 2, class: classConn, summary: "Answers what tracking the connection asked for", run: (*Server).clientTrackingInfo},
	{name: "caching", arity: 3, class: classConn, summary: "Tracks, or does not track, the next command's keys", run: (*Server).clientCaching},
	{name: "getredir", arity: 2, class: classConn, summary: "Answers which connection is told of changes instead", run: (*Server).clientGetRedir},
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
		"REPLY ON|OFF|SKIP",
		"    Answer this connection, answer it no more, or skip one answer.",
		"PAUSE <milliseconds> [WRITE|ALL] | UNPAUSE",
		"    Let commands of all connections wait, or only PUBLISH.",
		"UNBLOCK <id> [TIMEOUT|ERROR] | NO-EVICT ON|OFF | NO-TOUCH ON|OFF",
		"    Taken for the sake of clients; they change nothing in a monitor.",
		"TRACKING ON|OFF [REDIRECT <id>] [PREFIX <prefix> ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
		"    Ask to be told when keys change. A monitor has none.",
		"TRACKINGINFO | GETREDIR | CACHING YES|NO",
		"    What was asked for with TRACKING, and for the next command alone.",
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
	p, now := c.snapshot(), s.cfg.Clock()
	held := c.out.held()
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=0 sub=%d psub=%d ssub=0 multi=-1 "+
		"qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=%d oll=0 omem=%d tot-mem=%d events=r cmd=%s user=%s "+
		"redir=%d resp=%d lib-name=%s lib-ver=%s\n",
		c.id, c.remote, c.local, unknownFD, p.name, int64(now.Since(p.born).Seconds()), int64(now.Since(p.active).Seconds()),
		p.flags(c.unix), p.subs, p.psubs, held, held, held, p.command, p.user, p.tracking.redirection(), p.proto, p.libName, p.libVer)
}

// unknownFD stands for the number of the socket, which Go does not tell.
const unknownFD = -1

// flags are Redis' letters for the state of a connection, in its order
// (catClientInfoString).
func (p *profile) flags(unix bool) string {
	var letters strings.Builder
	for _, flag := range []struct {
		letter string
		is     bool
	}{
		{"P", p.subs+p.psubs > 0}, {"b", p.paused}, {"t", p.tracking.on}, {"B", p.tracking.broadcast}, {"U", unix}, {"e", p.noEvict},
	} {
		if flag.is {
			letters.WriteString(flag.letter)
		}
	}
	if letters.Len() == 0 {
		return "N"
	}
	return letters.String()
}

func (s *Server) clientList(c *call) {
	chosen, ok := s.listed(c)
	if !ok {
		return
	}
	byID := len(c.args) > 3 && strings.EqualFold(c.args[2], "id")
	var b strings.Builder
	for _, client := range chosen {
		b.WriteString(s.describe(client))
		if !c.hold(b.Cap()) || byID && c.tooLong(b.Len()) {
			return
		}
	}
	c.text(b.String())
}

// listed returns the connections that CLIENT LIST is asked for.
func (s *Server) listed(c *call) ([]*conn, bool) {
	words := c.args[2:]
	switch {
	case len(words) == 0:
		return s.clients(), true
	case len(words) == 2 && strings.EqualFold(words[0], "type"):
		keep, ok := typeFilter(c, words[1])
		return slices.DeleteFunc(s.clients(), func(client *conn) bool { return !ok || !keep(client) }), ok
	case len(words) > 1 && strings.EqualFold(words[0], "id"):
		return s.withIDs(c, words[1:])
	}
	c.fail(syntax)
	return nil, false
}

// withIDs returns connections in the order in which they are asked for, and as often.
func (s *Server) withIDs(c *call, words []string) (chosen []*conn, ok bool) {
	for _, word := range words {
		id, ok := resp.ParseInt(word)
		if !ok {
			c.fail("ERR Invalid client ID")
			return nil, false
		}
		s.mu.Lock()
		client := s.conns[id]
		s.mu.Unlock()
		if client != nil && !client.out.over() {
			chosen = append(chosen, client)
		}
	}
	return chosen, true
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
	c.fail("ERR Unknown client type '" + word + "'")
	return nil, false
}
