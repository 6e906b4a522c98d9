package config

import (
	"maps"
	"slices"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// Config is what the configuration file, the command line and the saved state
// say together. It is read once, at start.
type Config struct {
	Path string // absolute path of the file, "" when there is none

	Port           int      // default 26379; 0 listens on no TCP port
	Bind           []string // as written; default "*" and "-::*", a leading "-" marks an address that may be missing
	BindSource     string   // local address of outgoing links, "" leaves it to the kernel
	UnixSocket     string   // path, "" for none
	UnixSocketPerm uint32   // mode bits, 0 for what the umask leaves
	ProtectedMode  bool     // default false, as redis-sentinel
	RequirePass    string
	Users          []User                 // lines "user"; beside the default user that requirepass makes
	ACLFile        string                 // as written, "" for none
	ACLLogMax      int                    // entries of ACL LOG, default 128
	AllChannels    bool                   // acl-pubsub-default allchannels
	Rename         map[string]string      // own command in lower case -> its name, "" when it is disabled
	MaxClients     int                    // default 10000
	Timeout        time.Duration          // idle clients are closed after this; 0: never
	TCPKeepAlive   time.Duration          // default 300 s
	TCPBacklog     int                    // default 511
	OutputLimits   map[string]OutputLimit // by class, normal or pubsub; those that were given
	MaxBulk        uint64                 // bytes of one argument; 0 when not given

	Dir        string // working directory, absolute, "" to stay
	LogFile    string // "" logs to standard output
	Syslog     Syslog
	TLS        TLS
	PidFile    string
	Daemonize  bool
	Supervised string // no, upstart, systemd or auto

	GossipPort    int  // meaningless unless GossipPortSet: the default is Port + 1000
	GossipPortSet bool // gossip-port was given; with 0 any free port is taken
	GossipBind    string
	GossipJoin    []monitor.Addr
	GossipKey     []byte   // 16, 24 or 32 bytes; nil when not given
	HTTPPort      int      // of metrics, health and the page; 0: no such door
	HTTPBind      []string // as Bind; default 127.0.0.1
	StateDir      string   // absolute, "" keeps the state in the file

	Globals
	MyID         quorum.ID // "" at the first start
	Boot         uint64    // of the last start; the daemon saves Boot + 1 before it speaks
	CurrentEpoch uint64    // at least every saved config and leader epoch
	Groups       []Group   // in the order in which the file names them

	Warnings []string // what was accepted but should be looked at, one sentence each

	origin origin
	places map[string]Place
}

// OutputLimit bounds what a client may leave unread.
type OutputLimit struct {
	Hard, Soft uint64        // bytes, 0: no limit
	SoftFor    time.Duration // how long the soft limit may be passed
}

// Syslog says whether and how to log to syslog too.
type Syslog struct {
	Enabled  bool
	Ident    string // default redis
	Facility string // user, or local0 (default) to local7
}

// origin is what the file and the command line say before the saved state is laid over
// them. With state-dir the Store writes down where the state differs from it.
type origin struct {
	text        []byte          // of the file
	elsewhere   map[string]bool // keys of the lines that included files hold
	globals     Globals
	users       []User
	foreign     []User // of included files and the command line, each line of them
	groups      []Group
	requirePass string
	byName      map[string]Group // the same
	gone        map[string]Group // groups whose line a reload found no more, as it was; watched until SENTINEL REMOVE
	words       []string         // of the command line
	process     *Config          // the directives of the process as they were read
}

// Globals are the process-wide settings that Sentinel rewrites into its file.
type Globals struct {
	LogLevel            string // debug, verbose, notice (default), warning or nothing
	AnnounceIP          string
	AnnouncePort        int // 0: the listening port
	ResolveHostnames    bool
	AnnounceHostnames   bool
	DenyScriptsReconfig bool   // default true
	SentinelUser        string // with SentinelPass, how we log in at other monitors
	SentinelPass        string
}

// Group is one monitored master: its settings, how to log in at its instances,
// and what was saved of it.
type Group struct {
	Settings failover.Settings
	AuthUser string
	AuthPass string
	Rename   map[string]string // command in capitals -> the name it has on the instances
	Saved    failover.Saved    // Saved.Name and Saved.Master are always set
}

// NewGroup returns the group that SENTINEL MONITOR creates: Sentinel's defaults,
// nothing known beside the address of the master. The caller has checked that the
// quorum is at least 1 and that no argument holds a control character (Printable).
func NewGroup(name string, master monitor.Addr, quorum int) Group {
	return Group{
		Settings: failover.DefaultSettings(name, quorum),
		Saved:    failover.Saved{Name: name, Master: master},
	}
}

// Clone returns a copy that shares nothing with g.
func (g Group) Clone() Group {
	g.Rename = maps.Clone(g.Rename)
	g.Saved.Replicas = slices.Clone(g.Saved.Replicas)
	g.Saved.Peers = slices.Clone(g.Saved.Peers)
	g.Saved.Lineage = slices.Clone(g.Saved.Lineage)
	if g.Saved.Deposed != nil {
		deposed := *g.Saved.Deposed
		g.Saved.Deposed = &deposed
	}
	return g
}

// State is everything that a Store makes durable.
type State struct {
	MyID         quorum.ID
	Boot         uint64
	CurrentEpoch uint64
	Globals
	Groups []Group
	Users  []User // all of them; nil when an ACL file holds them
}

// State returns the state that c was loaded with, for the daemon to start from.
func (c *Config) State() State {
	s := State{MyID: c.MyID, Boot: c.Boot, CurrentEpoch: c.CurrentEpoch, Globals: c.Globals, Users: c.Users}
	for _, g := range c.Groups {
		s.Groups = append(s.Groups, g.Clone())
	}
	return s
}
