package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// eventsCommand are the words of picket events.
type eventsCommand struct {
	Pattern string   `arg:"" optional:"" default:"*" help:"Which events, as PSUBSCRIBE takes it: +switch-master, or *script*."`
	Addr    []string `placeholder:"HOST:PORT" help:"A monitor to listen to; may be given several times."`
	reach   `embed:""`
	JSON    bool `name:"json" help:"As JSON, one event a line."`
}

// Help implements kong's longer description.
func (eventsCommand) Help() string {
	return "Time, event, text, and the reason where there is one. A monitor that ends is awaited: standard error tells when it is gone and when " +
		"it is back; what it published meanwhile is not seen. Ctrl-C ends it. " +
		exits("0 it was interrupted, or nobody reads its output any more", "1 no monitor could be reached at the start, or none lets us listen",
			"2 the words were not understood")
}

// heard is one event of a monitor.
type heard struct {
	At      time.Time `json:"at"` // when it came
	Monitor string    `json:"monitor"`
	Event   string    `json:"event"`
	Text    string    `json:"text"`
	Reason  string    `json:"reason,omitempty"`
}

func runEvents(p Program, words []string) int {
	var cmd eventsCommand
	if code, ok := parse(p, "events", &cmd, words); !ok {
		return code
	}
	d, err := cmd.dialer()
	if err != nil {
		return fail(p, err)
	}
	if len(cmd.Addr) == 0 {
		cmd.Addr = []string{""}
	}
	ctx, stop := untilInterrupted()
	defer stop()
	return cmd.listen(ctx, stop, p, d)
}

// listen follows all monitors until it is interrupted, nobody reads, or every one refuses.
func (c eventsCommand) listen(ctx context.Context, stop context.CancelFunc, p Program, d *dialer) int {
	t := &teller{command: c, out: p.Out, err: p.Err, stop: stop, style: styleOf(p.Out)}
	var all sync.WaitGroup
	failures := make([]error, len(c.Addr))
	for i, addr := range c.Addr {
		all.Go(func() {
			l := listener{asked: d.at(addr), pattern: c.Pattern, tell: t}
			defer l.Close()
			failures[i] = l.follow(ctx)
		})
	}
	all.Wait()
	for _, err := range failures {
		if err == nil {
			return exitOK
		}
	}
	for _, err := range failures {
		fmt.Fprintln(p.Err, "picket:", err)
	}
	return exitFailed
}

// teller prints what several listeners hear.
type teller struct {
	command eventsCommand
	style   style
	stop    context.CancelFunc

	mu       sync.Mutex
	out, err io.Writer
}

func (t *teller) event(h heard) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.write(h); err != nil {
		t.stop() // nobody reads any more
	}
}

func (t *teller) write(h heard) error {
	if t.command.JSON {
		return json.NewEncoder(t.out).Encode(h)
	}
	line := fmt.Sprintf("%s  %-18s %s", h.At.Format("15:04:05.000"), h.Event, h.Text)
	if len(t.command.Addr) > 1 {
		line = fmt.Sprintf("%s  %-21s  %-18s %s", h.At.Format("15:04:05.000"), h.Monitor, h.Event, h.Text)
	}
	if text := explained(h.Reason); text != h.Reason {
		line += "  (" + text[len(h.Reason)+2:] + ")"
	}
	_, err := fmt.Fprintln(t.out, t.style.paint(moods[h.Event], line))
	return err
}

// news tells of the connection itself.
func (t *teller) news(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.err, "picket: "+format+"\n", args...)
}

// reasonIn is the word that an event's text gives as its reason.
func reasonIn(text string) string {
	for word := range strings.FieldsSeq(text) {
		if reason, ok := strings.CutPrefix(word, "reason="); ok {
			return reason
		}
	}
	return ""
}
