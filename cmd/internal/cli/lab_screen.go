package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen is where the lab tells its story: whole lines, and on a terminal one
// more line below them that shows what is being waited for. It may be used from
// several goroutines.
type screen struct {
	style
	out io.Writer

	mu      sync.Mutex
	fold    fold
	began   time.Time // of the scene
	waiting waiting
}

// waiting is what the progress line shows.
type waiting struct {
	text  string
	since time.Time
	long  time.Duration // how long it takes, 0 when nobody knows
}

const (
	plainWidth = 110 // of what is written to a file
	leastWidth = 70
	mostWidth  = 130
)

func newScreen(out io.Writer) *screen {
	st := styleOf(out)
	if st.width == endless {
		st.width = plainWidth
	}
	st.width = min(max(st.width, leastWidth), mostWidth)
	return &screen{style: st, out: out, began: time.Now()}
}

// run redraws the progress line and tells events that waited for others like
// them, until ctx ends.
func (s *screen) run(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.mu.Lock()
			s.tell(s.fold.ready(now))
			s.draw(now)
			s.mu.Unlock()
		}
	}
}

// event adds one event of a monitor to the stream.
func (s *screen) event(monitor int, one told) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fold.add(monitor, one)
	s.tell(s.fold.ready(one.at))
	s.draw(time.Now())
}

// say prints a line that is no event, after the events that came before it.
func (s *screen) say(m mood, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(s.fold.rest())
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		s.line(s.paint(m, line))
	}
	s.draw(time.Now())
}

// note prints, among the events, what the lab itself did or saw.
func (s *screen) note(text string) {
	s.mu.Lock()
	since := time.Since(s.began)
	gap := strings.Repeat(" ", len(who(nil, s.fold.monitors)))
	s.mu.Unlock()
	s.say(heading, "%8.3f  %s  %s", since.Seconds(), gap, text)
}

// begin starts the clock of a scene.
func (s *screen) begin(at time.Time) {
	s.mu.Lock()
	s.began = at
	s.mu.Unlock()
}

// watch starts a stream of the events of n monitors.
func (s *screen) watch(n int) {
	s.mu.Lock()
	s.fold = fold{monitors: n}
	s.mu.Unlock()
}

// wait shows what is being waited for; long is 0 where nobody knows how long it
// takes. The returned function ends it.
func (s *screen) wait(long time.Duration, text string) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = waiting{text: text, since: time.Now(), long: long}
	s.draw(time.Now())
	return s.rest
}

func (s *screen) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = waiting{}
	s.wipe()
}

// tell prints lines of the event stream. The caller holds the lock.
func (s *screen) tell(lines []told) {
	for _, t := range lines {
		s.line(s.eventLine(t))
	}
}

func (s *screen) eventLine(t told) string {
	head := fmt.Sprintf("%8.3f  %s  %-17s %s", t.at.Sub(s.began).Seconds(), who(t.monitors, s.fold.monitors), t.name, t.text)
	text := s.paint(moods[t.name], head)
	if gloss := glosses[t.name]; gloss != "" && len(head)+len(gloss)+4 <= s.width {
		text += strings.Repeat(" ", max(1, 64-len(head))) + s.paint(faint, "  "+gloss)
	}
	return text
}

func (s *screen) line(text string) {
	s.wipe()
	fmt.Fprintln(s.out, strings.TrimRight(text, " "))
}

// wipe clears the progress line. The caller holds the lock.
func (s *screen) wipe() {
	if s.live {
		fmt.Fprint(s.out, "\r\x1b[K")
	}
}

// draw shows the progress line, if there is something to wait for. The caller holds the lock.
func (s *screen) draw(now time.Time) {
	if !s.live || s.waiting.text == "" {
		return
	}
	fmt.Fprint(s.out, "\r\x1b[K"+s.paint(faint, s.waiting.progress(now, s.width-1)))
}

// progress renders what is being waited for in at most width columns.
func (w waiting) progress(now time.Time, width int) string {
	const bar = 20
	text := fmt.Sprintf("%8.1f  %s", now.Sub(w.since).Seconds(), w.text)
	if w.long > 0 {
		full := min(bar, int(bar*now.Sub(w.since)/w.long))
		text = fmt.Sprintf("%8.1f  [%s%s] of %.1f s: %s", now.Sub(w.since).Seconds(),
			strings.Repeat("#", full), strings.Repeat(".", bar-full), w.long.Seconds(), w.text)
	}
	return text[:min(len(text), width)]
}
