package respapi

import (
	"context"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/acl"
	"picket/failover"
	"picket/monitor"
	"picket/monitor/resp"
	"picket/quorum"
)

// Refusal is an error that is sent to the client as it is, with its code:
// "NOGOODSLAVE No suitable replica to promote", "ERR Invalid port number.".
type Refusal string

// Error returns the text that the client reads after the dash.
func (r Refusal) Error() string { return string(r) }

// The refusals that a backend gives in Sentinel's own words.
const (
	NoSuchMaster     Refusal = "ERR No such master with that name"
	DuplicateMaster  Refusal = "ERR Duplicate master name."
	InvalidPort      Refusal = "ERR Invalid port number."
	InvalidAddress   Refusal = "ERR Invalid IP address or hostname specified"
	Unresolvable     Refusal = "ERR Can't resolve instance hostname."
	NoGoodReplica    Refusal = "NOGOODSLAVE No suitable replica to promote"
	FailoverRunning  Refusal = "INPROG Failover already in progress"
	ConfigFileFailed Refusal = "ERR Failed to save config file. Check server logs."
)

// Status is what the monitor as a whole says of itself.
type Status struct {
	ID           quorum.ID
	Boot         uint64
	CurrentEpoch uint64
	Version      string       // of Picket
	Gossip       monitor.Addr // where peers reach our gossip, zero when it is off
	Port         int          // of this door, as announced
	ConfigFile   string
	Executable   string
	StartedAt    monitor.Instant
	Tilt         bool // Sentinel's field; see TiltSince
	TiltSince    monitor.Instant
	Scripts      int // notification scripts that run now
	ScriptsQueue int // those and the ones that wait
	Supervised   string
}

// Failures are what SENTINEL SIMULATE-FAILURE asks for, as a set of bits.
type Failures uint32

// The failures that can be simulated. Their numbers are those of INFO.
const (
	CrashAfterElection  Failures = 1 << iota // exit 99 once elected leader
	CrashAfterPromotion                      // exit 99 once the chosen replica is master
)

// Setting is one entry of SENTINEL CONFIG GET.
type Setting struct{ Name, Value string }

// Knobs are the settings of the whole monitor that clients reach.
type Knobs interface {
	// Period is what SENTINEL DEBUG shows, in milliseconds.
	Period(p Period) int64
	// SetPeriod takes a number above 0. It lasts until the process ends.
	SetPeriod(p Period, ms int64)
	Simulated() Failures
	Simulate(f Failures)
	// Globals returns what SENTINEL CONFIG GET tells, in Sentinel's order.
	Globals() []Setting
	// SetGlobals takes names and values in turn as they were typed. An error that
	// is a [Refusal] goes to the client as it is.
	SetGlobals(ctx context.Context, words []string) error
}

// Reader answers from snapshots and never blocks. What it returns is immutable.
type Reader interface {
	// Master is the hot path of GET-MASTER-ADDR-BY-NAME: the address that
	// clients should use.
	Master(name string) (monitor.Addr, bool)
	View(name string) (*failover.View, bool)
	// Views returns all groups in configuration order.
	Views() []*failover.View
	Status() Status
	// History returns what happened to a group, to all when it is "", newest first,
	// each record as JSON.
	History(group string) ([]string, error)
}

// Operator carries out what an operator orders; it goes through the decision
// loop. An error that is a [Refusal] goes to the client as it is; any other is
// logged and reported in general words.
type Operator interface {
	// Failover starts one; to is the replica that shall be promoted, zero: the best.
	Failover(ctx context.Context, name string, to monitor.Addr) error
	// Forget drops a replica or a monitor of the group that is gone for good.
	Forget(ctx context.Context, name string, addr monitor.Addr) error
	MonitorGroup(ctx context.Context, name string, master monitor.Addr, quorum int) error
	Remove(ctx context.Context, name string) error
	// Set takes the words after SENTINEL SET <name> as they were typed.
	Set(ctx context.Context, name string, options []string) error
	// Reset resets the groups whose names match the pattern ([MatchGlob]) and
	// returns how many they were.
	Reset(ctx context.Context, pattern string) (int, error)
	Flush(ctx context.Context) error
	// Explain says, a finding a line, why a group is or is not failing over now.
	Explain(ctx context.Context, name string) ([]string, error)
	// Shutdown asks the daemon to end and returns at once.
	Shutdown()
}

// DownQuestion is a peer asking whether we hold its master to be down and,
// unless Candidate is empty, for our vote.
type DownQuestion struct {
	Master    monitor.Addr
	Epoch     uint64 // a negative number on the wire arrives as one above 2^63
	Candidate quorum.ID
}

// DownAnswer is our answer; the zero value is that to an unknown master.
type DownAnswer struct {
	Down        bool
	Leader      quorum.ID // "" when no vote was cast
	LeaderEpoch uint64
}

// Peers is what other monitors want of us.
type Peers interface {
	// AskDown answers when a vote in it is durable, or when ctx ends.
	AskDown(ctx context.Context, q DownQuestion) (DownAnswer, error)
	// Hello takes a well-formed announcement that was published to us.
	Hello(h monitor.Hello)
	// Opinion returns what we think of a group's master now and the
	// configuration that we hold; false when we do not know the group.
	Opinion(group string) (quorum.Opinion, quorum.Configuration, bool)
	// Hint says that a monitor of this group claims to be at addr. Nothing of it is proven.
	Hint(group string, id quorum.ID, addr monitor.Addr)
	Release(r quorum.Release)
}

// Limits bound what clients can make the server hold. Zero fields mean the default.
type Limits struct {
	Command          resp.CommandLimits
	QueuedEvents     int // bytes of events a subscriber may leave unread, default 1 MiB
	QueuedReplies    int // bytes of replies after which no further command is read, default 64 KiB
	Backlog          int // bytes of events published and not yet handed to subscribers' queues, default 8 MiB
	Commands         int // bytes that unfinished commands of all connections may hold, default 64 MiB
	Replies          int // bytes of replies and events that all connections may leave unread together, default 128 MiB
	Reply            int // bytes of a reply whose length the client's words multiply: COMMAND INFO, COMMAND DOCS, CLIENT LIST ID; default 1 MiB
	Channels         int // of one connection, default 1024
	ChannelName      int // bytes of one channel, default 1024
	Patterns         int // of one connection, default 64
	PatternName      int // bytes of one pattern, default 128
	AllPatterns      int // different patterns of all connections, default 4096
	AllSubscriptions int // channels and patterns of all connections, each with each subscriber, default 65536
	SoftEvents       int // bytes of events a subscriber may leave unread for less than SoftFor; 0: no such limit
	SoftFor          time.Duration
	Unread           int           // bytes of replies and events that a client may leave unread in all; 0: no such limit
	WriteTimeout     time.Duration // for each 64 KiB, default 10 s
	ReplyTimeout     time.Duration // for all that waited when its writing began, default 1 min
	AnswerTimeout    time.Duration // for what goes through the decision loop, default 10 s
}

// Config is what a server is made of. Reader, Operator, Peers, Knobs, Clock and Log are required.
type Config struct {
	Reader   Reader
	Operator Operator
	Peers    Peers
	Scripts  Scripts // nil: there are none
	Knobs    Knobs
	Clock    func() monitor.Instant
	Log      *zap.Logger

	Password   string // of the user "default"; empty: none is asked; unused when Users is set
	MaxClients int    // default 10000

	ProtectedMode bool              // refuse clients from other machines while the default user has no password
	IdleTimeout   time.Duration     // close clients that are idle for so long, subscribers excepted; 0: never
	Rename        map[string]string // commands in lower case -> their names, "" for those that are disabled

	Users     *acl.Users // of [ACLTable]; nil: the default user alone
	ACLFile   ACLFile    // for ACL LOAD and SAVE; nil: there is none
	ACLLogMax *int       // entries of ACL LOG, default 128
	// UsersChanged is called when ACL SETUSER or ACL DELUSER changed the users,
	// before that is answered; nil: nobody wants to know.
	UsersChanged func()

	Limits Limits
}
