package config

import (
	"encoding/base64"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// Directive describes one supported directive, for the manual.
type Directive struct {
	Name       string // as written in the file, a leading "sentinel" included
	Syntax     string // the whole line
	Unit       string
	Default    string
	SetChanges bool // SENTINEL SET changes it
	About      string
}

// Directives lists every supported directive, in the order of the manual: those of
// the process, those that Sentinel rewrites, those of a group.
func Directives() []Directive {
	c := newConfig()
	g := NewGroup("", monitor.Addr{}, 1)
	list := described(processTable, c)
	list = append(list, described(globalTable, &c.Globals)...)
	return append(list, described(groupTable, &g)...)
}

// described completes the lines for the manual; fresh has the defaults. In the tables
// Syntax is what follows the name.
func described[T any](table []entry[T], fresh *T) []Directive {
	var list []Directive
	for _, e := range table {
		if e.has(setOnly) {
			continue
		}
		if e.Default == "" {
			e.Default = "none"
			if lines := e.show(fresh); len(lines) > 0 {
				e.Default = join(lines[0]...)
			}
		}
		e.Syntax = e.Name + " " + e.Syntax
		list = append(list, e.Directive)
	}
	return list
}

// newConfig returns redis-sentinel's defaults: port 26379 and protected-mode no.
func newConfig() *Config {
	return &Config{
		Port: 26379, Bind: []string{"*", "-::*"},
		MaxClients: 10000, TCPKeepAlive: 300 * time.Second, TCPBacklog: 511, Supervised: "no", ACLLogMax: 128,
		Syslog: Syslog{Ident: "redis", Facility: "local0"},
		TLS:    defaultTLS(), HTTPBind: []string{"127.0.0.1"},
		Globals: Globals{LogLevel: "notice", DenyScriptsReconfig: true},
	}
}

const badPort = "Invalid port number."

// processTable holds the directives of the process. They are read from the file and
// the command line and never written.
var processTable = slices.Concat(doorTable, tlsTable, hostTable, gossipTable, httpTable, identityTable)

// doorTable is about the clients that come in, and the links that go out.
var doorTable = []entry[Config]{
	field(func(c *Config) *int { return &c.Port }, count(0, 65535), strconv.Itoa).
		doc("port", "<port>", "TCP port", "where clients and other monitors reach this one; 0 listens on no port"),
	{min: 1, max: -1, read: readBind, show: func(c *Config) [][]string { return [][]string{c.Bind} },
		Directive: Directive{Name: "bind", Syntax: "<address> [<address> ...]",
			About: "addresses to listen on; one with a leading - may be missing on this machine"}},
	field(func(c *Config) *string { return &c.BindSource }, plain, same).
		doc("bind-source-addr", "<address>", "", "local address of the links to instances and to other monitors"),
	field(func(c *Config) *string { return &c.UnixSocket }, plain, same).
		doc("unixsocket", "<path>", "", "Unix socket to listen on too"),
	field(func(c *Config) *uint32 { return &c.UnixSocketPerm }, octal, func(mode uint32) string { return strconv.FormatUint(uint64(mode), 8) }).
		unset("what the umask leaves").doc("unixsocketperm", "<mode>", "octal", "mode of the Unix socket"),
	field(func(c *Config) *bool { return &c.ProtectedMode }, yesNo(notYesNo), inYesNo).
		doc("protected-mode", "yes|no", "", "refuse clients from other machines while no password is set"),
	field(func(c *Config) *string { return &c.RequirePass }, plain, same).is(secret).
		doc("requirepass", "<password>", "", "clients and other monitors must give it; also ours at other monitors without sentinel-pass"),
	userEntry,
	field(func(c *Config) *string { return &c.ACLFile }, plain, same).
		doc("aclfile", "<path>", "", "file that holds all users, for ACL LOAD and ACL SAVE; not beside user lines"),
	field(func(c *Config) *int { return &c.ACLLogMax }, count(0, math.MaxInt64), strconv.Itoa).
		doc("acllog-max-len", "<n>", "entries", "most entries of ACL LOG"),
	field(func(c *Config) *bool { return &c.AllChannels }, channelsByDefault, inChannels).
		doc("acl-pubsub-default", "allchannels|resetchannels", "", "what a new user may listen to before a rule says so"),
	{min: 2, max: 2, read: readOwnRename, show: showOwnRename, Directive: Directive{Name: "rename-command", Syntax: "<command> <renamed>",
		About: "another name for one of our own commands, \"\" for none; lines add up"}},
	field(func(c *Config) *int { return &c.MaxClients }, count(1, math.MaxUint32), strconv.Itoa).
		doc("maxclients", "<n>", "connections", "most clients at a time"),
	field(func(c *Config) *time.Duration { return &c.Timeout }, seconds, inSeconds).
		doc("timeout", "<s>", "seconds", "close clients idle for so long, subscribers excepted; 0: never"),
	field(func(c *Config) *time.Duration { return &c.TCPKeepAlive }, seconds, inSeconds).
		doc("tcp-keepalive", "<s>", "seconds", "TCP keepalive of clients; 0: off"),
	field(func(c *Config) *int { return &c.TCPBacklog }, count(0, maxInt), strconv.Itoa).
		doc("tcp-backlog", "<n>", "connections", "connections that may wait to be accepted"),
	{min: 1, max: -1, read: readOutputLimits, show: showOutputLimits, Directive: Directive{Name: "client-output-buffer-limit",
		Syntax: "<class> <hard> <soft> <seconds> [<class> ...]", Unit: "bytes, seconds", Default: "pubsub 1mb 0 0",
		About: "close a client of class normal or pubsub that leaves so much unread, the soft limit for so long; 0: no limit"}},
	field(func(c *Config) *uint64 { return &c.MaxBulk }, size(1<<20), inBytes).unset("1mb").
		doc("proto-max-bulk-len", "<n>", "bytes", "longest argument of a command; up to 32mb"),
}

// hostTable is about the process and its machine.
var hostTable = []entry[Config]{
	field(func(c *Config) *string { return &c.Dir }, existingDir, same).
		doc("dir", "<directory>", "", "working directory"),
	{min: 1, max: 1, read: readNothing, show: func(*Config) [][]string { return nil }, Directive: Directive{Name: "include", Syntax: "<path>",
		About: "read another file here, or all that match a pattern with *, ? or [; it is never written"}},
	field(func(c *Config) *string { return &c.LogFile }, plain, same).
		doc("logfile", "<path>", "", "log file, opened again when it was moved away; \"\" logs to standard output"),
	field(func(c *Config) *bool { return &c.Syslog.Enabled }, yesNo(notYesNo), inYesNo).
		doc("syslog-enabled", "yes|no", "", "log to syslog too"),
	field(func(c *Config) *string { return &c.Syslog.Ident }, plain, same).
		doc("syslog-ident", "<ident>", "", "our name in syslog"),
	field(func(c *Config) *string { return &c.Syslog.Facility }, oneOf("user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"), same).
		doc("syslog-facility", "user|local0|...|local7", "", "facility in syslog"),
	field(func(c *Config) *string { return &c.PidFile }, plain, same).unset("/var/run/redis.pid when daemonized, else none").
		doc("pidfile", "<path>", "", "file that holds the process id"),
	field(func(c *Config) *bool { return &c.Daemonize }, yesNo(notYesNo), inYesNo).
		doc("daemonize", "yes|no", "", "run in the background, unless supervised; the command returns when the monitor serves"),
	{min: 0, max: 1, read: readSupervised, show: func(c *Config) [][]string { return [][]string{{c.Supervised}} },
		Directive: Directive{Name: "supervised", Syntax: "no|upstart|systemd|auto", About: "tell the supervisor when ready"}},
}

// gossipTable is about the state and the gossip, which only Picket has.
var gossipTable = []entry[Config]{
	{min: 1, max: 1, read: readGossipPort, show: showGossipPort,
		Directive: Directive{Name: "gossip-port", Syntax: "<port>", Unit: "TCP and UDP port", Default: "port + 1000, or any free port if that is taken",
			About: "where other pickets gossip with this one; 0: any free port"}},
	field(func(c *Config) *string { return &c.GossipBind }, plain, same).unset("the first bind address").
		doc("gossip-bind", "<address>", "", "address to gossip on"),
	{min: 1, max: -1, read: readGossipJoin, show: showGossipJoin,
		Directive: Directive{Name: "gossip-join", Syntax: "<host>:<port> [<host>:<port> ...]",
			About: "gossip addresses to join beside those that hellos teach; lines add up"}},
	field(func(c *Config) *[]byte { return &c.GossipKey }, gossipKey, base64.StdEncoding.EncodeToString).
		is(secret).unset("derived from sentinel-pass or requirepass when set, else gossip is not encrypted").
		doc("gossip-key", "<base64 of 16, 24 or 32 bytes>", "", "encrypts gossip; the same on every monitor"),
	field(func(c *Config) *string { return &c.StateDir }, plain, same).unset("none: state is written into this file").
		doc("state-dir", "<directory>", "", "keep state in DIR/state.conf and never write this file; created with mode 0700"),
}

// identityTable is who we are and how far we have come.
var identityTable = []entry[Config]{
	field(func(c *Config) *quorum.ID { return &c.MyID }, parseID, inID).is(early).unset("generated").
		doc("sentinel myid", "<40 digits>", "", "this monitor's id; written by Picket"),
	{min: 1, max: 1, traits: early, read: readCurrentEpoch, show: func(c *Config) [][]string { return [][]string{{decimal(c.CurrentEpoch)}} },
		Directive: Directive{Name: "sentinel current-epoch", Syntax: "<n>", Unit: "epoch", About: "newest epoch seen; written by Picket"}},
}

// globalTable holds the process-wide settings that are written back.
var globalTable = []entry[Globals]{
	field(func(g *Globals) *bool { return &g.DenyScriptsReconfig }, yesNo("Please specify yes or no for the deny-scripts-reconfig options."), inYesNo).
		is(early).doc("sentinel deny-scripts-reconfig", "yes|no", "", "SENTINEL SET must not change scripts"),
	field(func(g *Globals) *bool { return &g.ResolveHostnames }, yesNo("Please specify yes or no for the resolve-hostnames option."), inYesNo).
		is(early).doc("sentinel resolve-hostnames", "yes|no", "", "accept host names where addresses are expected"),
	field(func(g *Globals) *bool { return &g.AnnounceHostnames }, yesNo("Please specify yes or no for the announce-hostnames option."), inYesNo).
		is(early).doc("sentinel announce-hostnames", "yes|no", "", "tell clients host names instead of addresses"),
	field(func(g *Globals) *string { return &g.AnnounceIP }, plain, same).
		is(early).doc("sentinel announce-ip", "<address>", "", "address at which other monitors reach this one"),
	field(func(g *Globals) *int { return &g.AnnouncePort }, whole(0, 65535, badPort), strconv.Itoa).
		is(early).doc("sentinel announce-port", "<port>", "TCP port", "port at which other monitors reach this one; 0: port"),
	field(func(g *Globals) *string { return &g.SentinelUser }, plain, same).
		is(early).doc("sentinel sentinel-user", "<user>", "", "user to log in as at other monitors"),
	field(func(g *Globals) *string { return &g.SentinelPass }, plain, same).
		is(early|secret).doc("sentinel sentinel-pass", "<password>", "", "password to log in with at other monitors"),
	field(func(g *Globals) *string { return &g.LogLevel }, oneOf("debug", "verbose", "notice", "warning", "nothing"), same).
		doc("loglevel", "debug|verbose|notice|warning|nothing", "", "least important lines to log"),
}

// maxBind is Redis' limit (CONFIG_BINDADDR_MAX).
const maxBind = 16

func readBind(c *Config, args []string) error { return readAddresses(&c.Bind, args) }

// readAddresses takes "" as no address.
func readAddresses(to *[]string, args []string) error {
	if len(args) > maxBind {
		return problem{"Too many bind addresses specified.", ""}
	}
	*to = slices.DeleteFunc(slices.Clone(args), func(addr string) bool { return addr == "" })
	return nil
}

// readSupervised takes a bare --supervised as auto.
func readSupervised(c *Config, args []string) error {
	word := "auto"
	if len(args) > 0 {
		word = args[0]
	}
	var err error
	if word, err = oneOf("upstart", "systemd", "auto", "no")(word); err == nil {
		c.Supervised = word
	}
	return err
}

func readGossipPort(c *Config, args []string) error {
	port, err := whole(0, 65535, badPort)(args[0])
	if err == nil {
		c.GossipPort, c.GossipPortSet = port, true
	}
	return err
}

func showGossipPort(c *Config) [][]string {
	if !c.GossipPortSet {
		return nil
	}
	return [][]string{{strconv.Itoa(c.GossipPort)}}
}

func readGossipJoin(c *Config, args []string) error {
	var join []monitor.Addr
	for _, arg := range args {
		addr, err := monitor.ParseAddr(arg)
		if err != nil {
			return problem{"Invalid gossip address " + quote(arg) + ".", "Write host:port, such as 10.0.0.2:27379."}
		}
		join = append(join, addr)
	}
	c.GossipJoin = append(c.GossipJoin, join...)
	return nil
}

func showGossipJoin(c *Config) [][]string {
	var lines [][]string
	for _, addr := range c.GossipJoin {
		lines = append(lines, []string{addr.String()})
	}
	return lines
}

func gossipKey(s string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !slices.Contains([]int{16, 24, 32}, len(key)) {
		return nil, problem{"Invalid gossip-key.", "Generate one with: head -c 32 /dev/urandom | base64"}
	}
	return key, nil
}

// existingDir is checked where the line stands: Redis enters the directory at once.
func existingDir(s string) (string, error) {
	info, err := os.Stat(s)
	switch {
	case err != nil:
		return "", problem{reasonOf(err), "Create the directory, or name another."}
	case !info.IsDir():
		return "", problem{"Not a directory", "Name a directory."}
	}
	return s, nil
}

// parseID reads 40 characters, the length that Sentinel checks.
func parseID(s string) (quorum.ID, error) {
	if len(s) != 40 || strings.ContainsAny(s, " ,") {
		return "", problem{"Malformed Sentinel id in myid option.", "Delete the line to get a new id."}
	}
	return quorum.ID(s), nil
}

func inID(id quorum.ID) string { return string(id) }

// readCurrentEpoch takes the highest, as Sentinel does: config-epoch lines raise it too.
func readCurrentEpoch(c *Config, args []string) error {
	epoch, err := unsigned(args[0])
	c.CurrentEpoch = max(c.CurrentEpoch, epoch)
	return err
}
