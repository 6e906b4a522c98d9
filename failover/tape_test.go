package failover

import (
	"math"
	"strings"
	"time"

	"picket/monitor"
	"picket/quorum"
)

// tape draws inputs from the bytes of a fuzzer: mostly plausible ones, so that a
// run gets somewhere, and among them what no sane sender says.
type tape struct{ rest []byte }

// below draws a number from 0 to n-1; an empty tape draws 0.
func (t *tape) below(n int) int {
	if len(t.rest) == 0 {
		return 0
	}
	b := t.rest[0]
	t.rest = t.rest[1:]
	return int(b) % n
}

// seldom is true once in sixteen times.
func (t *tape) seldom() bool { return t.below(16) == 15 }

func (t *tape) coin() bool { return t.below(2) == 1 }

func pick[T any](t *tape, list ...T) T { return list[t.below(len(list))] }

func (t *tape) instant(now monitor.Instant) monitor.Instant {
	if t.seldom() {
		return pick[monitor.Instant](t, monitor.Never, -1, math.MinInt64, math.MaxInt64, now.Add(-time.Hour), now.Add(time.Hour), 1)
	}
	return now.Add(-time.Duration(t.below(64)) * time.Millisecond)
}

func (t *tape) duration() time.Duration {
	if t.seldom() {
		return pick[time.Duration](t, -1, math.MinInt64, math.MaxInt64, -time.Hour, 1e18, 24*365*time.Hour)
	}
	return pick(t, 0, time.Millisecond, time.Second, 5*time.Second, time.Minute)
}

func (t *tape) count() int64 {
	if t.seldom() {
		return pick[int64](t, -1, math.MinInt64, math.MaxInt64, 1<<62, 1<<33)
	}
	return pick[int64](t, 1000, 0, 1, 900, 1100)
}

func (t *tape) epoch(current uint64) uint64 {
	if t.seldom() {
		return pick[uint64](t, 1<<63, math.MaxUint64, 1<<63-1, current+1<<32, current+1<<32+1, math.MaxUint64-1)
	}
	return current + uint64(t.below(4)) - uint64(t.below(2))
}

func (t *tape) addr() monitor.Addr {
	if t.seldom() {
		return pick(t, monitor.Addr{}, monitor.Addr{Host: "10.0.0.2", Port: -1}, monitor.Addr{Host: "a\nb", Port: 1},
			monitor.Addr{Host: strings.Repeat("x", 4096), Port: 1 << 40}, monitor.Addr{Host: "10.0.0.1"}, stranger)
	}
	return pick(t, master, replicaA, replicaB)
}

// inventedAddr draws one of thousands: nobody may make us remember them all.
func (t *tape) inventedAddr() monitor.Addr {
	return monitor.Addr{Host: "10.7." + itoa(t.below(256)) + "." + itoa(t.below(256)), Port: 1 + t.below(8)}
}

func peerAddr(n int) monitor.Addr { return monitor.Addr{Host: "10.1.0." + itoa(n), Port: 26379} }

func (t *tape) id() quorum.ID {
	if t.seldom() {
		return pick(t, me, "", "x", id('9'), quorum.ID(strings.Repeat("0123456789abcdef", 3)[t.below(8):][:40]))
	}
	return pick(t, peer2, peer3)
}

func (t *tape) replID() string {
	if t.seldom() {
		return pick(t, "", foreignID, strings.Repeat(pick(t, "b", "c", "d", "e"), 1+t.below(60)), "\x00\n")
	}
	return mainID
}

func (t *tape) info() monitor.Info {
	from, replicas := t.addr(), []monitor.Addr{replicaA, replicaB}
	for t.seldom() && len(replicas) < 700 {
		for range 64 {
			replicas = append(replicas, t.inventedAddr())
		}
	}
	return monitor.Info{
		RunID: pick(t, runID(replicaA), runID(master), "", strings.Repeat("e", 40)), Role: pick(t, monitor.RoleReplica, monitor.RoleMaster, monitor.RoleUnknown),
		ReplID: t.replID(), ReplID2: pick(t, "", t.replID()), SecondOffset: t.count(), MasterOffset: t.count(),
		MasterHost: from.Host, MasterPort: from.Port, LinkUp: !t.seldom(), LinkDown: t.duration(), MasterLastIO: t.duration(),
		SyncInProgress: t.seldom(), ReplicaOffset: t.count(), ReadOffset: t.count(), Priority: int(t.count()), Announced: t.coin(),
		Loading: t.seldom(), LoadingETA: t.duration(), Keys: t.count(), Replicas: replicas, ReplicaLink: make([]bool, len(replicas)),
	}
}

func (t *tape) configuration(current uint64) quorum.Configuration {
	return quorum.Configuration{Author: t.id(), Group: pick(t, "main", "other", ""), Epoch: t.epoch(current), Leader: t.id(),
		Master: t.addr()}
}

func (t *tape) opinion(current uint64) quorum.Opinion {
	return quorum.Opinion{
		Author: t.id(), Version: quorum.Version{Boot: t.epoch(1), Seq: t.epoch(uint64(t.below(256)))}, Group: "main", Master: t.addr(), RunID: runID(master),
		State: monitor.State(t.below(int(monitor.StateRoleMismatch) + 1)), Reason: "r", Down: t.coin(), Age: t.duration(), Epoch: t.epoch(current),
	}
}

// report draws what a probe sees; the numbers of links rise, but for absurd ones.
func (t *tape) report(now monitor.Instant) monitor.Report {
	return monitor.Report{
		Addr: t.addr(), Link: uint64(pick(t, 1, 1, 2, t.count())), Kind: monitor.ReportKind(t.below(int(monitor.ReportRefused) + 1)), At: t.instant(now), Sent: t.instant(now),
		Reply: monitor.Reply(t.below(int(monitor.ReplyOther) + 1)), Text: "text", Ack: monitor.Ack(t.below(3)), Cause: monitor.Cause(t.below(int(monitor.CauseLocal) + 1)),
	}
}

func (t *tape) settings() Settings {
	s := DefaultSettings("main", 1+t.below(5))
	s.DownAfter, s.FailoverTimeout = pick[time.Duration](t, time.Second, time.Millisecond, 1e18), pick[time.Duration](t, 10*time.Second, time.Millisecond, 1e18)
	s.ParallelSyncs, s.RebootDownAfter = pick(t, 1, 2, math.MaxInt32), pick[time.Duration](t, 0, time.Second, 1e18)
	s.Busy = pick(t, BusyWait, BusyKill, BusyFailover)
	s.BusyWarnAfter, s.BusyKillAfter, s.BusyFailoverAfter = pick[time.Duration](t, 0, time.Second, 1e18), pick(t, 0, time.Second), pick[time.Duration](t, 0, time.Second, 1e18)
	s.SilenceGrace, s.MisconfDown = t.coin(), t.coin()
	return s
}
