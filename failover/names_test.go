package failover

import (
	"strings"
	"testing"

	"picket/monitor"
)

// A replica that is in the file by one name and announces another is one instance.
func TestAnInstanceKnownUnderTwoNamesIsOneOnceTheyResolve(t *testing.T) {
	b := newBench(t, setup{})
	before := len(b.g.replicas())
	b.info[master].Replicas = append(b.info[master].Replicas, monitor.Addr{Host: "a.example", Port: replicaA.Port},
		monitor.Addr{Host: "m.example", Port: master.Port})
	b.inform(master)
	if n := len(b.g.replicas()); n != before+2 {
		t.Fatalf("%d replicas before the names resolve, want %d", n, before+2)
	}
	b.step(Resolved{Host: "a.example", IP: replicaA.Host})
	b.step(Resolved{Host: "m.example", IP: master.Host})
	if n := len(b.g.replicas()); n != before {
		t.Errorf("%d replicas once the names resolve, want %d", n, before)
	}
}

func TestEventsNameInstancesAsTheOperatorChose(t *testing.T) {
	for _, announce := range []bool{false, true} {
		b := newBench(t, setup{set: func(s *Settings) { s.AnnounceHostnames = announce }})
		b.info[master].Replicas = append(b.info[master].Replicas, monitor.Addr{Host: "n.example", Port: 7})
		b.step(Resolved{Host: "n.example", IP: "10.9.9.9"})
		b.forget()
		b.inform(master)
		want := "slave 10.9.9.9:7 10.9.9.9 7 @"
		if announce {
			want = "slave n.example:7 n.example 7 @"
		}
		if e := b.event("+slave"); e == nil || !strings.HasPrefix(e.Payload, want) {
			t.Errorf("announce-hostnames %t: %+v, want %s", announce, e, want)
		}
	}
}
