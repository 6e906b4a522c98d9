package failover

import (
	"strings"
	"testing"
	"time"

	"picket/monitor"
	"picket/quorum"
)

var rebornID = strings.Repeat("9", 40)

// reborn is a new process at the master's address that began with nothing; its
// clients have written a few keys already.
func reborn() monitor.Info {
	return monitor.Info{Role: monitor.RoleMaster, RunID: rebornID, ReplID: rebornID, SecondOffset: -1, Keys: 4, Priority: 100, NoneLoaded: true}
}

// restarts lets the master's process end and another one answer at once.
// synced is a replica that holds what the new process holds.
func (b *bench) synced(list ...monitor.Addr) {
	for _, r := range list {
		b.info[r].ReplID, b.info[r].Keys, b.info[r].ReplicaOffset, b.info[r].LinkUp = rebornID, 4, 5000, true
		b.inform(r)
	}
}

func (b *bench) restarts(info monitor.Info) {
	b.Helper()
	b.lose(master, monitor.CauseRefused)
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		if i := b.info[r]; i.ReplID == mainID {
			i.LinkUp, i.LinkDown = false, 0
		}
	}
	b.info[master] = &info
	b.replies(master, monitor.ReplyPong)
	b.inform(master)
}

func TestAMasterRestartedWithoutItsDataIsFailedOverAtOnce(t *testing.T) {
	snapshot := func(upTo int64) monitor.Info {
		info := reborn()
		info.ReplID2, info.SecondOffset, info.Keys, info.NoneLoaded = mainID, upTo+1, 10, false
		return info
	}
	file := reborn() // it knows no replication id
	file.NoneLoaded, file.Keys = false, 10
	silent := reborn() // of a server that does not tell what it read
	silent.NoneLoaded, silent.Keys = false, 0
	for _, tt := range []struct {
		name   string
		info   monitor.Info
		before func(*bench)
		after  func(*bench)
		saved  bool
		chosen monitor.Addr // any, if zero
	}{
		{name: "empty, and written to since", info: reborn(), saved: true},
		{name: "without a key", info: silent, saved: true},
		{name: "a snapshot older than the replicas", info: snapshot(999), saved: true},
		{name: "a snapshot as new as the replicas", info: snapshot(1000)},
		{name: "all keys from an append-only file", info: file},
		{name: "all replicas are about to sync with it", info: reborn(), saved: true,
			before: func(b *bench) { b.info[replicaA].SyncInProgress, b.info[replicaB].SyncInProgress = true, true }},
		{name: "one replica has synced with it", info: reborn(), saved: true, chosen: replicaB,
			after: func(b *bench) { b.synced(replicaA) }},
		{name: "all replicas have synced with it", info: reborn(),
			before: func(b *bench) { b.synced(replicaA, replicaB) }},
		{name: "the data set was flushed before", info: reborn(), before: func(b *bench) {
			for _, r := range []monitor.Addr{replicaA, replicaB} {
				b.info[r].Keys = 0
				b.inform(r)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			for _, prepare := range []func(*bench){tt.before, func(b *bench) { b.restarts(tt.info) }, tt.after} {
				if prepare != nil {
					prepare(b)
				}
			}
			b.pass(300 * ms)
			if !tt.saved {
				b.wantNone("+sdown", "+odown", "+try-failover")
				return
			}
			b.wantReason("+sdown", monitor.ReasonBereft)
			if p, _ := action[Promote](b); !tt.chosen.IsZero() && p.Addr != tt.chosen {
				t.Errorf("promotes %s, want %s", p.Addr, tt.chosen)
			}
		})
	}
}

func TestAMasterThatLoadsAnOldSnapshotIsJudgedWhenItHasReadIt(t *testing.T) {
	b := newBench(t, setup{})
	info := reborn()
	info.Loading, info.NoneLoaded = true, false
	b.lose(master, monitor.CauseRefused)
	b.info[master] = &info
	for range 40 { // longer than a master is held against
		b.replies(master, monitor.ReplyLoading)
		b.inform(master)
		b.now = b.now.Add(500 * ms)
	}
	if b.g.master().Down() {
		t.Error("down while it reads its data")
	}
	info.Loading, info.ReplID2, info.SecondOffset = false, mainID, 901
	b.pass(300 * ms)
	if v := b.g.master().Verdict; !v.Down || v.Reason != monitor.ReasonBereft {
		t.Errorf("%v %s down=%v when it has read a snapshot older than its replicas", v.State, v.Reason, v.Down)
	}
}

func TestAMasterThatNobodyCouldReplaceIsTakenAsItIs(t *testing.T) {
	b := newBench(t, setup{})
	b.vote[peer2], b.vote[peer3] = abstains, abstains
	b.restarts(reborn())
	b.pass(300 * ms)
	b.want("+sdown")
	b.pass(bereftFor + time.Second)
	b.want("-sdown")
	b.wantNone("+promoted-slave")
	b.forget()
	b.info[replicaA].LinkUp = true // much later, one that was away
	b.inform(replicaA)
	b.pass(300 * ms)
	b.wantNone("+sdown")
}

func TestWhatAReplicaHeldBeforeAnElectionIsNotCountedOn(t *testing.T) {
	b := newBench(t, setup{})
	b.vote[peer2], b.vote[peer3] = downButNoVote, downButNoVote
	b.restarts(reborn())
	b.pass(100 * ms)
	b.want("+odown", "-failover-abort-not-elected")
	for _, r := range []monitor.Addr{replicaA, replicaB} { // one syncs meanwhile: the one that would be chosen
		b.info[r].Priority = map[monitor.Addr]int{replicaA: 1, replicaB: 100}[r]
		b.inform(r)
	}
	b.info[replicaA].ReplID, b.info[replicaA].Keys, b.info[replicaA].LinkUp = rebornID, 4, true
	b.vote[peer2], b.vote[peer3] = agrees, agrees
	b.pass(2500 * ms)
	if p, _ := action[Promote](b); p.Addr != replicaB {
		t.Errorf("promotes %s, which lost its data between the two elections", p.Addr)
	}
}

func TestAReplicasNewsAreAskedForWhenTheMasterIsANewProcess(t *testing.T) {
	b := newBench(t, setup{})
	for _, r := range []monitor.Addr{replicaA, replicaB} {
		b.info[r].ReplicaOffset = 2000 // not told yet
	}
	info := reborn()
	info.NoneLoaded, info.Keys, info.ReplID2, info.SecondOffset = false, 10, mainID, 1501
	b.restarts(info)
	b.pass(300 * ms)
	b.wantReason("+sdown", monitor.ReasonBereft)
}

// downButNoVote is a voter that holds the master down and has voted for another.
func downButNoVote(q quorum.Question) quorum.Answer {
	a := agrees(q)
	a.Leader = peer3
	return a
}
