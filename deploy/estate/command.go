//go:build linux

package estate

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed info.txt
var infoTemplate string

// The parts of INFO around what differs between instances.
var infoParts = func() []string {
	text := strings.ReplaceAll(infoTemplate, "\n", "\r\n")
	var parts []string
	for _, hole := range []string{"{run_id}", "{port}", "{replication}\r\n"} {
		before, after, _ := strings.Cut(text, hole)
		parts, text = append(parts, before), after
	}
	return append(parts, text)
}()

// command answers one command, or queues it in a transaction.
func (s *server) command(c *conn, args []string, out *reply) {
	name := strings.ToLower(args[0])
	if c.multi && name != "exec" && name != "discard" && name != "multi" {
		c.queued = append(c.queued, args)
		out.simple("QUEUED")
		return
	}
	handle, ok := commands[name]
	if !ok {
		out.fail("ERR unknown command '" + args[0] + "', with args beginning with: ")
		return
	}
	handle(s, c, args, out)
}

// commands are those that monitors use; the others are unknown here.
var commands map[string]func(*server, *conn, []string, *reply)

func init() { // not a literal: EXEC leads back to it
	commands = map[string]func(*server, *conn, []string, *reply){
		"ping":      (*server).ping,
		"info":      (*server).info,
		"publish":   (*server).publish,
		"subscribe": (*server).subscribe,
		"client":    (*server).client,
		"config":    (*server).config,
		"hello":     (*server).hello,
		"role":      (*server).role,
		"slaveof":   (*server).slaveOf,
		"replicaof": (*server).slaveOf,
		"multi":     func(_ *server, c *conn, _ []string, out *reply) { c.multi = true; out.simple("OK") },
		"exec":      (*server).exec,
		"discard":   func(_ *server, c *conn, _ []string, out *reply) { c.multi, c.queued = false, nil; out.simple("OK") },
		"auth": fixed("-ERR AUTH <password> called without any password configured for the default user. " +
			"Are you sure your configuration is correct?"),
		"script":   fixed("-NOTBUSY No scripts in execution right now."),
		"function": fixed("-NOTBUSY No scripts in execution right now."),
	}
}

func fixed(line string) func(*server, *conn, []string, *reply) {
	return func(_ *server, _ *conn, _ []string, out *reply) { out.raw(line + "\r\n") }
}

func (s *server) ping(c *conn, _ []string, out *reply) {
	if c.subscribed && !c.resp3 {
		out.array("pong", "")
		return
	}
	out.simple("PONG")
}

func (s *server) info(c *conn, _ []string, out *reply) {
	i := c.inst
	out.bulk(infoParts[0] + i.runID + infoParts[1] + strconv.Itoa(i.port) + infoParts[2] +
		i.replication(s.now, s.groups[i.group]) + infoParts[3])
}

// publish gives a message to the subscribers of an instance and, as a master's
// stream would, to those of its replicas.
func (s *server) publish(c *conn, args []string, out *reply) {
	if len(args) != 3 {
		out.fail("ERR wrong number of arguments for 'publish' command")
		return
	}
	out.integer(s.deliver(c.inst, args[1], args[2]))
	for _, r := range c.inst.replicas(s.groups[c.inst.group]) {
		if !r.hung {
			s.deliver(r, args[1], args[2])
		}
	}
}

func (s *server) deliver(i *instance, channel, text string) int {
	var message reply
	message.array("message", channel, text)
	n := 0
	for c := range i.conns {
		if c.subscribed {
			n++
			s.send(c, message.pushed(c.resp3))
		}
	}
	return n
}

// subscribe knows one channel a connection: all that a monitor wants.
func (s *server) subscribe(c *conn, args []string, out *reply) {
	c.subscribed = true
	var confirm reply
	confirm.raw(fmt.Sprintf("*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n", len(args[1]), args[1]))
	out.raw(string(confirm.pushed(c.resp3)))
}

func (s *server) client(c *conn, args []string, out *reply) {
	switch strings.ToLower(args[1]) {
	case "kill":
		out.integer(s.kill(c, strings.ToLower(args[len(args)-1])))
	case "list":
		out.bulk(fmt.Sprintf("id=%d addr=127.0.0.1:1 laddr=%s fd=%d name= age=1 idle=0 flags=N db=0\n", c.id, addrOf(c.inst), c.fd))
	case "id":
		out.integer(int(c.id))
	case "setinfo":
		out.fail("ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.")
	default: // SETNAME, PAUSE, UNPAUSE
		out.simple("OK")
	}
}

// kill closes all connections of a type (normal, pubsub) but the caller's.
func (s *server) kill(caller *conn, kind string) int {
	n := 0
	for c := range caller.inst.conns {
		if c != caller && c.subscribed == (kind == "pubsub") {
			s.drop(c)
			n++
		}
	}
	return n
}

func (s *server) config(_ *conn, args []string, out *reply) {
	switch {
	case strings.EqualFold(args[1], "rewrite"):
		out.fail("ERR The server is running without a config file")
	case len(args) > 2 && (args[2] == "lua-time-limit" || args[2] == "busy-reply-threshold"):
		out.array(args[2], "5000")
	default:
		out.array()
	}
}

func (s *server) hello(c *conn, args []string, out *reply) {
	proto := "2"
	if len(args) > 1 {
		proto = args[1]
	}
	if proto != "2" && proto != "3" {
		out.fail("NOPROTO unsupported protocol version")
		return
	}
	c.resp3 = proto == "3"
	role := "master"
	if c.inst.masterHost != "" {
		role = "replica"
	}
	head := "*14"
	if c.resp3 {
		head = "%7"
	}
	out.raw(fmt.Sprintf("%s\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:%s\r\n$2\r\nid\r\n:%d\r\n"+
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$%d\r\n%s\r\n$7\r\nmodules\r\n*0\r\n", head, proto, c.id, len(role), role))
}

func (s *server) role(c *conn, _ []string, out *reply) {
	i := c.inst
	at := strconv.FormatInt(i.position(s.now), 10)
	if i.masterHost != "" {
		state := "connect"
		if i.linked() {
			state = "connected"
		}
		out.raw("*5\r\n")
		out.bulk("slave")
		out.bulk(i.masterHost)
		out.raw(":" + i.masterPort + "\r\n")
		out.bulk(state)
		out.raw(":" + at + "\r\n")
		return
	}
	list := i.replicas(s.groups[i.group])
	out.raw("*3\r\n")
	out.bulk("master")
	out.raw(":" + at + "\r\n*" + strconv.Itoa(len(list)) + "\r\n")
	for _, r := range list {
		out.array(r.host, strconv.Itoa(r.port), at)
	}
}

func (s *server) slaveOf(c *conn, args []string, out *reply) {
	i := c.inst
	switch {
	case len(args) != 3:
		out.fail("ERR wrong number of arguments for 'slaveof' command")
		return
	case strings.EqualFold(args[1], "no") && strings.EqualFold(args[2], "one"):
		if i.lead(s.now) {
			fmt.Printf("promoted %d %d %d\n", i.group, i.port, s.now.UnixNano())
		}
	default:
		i.follow(s.now, args[1], args[2], s.byAddr[args[1]+":"+args[2]])
	}
	out.simple("OK")
}

func (s *server) exec(c *conn, _ []string, out *reply) {
	if !c.multi {
		out.fail("ERR EXEC without MULTI")
		return
	}
	queued := c.queued
	c.multi, c.queued = false, nil
	out.raw("*" + strconv.Itoa(len(queued)) + "\r\n")
	for _, args := range queued {
		s.command(c, args, out)
	}
}
