package gossip

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"picket/monitor"
	"picket/quorum"
)

// frameOf renders messages as a courier does that sends at once.
func frameOf(messages ...message) []byte {
	frame := newFrame()
	for _, m := range messages {
		k, body := m.body(0)
		frame = appendItem(frame, k, body)
	}
	return frame
}

func TestAFrameYieldsWhatWentIn(t *testing.T) {
	text := rapid.StringN(0, -1, textLimit)
	name := rapid.StringN(1, -1, textLimit)
	id := rapid.Map(rapid.StringMatching(`[0-9a-f]{40}`), func(s string) quorum.ID { return quorum.ID(s) })
	addr := rapid.Custom(func(t *rapid.T) monitor.Addr {
		return monitor.Addr{Host: name.Draw(t, "host"), Port: rapid.IntRange(1, math.MaxUint16).Draw(t, "port")}
	})
	rapid.Check(t, func(t *rapid.T) {
		o := quorum.Opinion{
			Author:  id.Draw(t, "author"),
			Version: quorum.Version{Boot: rapid.Uint64().Draw(t, "boot"), Seq: rapid.Uint64().Draw(t, "seq")},
			Group:   name.Draw(t, "group"), Master: addr.Draw(t, "master"), RunID: text.Draw(t, "run id"),
			State:  monitor.State(rapid.IntRange(int(monitor.StateUnknown), int(monitor.StateRoleMismatch)).Draw(t, "state")),
			Reason: monitor.Reason(text.Draw(t, "reason")), Down: rapid.Bool().Draw(t, "down"),
			Age:   time.Duration(rapid.Int64Range(0, ageLimit.Microseconds()).Draw(t, "age")) * time.Microsecond,
			Epoch: rapid.Uint64().Draw(t, "epoch"),
		}
		c := quorum.Configuration{
			Author: o.Author, Group: o.Group, Epoch: o.Epoch, Master: o.Master,
			Leader: rapid.OneOf(id, rapid.Just(quorum.ID(""))).Draw(t, "leader"),
		}
		r := quorum.Release{Group: o.Group, Candidate: o.Author, Epoch: o.Epoch}
		want := []message{{opinion: &o}, {config: &c}, {release: &r}}
		if got := decodeFrame(frameOf(want...)); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func TestWhatANewerReleaseMaySendIsPassedOver(t *testing.T) {
	o, c := someOpinion(), someConfig()
	want := []message{{opinion: &o}, {config: &c}}
	_, body := want[0].body(0)

	frame := appendItem(newFrame(), 200, []byte("a kind of message yet to be invented"))
	frame = appendItem(frame, kindOpinion, append(body, "a field more"...))
	frame = appendItem(frame, kindOpinion, []byte("malformed"))
	_, body = want[1].body(0)
	frame = appendItem(frame, kindConfig, body)
	if got := decodeFrame(frame); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want the opinion and the configuration", got)
	}

	frame[0] = frameVersion + 1
	if got := decodeFrame(frame); got != nil {
		t.Errorf("a frame of another version yielded %+v", got)
	}
}

func TestMessagesThatCannotBeTrueAreRefused(t *testing.T) {
	opinion := func(change func(*quorum.Opinion)) message {
		o := someOpinion()
		change(&o)
		return message{opinion: &o}
	}
	config := func(change func(*quorum.Configuration)) message {
		c := someConfig()
		change(&c)
		return message{config: &c}
	}
	cases := map[string]message{
		"author is no id":          opinion(func(o *quorum.Opinion) { o.Author = "me" }),
		"no group":                 opinion(func(o *quorum.Opinion) { o.Group = "" }),
		"port out of range":        opinion(func(o *quorum.Opinion) { o.Master.Port = 65536 }),
		"leader is no id":          config(func(c *quorum.Configuration) { c.Leader = "me" }),
		"master without address":   config(func(c *quorum.Configuration) { c.Master = monitor.Addr{} }),
		"master with port 0":       config(func(c *quorum.Configuration) { c.Master.Port = 0 }),
		"candidate is no id":       {release: &quorum.Release{Group: "mymaster", Candidate: quorum.ID(strings.Repeat("z", 40))}},
		"release without a group":  {release: &quorum.Release{Candidate: idOf(1)}},
		"configuration, no author": config(func(c *quorum.Configuration) { c.Author = "" }),
	}
	for name, m := range cases {
		if got := decodeFrame(frameOf(m)); got != nil {
			t.Errorf("%s: yielded %+v", name, got)
		}
	}
}

func TestAgesAreBoundedBothWays(t *testing.T) {
	for told, want := range map[time.Duration]time.Duration{
		-time.Hour: 0, math.MaxInt64: ageLimit, 1500 * time.Nanosecond: time.Microsecond,
	} {
		o := someOpinion()
		o.Age = told
		if got := decodeFrame(frameOf(message{opinion: &o})); got[0].opinion.Age != want {
			t.Errorf("age %v arrives as %v, want %v", told, got[0].opinion.Age, want)
		}
	}
}

// shortestItem is the least that a message takes in a frame, in bytes: a release,
// with its kind, its length, a group of one letter, an id and an epoch.
const shortestItem = 1 + 1 + 2 + 41 + 1

// FuzzFrame: any bytes decode without panic, and what they yield survives being
// sent on.
func FuzzFrame(f *testing.F) {
	o, c := someOpinion(), someConfig()
	r := quorum.Release{Group: "mymaster", Candidate: idOf(1), Epoch: 9}
	whole := frameOf(message{opinion: &o}, message{config: &c}, message{release: &r})
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Add([]byte{frameVersion, byte(kindOpinion), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add(append([]byte{frameVersion, byte(kindConfig), 3}, 0x80, 0x80, 0x80))
	f.Fuzz(func(t *testing.T, frame []byte) {
		got := decodeFrame(frame)
		if len(got)*shortestItem > len(frame) {
			t.Fatalf("%d messages of %d bytes", len(got), len(frame))
		}
		sent := frameOf(got...)
		again := decodeFrame(sent)
		if len(got) > 0 && !reflect.DeepEqual(again, got) {
			t.Fatalf("sent on as %+v, want %+v", again, got)
		}
		if twice := frameOf(again...); !bytes.Equal(sent, twice) {
			t.Fatalf("sent on as %q, then as %q", sent, twice)
		}
	})
}
