package respapi

import (
	"math"
	"strings"
	"time"

	"picket/monitor/resp"
)

// muting says whether a connection gets replies: CLIENT REPLY. Events and
// confirmations of subscriptions come all the same, as in 7.0.15.
type muting uint8

const (
	mutingNone muting = iota
	mutingNext        // the reply to the next command is left out
	mutingThis        // and here it is
	mutingAll
)

// after is what a command that has run leaves of it.
func (m muting) after() muting {
	switch m {
	case mutingNext:
		return mutingThis
	case mutingThis:
		return mutingNone
	}
	return m
}

func (m muting) silent() bool { return m == mutingThis || m == mutingAll }

// clientReply answers nothing to OFF and SKIP (clientCommand).
func (s *Server) clientReply(c *call) {
	switch strings.ToLower(c.args[2]) {
	case "on":
		c.muting = mutingNone
		c.ok()
	case "off":
		c.muting = mutingAll
	case "skip":
		if c.muting != mutingAll {
			c.muting = mutingNext
		}
	default:
		c.fail(syntax)
	}
}

// badForm is what Redis says of a subcommand whose words do not fit any form.
func (c *call) badForm(container string) {
	c.fail("ERR unknown subcommand or wrong number of arguments for '" + clip(c.args[1]) + "'. Try " + container + " HELP.")
}

func (s *Server) clientPause(c *call) {
	if len(c.args) > 4 {
		c.badForm("CLIENT")
		return
	}
	mode := pauseAll
	if len(c.args) == 4 {
		switch strings.ToLower(c.args[3]) {
		case "write":
			mode = pauseWrite
		case "all":
		default:
			c.fail("ERR CLIENT PAUSE mode must be WRITE or ALL")
			return
		}
	}
	ms, ok := resp.ParseInt(c.args[2])
	switch {
	case !ok:
		c.fail("ERR timeout is not an integer or out of range")
	case ms < 0:
		c.fail("ERR timeout is negative")
	case ms > math.MaxInt64-time.Now().UnixMilli():
		c.fail("ERR timeout is out of range")
	default:
		s.pauses.add(mode, time.Duration(min(ms, longestPause.Milliseconds()))*time.Millisecond)
		c.ok()
	}
}

func (s *Server) clientUnpause(c *call) {
	s.pauses.end()
	c.ok()
}

// clientUnblock finds nobody: no command of a monitor blocks, and who waits for
// the end of a pause is not freed by it.
func (s *Server) clientUnblock(c *call) {
	if len(c.args) > 4 {
		c.badForm("CLIENT")
		return
	}
	if len(c.args) == 4 && !strings.EqualFold(c.args[3], "timeout") && !strings.EqualFold(c.args[3], "error") {
		c.fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		return
	}
	if _, ok := resp.ParseInt(c.args[2]); !ok {
		c.fail(notAnInteger)
		return
	}
	c.number(0)
}

func (s *Server) clientNoEvict(c *call) {
	if on, ok := c.onOff(c.args[2]); ok {
		c.update(func(p *profile) { p.noEvict = on })
		c.ok()
	}
}

// clientNoTouch is of Redis 7.2; there are no keys whose use could be counted.
func (s *Server) clientNoTouch(c *call) {
	if _, ok := c.onOff(c.args[2]); ok {
		c.ok()
	}
}

func (c *call) onOff(word string) (on, ok bool) {
	switch strings.ToLower(word) {
	case "on":
		return true, true
	case "off":
		return false, true
	}
	c.fail(syntax)
	return false, false
}
