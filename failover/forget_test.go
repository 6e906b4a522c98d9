package failover

import (
	"slices"
	"strings"
	"testing"

	"picket/monitor"
)

// asksToForget returns the answer to an operator who wants addr forgotten.
func (b *bench) asksToForget(addr monitor.Addr) string {
	b.Helper()
	b.step(Forget{Addr: addr})
	a, _ := action[AnswerForget](b)
	return a.Refusal
}

func TestWhatIsGoneForGoodIsForgotten(t *testing.T) {
	t.Run("a replica", func(t *testing.T) {
		b := newBench(t, setup{})
		b.kill(replicaB)
		b.pass(1100 * ms)
		if refusal := b.asksToForget(replicaB); refusal != "" {
			t.Fatal(refusal)
		}
		b.wantReason(EventForgotten, ReasonForgotten)
		if got := b.g.Saved().Replicas; !slices.Equal(got, []monitor.Addr{replicaA}) {
			t.Errorf("saved replicas %v", got)
		}
	})
	t.Run("a monitor: the majority counts without it", func(t *testing.T) {
		b := newBench(t, setup{quorum: 1})
		b.loseVoters()
		b.pass(1100 * ms)
		if b.g.needed() != 2 {
			t.Fatalf("%d votes are needed of three", b.g.needed())
		}
		for _, v := range slices.Clone(b.g.voters) {
			if refusal := b.asksToForget(v.Addr); refusal != "" {
				t.Fatal(refusal)
			}
		}
		if b.g.needed() != 1 || len(b.g.Saved().Peers) != 0 || !hasAction[Repeer](b) {
			t.Errorf("%d votes are needed, saved %v", b.g.needed(), b.g.Saved().Peers)
		}
	})
	t.Run("a deposed master", func(t *testing.T) {
		b := newBench(t, setup{})
		b.kill(master)
		b.pass(1100 * ms)
		winner := b.promoteDone()
		b.pass(10 * ms)
		other := replicaA
		if winner == replicaA {
			other = replicaB
		}
		_, effect := action[Repoint](b)
		b.info[other].MasterHost = winner.Host
		b.step(Done{Effect: effect, Outcome: OutcomeDone})
		b.pass(1100 * ms)
		if refusal := b.asksToForget(master); refusal != "" {
			t.Fatal(refusal)
		}
		if b.g.deposed != nil || b.g.instance(master) != nil {
			t.Error("it is awaited all the same")
		}
	})
}

func TestWhatMustNotBeForgotten(t *testing.T) {
	tests := []struct {
		name string
		do   func(*bench)
		addr monitor.Addr
		want string
	}{
		{"the master", func(*bench) {}, master, "is the master"},
		{"a live replica", func(*bench) {}, replicaA, "is alive (up)"},
		{"a live monitor", func(*bench) {}, monitor.Addr{Host: "10.1.0.2", Port: 26379}, "is not sdown here"},
		{"a monitor that was not asked long enough", (*bench).loseVoters, monitor.Addr{Host: "10.1.0.2", Port: 26379}, "is not sdown here"},
		{"a monitor that the pool hears of", func(b *bench) {
			b.loseVoters()
			b.pass(1100 * ms)
			b.g.roster.Get(peer2).GossipAlive = true
		}, monitor.Addr{Host: "10.1.0.2", Port: 26379}, "others hear of it"},
		{"a stranger", func(*bench) {}, stranger, "neither a replica nor a monitor"},
		{"anything during a failover", func(b *bench) {
			b.kill(replicaB)
			b.pass(1100 * ms)
			b.kill(master)
			b.pass(1100 * ms)
		}, replicaB, "INPROG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			tt.do(b)
			members := len(b.g.instances) + len(b.g.voters)
			if got := b.asksToForget(tt.addr); !strings.Contains(got, tt.want) {
				t.Errorf("answer %q, want %q", got, tt.want)
			}
			if len(b.g.instances)+len(b.g.voters) != members {
				t.Error("something was forgotten")
			}
		})
	}
}

func TestAnOperatorMayChooseTheReplica(t *testing.T) {
	ask := func(b *bench, to monitor.Addr) string {
		b.step(FailoverAsked{Ticket: 1, To: to})
		b.disk() // the answer waits for the vote to be durable
		a, _ := action[AnswerFailover](b)
		return a.Refusal
	}
	t.Run("the second best", func(t *testing.T) {
		b := newBench(t, setup{})
		b.info[replicaA].Priority = 1 // the best by far
		b.inform(replicaA)
		if refusal := ask(b, replicaB); refusal != "" {
			t.Fatal(refusal)
		}
		b.pass(100 * ms)
		if p, _ := action[Promote](b); p.Addr != replicaB {
			t.Errorf("promotes %s", p.Addr)
		}
	})
	refused := []struct {
		name string
		do   func(*bench)
		to   monitor.Addr
		want string
	}{
		{"priority 0", func(b *bench) { b.info[replicaB].Priority = 0; b.inform(replicaB) }, replicaB, "10.0.0.3:6379 cannot be promoted: priority-zero"},
		{"down", func(b *bench) { b.kill(replicaB); b.pass(1100 * ms) }, replicaB, "10.0.0.3:6379 cannot be promoted: sdown"},
		{"no replica", func(*bench) {}, stranger, "10.9.9.9:6379 cannot be promoted: does-not-report-role-slave"},
		{"the master itself", func(*bench) {}, master, "10.0.0.1:6379 cannot be promoted: does-not-report-role-slave"},
	}
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			tt.do(b)
			if got := ask(b, tt.to); got != "NOGOODSLAVE "+tt.want {
				t.Errorf("answer %q", got)
			}
		})
	}
	t.Run("one that turns bad before it is ordered is not replaced by another", func(t *testing.T) {
		b := newBench(t, setup{})
		if refusal := ask(b, replicaB); refusal != "" {
			t.Fatal(refusal)
		}
		b.info[replicaB].Priority = 0
		b.pass(500 * ms)
		b.wantReason("-failover-abort-no-good-slave", ReasonNoReplica)
		if hasAction[Promote](b) {
			t.Error("another one was promoted")
		}
	})
}
