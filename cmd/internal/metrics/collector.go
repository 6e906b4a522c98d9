package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"picket/failover"
	"picket/monitor"
)

// Source tells what there is at the moment of a scrape. What it returns is immutable.
type Source interface {
	Views() []*failover.View
	Process() Process
	// Meter returns the group's, nil for a group that is gone already.
	Meter(group string) *Group
}

// Process is what the monitor as a whole tells of itself.
type Process struct {
	Version        string
	Now            monitor.Instant
	Epoch          uint64
	StateSaved     bool
	HistoryDurable bool
	LoopAge        time.Duration // since the decision loop last ran
	Queue          int           // inputs that wait for it

	Clients            int   // connected to the RESP door
	EventsLost         int64 // that came faster than subscribers could be told
	SubscribersDropped int64 // that did not read
	Streams            int   // of events over HTTP
	StreamEventsLost   int64
	StreamsDropped     int64
}

// family is a metric that is read from snapshots.
type family struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	labels []string
}

func newFamily(kind prometheus.ValueType, name, help string, labels ...string) family {
	return family{prometheus.NewDesc(name, help, labels, nil), kind, labels}
}

func gauge(name, help string, labels ...string) family {
	return newFamily(prometheus.GaugeValue, name, help, labels...)
}

func counter(name, help string, labels ...string) family {
	return newFamily(prometheus.CounterValue, name, help, labels...)
}

// The metrics that are read from snapshots.
var (
	buildInfo      = gauge("picket_build_info", "1; the labels tell the version.", "version", "goversion")
	currentEpoch   = gauge("picket_current_epoch", "Newest epoch that this monitor has seen.")
	groups         = gauge("picket_groups", "Groups watched.")
	stateSaved     = gauge("picket_state_saved", "1 while the state can be saved; 0: this monitor neither votes nor leads.")
	historyDurable = gauge("picket_history_durable", "1 when the history outlives the process.")
	loopAge        = gauge("picket_loop_age_seconds", "Time since the decision loop last ran; it runs at least ten times a second.")
	loopQueue      = gauge("picket_loop_queue_length", "Inputs that wait for the decision loop.")
	clients        = gauge("picket_clients", "Clients connected to the RESP port.")
	eventsLost     = counter("picket_events_lost_total", "Events that came faster than subscribers could be told.")
	subsDropped    = counter("picket_subscribers_dropped_total", "Subscribers disconnected because they did not read.")
	streams        = gauge("picket_http_streams", "Streams of events open over HTTP.")
	streamLost     = counter("picket_http_events_lost_total", "Events that came faster than streams could be told.")
	streamsDropped = counter("picket_http_streams_dropped_total", "Streams ended because their clients did not read.")

	groupMaster   = gauge("picket_group_master", "1; the labels tell the address held to be the group's master.", "group", "address")
	groupEpoch    = gauge("picket_group_config_epoch", "Epoch of the group's configuration: it rises with every failover.", "group")
	groupQuorum   = gauge("picket_group_quorum", "Monitors that must hold the master down.", "group")
	groupVoters   = gauge("picket_group_voters", "Monitors that count for majorities, this one included.", "group")
	groupUsable   = gauge("picket_group_usable_voters", "Of them, those that can be reached now, this one included.", "group")
	groupPeers    = gauge("picket_group_peers", "Other monitors of the group, by how this one sees them.", "group", "state")
	groupReplicas = gauge("picket_group_replicas", "Replicas known.", "group")
	groupODown    = gauge("picket_group_odown", "1 while enough monitors agree that the master is down.", "group")
	groupFailover = gauge("picket_group_failover_in_progress", "1 while this monitor leads, or tries to lead, a failover.", "group")
	groupBlocked  = counter("picket_group_script_blocked_seconds_total", "Time that scripts have been seen to block the group's masters.", "group")

	verdict     = gauge("picket_instance_verdict", "State set: 1 for the state that this monitor concludes, 0 for the others.", "group", "address", "role", "state")
	validAge    = gauge("picket_instance_last_valid_reply_age_seconds", "Time since the last valid reply; absent until there is one.", "group", "address", "role")
	blocked     = gauge("picket_instance_script_blocked_seconds", "How long a script has been seen to block the instance; 0 when none does.", "group", "address", "role")
	sdown       = gauge("picket_instance_sdown", "1 while this monitor holds the instance down.", "group", "address", "role")
	replicaLag  = gauge("picket_replica_lag_bytes", "Bytes of the replication stream that the replica is behind, as last told; absent where that cannot be told.", "group", "address")
	replicaLink = gauge("picket_replica_link_up", "1 while the replica's link to its master is up.", "group", "address")
)

var families = []family{
	buildInfo, currentEpoch, groups, stateSaved, historyDurable, loopAge, loopQueue, clients, eventsLost, subsDropped, streams, streamLost, streamsDropped,
	groupMaster, groupEpoch, groupQuorum, groupVoters, groupUsable, groupPeers, groupReplicas, groupODown, groupFailover, groupBlocked,
	verdict, validAge, blocked, sdown, replicaLag, replicaLink,
}

// collector reads snapshots when it is scraped.
type collector struct{ source Source }

// Describe names all that may come.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range families {
		out <- f.desc
	}
}

// Collect makes the series of now.
func (c collector) Collect(out chan<- prometheus.Metric) {
	p := c.source.Process()
	s := scrape{out: out, now: p.Now, source: c.source, seen: map[string]bool{}}
	views := c.source.Views()
	s.process(p, len(views))
	for _, v := range views {
		s.group(v)
	}
}

// scrape is one of them.
type scrape struct {
	out    chan<- prometheus.Metric
	now    monitor.Instant
	source Source
	seen   map[string]bool // groups and instances, so that no series comes twice
}

// put makes one series. Labels are made fit before; a metric that cannot be is an error
// of its own, which a scrape tells.
func (s *scrape) put(f family, value float64, labels ...string) {
	m, err := prometheus.NewConstMetric(f.desc, f.kind, value, labels...)
	if err != nil {
		m = prometheus.NewInvalidMetric(f.desc, err)
	}
	s.out <- m
}

// once reports whether a key comes for the first time. Two names may be shown as one
// address.
func (s *scrape) once(key string) bool {
	first := !s.seen[key]
	s.seen[key] = true
	return first
}

func (s *scrape) process(p Process, watched int) {
	s.put(buildInfo, 1, label(p.Version), runtime.Version())
	s.put(currentEpoch, float64(p.Epoch))
	s.put(groups, float64(watched))
	s.put(stateSaved, one(p.StateSaved))
	s.put(historyDurable, one(p.HistoryDurable))
	s.put(loopAge, p.LoopAge.Seconds())
	s.put(loopQueue, float64(p.Queue))
	s.put(clients, float64(p.Clients))
	s.put(eventsLost, float64(p.EventsLost))
	s.put(subsDropped, float64(p.SubscribersDropped))
	s.put(streams, float64(p.Streams))
	s.put(streamLost, float64(p.StreamEventsLost))
	s.put(streamsDropped, float64(p.StreamsDropped))
}

func (s *scrape) group(v *failover.View) {
	name := label(v.Settings.Name)
	if !s.once(name) {
		return
	}
	s.put(groupMaster, 1, name, label(v.Master.Addr.String()))
	s.put(groupEpoch, float64(v.ConfigEpoch), name)
	s.put(groupQuorum, float64(v.Settings.Quorum), name)
	s.put(groupVoters, float64(v.Voters), name)
	s.put(groupUsable, float64(v.Usable), name)
	s.put(groupReplicas, float64(len(v.Replicas)), name)
	s.put(groupODown, one(v.Master.ODown), name)
	s.put(groupFailover, one(v.FailoverState != ""), name)
	if m := s.source.Meter(v.Settings.Name); m != nil {
		s.put(groupBlocked, m.spell.Load().blocked(s.now).Seconds(), name)
	}
	s.peers(name, v)
	s.instance(name, v, &v.Master)
	for n := range v.Replicas {
		s.instance(name, v, &v.Replicas[n])
	}
}

// peers counts the other monitors: those that answer and can vote, those that are
// sdown, and the rest, which is silent or does not let us in.
func (s *scrape) peers(name string, v *failover.View) {
	var usable, down, rest float64
	for n := range v.Peers {
		switch p := &v.Peers[n]; {
		case p.Usable:
			usable++
		case p.Down:
			down++
		default:
			rest++
		}
	}
	s.put(groupPeers, usable, name, "usable")
	s.put(groupPeers, down, name, "down")
	s.put(groupPeers, rest, name, "not-answering")
}

// states are the words of all states, by number.
var states = func() []string {
	var list []string
	for st := monitor.StateUnknown; st <= monitor.StateRoleMismatch; st++ {
		list = append(list, st.String())
	}
	return list
}()

func (s *scrape) instance(name string, v *failover.View, i *failover.InstanceView) {
	addr, role := label(i.Addr.String()), roleReplica
	if i == &v.Master {
		role = roleMaster
	}
	if !s.once(name + " " + addr) {
		return
	}
	for st, word := range states {
		s.put(verdict, one(int(i.Verdict.State) == st), name, addr, role, word)
	}
	if i.LastValid != monitor.Never {
		s.put(validAge, s.now.Since(i.LastValid).Seconds(), name, addr, role)
	}
	s.put(blocked, s.now.Since(i.BlockedSince).Seconds(), name, addr, role)
	s.put(sdown, one(i.Down), name, addr, role)
	if role == roleMaster {
		return
	}
	s.put(replicaLink, one(i.Info.LinkUp), name, addr)
	if lag, known := v.Lag(i); known {
		s.put(replicaLag, float64(lag), name, addr)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
