package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"picket/deploy/lab"
)

// figures are what came of a scene under one program.
type figures struct {
	verdicts  []string // on the first master, in the order in which they were first told
	failovers int
	master    string // which server is master in the end
	clients   lab.Loss
	pinned    lab.Loss
	broken    []string      // claims
	outage    time.Duration // longest time in which the clients got no acknowledgement
	settled   bool
	notes     []string // for the outcome's cell
}

// figures reads what can be read after the scene: without a master nothing is
// known about the writes.
func (t *trial) figures(master *lab.Redis) (figures, error) {
	fig := figures{verdicts: t.verdicts(), failovers: t.failovers(), outage: lab.LongestGap(t.clients.Log()),
		notes: t.notes}
	if master == nil {
		return fig, nil
	}
	fig.settled, fig.master = true, t.part(master)
	if err := t.synced(master); err != nil {
		return fig, err
	}
	var errs [3]error
	fig.clients, errs[0] = lab.CheckLedger(t.ctx, master, &t.login, t.clients)
	fig.pinned, errs[1] = lab.CheckLedger(t.ctx, master, &t.login, t.pinned)
	for _, c := range t.claims {
		n, err := c.broken(t.ctx, master)
		if errs[2] = errors.Join(errs[2], err); n > 0 {
			fig.broken = append(fig.broken, fmt.Sprintf("%s: %d", c.what, n))
		}
	}
	return fig, errors.Join(errs[:]...)
}

// part names a server by what it was started as.
func (t *trial) part(r *lab.Redis) string {
	if i := slices.Index(t.Replicas, r); i >= 0 {
		return fmt.Sprintf("replica %d", i+1)
	}
	return "the same"
}

// verdicts are the states that monitors concluded of the first master; of
// redis-sentinel, which has none, its flags.
func (t *trial) verdicts() []string {
	list := t.flags()
	if t.program == picket {
		list = t.logged()
	}
	slices.SortFunc(list, func(a, b lab.Event) int { return a.At.Compare(b.At) })
	var told []string
	for _, ev := range list {
		if said := ev.Channel; said != "up" && !slices.Contains(told, said) {
			told = append(told, said)
		}
	}
	return told
}

// subject is how events begin that are about the first master.
func (t *trial) subject() string {
	return fmt.Sprintf("master %s %s %d", t.Monitors[0].Group, t.old.Host, t.old.Port)
}

// flags are sdown and odown of the first master, from the events.
func (t *trial) flags() []lab.Event {
	var list []lab.Event
	for i, m := range t.Monitors {
		for _, ev := range m.Events.All()[t.marks[i]:] {
			if (ev.Channel == "+sdown" || ev.Channel == "+odown") && strings.HasPrefix(ev.Payload, t.subject()) {
				list = append(list, lab.Event{At: ev.At, Channel: ev.Channel[1:]})
			}
		}
	}
	return list
}

// logged are the verdicts on the first master, from the logs: a monitor that
// is started when the master is dead holds its verdict before anybody has
// subscribed to its events.
func (t *trial) logged() []lab.Event {
	var list []lab.Event
	for i, m := range t.Monitors {
		for line := range strings.Lines(m.LogText()[t.logMarks[i]:]) {
			when, _, _ := strings.Cut(line, " ")
			at, err := time.Parse(time.RFC3339, when)
			if to, ok := field(line, "to"); ok && err == nil && strings.Contains(line, `"event": "+verdict", "text": "`+t.subject()+" ") {
				list = append(list, lab.Event{At: at, Channel: to})
			}
		}
	}
	return list
}

// synced waits until every replica has the master's stream, and compares their data.
func (t *trial) synced(master *lab.Redis) error {
	ctx, cancel := context.WithTimeout(t.ctx, 20*time.Second)
	defer cancel()
	var wrong error
	err := lab.Poll(ctx, "the replicas hold what the master holds", func(ctx context.Context) bool {
		wrong = t.alike(ctx, master)
		return wrong == nil
	})
	return errors.Join(err, wrong)
}

// alike compares digests: hellos and pings move the offset on all the time.
func (t *trial) alike(ctx context.Context, master *lab.Redis) error {
	want, err := t.digest(ctx, master)
	if err != nil {
		return err
	}
	for _, r := range t.Servers() {
		got, err := t.digest(ctx, r)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s does not hold what its master %s holds", r.Addr(), master.Addr())
		}
	}
	return nil
}

func (t *trial) digest(ctx context.Context, r *lab.Redis) (string, error) {
	reply, err := r.DoAs(ctx, &t.login, "DEBUG", "DIGEST")
	return fmt.Sprint(reply), err
}

// onSharedMachine reports a machine that is nobody's alone: its disk and its cores
// stand still for seconds when others use them.
func onSharedMachine() bool { return os.Getenv("CI") == "true" }

// allowance is by how much such a machine may exceed a time.
func allowance() time.Duration {
	if onSharedMachine() {
		return 5
	}
	return 1
}

// judge compares Picket's figures with what it must do.
func (w want) judge(fig figures) error {
	var wrong []error
	miss := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if w.failovers != anyNumber && fig.failovers != w.failovers {
		miss("%d failovers, want %d", fig.failovers, w.failovers)
	}
	for _, v := range w.verdicts {
		if !slices.Contains(fig.verdicts, v) {
			miss("verdicts %v, want %s", fig.verdicts, v)
		}
	}
	pinned := w.pinned
	if pinned == 0 {
		pinned = w.lost
	}
	for _, l := range []struct {
		who   string
		loss  lab.Loss
		limit int
	}{{"clients", fig.clients, w.lost}, {"pinned", fig.pinned, pinned}} {
		if len(l.loss.Lost) > l.limit || len(l.loss.Resurrected) > l.limit || len(l.loss.Duplicated) > 0 {
			miss("%s: %v, at most %d may be lost", l.who, l.loss, l.limit)
		}
	}
	if len(fig.broken) > w.broken {
		miss("broken: %v", fig.broken)
	}
	if w.outage > 0 && fig.outage > w.outage*allowance() {
		miss("%v without an acknowledged write, at most %v", fig.outage, w.outage)
	}
	if !fig.settled {
		miss("the group did not become well")
	}
	return errors.Join(wrong...)
}
