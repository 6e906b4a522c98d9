package lab

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCompareFindsWhatBecameOfEachWrite(t *testing.T) {
	log := []Write{
		{Seq: 1, Outcome: Acked}, {Seq: 2, Outcome: Acked}, {Seq: 3, Outcome: Refused},
		{Seq: 4, Outcome: Unknown}, {Seq: 5, Outcome: Acked}, {Seq: 6, Outcome: Refused}, {Seq: 7, Outcome: Unknown},
	}
	got := compare([]string{"1", "3", "4", "5", "5", "5"}, log)
	want := Loss{Acked: 3, Lost: []Write{log[1]}, Duplicated: []int64{5}, Resurrected: []int64{3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// *3 $5 RPUSH $1 w $1 2, with two bytes after each.
	if got, want := got.LostBytes("w"), int64(4+4+7+4+3+4+3); got != want {
		t.Errorf("lost %d bytes, want %d", got, want)
	}
}

func TestRisenAreTheMarksWhoseDeletionWasAcknowledged(t *testing.T) {
	log := []Write{{Seq: AliveSpan + 1, Outcome: Acked}, {Seq: AliveSpan + 2, Outcome: Unknown}, {Seq: AliveSpan + 3, Outcome: Acked}}
	if diff := cmp.Diff([]int64{1, 3}, risen([]string{"3", "2", "1", "4"}, log)); diff != "" {
		t.Error(diff)
	}
	if got := risen([]string{"2", "4"}, log); len(got) > 0 {
		t.Errorf("%v have risen, and nobody was told that they were deleted", got)
	}
}

func TestLongestGapCountsFromTheFirstWriteToTheLastOneSettled(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	write := func(sent, done int, o Outcome) Write { return Write{Sent: at(sent), Done: at(done), Outcome: o} }
	tests := []struct {
		name string
		log  []Write
		want time.Duration
	}{
		{"no write", nil, 0},
		{"one write", []Write{write(0, 3, Acked)}, 3 * time.Millisecond},
		{"refusals do not count", []Write{write(0, 1, Acked), write(2, 50, Refused), write(51, 52, Acked)}, 51 * time.Millisecond},
		{"an end without acknowledgement", []Write{write(0, 1, Acked), write(2, 90, Unknown)}, 89 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := LongestGap(tt.log); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestReceiveReadsBothProtocols(t *testing.T) {
	tests := []struct {
		in   string
		want any
	}{
		{"+OK\r\n", "OK"},
		{":-3\r\n", int64(-3)},
		{"$3\r\na\r\n\r\n", "a\r\n"[:3]},
		{"$-1\r\n", nil},
		{"_\r\n", nil},
		{"*2\r\n$1\r\na\r\n:1\r\n", []any{"a", int64(1)}},
		{"%1\r\n+k\r\n+v\r\n", []any{"k", "v"}},
		{">2\r\n+message\r\n-ERR x\r\n", []any{"message", ReplyError("ERR x")}},
		{"=7\r\ntxt:abc\r\n", "txt:abc"},
	}
	for _, tt := range tests {
		c := &Conn{r: bufio.NewReader(strings.NewReader(tt.in))}
		got, err := c.Receive()
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: %s", tt.in, diff)
		}
	}
	c := &Conn{r: bufio.NewReader(strings.NewReader("-BUSY now\r\n*1\r\n"))}
	if _, err := c.Receive(); !errors.Is(err, ReplyError("BUSY now")) {
		t.Errorf("got %v, want the error reply", err)
	}
	if _, err := c.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v for a reply cut off, want EOF", err)
	}
}

func TestWaitSeesEventsFromItsMarkOn(t *testing.T) {
	e := follow("127.0.0.1:1", nil)
	e.add(Event{Channel: "+sdown", Payload: "master m 1.2.3.4 1"})
	mark := e.Mark()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Wait(ctx, 0, On("+sdown", "1.2.3.4")); err != nil {
		t.Errorf("an event of the past: %v", err)
	}
	if _, err := e.Wait(ctx, mark, On("+sdown")); err == nil {
		t.Error("an event before the mark was taken")
	}
	go e.add(Event{Channel: "-sdown", Payload: "master m 1.2.3.4 1"})
	if _, err := e.Wait(t.Context(), mark, On("-sdown", "master", "1.2.3.4")); err != nil {
		t.Error(err)
	}
}
