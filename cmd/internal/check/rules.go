package check

import (
	"context"
	"strings"

	"picket/failover"
	"picket/monitor"
)

// needed are the commands that a monitor sends, with the rule that allows each. Those
// whose lack is an error are what a failover cannot do without.
var needed = []struct {
	rule    string
	how     Severity
	command []string
}{
	{"+ping", Error, []string{"PING"}},
	{"+publish", Error, []string{"PUBLISH", monitor.HelloChannel, "x"}},
	{"+slaveof", Error, []string{"SLAVEOF", "NO", "ONE"}},
	{"+config|rewrite", Risk, []string{"CONFIG", "REWRITE"}},
	{"+config|get", Risk, []string{"CONFIG", "GET", "lua-time-limit"}},
	{"+client|setname", Risk, []string{"CLIENT", "SETNAME", "x"}},
	{"+client|kill", Risk, []string{"CLIENT", "KILL", "TYPE", "normal"}},
	{"+client|pause", Risk, []string{"CLIENT", "PAUSE", "1", "WRITE"}},
	{"+client|unpause", Risk, []string{"CLIENT", "UNPAUSE"}},
	{"+script|kill", Risk, []string{"SCRIPT", "KILL"}},
	{"+function|kill", Risk, []string{"FUNCTION", "KILL"}},
}

const helloRule = "&" + monitor.HelloChannel

// rules asks for each command whether it is allowed: it is queued in a transaction,
// which is discarded, so that nothing is done.
func (f *findings) rules(ctx context.Context, group string, l login) {
	t := l.open()
	defer t.close()
	if _, err := t.do(ctx, "MULTI"); err != nil {
		f.denied(l.addr, group, "+multi", Error)
		return
	}
	for _, n := range needed {
		switch _, err := t.do(ctx, n.command...); {
		case !refusedPermission(err):
		case n.rule == "+publish" && strings.Contains(err.Error(), "channel"):
			f.denied(l.addr, group, helloRule, Error)
		default:
			f.denied(l.addr, group, n.rule, n.how)
		}
	}
	_, _ = t.do(ctx, "DISCARD") // where it is refused, the end of the connection discards
	other := l.open()
	defer other.close()
	if _, err := other.do(ctx, "EXEC"); refusedPermission(err) { // "EXEC without MULTI" otherwise
		f.denied(l.addr, group, "+exec", Error)
	}
	if _, err := other.do(ctx, "SUBSCRIBE", monitor.HelloChannel); refusedPermission(err) {
		rule := "+subscribe"
		if strings.Contains(err.Error(), "channel") {
			rule = helloRule
		}
		f.denied(l.addr, group, rule, Error)
	}
}

func refusedPermission(err error) bool {
	return err != nil && strings.Contains(err.Error(), "NOPERM") // EXEC: "EXECABORT ... because of: NOPERM ..."
}

func (f *findings) denied(addr, group, rule string, how Severity) {
	f.about(addr, group, Finding{Severity: how, Reason: failover.ReasonDenied, Text: "the monitor's user lacks the ACL rule " + rule,
		Advice: "On the server: ACL SETUSER <user> " + rule})
}
