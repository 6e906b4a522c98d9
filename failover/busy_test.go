package failover

import (
	"strings"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// blocked makes the master BUSY for d, polled as it would be.
func (b *bench) blocked(d time.Duration, r monitor.Reply) {
	info := b.info[master]
	delete(b.info, master)
	for end := b.now.Add(d); b.now < end; {
		b.replies(master, r)
		b.pass(50 * ms)
	}
	b.info[master] = info
}

func TestAScriptBlockedMasterIsWaitedFor(t *testing.T) {
	b := newBench(t, setup{})
	b.blocked(time.Minute, monitor.ReplyBusyScript)
	b.wantReason(EventScriptBlocked, monitor.ReasonBusyEval)
	b.wantNone("+sdown", "+odown", "+try-failover")
	b.pass(20 * ms)
	b.want(EventScriptUnblocked)
	if p := b.event(EventScriptUnblocked).Payload; !strings.Contains(p, "after-ms=60") {
		t.Errorf("%s %s", EventScriptUnblocked, p)
	}
}

func TestAPeersBusyExplainsOurSilence(t *testing.T) {
	tests := []struct {
		name  string
		lose  func(*bench)
		odown bool
	}{
		{"hung", func(b *bench) {
			delete(b.info, master)
			b.step(Observed{monitor.Report{Addr: master, Link: b.link, Kind: monitor.ReportPending, At: b.now, Sent: b.now, Ack: monitor.AckAcked}})
		}, false},
		{"gone", func(b *bench) { b.kill(master) }, true},
		{"unreachable", func(b *bench) { delete(b.info, master); b.lose(master, monitor.CauseNoRoute) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{set: func(s *Settings) { s.SilenceGrace = false }})
			state := b.g.master()
			tt.lose(b)
			seq := uint64(0)
			for range 40 {
				seq++
				b.step(OpinionHeard{quorum.Opinion{
					Author: peer2, Version: quorum.Version{Boot: 1, Seq: seq}, Group: "main", Master: master, RunID: runID(master),
					State: monitor.StateScriptBlocked, Reason: monitor.ReasonBusyEval,
				}})
				b.step(OpinionHeard{quorum.Opinion{
					Author: peer3, Version: quorum.Version{Boot: 1, Seq: seq}, Group: "main", Master: master, RunID: runID(master),
					State: state.Verdict.State, Down: state.Down(),
				}})
				b.vote[peer2], b.vote[peer3] = dead, dead // gossip only
				b.pass(50 * ms)
			}
			if got := b.event("+odown") != nil; got != tt.odown {
				t.Errorf("odown %t, want %t: %+v", got, tt.odown, b.g.agreed)
			}
		})
	}
}

func TestUnderFailoverPolicyALongScriptIsLeftBehind(t *testing.T) {
	b := newBench(t, setup{set: func(s *Settings) { s.Busy, s.BusyFailoverAfter = BusyFailover, 3*time.Second }})
	b.blocked(2500*ms, monitor.ReplyBusyScript)
	b.wantNone("+sdown")
	b.blocked(1000*ms, monitor.ReplyBusyScript)
	b.wantReason("+sdown", monitor.ReasonBusyTooLong)
	b.want("+elected-leader", "+selected-slave")
	b.promoteDone()
	b.want("+switch-master")
}

func TestUnderKillPolicyOneMonitorKillsOnce(t *testing.T) {
	tests := []struct {
		name    string
		reply   monitor.Reply
		outcome Outcome
		want    string // in +script-kill
	}{
		{"killed", monitor.ReplyBusyScript, OutcomeDone, "outcome=killed a transaction"},
		{"a function", monitor.ReplyBusyFunction, OutcomeDone, "outcome=killed"},
		{"one that has written", monitor.ReplyBusyScript, OutcomeUnkillable, "outcome=unkillable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{set: func(s *Settings) { s.Busy, s.BusyKillAfter = BusyKill, time.Second }})
			b.blocked(900*ms, tt.reply)
			if hasAction[Kill](b) {
				t.Fatal("killed too early")
			}
			b.blocked(200*ms, tt.reply)
			k, effect := action[Kill](b)
			if k != (Kill{Addr: master, Kind: tt.reply}) {
				t.Errorf("killed %+v", k)
			}
			b.effects = nil
			b.step(Done{Effect: effect, Outcome: tt.outcome})
			b.want(EventScriptKill)
			if p := b.event(EventScriptKill).Payload; !strings.Contains(p, tt.want) {
				t.Errorf("%s %s, want %s", EventScriptKill, p, tt.want)
			}
			b.blocked(5*time.Second, tt.reply)
			if hasAction[Kill](b) {
				t.Error("killed twice")
			}
			b.wantNone("+sdown", "+try-failover")
		})
	}
}

func TestAModuleCommandIsNotKilled(t *testing.T) {
	b := newBench(t, setup{set: func(s *Settings) { s.Busy, s.BusyKillAfter = BusyKill, time.Second }})
	b.blocked(2*time.Second, monitor.ReplyBusyModule)
	if hasAction[Kill](b) {
		t.Error("no command kills a module's")
	}
	b.want(EventScriptKill)
}

func TestTheKillIsLeftToASmallerIdThatSeesTheScriptToo(t *testing.T) {
	b := newBench(t, setup{
		set:   func(s *Settings) { s.Busy, s.BusyKillAfter = BusyKill, time.Second },
		peers: []quorum.ID{id('0'), peer3},
	})
	seq := uint64(0)
	for range 6 {
		seq++
		b.step(OpinionHeard{quorum.Opinion{
			Author: id('0'), Version: quorum.Version{Boot: 1, Seq: seq}, Group: "main", Master: master, RunID: runID(master),
			State: monitor.StateScriptBlocked,
		}})
		b.blocked(500*ms, monitor.ReplyBusyScript)
	}
	if hasAction[Kill](b) {
		t.Error("two monitors kill")
	}
}

func TestBusyWarnAfterOnlyWarns(t *testing.T) {
	b := newBench(t, setup{set: func(s *Settings) { s.BusyWarnAfter = 2 * time.Second }})
	b.blocked(5*time.Second, monitor.ReplyBusyScript)
	n := 0
	for _, e := range b.events {
		if e.Name == EventScriptBlocked && e.Reason == ReasonBusyWarn {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d warnings, want one", n)
	}
}
