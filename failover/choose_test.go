package failover

import (
	"strings"
	"testing"
	"time"

	"picket/monitor"
)

func TestChoosing(t *testing.T) {
	tests := []struct {
		name   string
		a, b   func(*monitor.Info) // what the two replicas say
		want   monitor.Addr        // zero: none
		reason monitor.Reason      // why A is not chosen, ReasonElectable when only outranked
	}{
		{"the furthest", nil, func(i *monitor.Info) { i.ReplicaOffset = 2000 }, replicaB, ReasonElectable},
		{"lower priority before offset", func(i *monitor.Info) { i.Priority = 10 }, func(i *monitor.Info) { i.ReplicaOffset = 2000 }, replicaA, ""},
		{"smaller run id at last", nil, nil, replicaA, ""},
		{"priority 0 never", func(i *monitor.Info) { i.Priority = 0 }, nil, replicaB, ReasonPriorityZero},
		{"an empty one that never synced never, whatever its priority", func(i *monitor.Info) {
			*i = monitor.Info{Role: monitor.RoleReplica, RunID: i.RunID, ReplID: strings.Repeat("e", 40), MasterHost: master.Host,
				MasterPort: master.Port, LinkDown: -1, Priority: 1}
		}, nil, replicaB, ReasonEmpty},
		{"not even alone", func(i *monitor.Info) {
			*i = monitor.Info{Role: monitor.RoleReplica, RunID: i.RunID, ReplID: strings.Repeat("e", 40), MasterHost: master.Host,
				MasterPort: master.Port, LinkDown: -1, Priority: 1}
		}, func(i *monitor.Info) { i.Priority = 0 }, monitor.Addr{}, ReasonEmpty},
		{"one that proves nothing but holds keys comes last", func(i *monitor.Info) {
			i.ReplID, i.LinkUp, i.LinkDown, i.Priority, i.ReplicaOffset = strings.Repeat("e", 40), false, -1, 1, 1
		}, nil, replicaB, ReasonElectable},
		{"and is taken when there is no other", func(i *monitor.Info) {
			i.ReplID, i.LinkUp, i.LinkDown, i.Priority, i.ReplicaOffset = strings.Repeat("e", 40), false, -1, 1, 1
		}, func(i *monitor.Info) { i.Priority = 0 }, replicaA, ""},
		{"a foreign history never", func(i *monitor.Info) {
			i.ReplID, i.MasterHost, i.ReplicaOffset = foreignID, stranger.Host, 9000
		}, nil, replicaB, ReasonForeign},
		{"not even alone", func(i *monitor.Info) {
			i.ReplID, i.MasterHost, i.ReplicaOffset = foreignID, stranger.Host, 9000
		}, func(i *monitor.Info) { i.Priority = 0 }, monitor.Addr{}, ReasonForeign},
		{"a foreign history never, though it was just pointed back to us", func(i *monitor.Info) {
			i.ReplID, i.LinkUp, i.LinkDown, i.ReplicaOffset = foreignID, false, -1, 9000
		}, func(i *monitor.Info) { i.Priority = 0 }, monitor.Addr{}, ReasonForeign},
		{"restarted from an old snapshot on the lineage, after one that is linked", func(i *monitor.Info) {
			i.LinkUp, i.LinkDown, i.ReplicaOffset, i.Priority = false, -1, 500, 1
		}, nil, replicaB, ReasonElectable},
		{"in the middle of a full sync", func(i *monitor.Info) { i.SyncInProgress, i.LinkUp = true, false }, nil, replicaB, ReasonSyncing},
		{"a link down for too long", func(i *monitor.Info) { i.LinkUp, i.LinkDown = false, 60e9 }, nil, replicaB, ReasonLinkDownLong},
		{"one that says it is a master", func(i *monitor.Info) { i.Role = monitor.RoleMaster; i.ReplID = foreignID }, nil, replicaB, ReasonNotReplica},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			if tt.a != nil {
				tt.a(b.info[replicaA])
			}
			if tt.b != nil {
				tt.b(b.info[replicaB])
			}
			b.inform(replicaA)
			b.inform(replicaB)
			list := b.g.candidates(monitor.Never)
			got := monitor.Addr{}
			if list[0].Reason == ReasonElectable {
				got = list[0].Addr
			}
			if got != tt.want {
				t.Errorf("chose %v, want %v, of %+v", got, tt.want, list)
			}
			for _, c := range list {
				if c.Addr == replicaA && tt.reason != "" && c.Reason != tt.reason {
					t.Errorf("A is judged %q, want %q", c.Reason, tt.reason)
				}
			}
		})
	}
}

func TestAReplicaThatSyncedWithARestartedMasterUnseenIsElectable(t *testing.T) {
	b := newBench(t, setup{})
	reborn := strings.Repeat("b", 40)
	b.info[master].ReplID, b.info[master].RunID = reborn, strings.Repeat("9", 40)
	b.inform(master)
	b.info[replicaA].ReplID, b.info[replicaA].LinkUp, b.info[replicaA].LinkDown = reborn, false, 1e9
	b.info[replicaB].Priority = 0
	b.inform(replicaA)
	b.inform(replicaB)
	if c := b.g.candidates(monitor.Never)[0]; c.Addr != replicaA || c.Standing != Unproven || c.Reason != ReasonElectable {
		t.Errorf("chose %+v", c)
	}
}

func TestTheNewestHistoryOutranksPriority(t *testing.T) {
	newer := strings.Repeat("b", 40)
	b := newBench(t, setup{saved: func(s *Saved) { s.Lineage = []Branch{{ReplID: mainID}, {ReplID: newer, From: 900}} }})
	b.info[replicaA].ReplID, b.info[replicaA].Priority, b.info[replicaA].ReplicaOffset = mainID, 1, 5000
	b.info[replicaB].ReplID = newer
	b.inform(replicaA)
	b.inform(replicaB)
	if c := b.g.candidates(monitor.Never)[0]; c.Addr != replicaB {
		t.Errorf("chose %s of the older history", c.Addr)
	}
}

func TestTheChoiceWaitsForAReplicaThatWasLinked(t *testing.T) {
	b := newBench(t, setup{})
	b.info[replicaB].ReplicaOffset = 2000
	b.silent[replicaB] = true
	b.kill(master)
	b.pass(1050 * ms)
	b.want("+elected-leader")
	if hasAction[Promote](b) {
		t.Fatal("chosen without the replica that was linked when the master died")
	}
	delete(b.silent, replicaB)
	b.inform(replicaB)
	b.pass(20 * ms)
	if p, _ := action[Promote](b); p.Addr != replicaB {
		t.Errorf("ordered %s, want the one that is further", p.Addr)
	}
}

func TestTheChoiceWaitsNotForever(t *testing.T) {
	b := newBench(t, setup{})
	b.silent[replicaB] = true
	b.kill(master)
	b.pass(1050 * ms)
	b.pass(chooseWait + 20*ms)
	if p, _ := action[Promote](b); p.Addr != replicaA {
		t.Errorf("ordered %s", p.Addr)
	}
}

func TestWithoutLineageTheReplicasShareOne(t *testing.T) {
	tests := []struct {
		name string
		ids  []string
		want string
	}{
		{"the one that most have", []string{mainID, foreignID, foreignID}, foreignID},
		{"the furthest of two", []string{mainID, foreignID}, foreignID},
		{"nobody", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var list []*Instance
			for n, id := range tt.ids {
				list = append(list, &Instance{Info: monitor.Info{ReplID: id, Keys: 5, Role: monitor.RoleReplica, ReplicaOffset: int64(n + 1)}})
			}
			got := ""
			if l := coldLineage(list); len(l) > 0 {
				got = l[0].ReplID
			}
			if got != tt.want {
				t.Errorf("got %.4q, want %.4q", got, tt.want)
			}
		})
	}
}

func TestTheLineageGrowsFromReplicasOfTheMasterOnly(t *testing.T) {
	b := newBench(t, setup{saved: func(s *Saved) { s.Lineage = nil }})
	if b.g.lineage.Rank(mainID) != 0 {
		t.Fatalf("lineage %v after a replica with a working link was seen", b.g.lineage)
	}
	b.info[replicaA].MasterHost, b.info[replicaA].ReplID = stranger.Host, foreignID
	b.inform(replicaA)
	if b.g.lineage.Rank(foreignID) >= 0 {
		t.Error("a replica of a stranger made the lineage grow")
	}
}

// The longest down-after that a file may hold must not make every link too long down.
func TestALinkMayBeDownForTenTimesTheLongestDownAfter(t *testing.T) {
	b := newBench(t, setup{set: func(s *Settings) { s.DownAfter = 1e12 * ms }})
	b.info[replicaA].LinkUp, b.info[replicaA].LinkDown = false, time.Minute
	b.inform(replicaA)
	for _, c := range b.g.Candidates(b.now) {
		if c.Reason != ReasonElectable {
			t.Errorf("%s is refused: %s", c.Addr, c.Reason)
		}
	}
}

// A replica that names another master in each INFO does not fill our memory.
func TestHostNamesThatNobodyHasAreForgotten(t *testing.T) {
	b := newBench(t, setup{})
	b.info[replicaA].MasterHost = "kept.example"
	b.inform(replicaA)
	b.step(Resolved{Host: "kept.example", IP: "10.0.0.1"})
	for n := range 3 * maxNames {
		b.step(Resolved{Host: "h" + itoa(n), IP: "10.0.0.7"})
	}
	if len(b.g.names) > maxNames || b.g.names["kept.example"] != "10.0.0.1" {
		t.Errorf("%d names, kept.example is %q", len(b.g.names), b.g.names["kept.example"])
	}
}
