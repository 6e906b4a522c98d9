package metrics

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"picket/cmd/internal/history"
	"picket/monitor"
)

// Meter counts what happens. Its zero value is of no use: see [NewMeter].
type Meter struct {
	pings      *prometheus.HistogramVec
	failovers  *prometheus.CounterVec
	outages    *prometheus.HistogramVec
	votes      *prometheus.CounterVec
	divergence *prometheus.CounterVec
	last       *prometheus.GaugeVec
	saves      prometheus.Histogram
	unsaved    prometheus.Counter
	stalls     prometheus.Counter
	stalled    prometheus.Counter
}

// Round trips are some 0.1 ms in a rack and 100 ms around the world; what takes longer
// than a second is a silence, which verdicts tell of. Few buckets: there is one set for
// each group and role.
var (
	pingBuckets   = []float64{0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 5}
	outageBuckets = []float64{0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300}
	saveBuckets   = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
)

// NewMeter makes a meter that has counted nothing.
func NewMeter() *Meter {
	return &Meter{
		pings: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "picket_ping_round_trip_seconds", Buckets: pingBuckets,
			Help: "Time from a PING to its reply, of any kind, by the role that the instance is held to have."}, []string{"group", "role"}),
		failovers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "picket_failovers_total",
			Help: "Failovers that took place, were refused, or were due and not needed, as this monitor saw them, whoever led them; kind: planned, unplanned, or unseen, another monitor's of which it saw the switch only."},
			[]string{"group", "kind", "outcome"}),
		outages: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "picket_failover_outage_seconds", Buckets: outageBuckets,
			Help: "Time without a master in failovers that took place: from its last valid reply, planned: from the order, until the new one was known here."},
			[]string{"group", "kind"}),
		votes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "picket_votes_total",
			Help: "Votes of this monitor: given (its own for itself too), and requests refused."}, []string{"group", "answer"}),
		divergence: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "picket_failover_divergence_bytes_total",
			Help: "Bytes of the replication stream that only deposed masters held when they came back, where that could be told."}, []string{"group"}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "picket_failover_last_divergence_bytes",
			Help: "The same, of the last failover; absent until that is known."}, []string{"group"}),
		saves: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "picket_state_save_duration_seconds", Buckets: saveBuckets,
			Help: "Time that a write of the durable state took, failed ones included."}),
		unsaved: prometheus.NewCounter(prometheus.CounterOpts{Name: "picket_state_save_failures_total",
			Help: "Writes of the durable state that failed."}),
		stalls: prometheus.NewCounter(prometheus.CounterOpts{Name: "picket_process_stalls_total",
			Help: "Times that this process stood still: a paused machine, SIGSTOP, no processor."}),
		stalled: prometheus.NewCounter(prometheus.CounterOpts{Name: "picket_process_stalled_seconds_total",
			Help: "Time that this process stood still."}),
	}
}

func (m *Meter) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.pings, m.failovers, m.outages, m.votes, m.divergence, m.last, m.saves, m.unsaved, m.stalls, m.stalled}
}

// Group counts for one group.
type Group struct {
	meter                    *Meter
	name                     string
	master, replica          prometheus.Observer
	votesGiven, votesRefused prometheus.Counter
	spell                    atomic.Pointer[spell]

	// Of the goroutine of Recorded.
	counted   map[history.Kind]string // id of the last of each kind, which may be kept again
	diverging string
}

// spell is for how long scripts have blocked the group's masters: in the spells that
// are over, and since when in the one that is not.
type spell struct {
	over time.Duration
	from monitor.Instant // Never when none runs
}

// The words of labels.
const (
	roleMaster  = "master"
	roleReplica = "replica"
	kindPlanned = "planned"
	kindNot     = "unplanned"
	kindUnseen  = "unseen"
)

// Watch begins to count for a group. Series that alerts take rates of are there from
// the start, at 0.
func (m *Meter) Watch(name string) *Group {
	name = label(name)
	g := &Group{
		meter: m, name: name, counted: map[history.Kind]string{},
		master: m.pings.WithLabelValues(name, roleMaster), replica: m.pings.WithLabelValues(name, roleReplica),
		votesGiven: m.votes.WithLabelValues(name, "given"), votesRefused: m.votes.WithLabelValues(name, "refused"),
	}
	g.spell.Store(&spell{})
	m.divergence.WithLabelValues(name)
	for _, series := range [][2]string{
		{kindNot, string(history.OutcomeSwitched)}, {kindNot, string(history.OutcomeRecovered)},
		{kindUnseen, string(history.OutcomeSwitched)}, {kindPlanned, string(history.OutcomeSwitched)}, {kindPlanned, string(history.OutcomeNotAllowed)},
	} {
		m.failovers.WithLabelValues(name, series[0], series[1])
	}
	return g
}

// label makes a text fit to be the value of a label.
func label(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// Forget drops the series of a group that is watched no longer.
func (m *Meter) Forget(name string) {
	of := prometheus.Labels{"group": label(name)}
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{m.pings, m.failovers, m.outages, m.votes, m.divergence, m.last} {
		v.DeletePartialMatch(of)
	}
}

// PingedMaster notes a round trip to the group's master.
func (g *Group) PingedMaster(took time.Duration) { g.master.Observe(took.Seconds()) }

// PingedReplica notes a round trip to one of its replicas.
func (g *Group) PingedReplica(took time.Duration) { g.replica.Observe(took.Seconds()) }

// VoteGiven notes a vote, for whomever.
func (g *Group) VoteGiven() { g.votesGiven.Inc() }

// VoteRefused notes that somebody asked for a vote and did not get it.
func (g *Group) VoteRefused() { g.votesRefused.Inc() }

// Blocked notes that a script blocks the master since then; a spell that runs goes on.
func (g *Group) Blocked(since monitor.Instant) {
	if s := g.spell.Load(); s.from == monitor.Never {
		g.spell.Store(&spell{s.over, since})
	}
}

// Unblocked notes that none does any more, or that another master is in its place.
func (g *Group) Unblocked(now monitor.Instant) {
	if s := g.spell.Load(); s.from != monitor.Never {
		g.spell.Store(&spell{over: s.blocked(now)})
	}
}

func (s *spell) blocked(now monitor.Instant) time.Duration { return s.over + now.Since(s.from) }

// Recorded takes a record of the history, each time that it is kept. It is for the
// goroutine that keeps them.
func (g *Group) Recorded(r history.Record) {
	if r.Kind == history.KindScriptBlocked || r.End.IsZero() {
		return
	}
	kind := kindOf(r)
	if r.ID == g.counted[r.Kind] { // kept again, for what came after the switch
		g.diverged(r)
		return
	}
	g.counted[r.Kind] = r.ID
	g.meter.failovers.WithLabelValues(g.name, kind, string(r.Outcome)).Inc()
	if r.Kind == history.KindFailover && r.OutageMillis >= 0 {
		g.meter.outages.WithLabelValues(g.name, kind).Observe(float64(r.OutageMillis) / 1000)
	}
	if r.Kind == history.KindFailover {
		g.meter.last.DeleteLabelValues(g.name)
	}
}

func kindOf(r history.Record) string {
	switch {
	case r.Planned:
		return kindPlanned
	case r.Unseen:
		return kindUnseen
	}
	return kindNot
}

// diverged takes the divergence of the last failover, which is told once.
func (g *Group) diverged(r history.Record) {
	if r.DivergenceBytes < 0 || g.diverging == r.ID {
		return
	}
	g.diverging = r.ID
	g.meter.divergence.WithLabelValues(g.name).Add(float64(r.DivergenceBytes))
	g.meter.last.WithLabelValues(g.name).Set(float64(r.DivergenceBytes))
}

// Saved notes a write of the state.
func (m *Meter) Saved(took time.Duration, err error) {
	m.saves.Observe(took.Seconds())
	if err != nil {
		m.unsaved.Inc()
	}
}

// Stalled notes that this process stood still.
func (m *Meter) Stalled(d time.Duration) {
	m.stalls.Inc()
	m.stalled.Add(d.Seconds())
}
