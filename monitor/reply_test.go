package monitor_test

import (
	"testing"

	"picket/monitor"
)

// The texts are verbatim what servers answered to PING, HELLO, AUTH or right
// after accept (facts/blocked-redis.md, section 1).
func TestClassifyReply(t *testing.T) {
	for _, tc := range []struct {
		name string
		want monitor.Reply
		text string
	}{
		{"pong", monitor.ReplyPong, "PONG"},
		{"eval, redis", monitor.ReplyBusyScript, "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."},
		{"eval, valkey", monitor.ReplyBusyScript, "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."},
		{"fcall, redis", monitor.ReplyBusyFunction, "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."},
		{"fcall, valkey", monitor.ReplyBusyFunction, "BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."},
		{"module, redis", monitor.ReplyBusyModule, "BUSY Redis is busy running a module command."},
		{"module, valkey", monitor.ReplyBusyModule, "BUSY Valkey is busy running a module command."},
		{"module with a text of its own", monitor.ReplyBusyModule, "BUSY custom module text"},
		{"loading, redis", monitor.ReplyLoading, "LOADING Redis is loading the dataset in memory"},
		{"loading, valkey", monitor.ReplyLoading, "LOADING Valkey is loading the dataset in memory"},
		{"stale replica", monitor.ReplyMasterDown, "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."},
		{"stale replica before 5.0", monitor.ReplyMasterDown, "MASTERDOWN Link with MASTER is down and slave-serve-stale-data is set to 'no'."},
		{"rdb cannot be written", monitor.ReplyMisconf, "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."},
		{"aof cannot be written", monitor.ReplyMisconf, "MISCONF Errors writing to the AOF file: No space left on device"},
		{"no credentials", monitor.ReplyNoAuth, "NOAUTH Authentication required."},
		{"no credentials, to HELLO", monitor.ReplyNoAuth, "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"},
		{"wrong credentials", monitor.ReplyWrongPass, "WRONGPASS invalid username-password pair or user is disabled."},
		{"wrong credentials, 6.0", monitor.ReplyWrongPass, "WRONGPASS invalid username-password pair"},
		{"wrong credentials before 6.0", monitor.ReplyWrongPass, "ERR invalid password"},
		{"no permission", monitor.ReplyNoPerm, "NOPERM this user has no permissions to run the 'ping' command"},
		{"no permission, 7.2", monitor.ReplyNoPerm, "NOPERM User picket has no permissions to run the 'ping' command"},
		{"protected mode, redis", monitor.ReplyProtected, "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user."},
		{"protected mode, valkey", monitor.ReplyProtected, "DENIED Running in protected mode because protected mode is enabled and no password is set for the default user."},
		{"too many clients", monitor.ReplyMaxClients, "ERR max number of clients reached"},
		{"too many clients, cluster", monitor.ReplyMaxClients, "ERR max number of clients + cluster connections reached"},

		{"a password where none is set", monitor.ReplyOther, "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"},
		{"a password where none is set, 5.0", monitor.ReplyOther, "ERR Client sent AUTH, but no password is set"},
		{"a key that exists", monitor.ReplyOther, "BUSYKEY Target key name already exists."},
		{"a stream group that exists", monitor.ReplyOther, "BUSYGROUP Consumer Group name already exists"},
		{"a transaction refused for BUSY", monitor.ReplyOther, "EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."},
		{"unkillable", monitor.ReplyOther, "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."},
		{"not busy", monitor.ReplyOther, "NOTBUSY No scripts in execution right now."},
		{"out of memory", monitor.ReplyOther, "OOM command not allowed when used memory > 'maxmemory'."},
		{"read only", monitor.ReplyOther, "READONLY You can't write against a read only replica."},
		{"unknown command", monitor.ReplyOther, "ERR unknown command 'PING', with args beginning with: "},
		{"the word without a text", monitor.ReplyOther, "BUSY"},
		{"lower case", monitor.ReplyOther, "pong"},
		{"pong and more", monitor.ReplyOther, "PONG!"},
		{"nothing", monitor.ReplyOther, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := monitor.ClassifyReply(tc.text); got != tc.want {
				t.Errorf("ClassifyReply(%q) = %v, want %v", tc.text, got, tc.want)
			}
		})
	}
}

// Sentinel takes PONG, LOADING and MASTERDOWN for valid answers and no other.
func TestWhatRepliesMean(t *testing.T) {
	const busy, blind, serving = "busy", "blind", "serving"
	want := map[monitor.Reply]string{
		monitor.ReplyPong: serving, monitor.ReplyLoading: serving, monitor.ReplyMasterDown: serving,
		monitor.ReplyBusyScript: busy, monitor.ReplyBusyFunction: busy, monitor.ReplyBusyModule: busy,
		monitor.ReplyNoAuth: blind, monitor.ReplyWrongPass: blind, monitor.ReplyNoPerm: blind,
		monitor.ReplyProtected: blind, monitor.ReplyMaxClients: blind,
	}
	for r := monitor.ReplyNone; r <= monitor.ReplyOther; r++ {
		if r.Busy() != (want[r] == busy) || r.Blind() != (want[r] == blind) || r.Serving() != (want[r] == serving) {
			t.Errorf("%v: busy %v, blind %v, serving %v; want %q only", r, r.Busy(), r.Blind(), r.Serving(), want[r])
		}
	}
}
