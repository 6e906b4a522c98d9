package e2e

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

// says waits until a command of the program under test ends with a code and prints all the texts.
func (s *scene) says(code int, argv []string, texts ...string) told {
	s.Helper()
	var last told
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second) // INFO is asked for every 10 s
	defer cancel()
	err := lab.Poll(ctx, "picket "+strings.Join(argv, " "), func(context.Context) bool {
		last = s.runs([]string{"GORACE=atexit_sleep_ms=0"}, append([]string{picket.Binary}, argv...)...)
		return last.code == code && holds(last.out+last.err, texts)
	})
	if err != nil {
		s.Fatalf("%v: it ends with %d, not %d, and says, not %q,\n%s%s", err, last.code, code, texts, last.out, last.err)
	}
	return last
}

func holds(text string, all []string) bool {
	text = strings.Join(strings.Fields(text), " ") // however it is wrapped
	for _, t := range all {
		if !strings.Contains(text, t) {
			return false
		}
	}
	return true
}

func ask(command string, m *lab.Monitor, more ...string) []string {
	return append([]string{command, "--addr", m.Addr()}, more...)
}

// The seven states that an operator asks about, and what status says of them meanwhile.
// The third monitor has a user of its own on the servers, which can be taken away from it.
func TestExplainAndStatusAreRightInEveryState(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	watch := lab.Watch{DownAfter: 2 * time.Second}
	s.servers(lab.GroupConfig{Replicas: 2, Monitors: 2, Monitor: lab.MonitorConfig{Watch: watch}, Redis: lab.RedisConfig{
		Lines: []string{"user third on >pw ~* &* +@all"}}})
	s.must(s.StartMonitors(s.ctx))
	s.add(lab.MonitorConfig{Program: program, Watch: watch, Lines: []string{"sentinel auth-user mymaster third", "sentinel auth-pass mymaster pw"}})
	s.must(s.WaitKnown(s.ctx))
	m, third := s.Monitors[0], s.Monitors[2]
	explain, status := ask("explain", m, "mymaster"), ask("status", m)

	s.says(0, explain, "The master", "Who sees what", "Failover", "Which replica", "What would follow", "up, reason pong",
		"no failover: the master is not down", "if the master died now: a failover after 2000 ms")
	s.says(0, status, "mymaster", s.Master.Addr(), s.Replicas[0].Addr(), s.Replicas[1].Addr(), "quorum 2 of 3 monitors", "up (pong)")

	done := s.Master.Run(s.ctx, lab.Reading(time.Minute)) // until it was seen by both
	s.says(0, explain, "script-blocked, reason busy-eval", "waiting, this is not death", "a script runs (EVAL)")
	s.says(4, status, "script-blocked", "it is alive")
	s.do(s.Master, "SCRIPT", "KILL")
	if err := (<-done).Err; err == nil || !strings.Contains(err.Error(), "killed by user") {
		s.Fatalf("the script, which was killed: %v", err)
	}
	s.says(0, status)

	s.patient("20000") // a slow machine must not make a failover of this
	s.must(s.Master.Freeze())
	s.says(0, explain, "silent, reason silent-acked", "Timers that run", "the master counts as down, unless it answers")
	s.must(s.Master.Thaw())
	s.patient("2000")

	for _, r := range s.Servers() {
		s.do(r, "ACL", "SETUSER", "third", "off")
		s.do(r, "CLIENT", "KILL", "USER", "third")
	}
	s.says(0, ask("explain", third, "mymaster"), "blind, reason wrongpass", "it does not take the monitor's password", "state up, reason pong",
		"no failover: the master is not down")
	s.says(4, ask("status", third), "blind")
	for _, r := range s.Servers() {
		s.do(r, "ACL", "SETUSER", "third", "on")
	}

	for _, r := range s.Replicas {
		s.do(r, "CONFIG", "SET", "replica-priority", "0")
	}
	s.says(0, explain, "not "+s.Replicas[0].Addr()+": priority-zero", "not "+s.Replicas[1].Addr()+": priority-zero",
		"never promote it", "if the master died now: no failover, no-electable-replica")
	for _, r := range s.Replicas {
		s.do(r, "CONFIG", "SET", "replica-priority", "100")
	}

	s.Monitors[1].Kill()
	third.Kill()
	s.says(0, explain, "voters 3, usable 1, quorum 2", "if the master died now: no failover, no-majority-reachable")
	s.says(4, status, "this monitor does not answer", "no failover could be agreed upon")
	s.must(s.Monitors[1].Start(s.ctx))
	s.must(third.Start(s.ctx))
	s.says(0, status)
	s.says(0, explain, "would promote ")

	old, marks := s.Master, s.Marks()
	old.Kill()
	s.switched(old, marks)
	s.says(0, explain, "ms ago, by the failover that", "led in epoch ", "deposed master "+old.Addr()+" of epoch ")
	s.says(4, status, "the replica is down")
	s.historyTells(m, old)
}

// patient sets down-after on every monitor.
func (s *scene) patient(ms string) {
	s.Helper()
	for _, m := range s.Monitors {
		s.do(m, "SENTINEL", "SET", "mymaster", "down-after-milliseconds", ms)
	}
}

// historyTells shows picket history in its three forms.
func (s *scene) historyTells(m *lab.Monitor, old *lab.Redis) {
	s.Helper()
	s.says(0, ask("history", m), "KIND", "script-blocked", "ended", "failover", "switched", "connection-refused", old.Addr())
	out := s.says(0, ask("history", m, "mymaster", "--json")).out
	first, _, _ := strings.Cut(out, "\n")
	var rec record
	s.must(json.Unmarshal([]byte(first), &rec))
	s.says(0, ask("history", m, "mymaster", rec.ID), "record "+rec.ID, "Timeline", "Candidates, best first", "What was known at +sdown", "+switch-master")
	s.says(3, ask("history", m, "mymaster", "none"), "keeps no record none of mymaster")
	var doc struct {
		Groups []struct {
			Name     string
			Problems []struct{ Severity string }
			Master   struct{ Address, State string }
			Replicas []struct {
				Lag int64 `json:"lag-bytes"`
			}
		}
	}
	s.must(json.Unmarshal([]byte(s.says(4, ask("status", m, "--json")).out), &doc))
	if len(doc.Groups) != 1 || doc.Groups[0].Master.State != "up" || doc.Groups[0].Master.Address == old.Addr() || len(doc.Groups[0].Replicas) != 2 {
		s.Errorf("status --json: %+v", doc)
	}
}

func TestCommandsAgainstARedisSentinel(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 1, Monitors: 1, Redis: lab.RedisConfig{Lines: []string{"replica-priority 0"}},
		Monitor: lab.MonitorConfig{Program: sentinel, Watch: lab.Watch{Quorum: 1}}})
	m := s.Monitors[0]
	s.says(0, ask("status", m), "mymaster", s.Replicas[0].Addr(), "is a redis-sentinel: it has no reasons")
	s.says(1, ask("explain", m, "mymaster"), "is a redis-sentinel, which cannot explain; picket status shows")
	s.says(1, ask("history", m), "is a redis-sentinel, which cannot tell a history")
	s.says(1, ask("status", m, "other"), "No such master with that name")
	s.Master.Kill() // and nothing may be promoted
	s.says(3, ask("status", m), "odown", "the master is down, and enough monitors agree")
	m.Kill()
	s.says(1, ask("status", m), "cannot ask the monitor at "+m.Addr(), "connection refused; is it running")
}

// follows starts picket events, which writes what it hears and says into one file.
func (s *scene) follows(words ...string) *lab.Process {
	s.Helper()
	p, err := s.lab.Process(lab.Spec{Name: "picket events", Argv: append([]string{picket.Binary, "events"}, words...),
		Dir: s.lab.Dir(), Log: filepath.Join(s.lab.Dir(), "events.log"), Env: []string{"GORACE=atexit_sleep_ms=0"}})
	s.must(err)
	s.must(p.Start())
	return p
}

func (s *scene) heard(p *lab.Process, texts ...string) {
	s.Helper()
	if err := lab.Poll(s.ctx, "picket events tells", func(context.Context) bool { return holds(p.LogText(), texts) }); err != nil {
		s.Fatalf("%v %q; it told\n%s", err, texts, p.LogText())
	}
}

func TestTheCommandsThatAct(t *testing.T) {
	t.Parallel()
	s := start(t, lab.GroupConfig{Replicas: 2, Monitors: 3, Monitor: lab.MonitorConfig{Watch: lab.Watch{FailoverTimeout: 3 * time.Second}}})
	m, last := s.Monitors[0], s.Monitors[2]
	first, second := s.Replicas[0], s.Replicas[1]
	events := s.follows("--addr", m.Addr(), "--addr", last.Addr(), "+switch-master")
	s.must(lab.Poll(s.ctx, "picket events listens", func(ctx context.Context) bool {
		return s.listened(ctx, m, 2) && s.listened(ctx, last, 2) // the lab listens too
	}))

	// A failover to the replica of our choice, and refusals.
	s.says(2, ask("failover", m, "mymaster", "--to", "nobody"), "names no replica: write HOST:PORT")
	s.says(3, ask("failover", m, "mymaster", "--to", "127.0.0.1:1"), "the monitor at "+m.Addr()+" answers")
	s.says(3, ask("failover", m, "other"), "No such master with that name")
	s.says(0, ask("failover", m, "mymaster", "--to", second.Addr(), "--wait"), "the master is "+second.Addr()+" now, "+s.Master.Addr()+" before; it took")
	s.agreed(second)
	s.heard(events, m.Addr()+" +switch-master mymaster", last.Addr()+" +switch-master mymaster")

	// The monitor restarts; its events are followed again.
	m.Kill()
	s.heard(events, "the monitor at "+m.Addr()+" is gone", "waiting for it")
	s.must(m.Start(s.ctx))
	s.heard(events, "the monitor at "+m.Addr()+" is back")
	s.says(0, ask("status", m))
	switches := func() int {
		return strings.Count(strings.Join(strings.Fields(events.LogText()), " "), m.Addr()+" +switch-master")
	}
	before := switches()
	s.says(0, ask("failover", last, "mymaster", "--wait", "--to", first.Addr()), "the master is "+first.Addr()+" now")
	s.must(lab.Poll(s.ctx, "the switch after the restart is told", func(context.Context) bool {
		return switches() > before
	}))
	s.must(events.Signal(syscall.SIGINT))
	s.must(events.WaitExit(s.ctx))
	if events.ExitCode() != 0 {
		t.Errorf("picket events ended with %d", events.ExitCode())
	}

	// What is gone for good is forgotten by every monitor, or the one that was not told is named.
	s.says(3, ask("forget", m, "mymaster", second.Addr()), m.Addr()+" refused: "+second.Addr()+" is alive", "tell these later")
	s.agreed(first)
	second.Kill()
	for _, each := range s.Monitors {
		s.says(4, ask("status", each), "the replica is down")
	}
	last.Kill()
	s.says(3, ask("forget", m, "mymaster", second.Addr()), m.Addr()+" forgotten", s.Monitors[1].Addr()+" forgotten",
		"tell these later, or "+second.Addr()+" may come back: "+last.Addr())
	s.says(0, ask("forget", m, "mymaster", last.Addr()), " forgotten")
	s.says(0, ask("status", m), "quorum 2 of 2 monitors")
}

// listened reports whether a monitor has so many clients that listen to a pattern.
func (s *scene) listened(ctx context.Context, m *lab.Monitor, n int) bool {
	reply, err := m.Do(ctx, "CLIENT", "LIST")
	list, _ := reply.(string)
	return err == nil && strings.Count(list, " psub=1 ") >= n
}
