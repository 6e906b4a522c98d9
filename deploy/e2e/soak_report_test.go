package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"picket/deploy/lab"
)

// soakText is RESULTS-soak.md: the length twice, the seed, down-after, each
// threshold with its limit, and the table.
const soakText = `# Soak: faults that are no reason to fail over

%v of faults (make soak; replay with -soak %v -soak-seed %d) on two groups at the
same moment on one machine: one watched by three pickets, one by three
redis-sentinels, each with a master, two replicas, a writer (one write every 5 ms,
go-redis' failover client) and down-after %v.

The faults: scripts of 0.1 to 3 s and storms of three to six of them, DEBUG SLEEP,
pipelines of KEYS and SORT, CLIENT PAUSE ALL, SIGSTOP of one server or all, BGSAVE
with a SIGSTOP, SIGSTOP of one monitor or all for up to 4 s; under a processor that
is idle, burnt by six spinning processes, or taken away by quota from the servers
(15 to 20 %% in pieces), from the monitors (2 to 5 %% in one piece a second) or from both.
busy-reply-threshold changes every four episodes.

A silence is planned for no more than half the silence limit (and 3 s). The limit is
max(down-after, T + max(1 s, T/4)): with T %v it is %v, with T %v it is %v; redis-sentinel
has down-after alone, whatever the master answers. A script that says BUSY is
not silent. Where a machine was so slow that a fault lasted longer than the limit,
a failover is right; the second row counts the others.

%s`

// tally is what one side's soak came to.
type tally struct {
	failovers []failover
	odowns    []failover
	events    map[string]int // over all three monitors
	loss      lab.Loss
	outage    time.Duration
	silent    map[time.Duration]silence // the longest of any server, by threshold
	faults    int
	errors    map[string]int // of faults that were not played to their end, by kind
}

// failover is a switch, or an ODOWN, and the fault that was the last to begin before it.
type failover struct {
	at      time.Time
	during  dealt
	silence silence // the longest of the old master in the limit before it, and a bit
}

func (f failover) String() string {
	return fmt.Sprintf("%s, during %v (%s, busy-reply-threshold %v); the master's longest silence was %v of %v allowed", f.at.Format("15:04:05.000"),
		f.during.blow, f.during.episode.name, f.during.episode.threshold, f.silence.d.Round(time.Millisecond), f.during.episode.allowed)
}

// wrong counts the failovers that came although no silence was longer than the
// limit. A machine that is slow to end a fault can make one longer than planned.
func (t tally) wrong() (n int) {
	for _, f := range t.failovers {
		if f.silence.d < f.during.episode.allowed {
			n++
		}
	}
	return n
}

// counted are the events whose numbers are told. Those of a master, not of a replica.
var counted = []string{"+sdown", "+odown", "+script-blocked", "+silent", "+try-failover", "+failover-held", "+tilt"}

func report(ctx context.Context, t *testing.T, seed uint64, sides []*side) {
	var tallies []tally
	for _, s := range sides {
		got, err := s.tally(ctx)
		if err != nil {
			t.Errorf("%s: %v", s.program.Name(), err)
		}
		tallies = append(tallies, got)
		for _, f := range got.failovers {
			t.Logf("%s failed over: %v", s.program.Name(), f)
		}
		for _, f := range got.odowns {
			t.Logf("%s held its master to be objectively down: %v", s.program.Name(), f)
		}
	}
	table := soakTable(sides, tallies)
	t.Logf("seed %d\n%s", seed, table)
	if *soakPage != "" {
		page := fmt.Sprintf(soakText, *soakLength, *soakLength, seed, soakDownAfter,
			shortT, silenceLimit(shortT), longT, silenceLimit(longT), table)
		if err := os.WriteFile(*soakPage, []byte(page), 0o644); err != nil {
			t.Error(err)
		}
	}
	ours := tallies[0]
	if n := ours.wrong(); n > 0 {
		t.Errorf("picket failed over %d times without a silence longer than the limit", n)
	}
	sides[0].show(t)
	if n := len(ours.loss.Lost) + len(ours.loss.Resurrected); n > 0 && len(ours.failovers) == 0 {
		t.Errorf("writes were lost without a failover: %v", ours.loss)
	}
	for _, s := range sides {
		if len(s.played) == 0 {
			t.Errorf("%s was spared every fault", s.program.Name())
		}
	}
}

// tally waits until the group is well again, ends the writer and counts.
func (s *side) tally(ctx context.Context) (tally, error) {
	out := tally{events: map[string]int{}, silent: map[time.Duration]silence{}, errors: map[string]int{}, faults: len(s.played)}
	sleep(ctx, 3*time.Second)
	if err := s.writer.WaitAcks(ctx, 50); err != nil {
		return out, err
	}
	log := s.writer.Stop()
	out.outage = lab.LongestGap(log)
	master, err := s.current(ctx)
	if err == nil {
		out.loss, err = lab.Check(ctx, master, s.writer.Key, log)
	}
	for _, m := range s.Monitors {
		for _, channel := range counted {
			out.events[channel] += len(m.Events.Find(s.ofMaster(channel)))
		}
	}
	out.failovers = s.alarms(func(e lab.Event) bool { return e.Channel == "+switch-master" })
	out.odowns = s.alarms(s.ofMaster("+odown"))
	for _, p := range s.played {
		if p.err != nil {
			out.errors[string(p.kind)]++
		}
	}
	s.silences(&out)
	return out, err
}

func (s *side) ofMaster(channel string) lab.Match {
	return func(e lab.Event) bool {
		return e.Channel == channel && (strings.HasPrefix(e.Payload, "master ") || channel == "+tilt")
	}
}

// alarms are the matching events of the monitor that told most of them. Payloads
// name the group and the master: "mymaster host port ..." or "master mymaster host port".
func (s *side) alarms(match lab.Match) (out []failover) {
	var most []lab.Event
	for _, m := range s.Monitors {
		if list := m.Events.Find(match); len(list) > len(most) {
			most = list
		}
	}
	for _, ev := range most {
		f := failover{at: ev.At}
		for _, p := range s.played {
			if p.at.Before(ev.At) {
				f.during = p
			}
		}
		words := strings.Fields(strings.TrimPrefix(ev.Payload, "master "))
		for _, o := range s.observers {
			if len(words) > 2 && o.Addr() == words[1]+":"+words[2] {
				f.silence = o.longest(ev.At.Add(-f.during.episode.allowed-2*time.Second), ev.At)
			}
		}
		out = append(out, f)
	}
	return out
}

// silences finds the longest silence of any server under each threshold.
func (s *side) silences(out *tally) {
	for i, p := range s.played {
		end := p.at.Add(time.Minute)
		if i+1 < len(s.played) {
			end = s.played[i+1].at
		}
		for _, o := range s.observers {
			if l := o.longest(p.at, end); l.d > out.silent[p.episode.threshold].d {
				out.silent[p.episode.threshold] = l
			}
		}
	}
}

func (t tally) during(threshold time.Duration) (n int) {
	for _, f := range t.failovers {
		if f.during.episode.threshold == threshold {
			n++
		}
	}
	return n
}

// causes lists the kinds of fault during which failovers came.
func (t tally) causes() string {
	n := map[kind]int{}
	for _, f := range t.failovers {
		n[f.during.kind]++
	}
	var out []string
	for k, times := range n {
		out = append(out, fmt.Sprintf("%s %d", k, times))
	}
	slices.Sort(out)
	return orDash(strings.Join(out, ", "))
}

func (t tally) incomplete() string {
	var out []string
	for k, times := range t.errors {
		out = append(out, fmt.Sprintf("%s %d", k, times))
	}
	slices.Sort(out)
	return orDash(strings.Join(out, ", "))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func soakTable(sides []*side, tallies []tally) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', tabwriter.Debug)
	row := func(name string, of func(tally) any) {
		fmt.Fprintf(w, "| %s\t", name)
		for _, t := range tallies {
			fmt.Fprintf(w, " %v\t", of(t))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "| \t %s\t %s\t\n| ---\t ---\t ---\t\n", sides[0].program.Name(), sides[1].program.Name())
	row("failovers", func(t tally) any { return len(t.failovers) })
	row("... with no silence of the master longer than the silence limit", func(t tally) any { return t.wrong() })
	for _, threshold := range []time.Duration{shortT, longT} {
		row(fmt.Sprintf("... at busy-reply-threshold %v (silence limit %v)", threshold, silenceLimit(threshold)),
			func(t tally) any { return t.during(threshold) })
		row("... longest silence of a server there", func(t tally) any { return t.silent[threshold].d.Round(time.Millisecond) })
	}
	row("... during which faults", func(t tally) any { return t.causes() })
	for _, channel := range counted {
		row(channel+" of the master, all monitors", func(t tally) any { return t.events[channel] })
	}
	row("writes", func(t tally) any { return t.loss })
	row("longest time without an acknowledged write", func(t tally) any { return t.outage.Round(time.Millisecond) })
	row("faults played", func(t tally) any { return t.faults })
	row("faults that ended with an error", func(t tally) any { return t.incomplete() })
	w.Flush()
	return b.String()
}

// show prints what the monitors published around each ODOWN.
func (s *side) show(t *testing.T) {
	for _, f := range s.alarms(s.ofMaster("+odown")) {
		for _, m := range s.Monitors {
			for _, ev := range m.Events.All() {
				if ev.At.After(f.at.Add(-15*time.Second)) && ev.At.Before(f.at.Add(2*time.Second)) {
					t.Log(m.Name(), ev)
				}
			}
		}
	}
}
