package httpapi

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"picket/failover"
	"picket/monitor"
)

func TestAListOfGroupsIsBrief(t *testing.T) {
	f := healthy()
	v := f.views[0]
	cut := v.Replicas[0]
	cut.Info.LinkUp = false
	gone := failover.InstanceView{Verdict: monitor.Verdict{State: monitor.StateGone}}
	v.Replicas = append(v.Replicas, cut, gone)
	d := open(t, f, nil)
	code, _, body := d.get(t, "/api/status?brief=1")
	var got BriefStatus
	if err := json.Unmarshal([]byte(body), &got); code != 200 || err != nil {
		t.Fatalf("%d %v", code, err)
	}
	want := []BriefGroup{{Name: "main", Quorum: 2, Voters: 2, Usable: 2, Ailing: 2,
		Master: BriefMaster{Address: "10.0.0.1:6379", State: "up", Reason: "pong", BlockedMillis: -1}}}
	if diff := cmp.Diff(want, got.Groups); diff != "" || got.Monitor.Groups != 1 {
		t.Errorf("%+v\n%s", got.Monitor, diff)
	}
}

func TestOneGroupIsToldAlone(t *testing.T) {
	f := healthy()
	other := *f.views[0]
	other.Settings.Name = "a&b=<c>"
	f.views = append(f.views, &other)
	d := open(t, f, nil)
	code, _, body := d.get(t, "/api/status?group=a%26b%3D%3Cc%3E")
	var got Status
	if err := json.Unmarshal([]byte(body), &got); code != 200 || err != nil {
		t.Fatalf("%d %v", code, err)
	}
	if len(got.Groups) != 1 || got.Groups[0].Name != "a&b=<c>" || len(got.Groups[0].Replicas) != 1 || got.Monitor.Groups != 2 {
		t.Errorf("%s", body)
	}
	if code, _, body := d.get(t, "/api/status?group=none"); code != 404 || body != "no group of that name is watched\n" {
		t.Errorf("%d %s", code, body)
	}
}

// What a page that is open with 400 groups asks for: the list, again and again.
func BenchmarkAListOf400Groups(b *testing.B) {
	f := healthy()
	for len(f.views) < 400 {
		f.views = append(f.views, f.views[0])
	}
	s := New(Config{Source: f, Clock: func() monitor.Instant { return now }, Log: zap.NewNop()})
	defer s.Close()
	for b.Loop() {
		text, err := json.Marshal(s.briefStatus())
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}
