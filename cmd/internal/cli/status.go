package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// statusCommand are the words of picket status.
type statusCommand struct {
	Name  string `arg:"" optional:"" help:"The group to show; all of them without it."`
	one   `embed:""`
	Watch bool `help:"Show it again every second, in place on a terminal, until Ctrl-C."`
	JSON  bool `name:"json" help:"As JSON, one document a line."`
}

// Help implements kong's longer description.
func (statusCommand) Help() string {
	return "It is made from SENTINEL MASTERS, REPLICAS, SENTINELS and CKQUORUM, and so works against a redis-sentinel too, which has no reasons " +
		"for its verdicts. " + exits("0 all is up", "1 the monitor could not be asked", "2 the words were not understood",
		"3 a master is down", "4 a warning: something else is not as it should be") + " With --watch: 0 after Ctrl-C."
}

// exits is the sentence that documents a command's exit codes, "<code> <meaning>" each.
func exits(codes ...string) string { return "Exit status: " + strings.Join(codes, "; ") + "." }

func runStatus(p Program, words []string) int {
	var cmd statusCommand
	if code, ok := parse(p, "status", &cmd, words); !ok {
		return code
	}
	a, err := cmd.ask()
	if err != nil {
		return fail(p, err)
	}
	defer a.Close()
	ctx, stop := untilInterrupted()
	defer stop()
	if cmd.Watch {
		return cmd.again(ctx, p, a)
	}
	r, err := cmd.read(ctx, a)
	if err != nil {
		return fail(p, err)
	}
	if err := cmd.write(p.Out, r); err != nil {
		return exitFailed
	}
	return r.exit()
}

// untilInterrupted is a context that Ctrl-C ends. A pipe whose reader is gone is told by
// the write to it, not by a signal that ends us.
func untilInterrupted() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE)
	return ctx, stop
}

func (c statusCommand) read(ctx context.Context, a *asked) (report, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*c.Timeout)
	defer cancel()
	return readReport(ctx, a, c.Name)
}

func (c statusCommand) write(w io.Writer, r report) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintln(w, strings.Join(r.lines(styleOf(w)), "\n"))
	return err
}

// again shows the status every second. A monitor that does not answer is shown as such:
// it may come back.
func (c statusCommand) again(ctx context.Context, p Program, a *asked) int {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r, err := c.read(ctx, a)
		if ctx.Err() != nil {
			return exitOK
		}
		if c.refresh(p, r, err) != nil {
			return exitOK // nobody reads any more
		}
		select {
		case <-ctx.Done():
			return exitOK
		case <-tick.C:
		}
	}
}

func (c statusCommand) refresh(p Program, r report, failed error) error {
	s := styleOf(p.Out)
	switch {
	case failed != nil && (c.JSON || !s.live):
		fmt.Fprintln(p.Err, "picket:", failed)
		return nil
	case c.JSON:
		return c.write(p.Out, r)
	}
	lines := []string{s.paint(faint, time.Now().Format(time.TimeOnly)+"  "+r.Monitor)}
	if failed != nil {
		lines = append(lines, s.each(wrap("picket: "+failed.Error(), s.width), alarm)...)
	} else {
		lines = append(lines, r.lines(s)...)
	}
	if !s.live {
		_, err := fmt.Fprintln(p.Out, strings.Join(lines, "\n")+"\n")
		return err
	}
	if s.height > 1 && len(lines) >= s.height {
		lines = append(lines[:s.height-2], s.paint(faint, "(more than this terminal has lines for; name a group)"))
	}
	_, err := fmt.Fprint(p.Out, "\x1b[H"+strings.Join(lines, "\x1b[K\n")+"\x1b[K\n\x1b[J")
	return err
}
