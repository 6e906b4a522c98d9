package failover

import (
	"strings"
	"testing"

	"picket/monitor"
)

// A replica that was a master of its own since it was last linked to ours may hold
// anybody's data: that it agrees with itself on its history proves nothing (seed 18
// of a simulation in which fewer hellos went out).
func TestAReplicaThatWasItsOwnMasterProvesNothingByItself(t *testing.T) {
	tests := []struct {
		name    string
		strays  func(*bench)
		refused bool
	}{
		{"was its own master", func(b *bench) {
			info := b.info[replicaA]
			info.Role, info.RunID, info.ReplID, info.MasterHost, info.MasterPort, info.LinkUp = monitor.RoleMaster, strings.Repeat("e", 40), strings.Repeat("d", 40), "", 0, false
			b.inform(replicaA)
		}, true},
		{"followed a stranger", func(b *bench) {
			info := b.info[replicaA]
			info.MasterHost, info.ReplID = stranger.Host, foreignID
			b.inform(replicaA)
		}, true},
		{"followed us all the time: the master took another id and died", func(*bench) {}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, setup{})
			b.kill(replicaB)
			b.pass(1100 * ms)
			tt.strays(b)
			back := replicaInfo(replicaA, 5000)
			back.ReplID, back.RunID, back.LinkUp, back.LinkDown = strings.Repeat("c", 40), b.info[replicaA].RunID, false, 0
			b.info[replicaA] = back
			b.inform(replicaA)
			b.kill(master)
			b.pass(1500 * ms)
			if promoted := hasAction[Promote](b); promoted == tt.refused {
				t.Errorf("promoted: %t; candidates %+v", promoted, b.g.candidates(monitor.Never))
			}
			if !tt.refused {
				return
			}
			for _, c := range b.g.candidates(monitor.Never) {
				if c.Addr == replicaA && c.Reason != ReasonForeign {
					t.Errorf("refused as %s", c.Reason)
				}
			}
		})
	}
}
