package failover

import (
	"reflect"
	"testing"

	"picket/monitor"
	"picket/quorum"
)

// TestCloneSharesNothing fills every pointer and map of a monitor and walks it
// beside its clone: what a later field would share is found here.
func TestCloneSharesNothing(t *testing.T) {
	m := NewMonitor(Identity{ID: "a", Boot: 1})
	m.Start(1, DefaultSettings("main", 2), Saved{Name: "main", Master: monitor.Addr{Host: "h", Port: 1},
		Replicas: []monitor.Addr{{Host: "h", Port: 2}}, Peers: []SavedPeer{{ID: "b", Addr: monitor.Addr{Host: "b", Port: 1}}},
		Lineage: []Branch{{ReplID: "x"}}, Deposed: &Deposed{Addr: monitor.Addr{Host: "h", Port: 2}}})
	g := m.groups[0]
	g.prospect, g.ordered = &quorum.Configuration{}, &quorum.Configuration{}
	g.attempt = &attempt{ballots: quorum.NewBallots("a", 1), pending: map[uint64]quorum.ID{1: "b"}}
	g.confirming[monitor.Addr{Host: "c", Port: 1}] = &confirmation{}
	g.names["h"], g.fencing[1], g.warned["w"], m.warned["w"] = "1.2.3.4", monitor.Addr{}, true, true
	m.shared.members["b"] = MemberChanged{}
	shared := 0
	walk(t, reflect.ValueOf(m), reflect.ValueOf(m.Clone()), "monitor", &shared)
	if shared > 0 {
		t.Errorf("%d parts are shared", shared)
	}
}

// walk follows two values of one shape; what Info holds is never changed in place.
func walk(t *testing.T, a, b reflect.Value, path string, shared *int) {
	t.Helper()
	switch a.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if a.IsNil() {
			return
		}
		if a.Kind() == reflect.Slice && a.Len() == 0 {
			return
		}
		if a.Pointer() == b.Pointer() {
			*shared++
			t.Errorf("%s is shared", path)
			return
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		walk(t, a.Elem(), b.Elem(), path, shared)
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[monitor.Info]() || a.Type() == reflect.TypeFor[Output]() {
			return
		}
		for i := range a.NumField() {
			walk(t, a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name, shared)
		}
	case reflect.Slice:
		for i := range a.Len() {
			walk(t, a.Index(i), b.Index(i), path+"[]", shared)
		}
	case reflect.Map:
		for _, k := range a.MapKeys() {
			walk(t, a.MapIndex(k), b.MapIndex(k), path+"{}", shared)
		}
	}
}

// TestFingerprintTellsStatesApart shows that what decides an election counts.
func TestFingerprintTellsStatesApart(t *testing.T) {
	m := NewMonitor(Identity{ID: "a", Boot: 1})
	m.Start(1, DefaultSettings("main", 2), Saved{Name: "main", Master: monitor.Addr{Host: "h", Port: 1}})
	before := m.Fingerprint(10)
	if got := m.Clone().Fingerprint(10); got != before {
		t.Errorf("a clone has the fingerprint %x, its original %x", got, before)
	}
	for name, change := range map[string]func(g *Group){
		"vote":    func(g *Group) { g.ballot.Cast("b", 3, 0) },
		"lease":   func(g *Group) { g.ballot.Renew(20) },
		"epoch":   func(g *Group) { g.epochs.Current++ },
		"attempt": func(g *Group) { g.attempt = &attempt{} },
		"config":  func(g *Group) { g.config.Epoch++ },
		"sdown":   func(g *Group) { g.instances[0].DownSince = 5 },
	} {
		c := m.Clone()
		change(c.groups[0])
		if c.Fingerprint(10) == before {
			t.Errorf("%s does not count", name)
		}
	}
}
