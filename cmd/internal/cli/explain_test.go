package cli

import (
	"strings"
	"testing"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// everything is an account in which every line that the core knows is told.
func everything() []failover.Account {
	at := func(port int) monitor.Addr { return monitor.Addr{Host: "10.0.0.1", Port: port} }
	a := failover.Account{
		Group: "main", Blocked: time.Second, Pending: time.Second, Unsaved: "disk full", Impostor: at(26379),
		Witnesses:     []failover.Witness{{Monitor: "me"}, {Monitor: "two", State: monitor.StateUp, Reason: monitor.ReasonPong}},
		Configuration: quorum.Configuration{Epoch: 3}, Deposed: &failover.DeposedAccount{Addr: at(6380)},
		Candidates: []failover.Candidate{{Addr: at(1), Reason: failover.ReasonElectable}, {Addr: at(2), Reason: failover.ReasonElectable},
			{Addr: at(3), Reason: failover.ReasonPriorityZero}},
		Replicas: []failover.InstanceAccount{{Addr: at(1)}},
		Timers:   []failover.Timer{{In: time.Second, What: "the master counts as down"}},
		Outlook:  failover.Outlook{DownIn: time.Second},
	}
	attempt, held, due, down, dead := a, a, a, a, a
	attempt.Attempt = &failover.AttemptAccount{Phase: "wait_start"}
	held.Agreed, held.Held = quorum.Verdict{ODown: true}, failover.ReasonNoMajority
	due.Agreed = quorum.Verdict{ODown: true}
	down.Master.Down = true
	dead.Outlook = failover.Outlook{Held: failover.ReasonNoReplica}
	return []failover.Account{a, attempt, held, due, down, dead}
}

func TestEveryLineOfExplainHasItsSection(t *testing.T) {
	for _, a := range everything() {
		for _, s := range inSections(a.Lines()) {
			if s.Title == otherTitle {
				t.Errorf("no section for %q", s.Lines)
			}
		}
	}
	got := inSections([]string{"master since 3 ms ago, by the failover that me led in epoch 1", "a line of a later version"})
	if len(got) != 2 || got[0].Title != "Failover" || got[1].Title != otherTitle {
		t.Errorf("sections %+v", got)
	}
}

func TestReasonsAreExplained(t *testing.T) {
	got := glossed("not 10.0.0.1:3: priority-zero, lineage rank 0, priority 0, offset 0")
	if !strings.HasSuffix(got, "(its replica-priority is 0: never promote it)") {
		t.Errorf("%q", got)
	}
	if line := "master 10.0.0.1:6379: up, reason pong"; glossed(line) != line {
		t.Errorf("%q is explained", line)
	}
}

func TestATableFitsItsTerminal(t *testing.T) {
	rows := []row{{cells: []string{"master", "127.0.0.1:6379", "up", "pong", "-", "-"}}, {cells: []string{"replica", "127.0.0.1:6380", "up", "pong", "down", "-"}}}
	head := []string{"ROLE", "ADDRESS", "STATE", "REASON", "LINK", "LAG"}
	wide := style{width: 80}.table(head, rows)
	if len(wide) != 3 || strings.Contains(wide[0], "LAG") {
		t.Errorf("wide, without the column that nobody fills:\n%s", strings.Join(wide, "\n"))
	}
	narrow := style{width: 30}.table(head, rows)
	if got := strings.Join(narrow, "\n"); got != "master 127.0.0.1:6379\n  state up, reason pong\nreplica 127.0.0.1:6380\n  state up, reason pong, link\n  down" {
		t.Errorf("narrow:\n%s", got)
	}
	for _, line := range narrow {
		if len(line) > 30 {
			t.Errorf("%q is wider than 30", line)
		}
	}
}
