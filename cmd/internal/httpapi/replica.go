package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"picket/failover"
	"picket/monitor"
)

// replica answers 200 when an instance is one to read from.
func (s *Server) replica(w http.ResponseWriter, r *http.Request) {
	v, addr, ok := s.asked(w, r)
	if !ok {
		return
	}
	maxLag := int64(Never)
	if text := r.URL.Query().Get("max-lag"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			deny(w, http.StatusBadRequest, "max-lag must be a number of bytes, 0 or more")
			return
		}
		maxLag = n
	}
	master, _ := s.cfg.Source.Master(v.Settings.Name)
	for n := range v.Replicas {
		if i := &v.Replicas[n]; s.same(i.Addr, addr) && !s.same(master, addr) {
			tellVerdict(w, i)
			if why := s.unfit(v, i, maxLag); why != "" {
				deny(w, http.StatusServiceUnavailable, why)
				return
			}
			deny(w, http.StatusOK, "replica")
			return
		}
	}
	deny(w, http.StatusServiceUnavailable, "it is no replica of this group")
}

// infoLimit is how old the last INFO of a replica to read from may be.
const infoLimit = 3 * monitor.InfoPeriod

// unfit says why a replica is not one to read from, "" when it is.
func (s *Server) unfit(v *failover.View, i *failover.InstanceView, maxLag int64) string {
	if why := unserving(i, s.cfg.Clock()); why != "" {
		return why
	}
	lag, known := v.Lag(i)
	switch {
	case !s.follows(v, i):
		return "it follows " + masterOf(i).String() + ", not the master of this group"
	case foreign(&v.Master.Info, &i.Info):
		return "its data are not of the history of its master (another replication id)"
	case i.Info.Keys == 0 && v.Master.Info.Keys > 0:
		return "it is empty and the master is not"
	case maxLag == Never:
		return ""
	case !known:
		return "its lag is not known"
	case lag > maxLag:
		return fmt.Sprintf("it is %d bytes behind", lag)
	}
	return ""
}

// unserving says why an instance does not serve as a replica, whatever it holds; "" when it does.
func unserving(i *failover.InstanceView, now monitor.Instant) string {
	switch {
	case i.Down:
		return "it is down"
	case i.Verdict.State != monitor.StateUp && i.Verdict.State != monitor.StateDegraded:
		return "it does not serve: " + i.Verdict.State.String()
	case i.InfoAt == monitor.Never:
		return "nothing is known of it yet"
	case now.Since(i.InfoAt) > infoLimit:
		return "it last answered INFO " + now.Since(i.InfoAt).Round(time.Second).String() + " ago"
	case i.Info.Role != monitor.RoleReplica:
		return "it does not report to be a replica"
	case !i.Info.LinkUp:
		return "its link to the master is down"
	}
	return ""
}

// follows reports whether a replica gets its data from the master that is configured
// now, from it or through other replicas of the group.
func (s *Server) follows(v *failover.View, i *failover.InstanceView) bool {
	master, _ := s.cfg.Source.Master(v.Settings.Name)
	for range v.Replicas { // a chain is no longer than that, a ring has no end
		from := masterOf(i)
		if s.same(from, master) {
			return true
		}
		n := slices.IndexFunc(v.Replicas, func(r failover.InstanceView) bool { return s.same(r.Addr, from) })
		if n < 0 {
			return false
		}
		i = &v.Replicas[n]
		if i.Down || i.Info.Role != monitor.RoleReplica || !i.Info.LinkUp {
			return false
		}
	}
	return false
}

func masterOf(i *failover.InstanceView) monitor.Addr {
	return monitor.Addr{Host: monitor.Canonical(i.Info.MasterHost), Port: i.Info.MasterPort}
}

// foreign reports whether two instances have no replication id in common, of the two
// that each has; after a promotion the second is that of before. Of one that has told
// none nothing is held.
func foreign(a, b *monitor.Info) bool {
	if a.ReplID == "" || b.ReplID == "" {
		return false
	}
	shares := func(id string) bool { return id != "" && (id == b.ReplID || id == b.ReplID2) }
	return !shares(a.ReplID) && !shares(a.ReplID2)
}
