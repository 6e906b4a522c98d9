package failover

import (
	"testing"

	"picket/monitor"
)

func TestLagIsUnknownWhereOffsetsDoNotCompare(t *testing.T) {
	for _, tt := range []struct {
		what   string
		change func(master, replica *InstanceView)
		want   int64
		known  bool
	}{
		{"thirty bytes behind", func(_, _ *InstanceView) {}, 30, true},
		{"the replica was asked later", func(_, r *InstanceView) { r.Info.ReplicaOffset = 131 }, 0, true},
		{"another history", func(_, r *InstanceView) { r.Info.ReplID = "other" }, 0, false},
		{"the replica was not asked yet", func(_, r *InstanceView) { r.InfoAt = monitor.Never }, 0, false},
		{"the master was not asked yet", func(m, _ *InstanceView) { m.InfoAt = monitor.Never }, 0, false},
		{"a replica that is master", func(_, r *InstanceView) { r.Info.Role = monitor.RoleMaster }, 0, false},
	} {
		v := &View{
			Master:   InstanceView{InfoAt: 1, Info: monitor.Info{Role: monitor.RoleMaster, ReplID: "id", MasterOffset: 130}},
			Replicas: []InstanceView{{InfoAt: 1, Info: monitor.Info{Role: monitor.RoleReplica, ReplID: "id", ReplicaOffset: 100}}},
		}
		tt.change(&v.Master, &v.Replicas[0])
		if got, known := v.Lag(&v.Replicas[0]); got != tt.want || known != tt.known {
			t.Errorf("%s: %d %t", tt.what, got, known)
		}
		if _, known := v.Lag(&v.Master); known {
			t.Errorf("%s: the master lags", tt.what)
		}
	}
}
