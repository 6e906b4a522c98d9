package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/deploy/lab"
)

func at(ms int) time.Time { return time.UnixMilli(int64(ms)) }

func TestFoldJoinsTheSameEventOfSeveralMonitors(t *testing.T) {
	type in struct {
		ms, monitor int
		name        string
	}
	tests := []struct {
		name string
		in   []in
		now  int
		want []string
	}{
		{"all three within the window are one line at once", []in{{0, 2, "+x"}, {10, 0, "+x"}, {100, 1, "+x"}}, 100, []string{"0 +x [2 0 1]"}},
		{"one that is missing is waited for", []in{{0, 0, "+x"}, {10, 1, "+x"}}, 100, nil},
		{"until the window is over", []in{{0, 0, "+x"}, {10, 1, "+x"}}, 101, []string{"0 +x [0 1]"}},
		{"a later one is a line of its own", []in{{0, 0, "+x"}, {101, 1, "+x"}}, 300, []string{"0 +x [0]", "101 +x [1]"}},
		{"the same monitor twice is two lines", []in{{0, 0, "+x"}, {1, 0, "+x"}}, 300, []string{"0 +x [0]", "1 +x [0]"}},
		{"a complete line waits for an older one", []in{{0, 0, "+x"}, {1, 0, "+y"}, {2, 1, "+y"}, {3, 2, "+y"}}, 50, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := fold{monitors: 3}
			for _, e := range tt.in {
				f.add(e.monitor, told{at: at(e.ms), name: e.name})
			}
			if diff := cmp.Diff(tt.want, texts(f.ready(at(tt.now)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func texts(lines []told) (out []string) {
	for _, l := range lines {
		out = append(out, fmt.Sprintf("%d %s %v", l.at.UnixMilli(), l.name, l.monitors))
	}
	return out
}

func TestFoldGivesUpTheRestOnce(t *testing.T) {
	f := fold{monitors: 3}
	f.add(1, told{at: at(0), name: "+x"})
	if got := texts(f.rest()); len(got) != 1 {
		t.Errorf("got %v, want the one event", got)
	}
	f.add(2, told{at: at(1), name: "+x"})
	if diff := cmp.Diff([]string{"1 +x [2]"}, texts(f.rest())); diff != "" {
		t.Error(diff)
	}
}

const monitorID = "0123456789012345678901234567890123456789"

func TestPayloadsAreShortenedForPeople(t *testing.T) {
	words := newShortener("mymaster", []alias{
		{addr: "127.0.0.1:1000", name: "A"}, {addr: "127.0.0.1:10001", name: "B"},
		{addr: "127.0.0.1:3000", id: monitorID, name: "m2"},
	})
	tests := []struct{ channel, payload, want string }{
		{"+sdown", "master mymaster 127.0.0.1 1000", "master A"},
		{"+odown", "master mymaster 127.0.0.1 1000 #quorum 2/2", "master A #quorum 2/2"},
		{"+slave", "slave 127.0.0.1:10001 127.0.0.1 10001 @ mymaster 127.0.0.1 1000", "replica B"},
		{"+sentinel", "sentinel " + monitorID + " 127.0.0.1 3000 @ mymaster 127.0.0.1 1000", "monitor m2"},
		{"+vote-for-leader", monitorID + " 7", "m2 7"},
		{"+switch-master", "mymaster 127.0.0.1 1000 127.0.0.1 10001", "A -> B"},
		{"+divergence", "slave 127.0.0.1:1000 127.0.0.1 1000 @ mymaster 127.0.0.1 10001 bytes=12", "replica A bytes=12"},
		{"-script-blocked", "master mymaster 127.0.0.1 1000 after-ms=6142 reason=pong", "master A after 6.1 s reason=pong"},
		{"+sdown", "master mymaster 127.0.0.1 100011", "master 127.0.0.1 100011"},
		{"+new-epoch", "3", "3"},
		{"+config-warning", "something is unusual", "something is unusual"},
	}
	for _, tt := range tests {
		t.Run(tt.channel, func(t *testing.T) {
			if got := words.told(lab.Event{Channel: tt.channel, Payload: tt.payload}).text; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A port that begins with another one's digits must not be taken for it.
func TestAShortenedAddressIsAWholeOne(t *testing.T) {
	words := newShortener("mymaster", []alias{{addr: "127.0.0.1:1000", name: "A"}, {addr: "127.0.0.1:10001", name: "B"}})
	got := words.told(lab.Event{Channel: "+sdown", Payload: "master mymaster 127.0.0.1 10001"}).text
	if got != "master B" {
		t.Errorf("got %q, want B", got)
	}
}

func TestHowLongSomethingTookMakesNoOtherEventOfIt(t *testing.T) {
	words := newShortener("mymaster", nil)
	one := words.told(lab.Event{Payload: "x after-ms=6142 reason=pong"})
	two := words.told(lab.Event{Payload: "x after-ms=6300 reason=pong"})
	if one.same != two.same || one.text == two.text {
		t.Errorf("got %+v and %+v", one, two)
	}
	if other := words.told(lab.Event{Payload: "x after-ms=6142 reason=killed"}); other.same == one.same {
		t.Error("another reason is another event")
	}
}

func TestTableWrapsTheWidestColumn(t *testing.T) {
	rows := [][]string{{"scene", "what happened", "verdict"}, {"one", "this is a long story of many words", "ok"}, {"two", "short", "FAILED"}}
	want := []string{
		"scene  what happened       verdict",
		"-----  ------------------  -------",
		"one    this is a long      ok",
		"       story of many",
		"       words",
		"two    short               FAILED",
	}
	if diff := cmp.Diff(want, table(rows, 34)); diff != "" {
		t.Error(diff)
	}
	wide := table(rows, 200)
	if len(wide) != 4 || wide[2] != "one    this is a long story of many words  ok" {
		t.Errorf("with room enough:\n%s", strings.Join(wide, "\n"))
	}
	if got := table(nil, 10); got != nil {
		t.Errorf("no rows: %v", got)
	}
}

func TestALongHeadingIsWrappedRatherThanTheColumnWidened(t *testing.T) {
	got := table([][]string{{"clients could not write"}, {"6.00 s"}}, 100)
	if diff := cmp.Diff([]string{"clients could", "not write", "-------------", "6.00 s"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgressShowsABarWhereTheEndIsKnown(t *testing.T) {
	w := waiting{text: "the script blocks the master", since: at(0), long: 6 * time.Second}
	tests := []struct {
		ms   int
		want string
	}{
		{0, "     0.0  [....................] of 6.0 s: the script blocks the master"},
		{3000, "     3.0  [##########..........] of 6.0 s: the script blocks the master"},
		{9000, "     9.0  [####################] of 6.0 s: the script blocks the master"},
	}
	for _, tt := range tests {
		if got := w.progress(at(tt.ms), 100); got != tt.want {
			t.Errorf("after %d ms: %q, want %q", tt.ms, got, tt.want)
		}
	}
	w.long = 0
	if got := w.progress(at(1200), 20); got != "     1.2  the script" {
		t.Errorf("in 20 columns, without an end: %q", got)
	}
}

func TestAScreenThatIsNoTerminalGetsPlainLines(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out)
	s.watch(2)
	s.begin(at(1000))
	done := s.wait(time.Second, "something")
	s.event(1, told{at: at(1500), name: "+sdown", text: "master A"})
	s.event(0, told{at: at(1501), name: "+sdown", text: "master A"})
	s.event(0, told{at: at(1502), name: "+odown", text: "master A"})
	s.say(good, "that was it")
	done()
	want := fmt.Sprintf("%-66s", "   0.500  m1 m2  +sdown            master A") + "this monitor holds it to be down\n" +
		fmt.Sprintf("%-66s", "   0.502  m1     +odown            master A") + "enough monitors agree that it is down\n" +
		"that was it\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestATerminalGetsColoursAndAProgressLineThatIsWipedBeforeOthers(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out)
	s.live, s.colour = true, true
	done := s.wait(0, "something")
	out.Reset()
	s.say(alarm, "look")
	done()
	const wipe = "\r\x1b[K"
	want := wipe + "\x1b[31mlook\x1b[0m\n" + wipe + "\x1b[2m     0.0  something\x1b[0m" + wipe
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheHarnessesErrorsFitIntoTheTable(t *testing.T) {
	err := errors.New("wait for an event of 127.0.0.1:1: context deadline exceeded; it published:\n  12:00 +x")
	if got, want := oneLine(err), "wait for an event of 127.0.0.1:1: it took too long"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCallsOfACommandAreReadFromCommandstats(t *testing.T) {
	for in, want := range map[string]int{"": 0, "calls=3,usec=10,usec_per_call=3.3": 3, "calls=x": 0} {
		if got := calls(in); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}
