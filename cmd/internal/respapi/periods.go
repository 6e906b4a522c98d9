package respapi

import (
	"fmt"
	"strings"

	"picket/monitor/resp"
)

// Period is one of the times that SENTINEL DEBUG shows and changes.
type Period int

// The periods, in the order of SENTINEL DEBUG. Which of them act in Picket says
// the Knobs that holds them.
const (
	PeriodInfo Period = iota
	PeriodPing
	PeriodAsk
	PeriodPublish
	PeriodDownAfter       // of groups that are monitored from then on
	PeriodFailoverTimeout // likewise
	PeriodTiltTrigger
	PeriodTilt
	PeriodReconf
	PeriodReconnect
	PeriodElection
	PeriodScriptRuntime
	PeriodScriptRetry
	periods
)

// periodTable has Sentinel's names and defaults, in milliseconds (sentinel.c).
var periodTable = [periods]struct {
	name string
	ms   int64
}{
	{"INFO-PERIOD", 10000}, {"PING-PERIOD", 1000}, {"ASK-PERIOD", 1000}, {"PUBLISH-PERIOD", 2000},
	{"DEFAULT-DOWN-AFTER", 30000}, {"DEFAULT-FAILOVER-TIMEOUT", 180000}, {"TILT-TRIGGER", 2000}, {"TILT-PERIOD", 30000},
	{"SLAVE-RECONF-TIMEOUT", 10000}, {"MIN-LINK-RECONNECT-PERIOD", 15000}, {"ELECTION-TIMEOUT", 10000},
	{"SCRIPT-MAX-RUNTIME", 60000}, {"SCRIPT-RETRY-DELAY", 30000},
}

// Periods returns all of them, in order.
func Periods() []Period {
	list := make([]Period, periods)
	for i := range list {
		list[i] = Period(i)
	}
	return list
}

// Default returns Sentinel's value, in milliseconds.
func (p Period) Default() int64 { return periodTable[p].ms }

// String returns Sentinel's name, in capitals.
func (p Period) String() string { return periodTable[p].name }

func periodNamed(name string) (Period, bool) {
	for _, p := range Periods() {
		if strings.EqualFold(p.String(), name) {
			return p, true
		}
	}
	return 0, false
}

// sentinelDebug applies option by option: what stands before a mistake is done,
// as in Sentinel (sentinelSetDebugConfigParameters).
func (s *Server) sentinelDebug(c *call) {
	words := c.args[2:]
	if len(words) == 0 {
		c.periods(s.cfg.Knobs)
		return
	}
	for ; len(words) > 0; words = words[2:] {
		p, known := periodNamed(words[0])
		if !known || len(words) == 1 {
			c.fail(fmt.Sprintf("ERR Unknown option or number of arguments for SENTINEL DEBUG '%s'", words[0]))
			return
		}
		ms, ok := resp.ParseInt(words[1])
		if !ok || ms <= 0 {
			c.fail(fmt.Sprintf("ERR Invalid argument '%s' for SENTINEL DEBUG '%s'", words[1], words[0]))
			return
		}
		s.cfg.Knobs.SetPeriod(p, ms)
	}
	c.ok()
}

func (c *call) periods(k Knobs) {
	var f fields
	for _, p := range Periods() {
		f.int(p.String(), k.Period(p))
	}
	c.fields(f)
}
