package probe

import (
	"context"
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

const (
	// commandTimeout bounds one command of the command link; a loaded server may
	// need a while for INFO.
	commandTimeout = 2 * time.Second
	// commandBuffer holds a usual reply to INFO in two pieces.
	commandBuffer = 4096
)

// infoLimits leave room for INFO of a master with thousands of replicas (100 bytes
// each) and modules.
var infoLimits = resp.ReplyLimits{Bulk: 4 << 20, Elements: 65536, Depth: 16, Total: 5 << 20}

// commander asks INFO and publishes hellos over the command link. It is used by
// the command loop alone.
type commander struct {
	*instance
	link *link
	on   uint64 // the generation of ping link under which link was made

	named       bool
	denied      []string // what the ACL user lacks, in the order found
	threshold   time.Duration
	nextInfo    time.Time
	nextPublish time.Time
}

// commandLoop runs until the instance is stopped.
func (i *instance) commandLoop() {
	c := &commander{instance: i}
	defer func() { c.giveUp() }()
	for i.sleep(c.step(), i.wakeCommand) {
	}
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
		c.nextInfo = time.Now().Add(firstJitter(c.nextInfo, s.want.InfoEvery))
		c.round(c.inform)
	} else {
		c.nextInfo = sooner(c.nextInfo, s.want.InfoEvery)
	}
	return min(time.Until(c.nextInfo), c.hello())
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
	if !s.want.Hello || !s.answers() {
		return asleep
	}
	if wait := time.Until(c.nextPublish); wait > 0 {
		return wait
	}
	every := c.p.cfg.PublishEvery
	c.nextPublish = time.Now().Add(firstJitter(c.nextPublish, every))
	if s.listens() {
		c.round(c.publish)
	}
	return time.Until(c.nextPublish)
}

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
func (c *commander) round(do func(context.Context) error) {
	old := c.link != nil
	err := c.once(do)
	if cause := causeOf(err); old && (cause == monitor.CauseClosed || cause == monitor.CauseReset) {
		err = c.once(do)
	}
	if err != nil && c.ctx.Err() == nil {
		c.p.cfg.Log.Debug("command link lost", zap.String("group", c.group), zap.Stringer("instance", c.addr), zap.Error(err))
	}
}

func (c *commander) once(do func(context.Context) error) error {
	if c.link == nil {
		if err := c.open(); err != nil {
			return err
		}
	}
	err := do(c.ctx)
	if err != nil {
		c.giveUp()
	}
	return err
}

func (c *commander) open() error {
	dialled, err := c.dial()
	if err != nil {
		c.noticeFullQueue(err)
		return fmt.Errorf("dial: %w", err)
	}
	nc := resp.NewBoundedConn(dialled, infoLimits)
	if !c.keep(nc) {
		return net.ErrClosed
	}
	c.link = newLink(nc, commandBuffer)
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
	c.link.close()
	c.drop(c.link.conn)
	c.link = nil
}

// ask sends one command of Redis by the name that the instance gives it.
func (c *commander) ask(ctx context.Context, name string, args ...any) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	if a, ok, err := c.link.authenticate(ctx, c.p.cfg.Links, c.group); err != nil || !ok {
		return a, err
	}
	return c.link.ask(ctx, slices.Concat([]any{c.p.cfg.Links.Command(c.group, name)}, args)...)
}

// inform asks for INFO with all default sections, which every ACL user of a
// Sentinel may do, and for what is learned beside it. A refusal (BUSY, NOPERM)
// is no answer: the next round tries again.
func (c *commander) inform(ctx context.Context) error {
	sent := c.p.cfg.Clock()
	a, err := c.ask(ctx, "INFO")
	if err != nil {
		return err
	}
	at := c.p.cfg.Clock()
	raw, ok := a.value.(string)
	if !ok {
		c.noteNoInfo(a)
		c.refused(a)
		return nil
	}
	if err := c.learnThreshold(ctx); err != nil {
		return err
	}
	c.tell(monitor.InfoReport{Addr: c.addr, At: at, Sent: sent, Info: monitor.ParseInfo(raw),
		Threshold: c.threshold, Denied: c.lacking(), Raw: raw})
	return c.setName(ctx)
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

// learnThreshold asks for lua-time-limit, the name that every version knows. It
// may change at run time, so each round asks; once denied, the link asks no more.
func (c *commander) learnThreshold(ctx context.Context) error {
	if slices.Contains(c.denied, "config|get") {
		return nil
	}
	a, err := c.ask(ctx, "CONFIG", "GET", "lua-time-limit")
	if err != nil {
		return err
	}
	c.noteDenied(a, "config|get")
	c.threshold = parseThreshold(a.value)
	return nil
}

// parseThreshold reads ["lua-time-limit", "<ms>"]; anything else is unknown, -1.
func parseThreshold(reply any) time.Duration {
	pair, _ := reply.([]any)
	if len(pair) != 2 {
		return -1
	}
	text, _ := pair[1].(string)
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 {
		return -1
	}
	return time.Duration(ms) * time.Millisecond
}

// setName names the link in CLIENT LIST as Sentinel does, best effort, once a
// good reply showed that the server is not busy.
func (c *commander) setName(ctx context.Context) error {
	if c.named || len(c.p.cfg.ID) < 8 {
		return nil
	}
	c.named = true
	_, err := c.ask(ctx, "CLIENT", "SETNAME", "sentinel-"+string(c.p.cfg.ID[:8])+"-cmd")
	return err
}

// publish announces us on the hello channel.
func (c *commander) publish(ctx context.Context) error {
	h := c.p.cfg.Links.Announce(c.group)
	if h.ID == "" || slices.Contains(c.denied, "publish") {
		return nil
	}
	if h.Peer.Host == "" {
		h.Peer.Host = localHost(c.link.conn)
	}
	a, err := c.ask(ctx, "PUBLISH", monitor.HelloChannel, h.String())
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
