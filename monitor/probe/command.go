package probe

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/monitor/resp"
)

// commandTimeout bounds one command of the command link; a loaded server may
// need a while for INFO.
const commandTimeout = 2 * time.Second

// infoLimits leave room for INFO of a master with thousands of replicas (100 bytes
// each) and modules.
var infoLimits = resp.ReplyLimits{Bulk: 4 << 20, Elements: 65536, Depth: 16, Total: 5 << 20}

// commander asks INFO and publishes hellos over the command link. It is used by
// the command loop alone.
type commander struct {
	*instance
	link   *link
	hold   hold   // for how long link is ours
	opened bool   // there was a link before
	on     uint64 // the generation of ping link under which link was made

	named       bool
	denied      []string // what the ACL user lacks, in the order found
	threshold   time.Duration
	nextInfo    time.Time
	nextPublish time.Time
	timer       *time.Timer
}

// commandLoop runs until the instance is stopped.
func (i *instance) commandLoop() {
	c := &commander{instance: i, timer: time.NewTimer(0)}
	defer c.timer.Stop()
	defer func() { c.giveUp() }()
	for c.wait(c.step()) {
	}
}

// wait is sleep on a timer that is used again and again.
func (c *commander) wait(d time.Duration) bool {
	c.timer.Reset(d)
	select {
	case <-c.timer.C:
	case <-c.wakeCommand:
	case <-c.ctx.Done():
	}
	return c.ctx.Err() == nil
}

// asleep is how long a loop with nothing to do waits to be woken.
const asleep = time.Hour

// step does what is due and returns how long until something is due again.
func (c *commander) step() time.Duration {
	s := c.state()
	if !s.answers() {
		c.giveUp()
		return asleep
	}
	if c.on != s.generation {
		c.giveUp()
		c.on, c.nextInfo, c.nextPublish = s.generation, time.Time{}, time.Time{}
	}
	c.takeRequests()
	if time.Until(c.nextInfo) <= 0 {
		c.askInfo(s)
	} else {
		c.nextInfo = sooner(c.nextInfo, s.want.InfoEvery)
	}
	c.join(&c.nextPublish, s)
	hello := c.hello()
	if c.join(&c.nextInfo, s); time.Until(c.nextInfo) <= 0 {
		c.askInfo(s)
	}
	if c.hold == holdLent {
		c.giveUp()
	}
	return min(time.Until(c.nextInfo), hello)
}

func (c *commander) askInfo(s state) {
	c.nextInfo = c.p.onBeat(time.Now().Add(firstJitter(c.nextInfo, s.want.InfoEvery)), s.want.InfoEvery, commandBeats)
	c.round(c.inform)
}

// join makes due at once what is due soon, while there is a link that is lent: from
// then on INFO and hellos of the same pace share one.
func (c *commander) join(next *time.Time, s state) {
	if c.hold == holdLent && time.Until(*next) <= min(s.want.InfoEvery, s.want.PublishEvery)/2 {
		*next = time.Now()
	}
}

// takeRequests makes due what Refresh and Announce asked for.
func (c *commander) takeRequests() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refreshed {
		c.nextInfo = time.Time{}
	}
	if c.announced {
		c.nextPublish = time.Time{}
	}
	c.refreshed, c.announced = false, false
}

// hello publishes our hello when it is due and returns how long until the next.
// An instance that does not listen is skipped; it wakes the loop when it does.
func (c *commander) hello() time.Duration {
	s := c.state()
	if !s.want.Publish || !s.answers() {
		return asleep
	}
	every := s.want.PublishEvery
	c.nextPublish = sooner(c.nextPublish, every)
	if wait := time.Until(c.nextPublish); wait > 0 {
		return wait
	}
	c.nextPublish = c.p.onBeat(time.Now().Add(firstJitter(c.nextPublish, every)), every, commandBeats)
	if s.listens() {
		c.round(c.publish)
	}
	return time.Until(c.nextPublish)
}

// commandBeats is how many bursts there are in one period of INFO or hellos, at least.
const commandBeats = 10

// firstJitter spreads the instances of one start over the period.
func firstJitter(last time.Time, every time.Duration) time.Duration {
	if last.IsZero() {
		return every/2 + rand.N(every/2+1)
	}
	return every
}

// sooner applies a pace that became faster while waiting.
func sooner(next time.Time, every time.Duration) time.Time {
	if soon := time.Now().Add(every); soon.Before(next) {
		return soon
	}
	return next
}

// round does one thing over the command link, which it opens when needed. A
// failure closes the link. One that the server had closed meanwhile (its
// timeout, CLIENT KILL) is replaced at once; otherwise the next round opens another.
func (c *commander) round(do func() error) {
	old := c.link != nil
	err := c.once(do)
	if cause := causeOf(err); old && (cause == monitor.CauseClosed || cause == monitor.CauseReset) {
		err = c.once(do)
	}
	if err != nil && c.ctx.Err() == nil {
		c.p.cfg.Log.Debug("command link lost", zap.String("group", c.group), zap.Stringer("instance", c.addr), zap.Error(err))
	}
}

func (c *commander) once(do func() error) error {
	if c.link == nil {
		if err := c.open(); err != nil {
			return err
		}
	}
	err := do()
	if err != nil {
		c.giveUp()
	}
	return err
}

func (c *commander) open() error {
	if !c.opened {
		c.opened = true
		c.p.pacer.wait(c.ctx, c.hurry)
	}
	held := c.p.allowed.take(c.ctx)
	if held == holdNone {
		return c.ctx.Err()
	}
	nc, err := c.dial()
	if err != nil {
		c.p.allowed.give(held)
		c.noticeFullQueue(err)
		return fmt.Errorf("dial: %w", err)
	}
	if !c.keep(nc) {
		c.p.allowed.give(held)
		return net.ErrClosed
	}
	c.link, c.hold = newLink(nc, infoLimits), held
	c.named, c.denied, c.threshold = false, nil, -1
	return nil
}

// noticeFullQueue reports a dial that timed out while the ping link's bytes are
// acknowledged: the host lives, but the process accepts no connections.
func (c *commander) noticeFullQueue(err error) {
	s := c.state()
	if causeOf(err) != monitor.CauseTimeout || s.ping == nil || s.ping.outstanding() < firstPending {
		return
	}
	if ack := s.ping.ack(); ack == monitor.AckAcked {
		c.observe(monitor.Report{Link: s.generation, Kind: monitor.ReportQueueFull, Sent: s.ping.asked(), Ack: ack,
			Cause: monitor.CauseTimeout})
	}
}

func (c *commander) giveUp() {
	if c.link == nil {
		return
	}
	c.drop(c.link.conn)
	c.p.allowed.give(c.hold)
	c.link, c.hold = nil, holdNone
}

// ask sends one command of Redis by the name that the instance gives it.
func (c *commander) ask(args ...string) (answer, error) {
	answers, err := c.askAll(args)
	return answers[0], err
}

// askAll sends several at once. A refused AUTH is the answer to all of them.
func (c *commander) askAll(commands ...[]string) ([]answer, error) {
	_ = c.link.conn.SetReadDeadline(time.Now().Add(commandTimeout)) // fails only on a closed connection, as the read will
	if a, ok, err := c.link.authenticate(c.p.cfg.Links, c.group); err != nil || !ok {
		return slices.Repeat([]answer{a}, len(commands)), err
	}
	for n, args := range commands {
		commands[n] = append([]string{c.p.cfg.Links.Command(c.group, args[0])}, args[1:]...)
	}
	return c.link.askAll(commands...)
}

// inform asks for INFO with all default sections, which every ACL user of a
// Sentinel may do, and for what is learned beside it. A refusal (BUSY, NOPERM)
// is no answer: the next round tries again.
func (c *commander) inform() error {
	sent := c.p.cfg.Clock()
	questions := [][]string{{"INFO"}}
	if !slices.Contains(c.denied, "config|get") {
		questions = append(questions, []string{"CONFIG", "GET", "lua-time-limit"})
	}
	answers, err := c.askAll(questions...)
	if err != nil {
		return err
	}
	a, at := answers[0], c.p.cfg.Clock()
	c.overtaken(sent)
	if a.refused() || a.text == "" {
		c.noteNoInfo(a)
		c.refused(a)
		return nil
	}
	if len(answers) > 1 {
		c.learnThreshold(answers[1])
	}
	c.tell(monitor.InfoReport{Addr: c.addr, At: at, Sent: sent, Info: monitor.ParseInfo(a.text),
		Threshold: c.threshold, Denied: c.lacking(), Raw: a.text})
	return c.setName()
}

// overtakenAfter is how much later than a PING something may be asked and still
// be answered before it.
const overtakenAfter = 250 * time.Millisecond

// overtaken replaces the links when the instance answered what was asked at sent,
// and still owes the answer to a PING of long before: nobody is at the other end
// of that link any more. A host that was restarted tells nobody, and the silence
// on its old link must not be held against the process that runs there now.
func (c *commander) overtaken(sent monitor.Instant) {
	s := c.state()
	if s.ping == nil {
		return
	}
	asked := s.ping.asked()
	if asked != monitor.Never && sent.Sub(asked) >= overtakenAfter && s.ping.ack() != monitor.AckUnacked && s.ping.unread() == 0 {
		c.reconnect()
	}
}

// refused reports that INFO was refused: behind a MISCONF on PING, BUSY shows
// only there.
func (c *commander) refused(a answer) {
	c.observe(monitor.Report{Link: c.on, Kind: monitor.ReportRefused, Reply: monitor.ClassifyReply(a.text), Text: firstLine(a.text)})
}

func (c *commander) tell(r monitor.InfoReport) {
	if c.ctx.Err() == nil {
		c.p.cfg.Sink.Informed(c.group, r)
	}
}

// learnThreshold takes lua-time-limit, the name that every version knows. It may
// change at run time, so each round asks; once denied, the link asks no more.
func (c *commander) learnThreshold(a answer) {
	c.noteDenied(a, "config|get")
	c.threshold = parseThreshold(a.value)
}

// parseThreshold reads ["lua-time-limit", "<ms>"]; anything else is unknown, -1.
func parseThreshold(reply resp.Value) time.Duration {
	if len(reply.Elems) != 2 {
		return -1
	}
	ms, err := strconv.ParseInt(reply.Elems[1].Str, 10, 64)
	if err != nil || ms < 0 {
		return -1
	}
	return time.Duration(ms) * time.Millisecond
}

// setName names the link in CLIENT LIST as Sentinel does, best effort, once a
// good reply showed that the server is not busy, and if the link stays.
func (c *commander) setName() error {
	if c.named || c.hold == holdLent || len(c.p.cfg.ID) < 8 {
		return nil
	}
	c.named = true
	_, err := c.ask("CLIENT", "SETNAME", "sentinel-"+string(c.p.cfg.ID[:8])+"-cmd")
	return err
}

// publish announces us on the hello channel.
func (c *commander) publish() error {
	h := c.p.cfg.Links.Announce(c.group)
	if h.ID == "" || slices.Contains(c.denied, "publish") {
		return nil
	}
	if h.Peer.Host == "" {
		h.Peer.Host = localHost(c.link.conn)
	}
	a, err := c.ask("PUBLISH", monitor.HelloChannel, h.String())
	if err != nil {
		return err
	}
	c.noteDenied(a, "publish")
	return nil
}

// noteDenied remembers what the ACL user may not do, for the next report.
func (c *commander) noteDenied(a answer, command string) {
	if a.noPermission() && !slices.Contains(c.denied, command) {
		c.denied = append(c.denied, command)
	}
}

// lacking names all that the ACL user may not do, the subscription included.
func (c *commander) lacking() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	denied := slices.Clone(c.denied)
	if c.deaf {
		denied = append(denied, "subscribe")
	}
	return denied
}

// noteNoInfo logs, once a link, that INFO is denied: no report can tell it.
func (c *commander) noteNoInfo(a answer) {
	if !a.noPermission() || slices.Contains(c.denied, "info") {
		return
	}
	c.denied = append(c.denied, "info")
	c.p.cfg.Log.Warn("INFO is not permitted: give the monitor's ACL user +info", zap.String("group", c.group),
		zap.Stringer("instance", c.addr), zap.Error(errors.New(a.text)))
}

// localHost returns the address by which the instance's host sees us.
func localHost(c net.Conn) string {
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}
