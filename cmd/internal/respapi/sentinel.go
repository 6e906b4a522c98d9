package respapi

import (
	"context"
	"fmt"

	"picket/monitor"
	"picket/monitor/resp"
	"picket/quorum"
)

var sentinelTable = []*command{
	{name: "masters", arity: 2, class: classWatch, summary: "Tells of all groups' masters", run: (*Server).sentinelMasters},
	{name: "master", arity: 3, class: classWatch, summary: "Tells of a group's master", run: (*Server).sentinelMaster},
	{name: "replicas", arity: 3, class: classWatch, summary: "Tells of a group's replicas", run: (*Server).sentinelReplicas},
	{name: "slaves", arity: 3, class: classWatch, replacedBy: "`SENTINEL REPLICAS`", summary: "The same as replicas", run: (*Server).sentinelReplicas},
	{name: "sentinels", arity: 3, class: classWatch, summary: "Tells of a group's other monitors", run: (*Server).sentinelSentinels},
	{name: "get-master-addr-by-name", arity: 3, class: classWatch, summary: "Answers where a group's master is", run: (*Server).sentinelAddr},
	{name: "is-master-down-by-addr", arity: 6, class: classWatch, summary: "Asked by other monitors: is it down, and whom do you vote for", run: (*Server).sentinelAskDown},
	{name: "myid", arity: 2, class: classWatch, summary: "Answers the monitor's id", run: (*Server).sentinelMyID},
	{name: "ckquorum", arity: 3, class: classWatch, summary: "Checks that a failover could be agreed on", run: (*Server).sentinelCkQuorum},
	{name: "explain", arity: 3, class: classWatch, summary: "Explains why a group is, or is not, failing over", run: (*Server).sentinelExplain},
	{name: "history", arity: -2, class: classWatch, summary: "Tells of failovers, refused failovers and script-blocked spells", run: (*Server).sentinelHistory},
	{name: "peer", arity: -2, class: classWatch, summary: "Asked by other pickets: who are you, what do you think of a group", run: (*Server).sentinelPeer},
	{name: "failover", arity: 3, class: classWatch, summary: "Fails a group over now", run: (*Server).sentinelFailover},
	{name: "promote", arity: 5, class: classWatch, summary: "Fails a group over to one of its replicas now", run: (*Server).sentinelPromote},
	{name: "forget", arity: 5, class: classWatch, summary: "Forgets a replica or a monitor that is gone for good", run: (*Server).sentinelForget},
	{name: "monitor", arity: 6, class: classWatch, summary: "Starts to monitor a group", run: (*Server).sentinelMonitor},
	{name: "remove", arity: 3, class: classWatch, summary: "Stops to monitor a group", run: (*Server).sentinelRemove},
	{name: "set", arity: -5, class: classWatch, summary: "Changes a group's settings", run: (*Server).sentinelSet},
	{name: "reset", arity: 3, class: classWatch, summary: "Forgets what is known of the groups that match a pattern", run: (*Server).sentinelReset},
	{name: "flushconfig", arity: 2, class: classWatch, summary: "Writes the state to disk", run: (*Server).sentinelFlush},
	{name: "config", arity: -3, class: classWatch, summary: "Tells of, or changes, settings of the whole monitor", run: (*Server).sentinelConfig},
	{name: "debug", arity: -2, class: classWatch, summary: "Tells of, or changes, the monitor's periods until it ends", run: (*Server).sentinelDebug},
	{name: "info-cache", arity: -3, class: classWatch, summary: "Answers the last INFO of a group's instances", run: (*Server).sentinelInfoCache},
	{name: "pending-scripts", arity: 2, class: classWatch, summary: "Tells of scripts that run or wait", run: (*Server).sentinelPendingScripts},
	{name: "simulate-failure", arity: -3, class: classWatch, summary: "Ends the monitor in the middle of its next failover", run: (*Server).sentinelSimulate},
	{name: "primaries", arity: 2, class: classWatch, foreign: true, summary: "Valkey's name of masters", run: (*Server).sentinelMasters},
	{name: "primary", arity: 3, class: classWatch, foreign: true, summary: "Valkey's name of master", run: (*Server).sentinelMaster},
	{name: "get-primary-addr-by-name", arity: 3, class: classWatch, foreign: true, summary: "Valkey's name of get-master-addr-by-name", run: (*Server).sentinelAddr},
	{name: "is-primary-down-by-addr", arity: 6, class: classWatch, foreign: true, summary: "Valkey's name of is-master-down-by-addr", run: (*Server).sentinelAskDown},
	{name: "help", arity: 2, class: classGuide, summary: "Explains the subcommands", run: (*Server).sentinelHelp},
}

func (s *Server) sentinelHelp(c *call) {
	c.lines([]string{
		"SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"MASTERS | MASTER <name>",
		"    The state of every group's master, or of one.",
		"REPLICAS <name>",
		"    The state of a group's replicas. SLAVES is the same.",
		"SENTINELS <name>",
		"    The state of the other monitors of a group.",
		"GET-MASTER-ADDR-BY-NAME <name>",
		"    The address of a group's master, for clients.",
		"EXPLAIN <name>",
		"    Why the group is, or is not, failing over now.",
		"HISTORY [<name>]",
		"    Failovers, refused failovers and script-blocked spells, newest first, each as JSON.",
		"CKQUORUM <name>",
		"    Whether enough monitors can be reached to agree on a failover.",
		"FAILOVER <name>",
		"    Fail the group over now, without waiting for the master to be down.",
		"PROMOTE <name> <ip> <port>",
		"    The same, to that replica.",
		"FORGET <name> <ip> <port>",
		"    Forget a replica or a monitor of a group that is gone for good.",
		"MONITOR <name> <ip> <port> <quorum>",
		"    Start to monitor a group.",
		"REMOVE <name>",
		"    Stop to monitor a group.",
		"SET <name> <option> <value> [<option> <value> ...]",
		"    Change a group's settings.",
		"RESET <pattern>",
		"    Forget replicas, monitors and failover state of the groups that match.",
		"FLUSHCONFIG",
		"    Write the state to disk now.",
		"MYID",
		"    The id of this monitor.",
		"IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
		"    Asked by other monitors, which may ask for a vote with it.",
		"PEER [<name> ...]",
		"    Asked by other pickets: who this monitor is and what it thinks of a group.",
		"INFO-CACHE <name> [<name> ...]",
		"    The last INFO of each instance of these groups, with its age.",
		"CONFIG GET <pattern> [<pattern> ...] | CONFIG SET <option> <value> [<option> <value> ...]",
		"    Read or change settings of the whole monitor.",
		"DEBUG [<period> <milliseconds> ...]",
		"    Read or change the monitor's periods, until it ends.",
		"PENDING-SCRIPTS",
		"    The scripts that run or wait.",
		"SIMULATE-FAILURE [crash-after-election] [crash-after-promotion] [help]",
		"    End with code 99 at that point of the next failover.",
		"PRIMARIES, PRIMARY, GET-PRIMARY-ADDR-BY-NAME, IS-PRIMARY-DOWN-BY-ADDR",
		"    Valkey's names of the same with MASTER.",
		"HELP",
		"    Prints this help.",
	})
}

func (s *Server) sentinelMasters(c *call) {
	views, now := s.cfg.Reader.Views(), s.cfg.Clock()
	c.array(len(views))
	for _, v := range views {
		c.fields(masterFields(v, now))
	}
}

func (s *Server) sentinelMaster(c *call) {
	if v, ok := c.view(c.args[2]); ok {
		c.fields(masterFields(v, s.cfg.Clock()))
	}
}

// sentinelReplicas leaves out those that ask not to be announced (replica-announced no).
func (s *Server) sentinelReplicas(c *call) {
	v, ok := c.view(c.args[2])
	if !ok {
		return
	}
	now, shown := s.cfg.Clock(), make([]fields, 0, len(v.Replicas))
	for i := range v.Replicas {
		if r := &v.Replicas[i]; announced(r) {
			shown = append(shown, replicaFields(v, r, now))
		}
	}
	c.array(len(shown))
	for _, f := range shown {
		c.fields(f)
	}
}

func (s *Server) sentinelSentinels(c *call) {
	v, ok := c.view(c.args[2])
	if !ok {
		return
	}
	now, shared := s.cfg.Clock(), s.sharedLinks()
	c.array(len(v.Peers))
	for i := range v.Peers {
		c.fields(peerFields(v, &v.Peers[i], now, shared[v.Peers[i].ID]))
	}
}

// sharedLinks counts the groups of each other monitor.
func (s *Server) sharedLinks() map[quorum.ID]int {
	count := map[quorum.ID]int{}
	for _, v := range s.cfg.Reader.Views() {
		for i := range v.Peers {
			count[v.Peers[i].ID]++
		}
	}
	return count
}

func (s *Server) sentinelAddr(c *call) {
	addr, ok := s.cfg.Reader.Master(c.args[2])
	if !ok {
		c.put(resp.AppendNullArray(c.buf, c.conn.proto))
		return
	}
	c.array(2)
	c.bulk(addr.Host)
	c.bulk(itoa(addr.Port))
}

func (s *Server) sentinelMyID(c *call) { c.bulk(string(s.cfg.Reader.Status().ID)) }

const notAnInteger = "ERR value is not an integer or out of range"

// sentinelAskDown answers other monitors. Sentinel reads the epoch as a signed
// number; an id that is none is taken as "*", which asks for no vote.
func (s *Server) sentinelAskDown(c *call) {
	port, ok := resp.ParseInt(c.args[3])
	epoch, ok2 := resp.ParseInt(c.args[4])
	if !ok || !ok2 {
		c.fail(notAnInteger)
		return
	}
	q := DownQuestion{Master: monitor.Addr{Host: c.args[2], Port: int(port)}, Epoch: uint64(epoch)}
	if monitor.ValidID(c.args[5]) {
		q.Candidate = quorum.ID(c.args[5])
	}
	var a DownAnswer
	if !s.decided(c, func(ctx context.Context) (err error) { a, err = s.cfg.Peers.AskDown(ctx, q); return err }) {
		return
	}
	leader := string(a.Leader)
	if leader == "" {
		leader = "*"
	}
	c.array(3)
	c.number(flag(a.Down))
	c.bulk(leader)
	c.number(int64(a.LeaderEpoch))
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

const (
	noQuorum   = "Not enough available Sentinels to reach the specified quorum for this master"
	noMajority = "Not enough available Sentinels to reach the majority and authorize a failover"
)

func (s *Server) sentinelCkQuorum(c *call) {
	v, ok := c.view(c.args[2])
	if !ok {
		return
	}
	problem := ""
	if v.Usable < v.Settings.Quorum {
		problem = noQuorum
	}
	if v.Usable < v.Voters/2+1 {
		if problem != "" {
			problem += ". "
		}
		problem += noMajority
	}
	if problem != "" {
		c.fail(fmt.Sprintf("NOQUORUM %d usable Sentinels. %s", v.Usable, problem))
		return
	}
	c.simple(fmt.Sprintf("OK %d usable Sentinels. Quorum and failover authorization can be reached", v.Usable))
}

// sentinelHistory is ours. Without a name it tells of all groups, and of those that
// are watched no longer.
func (s *Server) sentinelHistory(c *call) {
	name := ""
	switch len(c.args) {
	case 2:
	case 3:
		if name = c.args[2]; name != "" {
			if _, ok := c.view(name); !ok {
				return
			}
		}
	default:
		c.fail("ERR wrong number of arguments for 'sentinel|history' command")
		return
	}
	list, err := s.cfg.Reader.History(name)
	if err != nil {
		c.fail("ERR " + err.Error())
		return
	}
	c.bulks(list)
}

func (s *Server) sentinelExplain(c *call) {
	var lines []string
	if s.decided(c, func(ctx context.Context) (err error) { lines, err = s.cfg.Operator.Explain(ctx, c.args[2]); return err }) {
		c.bulks(lines)
	}
}
