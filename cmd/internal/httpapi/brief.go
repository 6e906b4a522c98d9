package httpapi

import (
	"errors"
	"net/http"

	"picket/failover"
	"picket/monitor"
)

// BriefStatus is the JSON of /api/status?brief=1: what a list of all groups needs. With
// hundreds of groups it is a tenth of the whole.
type BriefStatus struct {
	Monitor MonitorStatus `json:"monitor"`
	Groups  []BriefGroup  `json:"groups"`
}

// BriefGroup is one group in a list.
type BriefGroup struct {
	Name     string      `json:"name"`
	Quorum   int         `json:"quorum"`
	Voters   int         `json:"voters"`
	Usable   int         `json:"usable"`
	Failover string      `json:"failover"` // Sentinel's word for the phase, "" when none
	Master   BriefMaster `json:"master"`
	Ailing   int         `json:"replicas-ailing"` // replicas that do not serve, or without a link to their master
}

// BriefMaster is a master in a list.
type BriefMaster struct {
	Address       string `json:"address"`
	State         string `json:"state"`
	Reason        string `json:"reason"`
	Down          bool   `json:"down"` // sdown
	ODown         bool   `json:"odown"`
	BlockedMillis int64  `json:"blocked-ms"`
}

func (s *Server) briefStatus() BriefStatus {
	self, views, now := s.cfg.Source.Self(), s.cfg.Source.Views(), s.cfg.Clock()
	st := BriefStatus{Monitor: monitorStatus(self, len(views)), Groups: make([]BriefGroup, 0, len(views))}
	for _, v := range views {
		st.Groups = append(st.Groups, briefGroup(v, now))
	}
	return st
}

func briefGroup(v *failover.View, now monitor.Instant) BriefGroup {
	g := BriefGroup{
		Name: v.Settings.Name, Quorum: v.Settings.Quorum, Voters: v.Voters, Usable: v.Usable, Failover: v.FailoverState,
		Master: BriefMaster{
			Address: v.Master.Addr.String(), State: v.Master.Verdict.State.String(), Reason: string(v.Master.Verdict.Reason),
			Down: v.Master.Down, ODown: v.Master.ODown, BlockedMillis: ago(v.Master.BlockedSince, now),
		},
	}
	for n := range v.Replicas {
		if ailing(&v.Replicas[n]) {
			g.Ailing++
		}
	}
	return g
}

// ailing reports whether a replica needs attention.
func ailing(r *failover.InstanceView) bool {
	switch r.Verdict.State {
	case monitor.StateUp, monitor.StateScriptBlocked, monitor.StateLoading, monitor.StateApplying, monitor.StateUnknown:
		return r.Down || r.InfoAt != monitor.Never && !r.Info.LinkUp
	}
	return true
}

// errUnwatched says that no group of that name is watched.
var errUnwatched = errors.New("no group of that name is watched")

// status tells everything, all groups in brief with brief=1, or with group=<name> that one alone.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case q.Has("group"):
		s.oneStatus(w, q.Get("group"))
	case q.Has("brief"):
		s.answer(w, "brief", func() (any, error) { return s.briefStatus(), nil })
	default:
		s.answer(w, "status", func() (any, error) { return s.wholeStatus(), nil })
	}
}

func (s *Server) oneStatus(w http.ResponseWriter, group string) {
	if !s.watched(w, group) {
		return
	}
	s.answer(w, "status "+group, func() (any, error) {
		v, known := s.cfg.Source.View(group)
		if !known {
			return nil, errUnwatched // it was removed a moment ago
		}
		self := s.cfg.Source.Self()
		return Status{monitorStatus(self, len(s.cfg.Source.Views())), []GroupStatus{groupStatus(self, v, s.cfg.Clock())}}, nil
	})
}
