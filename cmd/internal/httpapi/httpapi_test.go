package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/cmd/internal/history"
)

func TestStatusTellsGroupsInstancesAndMonitors(t *testing.T) {
	d := open(t, healthy(), nil)
	code, header, body := d.get(t, "/api/status")
	if code != 200 || header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%d %v", code, header)
	}
	var got Status
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := Status{
		Monitor: MonitorStatus{ID: "aa", Version: "test", Epoch: 7, UptimeMillis: 60000, Groups: 1, StateSaved: true},
		Groups: []GroupStatus{{
			Name: "main", ConfigEpoch: 7, Leader: "aa", Quorum: 2, Voters: 2, Usable: 2, BusyPolicy: "wait", DownAfterMillis: 30000, SilenceLimitMillis: 30000,
			Master: InstanceStatus{Address: "10.0.0.1:6379", Role: "master", State: "up", Reason: "pong", SinceMillis: 90000,
				LastValidMillis: 1000, LastReplyMillis: 1000, Offset: 130, LagBytes: -1, BlockedMillis: -1, Priority: 100, Keys: 5},
			Replicas: []InstanceStatus{{Address: "10.0.0.2:6379", Role: "slave", State: "up", Reason: "pong", SinceMillis: 90000, LastValidMillis: 2000,
				LastReplyMillis: 2000, LinkUp: true, Follows: "10.0.0.1:6379", Offset: 100, LagBytes: 30, BlockedMillis: -1, Priority: 100, Keys: 5}},
			Monitors: []PeerStatus{
				{ID: "aa", Kind: "picket", Self: true, Usable: true, State: "up", Reason: "pong"},
				{ID: "bb", Address: "10.0.0.9:26379", Kind: "picket", Usable: true, State: "up", Reason: "pong", LastReplyMillis: 1000},
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupIsExplainedAndAnUnknownOneNotFound(t *testing.T) {
	f := healthy()
	f.views[0].Settings.Name = "a/b ü"
	d := open(t, f, nil)
	if code, _, body := d.get(t, "/api/groups/a%2Fb%20%C3%BC/explain"); code != 200 || body != `{"group":"a/b ü","lines":["all is well"]}` {
		t.Errorf("%d %s", code, body)
	}
	if code, _, body := d.get(t, "/api/groups/none/explain"); code != 404 || body != "no group of that name is watched\n" {
		t.Errorf("%d %s", code, body)
	}
}

func TestWhoWaitsForTheDecisionLoopInVainIsToldSo(t *testing.T) {
	f := healthy()
	f.explain = func(context.Context, string) ([]string, error) { return nil, errors.New("s3cret detail") }
	d := open(t, f, nil)
	if code, _, body := d.get(t, "/api/groups/main/explain"); code != 503 || strings.Contains(body, "s3cret") {
		t.Errorf("%d %s", code, body)
	}
}

func TestHistoryIsNewestFirstBoundedAndSaysWhetherItIsDurable(t *testing.T) {
	f := healthy()
	d := open(t, f, nil)
	if code, header, body := d.get(t, "/api/history?group=main"); code != 200 || body != "[]" || header.Get(DurableHeader) != "no" {
		t.Errorf("%d %v %s", code, header, body)
	}
	f.self.HistoryDurable = true
	for range 200 {
		f.records = append(f.records, history.Record{ID: "1-1", Reason: strings.Repeat("x", 100<<10)})
	}
	for _, tt := range []struct {
		query  string
		status int
		want   int
	}{
		{"", 200, 40}, // four megabytes of them
		{"?limit=3", 200, 3},
		{"?limit=0", 400, 0},
		{"?limit=513", 400, 0},
		{"?limit=x", 400, 0},
	} {
		code, header, body := d.get(t, "/api/history"+tt.query)
		var list []history.Record
		if code == 200 {
			if err := json.Unmarshal([]byte(body), &list); err != nil {
				t.Fatal(err)
			}
		}
		if code != tt.status || len(list) != tt.want || code == 200 && header.Get(DurableHeader) != "yes" {
			t.Errorf("limit %q: %d with %d records, %v", tt.query, code, len(list), header)
		}
	}
}

// Many pages open cost hardly more than one.
func TestAnAnswerOfAMomentAgoIsGivenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, made := newAnswers(200*time.Millisecond), atomic.Int64{}
		ask := func() {
			if body, err := a.get("k", func() ([]byte, error) { made.Add(1); <-time.After(time.Second); return []byte("x"), nil }); err != nil || string(body) != "x" {
				t.Errorf("%q %v", body, err)
			}
		}
		for range 10 {
			go ask()
		}
		ask()
		synctest.Wait()
		if n := made.Load(); n != 1 {
			t.Errorf("made %d times for those who came together", n)
		}
		<-time.After(201 * time.Millisecond)
		if ask(); made.Load() != 2 {
			t.Errorf("an old answer was given")
		}
		if _, err := a.get("e", func() ([]byte, error) { return nil, errors.New("no") }); err == nil {
			t.Error("an error was lost")
		}
		if body, err := a.get("e", func() ([]byte, error) { return []byte("y"), nil }); err != nil || string(body) != "y" {
			t.Error("an error was kept")
		}
	})
}
