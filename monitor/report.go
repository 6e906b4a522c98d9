package monitor

import "time"

// Cause says why a link to an instance or peer could not be made or was lost.
type Cause uint8

// The causes of a lost link or a failed dial.
const (
	CauseNone       Cause = iota
	CauseClosed           // the peer closed it (FIN)
	CauseReset            // RST, EPIPE
	CauseRefused          // ECONNREFUSED: no process listens
	CauseNoAck            // ETIMEDOUT, TCP_USER_TIMEOUT: bytes were not acknowledged
	CauseNoRoute          // EHOSTUNREACH, ENETUNREACH
	CauseTimeout          // the dial did not complete in time
	CauseUnresolved       // the host name does not resolve
	CauseProtocol         // what answered does not speak RESP
	CauseTLS              // the TLS handshake failed
	CauseLocal            // we closed it or could not open a socket
)

var causeNames = [...]string{"none", "closed", "reset", "connection-refused", "bytes-not-acknowledged", "no-route",
	"connect-timeout", "name-unresolved", "not-resp", "tls-handshake", "local"}

func (c Cause) String() string { return causeNames[c] }

// Ack says what the kernel of the other side did with the bytes of a pending PING.
type Ack uint8

// What the other side's kernel did with our bytes.
const (
	AckUnknown Ack = iota // not Linux, or nothing to see through
	AckAcked              // all bytes acknowledged: the host lives, the process is silent
	AckUnacked            // bytes outstanding longer than two retransmission timeouts
)

// ReportKind says what a Report tells.
type ReportKind uint8

// The kinds of report a probe makes of an instance.
const (
	ReportLinkUp     ReportKind = iota + 1 // a new ping link is connected; nothing was asked yet
	ReportReplied                          // a PING was answered: Sent, Reply, Text
	ReportPending                          // a PING is unanswered: Sent, Ack; repeated while it lasts
	ReportLinkLost                         // the ping link ended: Cause
	ReportDialFailed                       // a dial failed: Cause
	ReportQueueFull                        // a second connection timed out while the ping link's bytes are acknowledged
	ReportRefused                          // INFO was answered with an error: Reply
)

// Report is one observation of one instance by its probe. A probe keeps one
// ping link with at most one PING outstanding; Link numbers the generation of
// that link, rising by one at every successful dial.
type Report struct {
	Addr  Addr
	Link  uint64
	Kind  ReportKind
	At    Instant
	Sent  Instant // when the PING that Replied or Pending speaks of was written
	Reply Reply
	Text  string // the reply's first line, at most 256 bytes
	Ack   Ack
	Cause Cause
	// Routine marks a PONG in time after another: who takes reports need not look
	// at it at once, only before any later report.
	Routine bool
}

// InfoReport is a reply to INFO, with what was learned beside it.
type InfoReport struct {
	Addr Addr
	At   Instant // when the reply came
	Sent Instant // when INFO was written; the data are at least as new as this
	Info Info
	// Threshold is busy-reply-threshold / lua-time-limit. It is negative when it
	// could not be learned: not permitted, or not asked yet.
	Threshold time.Duration
	// Denied names commands that the ACL user lacks, such as "config|get".
	Denied []string
	Raw    string // the reply as received, for INFO-CACHE
}
