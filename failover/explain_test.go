package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// silence makes the master's kernel acknowledge a PING that nobody answers.
func (b *bench) silence() {
	delete(b.info, master)
	b.step(Observed{monitor.Report{Addr: master, Link: b.link, Kind: monitor.ReportPending, At: b.now, Sent: b.now, Ack: monitor.AckAcked}})
}

func TestExplainIsRightIn(t *testing.T) {
	tests := []struct {
		name string
		do   func(*bench)
		want []string // each in some line
		not  []string
	}{
		{"healthy", func(*bench) {}, []string{
			"master 10.0.0.1:6379: up, reason pong",
			"no failover: the master is not down",
			"if the master died now: a failover after 1000 ms (down-after), 10.0.0.2:6379 would be promoted",
		}, []string{"unanswered", "in progress"}},
		{"script-blocked", func(b *bench) { b.blocked(2*time.Second, monitor.ReplyBusyScript) }, []string{
			"script-blocked, reason busy-eval",
			"waiting, this is not death",
			"no failover: the master is not down",
			"10.0.0.2:6379 would be promoted",
		}, nil},
		{"silent", func(b *bench) { b.silence(); b.pass(2 * time.Second) }, []string{
			"silent, reason silent-acked",
			"in 42", // of the silence limit of 6250 ms, some 4250 are left
			"ms: the master counts as down, unless it answers (silence limit)",
		}, nil},
		{"one monitor blind", func(b *bench) {
			delete(b.info, master)
			b.replies(master, monitor.ReplyNoAuth)
			b.step(OpinionHeard{quorum.Opinion{
				Author: peer2, Version: quorum.Version{Boot: 1, Seq: 1}, Group: "main", Master: master, State: monitor.StateUp, Reason: monitor.ReasonPong,
			}})
		}, []string{
			"master 10.0.0.1:6379: blind, reason noauth",
			"this monitor " + string(me) + ": sdown=false, state blind, reason noauth",
			"monitor " + string(peer2) + " at 10.1.0.2:26379 (unknown): usable=true, last reply 0 ms ago, sdown=false, state up, reason pong",
			"no failover: the master is not down",
		}, nil},
		{"no electable replica", func(b *bench) {
			b.info[replicaA].Priority, b.info[replicaB].Priority = 0, 0
			b.inform(replicaA)
			b.inform(replicaB)
		}, []string{
			"not 10.0.0.2:6379: priority-zero", "not 10.0.0.3:6379: priority-zero",
			"if the master died now: no failover, no-electable-replica",
		}, []string{"would promote "}},
		{"quorum unreachable", func(b *bench) {
			b.loseVoters()
			b.pass(2 * time.Second)
		}, []string{
			"voters 3, usable 1, quorum 2, votes needed to lead 2",
			"if the master died now: no failover, no-majority-reachable",
		}, nil},
		{"down without a majority", func(b *bench) {
			b.loseVoters()
			b.kill(master)
			b.pass(2 * time.Second)
		}, []string{"gone, reason connection-refused", "no failover: too-few-hold-it-down", "as things stand: no failover, no-majority-reachable"}, nil},
		{"an election", func(b *bench) {
			b.vote[peer2], b.vote[peer3] = downButNo, downButNo
			b.kill(master)
			for b.event("+vote-for-leader") == nil {
				b.pass(10 * ms)
			}
		}, []string{"failover in progress: wait_start, epoch 1"}, []string{"if the master died now"}},
		{"asked for another replica than the best", func(b *bench) {
			b.info[replicaA].Priority = 1
			b.inform(replicaA)
			b.step(FailoverAsked{Ticket: 1, To: replicaB})
			b.pass(100 * ms)
		}, []string{"chosen 10.0.0.3:6379: electable", "not chosen 10.0.0.2:6379: electable"}, []string{"would promote"}},
		{"gone for most of down-after", func(b *bench) { b.kill(master); b.pass(700 * ms) }, []string{
			"in 300 ms: the master counts as down", "if the master died now: a failover after 300 ms",
		}, nil},
		{"just voted for a peer", func(b *bench) {
			b.g.set.DownAfter = 30 * time.Second
			b.step(VoteAsked{Ticket: 1, Epoch: 5, Candidate: peer2})
			b.pass(100 * ms)
		}, []string{"binds us no longer", "if the master died now: a failover after 30000 ms"}, nil},
		{"just failed over", func(b *bench) {
			b.kill(master)
			b.pass(1100 * ms)
			b.promoteDone()
			b.pass(10 * ms)
		}, []string{
			"master 10.0.0.2:6379: up, reason pong",
			"failover in progress: reconf_slaves, epoch 1",
			"ms ago, by the failover that " + string(me) + " led in epoch 1",
			"votes " + string(me) + " " + string(peer2),
			"deposed master 10.0.0.1:6379 of epoch 1: awaited since", "back never",
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			tt.do(b)
			before := fmt.Sprintf("%+v", *b.g)
			text := strings.Join(b.g.Explain(b.now), "\n")
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(text, not) {
					t.Errorf("%q must not be in\n%s", not, text)
				}
			}
			if fmt.Sprintf("%+v", *b.g) != before {
				t.Error("explaining changed what is explained")
			}
		})
	}
}

// loseVoters ends the other monitors.
func (b *bench) loseVoters() {
	for _, v := range b.g.voters {
		b.vote[v.ID] = dead
		b.m.Contacted(quorum.Contact{Peer: v.ID, Addr: v.Addr, At: b.now, Cause: monitor.CauseRefused})
	}
}

// downButNo is a voter that holds the master down and votes for nobody.
func downButNo(quorum.Question) quorum.Answer {
	return quorum.Answer{Down: true, Kind: quorum.KindPicket, KnowsGroup: true}
}

// Every state has its timers, and what they announce is when it happens.
func TestTheTimersOfExplainComeTrue(t *testing.T) {
	b := newBench(t, setup{set: func(s *Settings) { s.Busy, s.BusyFailoverAfter = BusyFailover, 5*time.Second }})
	b.blocked(2*time.Second, monitor.ReplyBusyScript)
	timers := b.g.Account(b.now).Timers
	if len(timers) != 1 || !strings.Contains(timers[0].What, "busy-failover-after") {
		t.Fatalf("timers %+v, want the one of busy-failover-after", timers)
	}
	b.blocked(timers[0].In-100*ms, monitor.ReplyBusyScript)
	b.wantNone("+sdown")
	b.blocked(200*ms, monitor.ReplyBusyScript)
	b.want("+sdown")
}
