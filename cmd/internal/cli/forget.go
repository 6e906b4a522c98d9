package cli

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// forgetCommand are the words of picket forget.
type forgetCommand struct {
	Name    string `arg:"" help:"The group."`
	Address string `arg:"" help:"HOST:PORT of the replica or monitor that is gone for good."`
	one     `embed:""`
}

// Help implements kong's longer description.
func (forgetCommand) Help() string {
	return "Every monitor of the group is told, for one that still remembers would bring the address back: the one that is asked, and those that it " +
		"knows, with the same password. A redis-sentinel forgets with SENTINEL RESET only, which is not sent. What is forgotten must be stopped: " +
		"a monitor refuses what still lives. " +
		exits("0 every monitor has forgotten it", "1 the monitor could not be asked", "2 the words were not understood",
			"3 at least one refused or could not be reached, and is named: it must be told later")
}

func runForget(p Program, words []string) int {
	var cmd forgetCommand
	if code, ok := parse(p, "forget", &cmd, words); !ok {
		return code
	}
	host, port, err := net.SplitHostPort(cmd.Address)
	if err != nil {
		fmt.Fprintf(p.Err, "picket: %s is no address: write HOST:PORT\n", cmd.Address)
		return exitUsage
	}
	d, err := cmd.dialer()
	if err != nil {
		return fail(p, err)
	}
	ctx, stop := untilInterrupted()
	defer stop()
	monitors, err := d.monitorsOf(ctx, cmd)
	if err != nil {
		return fail(p, err)
	}
	order := []string{"FORGET", cmd.Name, host, port}
	reactions := make([]reaction, len(monitors))
	for i, m := range monitors {
		reactions[i] = d.forget(ctx, m, order)
		reactions[i].addr = m.addr
	}
	return cmd.tell(p, reactions)
}

// peer is a monitor to be told.
type peer struct{ addr, kind string }

// monitorsOf lists the monitors of the group: the one that is asked first, without the
// one that is to be forgotten.
func (d *dialer) monitorsOf(ctx context.Context, c forgetCommand) ([]peer, error) {
	a := d.at(c.Addr)
	defer a.Close()
	reply, err := a.sentinel(ctx, "SENTINELS", c.Name)
	if err != nil {
		return nil, err
	}
	list := []peer{{addr: a.addr}}
	for _, f := range fieldsOfEach(reply) {
		if m := monitorOf(f); m.Address != c.Address {
			list = append(list, peer{m.Address, m.Kind})
		}
	}
	return list, nil
}

// reaction is what became of it on one monitor.
type reaction struct {
	addr string // of the monitor
	text string
	done bool // it does not know the address any more; otherwise it must be told later
}

// tell prints what each monitor answered, and what is left to do.
func (c forgetCommand) tell(p Program, reactions []reaction) int {
	known, code, s := false, exitOK, styleOf(p.Out)
	var later []string
	for _, got := range reactions {
		color := good
		if !got.done {
			color, code, later = warn, exitOther, append(later, got.addr)
		}
		known = known || got.text == forgotten || !got.done
		fmt.Fprintf(p.Out, "%-21s  %s\n", got.addr, s.paint(color, got.text))
	}
	switch {
	case !known:
		fmt.Fprintf(p.Err, "picket: no monitor of %s knows %s; picket status %s lists what they know\n", c.Name, c.Address, c.Name)
		return exitOther
	case len(later) > 0:
		fmt.Fprintf(p.Err, "picket: tell these later, or %s may come back: %s\n", c.Address, strings.Join(later, " "))
	}
	return code
}

const forgotten = "forgotten"

// forget tells one monitor.
func (d *dialer) forget(ctx context.Context, m peer, order []string) reaction {
	const reset = "it is a redis-sentinel, which cannot forget one address: SENTINEL RESET is what it has"
	if m.kind == "redis-sentinel" {
		return reaction{text: reset}
	}
	a := d.at(m.addr)
	defer a.Close()
	_, err := a.sentinel(ctx, order...)
	no, isRefusal := err.(refused)
	switch {
	case err == nil:
		return reaction{text: forgotten, done: true}
	case unknownCommand(err):
		return reaction{text: reset}
	case isRefusal && strings.Contains(no.text, "is neither a replica nor a monitor"):
		return reaction{text: "did not know it", done: true}
	case isRefusal:
		return reaction{text: "refused: " + strings.TrimPrefix(no.text, "ERR ")}
	}
	return reaction{text: err.Error()}
}
