package probe

import (
	"strings"
	"time"

	"picket/monitor"
	"picket/monitor/resp"
)

// pingLimits are far above what a server says to PING and AUTH.
var pingLimits = resp.ReplyLimits{Bulk: 64 << 10, Elements: 4096, Depth: 16, Total: 256 << 10}

// pingLoop keeps one ping link to the instance until it is stopped.
func (i *instance) pingLoop() {
	var dialled time.Time
	for time.Until(i.turn) > 0 && i.sleep(time.Until(i.turn), nil) {
	}
	for i.untilDial(dialled) {
		dialled = time.Now()
		c, err := i.dialPing()
		if err != nil {
			i.observe(monitor.Report{Link: i.state().generation, Kind: monitor.ReportDialFailed, Cause: causeOf(err)})
			continue
		}
		if !i.linkUp(c) {
			return
		}
		i.linkDown(i.pingOver(c), c)
	}
}

// untilDial waits until the next dial is due. It reports false at the end.
func (i *instance) untilDial(last time.Time) bool {
	for i.ctx.Err() == nil {
		wait := time.Until(last.Add(i.state().want.DialEvery))
		if wait <= 0 || last.IsZero() || i.takeRenewal() {
			return true
		}
		i.sleep(wait, i.wakePing)
	}
	return false
}

// takeRenewal reports whether the links are being replaced, which waits for no pace.
func (i *instance) takeRenewal() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	renewing := i.renewing
	i.renewing = false
	return renewing
}

func (i *instance) dialPing() (*pingConn, error) {
	nc, err := i.dialAgain()
	if err != nil {
		return nil, err
	}
	w := i.state().want
	limit := i.p.cfg.UserTimeout
	if limit <= 0 {
		limit = max(1500*time.Millisecond, w.PingEvery*3/2)
	}
	limitUnacked(nc, limit)
	c := &pingConn{Conn: nc, clock: i.p.cfg.Clock}
	c.pending = func(sent monitor.Instant) { i.stillPending(c, sent) }
	return c, nil
}

// linkUp makes c the ping link. It reports false when the instance was stopped meanwhile.
func (i *instance) linkUp(c *pingConn) bool {
	i.mu.Lock()
	if i.ctx.Err() != nil {
		i.mu.Unlock()
		_ = c.Close()
		return false
	}
	i.renewing = false
	i.ping, i.reply, i.generation = c, monitor.ReplyNone, i.p.links.Add(1)
	n := i.generation
	i.mu.Unlock()
	i.observe(monitor.Report{Link: n, Kind: monitor.ReportLinkUp})
	return true
}

// linkDown takes the ping link away, and with it the other two: what they would
// say belongs to another process or another path.
func (i *instance) linkDown(cause monitor.Cause, c *pingConn) {
	_ = c.Close()
	i.mu.Lock()
	i.ping, i.reply = nil, monitor.ReplyNone
	i.closeOthers()
	n, renewing := i.generation, i.renewing
	i.mu.Unlock()
	if !renewing {
		i.observe(monitor.Report{Link: n, Kind: monitor.ReportLinkLost, Cause: cause})
	}
}

// pingOver sends PINGs over c, one at a time, until the link ends.
func (i *instance) pingOver(c *pingConn) monitor.Cause {
	l := newLink(c, pingLimits)
	for {
		written := time.Now()
		text, err := i.askPing(l)
		sent := c.answered()
		if err != nil {
			if text, ok := c.lastWords(); ok {
				i.turnedAway(sent, text)
			}
			return causeOf(err)
		}
		if turnsAway(text) {
			i.turnedAway(sent, text)
		} else {
			i.replied(sent, text)
		}
		for time.Until(i.nextPing(written)) > 0 {
			if err := c.idle(i.nextPing(written)); err != nil {
				return causeOf(err)
			}
		}
	}
}

// pingBeats is how many bursts of PINGs there are in one period, at least.
const pingBeats = 5

func (i *instance) nextPing(last time.Time) time.Time {
	every := i.state().want.PingEvery
	return i.p.onBeat(last.Add(every), every, pingBeats)
}

// askPing sends one PING and returns the reply's text without its type byte. A
// refused AUTH is the reply of that PING: it proves as much.
func (i *instance) askPing(l *link) (string, error) {
	links := i.p.cfg.Links
	a, ok, err := l.authenticate(links, i.group)
	if err != nil || !ok {
		return a.text, err
	}
	a, err = l.ask(links.Command(i.group, "PING"))
	return a.text, err
}

// longWait is after how much waiting a reply counts as news in itself. It is long
// enough that a server which is merely loaded is not loaded further.
const longWait = time.Second

// replied tells of a reply. One that changes what the other loops may do, or
// that ends a silence, is worth a fresh INFO and a hello.
func (i *instance) replied(sent monitor.Instant, text string) {
	reply := monitor.ClassifyReply(text)
	i.mu.Lock()
	n := i.generation
	took := i.p.cfg.Clock().Since(sent)
	routine := reply == monitor.ReplyPong && i.reply == reply && took < firstPending
	if i.reply != reply || took > longWait && i.p.late.spend(time.Now()) {
		i.refreshed, i.announced = true, true
		wake(i.wakeCommand)
		wake(i.wakeHello)
	}
	i.reply = reply
	i.mu.Unlock()
	i.observe(monitor.Report{Link: n, Kind: monitor.ReportReplied, Sent: sent, Reply: reply, Text: firstLine(text), Routine: routine})
}

// turnsAway recognises the error with which a server ends a connection that it
// has no room for or does not want (maxclients, protected mode).
func turnsAway(text string) bool {
	reply := monitor.ClassifyReply(text)
	return reply == monitor.ReplyMaxClients || reply == monitor.ReplyProtected
}

// turnedAway reports such an error. It proves that the process lives, but the
// link is of no use: the other loops are not woken, as they would be turned away
// as well.
func (i *instance) turnedAway(sent monitor.Instant, text string) {
	i.observe(monitor.Report{Link: i.state().generation, Kind: monitor.ReportReplied, Sent: sent,
		Reply: monitor.ClassifyReply(text), Text: firstLine(text)})
}

func (i *instance) stillPending(c *pingConn, sent monitor.Instant) {
	i.observe(monitor.Report{Link: i.state().generation, Kind: monitor.ReportPending, Sent: sent, Ack: c.ack()})
}

// firstLine returns the first line of a reply, at most 256 bytes of it.
func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	text = strings.TrimSuffix(text, "\r")
	return text[:min(len(text), 256)]
}
