package metrics

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"picket/cmd/internal/history"
	"picket/failover"
	"picket/monitor"
)

const second = monitor.Instant(time.Second)

// estate is a source of groups, each of a master, a replica and two peers.
type estate struct {
	views  []*failover.View
	meter  *Meter
	meters map[string]*Group
	mu     sync.Mutex
}

func newEstate(names ...string) *estate {
	e := &estate{meter: NewMeter(), meters: map[string]*Group{}}
	for n, name := range names {
		host := fmt.Sprintf("10.0.%d.%d", n/200, n%200+1)
		e.views = append(e.views, &failover.View{
			Settings: failover.DefaultSettings(name, 2), ConfigEpoch: 3, Voters: 3, Usable: 2,
			Master: failover.InstanceView{
				Addr: monitor.Addr{Host: host, Port: 6379}, Verdict: monitor.Verdict{State: monitor.StateScriptBlocked, Reason: monitor.ReasonBusyEval},
				Info: monitor.Info{Role: monitor.RoleMaster, ReplID: "id", MasterOffset: 130}, InfoAt: 99 * second, LastValid: 94 * second, BlockedSince: 93 * second,
			},
			Replicas: []failover.InstanceView{{
				Addr: monitor.Addr{Host: host, Port: 6380}, Verdict: monitor.Verdict{State: monitor.StateUp}, LastValid: 99 * second, InfoAt: 99 * second,
				Info: monitor.Info{Role: monitor.RoleReplica, ReplID: "id", ReplicaOffset: 100, LinkUp: true},
			}},
			Peers: []failover.PeerView{{Usable: true}, {Down: true}},
		})
		e.meters[name] = e.meter.Watch(name)
	}
	return e
}

func (e *estate) Views() []*failover.View { return e.views }
func (e *estate) Process() Process {
	return Process{Version: "test", Now: 100 * second, Epoch: 9, StateSaved: true, LoopAge: 20 * time.Millisecond, Queue: 4, Clients: 5, EventsLost: 6}
}

func (e *estate) Meter(group string) *Group {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.meters[group]
}

// scrape returns what Prometheus reads, and what went wrong.
func (e *estate) scrape(t testing.TB) (page, wrong string) {
	t.Helper()
	var faults strings.Builder
	w := httptest.NewRecorder()
	Handler(Registry(e.meter, e), log.New(&faults, "", 0)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String(), faults.String()
}

// has fails for lines that a page lacks.
func has(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains("\n"+page, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "picket_") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

func TestSnapshotsBecomeSeries(t *testing.T) {
	page, wrong := newEstate("main").scrape(t)
	if wrong != "" {
		t.Error(wrong)
	}
	has(t, page,
		`picket_instance_verdict{address="10.0.0.1:6379",group="main",role="master",state="script-blocked"} 1`,
		`picket_instance_verdict{address="10.0.0.1:6379",group="main",role="master",state="up"} 0`,
		`picket_instance_verdict{address="10.0.0.1:6380",group="main",role="replica",state="up"} 1`,
		`picket_instance_last_valid_reply_age_seconds{address="10.0.0.1:6379",group="main",role="master"} 6`,
		`picket_instance_script_blocked_seconds{address="10.0.0.1:6379",group="main",role="master"} 7`,
		`picket_instance_script_blocked_seconds{address="10.0.0.1:6380",group="main",role="replica"} 0`,
		`picket_replica_lag_bytes{address="10.0.0.1:6380",group="main"} 30`,
		`picket_replica_link_up{address="10.0.0.1:6380",group="main"} 1`,
		`picket_group_peers{group="main",state="usable"} 1`,
		`picket_group_peers{group="main",state="down"} 1`,
		`picket_group_peers{group="main",state="not-answering"} 0`,
		`picket_group_quorum{group="main"} 2`, `picket_group_voters{group="main"} 3`, `picket_group_usable_voters{group="main"} 2`,
		`picket_group_config_epoch{group="main"} 3`, `picket_current_epoch 9`, `picket_group_odown{group="main"} 0`,
		`picket_loop_age_seconds 0.02`, `picket_loop_queue_length 4`, `picket_clients 5`, `picket_events_lost_total 6`, `picket_state_saved 1`,
		`picket_failovers_total{group="main",kind="unplanned",outcome="switched"} 0`,
	)
	if !strings.Contains(page, "go_goroutines ") || !strings.Contains(page, "process_cpu_seconds_total ") || !strings.Contains(page, `picket_build_info{goversion="go`) {
		t.Error("the runtime, the process or the version is missing")
	}
}

func TestWhatHappensBetweenScrapesIsCounted(t *testing.T) {
	e := newEstate("main")
	g := e.meters["main"]
	g.PingedMaster(700 * time.Microsecond)
	g.PingedReplica(2 * time.Second)
	g.VoteGiven()
	g.VoteRefused()
	g.VoteRefused()
	g.Blocked(90 * second)
	g.Blocked(95 * second) // it is blocked already
	start := time.Unix(0, 0)
	running := history.Record{ID: "1-1", Kind: history.KindRefused, Start: start, Outcome: history.OutcomeRunning}
	done := history.Record{ID: "1-1", Kind: history.KindFailover, Start: start, End: start.Add(time.Second), Outcome: history.OutcomeSwitched, OutageMillis: 2500, DivergenceBytes: history.Unknown}
	settled := done
	settled.DivergenceBytes = 77
	g.Recorded(done)
	g.Recorded(settled)
	page, _ := e.scrape(t)
	has(t, page, `picket_failover_last_divergence_bytes{group="main"} 77`)
	for _, r := range []history.Record{
		running, running, done, done, settled, settled,
		{ID: "1-2", Kind: history.KindScriptBlocked, End: start},
		{ID: "1-3", Kind: history.KindRefused, End: start, Planned: true, Outcome: history.OutcomeNotAllowed},
		settled, // a refusal came before the failover had settled
		{ID: "1-4", Kind: history.KindFailover, End: start, Unseen: true, Outcome: history.OutcomeSwitched, OutageMillis: history.Unknown, DivergenceBytes: history.Unknown},
	} {
		g.Recorded(r)
	}
	e.meter.Saved(3*time.Millisecond, nil)
	e.meter.Saved(3*time.Millisecond, errors.New("full"))
	e.meter.Stalled(2 * time.Second)
	page, wrong := e.scrape(t)
	if wrong != "" {
		t.Error(wrong)
	}
	has(t, page,
		`picket_ping_round_trip_seconds_bucket{group="main",role="master",le="0.0005"} 0`,
		`picket_ping_round_trip_seconds_bucket{group="main",role="master",le="0.001"} 1`,
		`picket_ping_round_trip_seconds_sum{group="main",role="replica"} 2`,
		`picket_votes_total{answer="given",group="main"} 1`, `picket_votes_total{answer="refused",group="main"} 2`,
		`picket_group_script_blocked_seconds_total{group="main"} 10`,
		`picket_failovers_total{group="main",kind="unplanned",outcome="switched"} 1`,
		`picket_failovers_total{group="main",kind="planned",outcome="not-allowed"} 1`,
		`picket_failovers_total{group="main",kind="unseen",outcome="switched"} 1`,
		`picket_failover_outage_seconds_sum{group="main",kind="unplanned"} 2.5`,
		`picket_failover_divergence_bytes_total{group="main"} 77`,
		`picket_state_save_duration_seconds_count 2`, `picket_state_save_failures_total 1`,
		`picket_process_stalls_total 1`, `picket_process_stalled_seconds_total 2`,
	)
	g.Unblocked(98 * second)
	g.Unblocked(99 * second)
	page, _ = e.scrape(t)
	has(t, page, `picket_group_script_blocked_seconds_total{group="main"} 8`)
}

func TestSeriesOfWhatIsGoneVanish(t *testing.T) {
	e := newEstate("main", "other")
	e.meters["other"].Recorded(history.Record{ID: "1-1", Kind: history.KindFailover, End: time.Unix(1, 0), Outcome: history.OutcomeSwitched})
	e.views[0].Replicas = nil
	e.views = e.views[:1]
	e.meter.Forget("other")
	page, _ := e.scrape(t)
	if strings.Contains(page, `"other"`) || strings.Contains(page, ":6380") {
		t.Errorf("series of a group or a replica that is gone:\n%s", page)
	}
	has(t, page, `picket_group_replicas{group="main"} 0`)
}

// Names that a file may hold, and addresses that two names resolve to, must not cost
// the whole page.
func TestStrangeNamesAndDoubleAddressesDoNotSpoilAScrape(t *testing.T) {
	e := newEstate("a\xffb", "a\xfeb", `q"uote\`)
	e.views[2].Replicas = append(e.views[2].Replicas, e.views[2].Replicas[0])
	page, wrong := e.scrape(t)
	if wrong != "" {
		t.Error(wrong)
	}
	has(t, page, `picket_group_quorum{group="a�b"} 2`, `picket_group_quorum{group="q\"uote\\"} 2`)
}

// The tool names what breaks Prometheus' conventions.
func TestPromtoolFindsNothingToSay(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	e := newEstate("main")
	e.meters["main"].Recorded(history.Record{ID: "1-1", Kind: history.KindFailover, End: time.Unix(1, 0), Outcome: history.OutcomeSwitched})
	e.meters["main"].Recorded(history.Record{ID: "1-1", Kind: history.KindFailover, End: time.Unix(1, 0), Outcome: history.OutcomeSwitched})
	page, _ := e.scrape(t)
	check := exec.Command(tool, "check", "metrics")
	check.Stdin = strings.NewReader(page)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// fourHundred is an estate of 400 masters, each with a replica.
func fourHundred() *estate {
	var names []string
	for n := range 400 {
		names = append(names, fmt.Sprintf("group%03d", n))
	}
	return newEstate(names...)
}

// BenchmarkScrape is one scrape of 400 masters with a replica each, as Prometheus makes
// every 15 s: divided by that, it is the share of a core.
func BenchmarkScrape(b *testing.B) {
	e := fourHundred()
	h := Handler(Registry(e.meter, e), nil)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept-Encoding", "gzip") // as Prometheus asks
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "bytes")
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/15, "%core@15s")
}

// Two per cent of a core at a scrape each 15 s are 300 ms. A shared machine is slow at
// times, so that the best of some counts.
func TestAScrapeOfFourHundredMastersIsCheap(t *testing.T) {
	e := fourHundred()
	best := time.Hour
	for range 5 {
		began := time.Now()
		if page, wrong := e.scrape(t); wrong != "" || !strings.Contains(page, "group399") {
			t.Fatal(wrong)
		}
		best = min(best, time.Since(began))
	}
	t.Logf("a scrape takes %v", best)
	if best > limit {
		t.Errorf("a scrape takes %v, more than %v", best, limit)
	}
}
