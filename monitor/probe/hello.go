package probe

import (
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/monitor/resp"
)

// quietPeriods is after how many publish periods without a hello, our own
// included, the subscription is renewed (Sentinel: SENTINEL_PUBLISH_PERIOD*3).
const quietPeriods = 3

// quietEnd is when a subscription on which nothing was heard since now is renewed.
func (t Target) quietEnd() time.Time { return time.Now().Add(quietPeriods * t.PublishEvery) }

// helloLimits keep what an instance may send on the hello channel small. A hello
// that breaks them costs the link, not the memory.
var helloLimits = resp.ReplyLimits{Bulk: 64 << 10}

// helloLoop keeps a subscription to the hello channel while one is wanted and
// the instance listens. go-redis would spend 64 KiB of buffers on it.
func (i *instance) helloLoop() {
	first := true
	for i.ctx.Err() == nil {
		s := i.state()
		if !s.want.Listen || !s.answers() {
			i.sleep(asleep, i.wakeHello)
			continue
		}
		if !s.listens() {
			i.sleep(s.want.DialEvery, i.wakeHello)
			continue
		}
		if first {
			first = false
			i.p.pacer.wait(i.ctx, nil)
		}
		started := time.Now()
		err := i.listen()
		if i.ctx.Err() != nil {
			return
		}
		i.p.cfg.Log.Debug("hello link lost", zap.String("group", i.group), zap.Stringer("instance", i.addr), zap.Error(err))
		i.sleep(time.Until(started.Add(i.helloPace(err))), i.wakeHello)
	}
}

// helloPace is how long after its start a lost subscription is tried again. One
// that is not permitted is told with the next INFO and left alone for a while,
// as each try fills the server's ACL log.
func (i *instance) helloPace(err error) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.deaf = errors.Is(err, errDeaf)
	if i.deaf {
		return deafPace
	}
	return i.want.DialEvery
}

const deafPace = 30 * time.Second

var errDeaf = errors.New("the ACL user may not subscribe to the hello channel")

// listen subscribes and hears hellos until the link ends or stays quiet.
func (i *instance) listen() error {
	nc, err := i.dial()
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	if !i.keep(nc) {
		return net.ErrClosed
	}
	defer i.drop(nc)
	replies := resp.NewReplyReader(nc, helloLimits)
	if err := i.subscribe(nc, replies); err != nil {
		return err
	}
	for i.hearing(nc) {
		v, err := replies.Read()
		if err != nil {
			return err
		}
		i.hear(v)
	}
	return errUnwanted
}

var errUnwanted = errors.New("no hellos are wanted any more")

// hearing reports whether hellos are wanted, and gives the next one its time.
func (i *instance) hearing(nc net.Conn) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.heard = nc
	_ = nc.SetReadDeadline(i.want.quietEnd()) // fails only on a closed connection, as the read will
	return i.want.Listen
}

// subscribe sends AUTH where credentials are given, and SUBSCRIBE.
func (i *instance) subscribe(nc net.Conn, replies *resp.ReplyReader) error {
	links := i.p.cfg.Links
	if user, pass := links.Credentials(i.group); pass != "" {
		args := []string{links.Command(i.group, "AUTH"), pass}
		if user != "" {
			args = []string{args[0], user, pass}
		}
		v, err := exchange(nc, replies, args...)
		if err != nil {
			return fmt.Errorf("authenticate: %w", err)
		}
		if v.Kind == resp.KindError && !needsNoPassword(v.Str) {
			return fmt.Errorf("authenticate: %w", errors.New(v.Str))
		}
	}
	v, err := exchange(nc, replies, links.Command(i.group, "SUBSCRIBE"), monitor.HelloChannel)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if v.Kind == resp.KindError && monitor.ClassifyReply(v.Str) == monitor.ReplyNoPerm {
		return errDeaf
	}
	if v.Kind == resp.KindError {
		return fmt.Errorf("subscribe: %w", errors.New(v.Str))
	}
	return nil
}

// hear passes a message on; confirmations of the subscription are none.
func (i *instance) hear(v resp.Value) {
	if len(v.Elems) != 3 || v.Elems[0].Str != "message" || v.Elems[1].Str != monitor.HelloChannel {
		return
	}
	if i.ctx.Err() != nil || !i.state().want.Listen {
		return
	}
	i.p.cfg.Sink.HelloHeard(i.group, i.addr, v.Elems[2].Str)
}

func exchange(nc net.Conn, replies *resp.ReplyReader, args ...string) (resp.Value, error) {
	_ = nc.SetWriteDeadline(time.Now().Add(commandTimeout))
	if _, err := nc.Write(resp.AppendCommand(nil, args...)); err != nil {
		return resp.Value{}, err
	}
	return read(nc, replies, commandTimeout)
}

func read(nc net.Conn, replies *resp.ReplyReader, limit time.Duration) (resp.Value, error) {
	_ = nc.SetReadDeadline(time.Now().Add(limit))
	return replies.Read()
}
