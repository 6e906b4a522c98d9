package failover

import (
	"strings"
	"testing"

	"picket/monitor"
)

// A replica that is in the file by one name and announces another is one instance.
func TestAnInstanceKnownUnderTwoNamesIsOneOnceTheyResolve(t *testing.T) {
	b, byName, masterByName := twiceNamed(t)
	before := len(b.g.replicas())
	b.step(Resolved{Host: byName.Host, IP: replicaA.Host})
	b.step(Resolved{Host: masterByName.Host, IP: master.Host})
	if n := len(b.g.replicas()); n != before {
		t.Errorf("%d replicas before anything is known of those names, want %d", n, before)
	}
	b.info[byName], b.info[masterByName] = b.info[replicaA], b.info[master]
	b.inform(byName)
	b.inform(masterByName)
	if n := len(b.g.replicas()); n != before-2 {
		t.Errorf("%d replicas once both say who they are, want %d", n, before-2)
	}
}

// A name server that gives a wrong answer for a moment costs no replica.
func TestAWrongAnswerOfANameServerCostsNoReplica(t *testing.T) {
	b, byName, other := twiceNamed(t)
	b.info[byName], b.info[other] = replicaInfo(byName, 1000), replicaInfo(other, 1000)
	b.info[byName].RunID, b.info[other].RunID = strings.Repeat("5", 40), strings.Repeat("6", 40)
	b.inform(byName)
	b.inform(other)
	before := len(b.g.replicas())
	for _, a := range []monitor.Addr{byName, other} {
		b.step(Resolved{Host: a.Host, IP: master.Host})
		b.inform(a)
	}
	if n := len(b.g.replicas()); n != before {
		t.Errorf("%d replicas, want %d", n, before)
	}
}

// twiceNamed is a group whose master names two more replicas, by names.
func twiceNamed(t *testing.T) (b *bench, first, second monitor.Addr) {
	b = newBench(t, setup{})
	first, second = monitor.Addr{Host: "a.example", Port: replicaA.Port}, monitor.Addr{Host: "m.example", Port: master.Port}
	b.info[master].Replicas = append(b.info[master].Replicas, first, second)
	b.inform(master)
	if b.g.instance(first) == nil || b.g.instance(second) == nil {
		t.Fatal("the master's replicas are not known")
	}
	return b, first, second
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
