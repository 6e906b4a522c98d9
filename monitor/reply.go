package monitor

import "strings"

// Reply classifies what an instance answered to PING. Any well-formed reply
// proves that the process lived when it was sent; the classes differ in
// whether it was serving.
type Reply uint8

// The classes of a reply to PING.
const (
	ReplyNone         Reply = iota
	ReplyPong               // +PONG
	ReplyBusyScript         // -BUSY naming SCRIPT KILL
	ReplyBusyFunction       // -BUSY naming FUNCTION KILL
	ReplyBusyModule         // -BUSY naming neither: a module command
	ReplyLoading            // -LOADING
	ReplyMasterDown         // -MASTERDOWN: a replica that refuses stale reads
	ReplyMisconf            // -MISCONF: cannot persist; it hides BUSY
	ReplyNoAuth             // -NOAUTH: our credentials are missing
	ReplyWrongPass          // -WRONGPASS: our credentials are wrong
	ReplyNoPerm             // -NOPERM: our ACL user may not do this
	ReplyProtected          // -DENIED: protected mode
	ReplyMaxClients         // -ERR max number of clients
	ReplyOther              // any other well-formed reply
)

var replyNames = [...]string{"none", "pong", "busy-script", "busy-function", "busy-module", "loading", "masterdown",
	"misconf", "noauth", "wrongpass", "noperm", "protected-mode", "max-clients", "other"}

func (r Reply) String() string { return replyNames[r] }

// Busy reports whether the reply says that a script, function or module command blocks the server.
func (r Reply) Busy() bool { return r >= ReplyBusyScript && r <= ReplyBusyModule }

// Blind reports whether the reply says that the process lives but refuses to talk to us.
func (r Reply) Blind() bool { return r >= ReplyNoAuth && r <= ReplyMaxClients }

// Serving reports whether Sentinel counts the reply as a valid answer to PING
// (sentinelPingReplyCallback: PONG, LOADING, MASTERDOWN).
func (r Reply) Serving() bool { return r == ReplyPong || r == ReplyLoading || r == ReplyMasterDown }

// prefixes maps the first word of an error reply, with the blank that ends it,
// to its class; "BUSY " must not match BUSYKEY. The texts after the first word
// differ between Redis and Valkey and are not relied upon.
var prefixes = []struct {
	prefix string
	class  Reply
}{
	{"LOADING ", ReplyLoading},
	{"MASTERDOWN ", ReplyMasterDown},
	{"MISCONF ", ReplyMisconf},
	{"NOAUTH ", ReplyNoAuth},
	{"WRONGPASS ", ReplyWrongPass},
	{"ERR invalid password", ReplyWrongPass},
	{"NOPERM ", ReplyNoPerm},
	{"DENIED ", ReplyProtected},
	{"ERR max number of clients", ReplyMaxClients},
}

// ClassifyReply returns the class of a reply to PING. text is the reply without
// its type byte: "PONG" or an error line such as "BUSY Redis is busy ...".
func ClassifyReply(text string) Reply {
	if text == "PONG" {
		return ReplyPong
	}
	if strings.HasPrefix(text, "BUSY ") {
		return classifyBusy(text)
	}
	for _, p := range prefixes {
		if strings.HasPrefix(text, p.prefix) {
			return p.class
		}
	}
	return ReplyOther
}

func classifyBusy(text string) Reply {
	switch {
	case strings.Contains(text, "SCRIPT KILL"):
		return ReplyBusyScript
	case strings.Contains(text, "FUNCTION KILL"):
		return ReplyBusyFunction
	}
	return ReplyBusyModule
}
