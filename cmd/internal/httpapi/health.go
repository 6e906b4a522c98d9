package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"picket/failover"
	"picket/monitor"
)

// loopLimit is how old the last beat of the decision loop may be. It beats ten times a
// second; five seconds are far more than a loaded machine costs.
const loopLimit = 5 * time.Second

// ReasonHeader says, of the answers for load balancers, what this monitor concludes of
// the instance: its state, and why.
const ReasonHeader = "Picket-Verdict"

// healthz tells whether the process should be left alone: it answers, and decides.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if why := stuck(s.cfg.Source.Self()); why != "" {
		deny(w, http.StatusServiceUnavailable, why)
		return
	}
	deny(w, http.StatusOK, "ok")
}

func stuck(self Self) string {
	if self.LoopAge <= loopLimit {
		return ""
	}
	return "the decision loop has not run for " + self.LoopAge.Round(time.Millisecond).String()
}

// readyz tells whether this monitor can do its part: vote and lead. It is asked only
// when all other doors are open, because this one opens last.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	var reasons []string
	self := s.cfg.Source.Self()
	if why := stuck(self); why != "" {
		reasons = append(reasons, why)
	}
	if self.Unsaved != "" {
		reasons = append(reasons, "state cannot be saved, so this monitor neither votes nor leads: "+self.Unsaved)
	}
	for _, v := range s.cfg.Source.Views() {
		if why := alone(v); why != "" {
			reasons = append(reasons, why)
		}
	}
	if len(reasons) > 0 {
		deny(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
		return
	}
	deny(w, http.StatusOK, "ready")
}

// alone says that a group has other monitors and none of them answers.
func alone(v *failover.View) string {
	for n := range v.Peers {
		if v.Peers[n].Usable {
			return ""
		}
	}
	if len(v.Peers) == 0 {
		return ""
	}
	return fmt.Sprintf("group %s: none of %d other monitors answers", v.Settings.Name, len(v.Peers))
}

// primary answers 200 when an instance is the one to write to: the configured master,
// of which this monitor knows nothing that speaks against it. One that a script blocks
// is still the master: nobody else takes writes.
func (s *Server) primary(w http.ResponseWriter, r *http.Request) {
	v, addr, ok := s.asked(w, r)
	if !ok {
		return
	}
	master, _ := s.cfg.Source.Master(v.Settings.Name)
	if !s.same(master, addr) {
		deny(w, http.StatusServiceUnavailable, "the master is "+master.String())
		return
	}
	if s.same(v.Master.Addr, addr) { // after a switch the view is of the old one for a moment
		tellVerdict(w, &v.Master)
		if why := unwritable(&v.Master); why != "" {
			deny(w, http.StatusServiceUnavailable, why)
			return
		}
	}
	deny(w, http.StatusOK, "primary")
}

// unwritable says why the configured master is not one to write to, "" when it is.
func unwritable(m *failover.InstanceView) string {
	switch {
	case m.Down:
		return "the master is down"
	case m.LastReply == monitor.Never:
		return "the master has not been reached since this monitor started"
	case m.Verdict.State == monitor.StateRoleMismatch:
		return "the configured master reports to be a replica"
	case m.Verdict.State == monitor.StateStale: // which only replicas answer
		return "the configured master answers as a replica without its own master"
	}
	return ""
}

func tellVerdict(w http.ResponseWriter, i *failover.InstanceView) {
	w.Header().Set(ReasonHeader, i.Verdict.State.String()+" "+string(i.Verdict.Reason))
}

// asked reads which instance of which group is asked for. It answers itself where that
// makes no sense, and where nobody decides any more.
func (s *Server) asked(w http.ResponseWriter, r *http.Request) (*failover.View, monitor.Addr, bool) {
	v, known := s.cfg.Source.View(r.PathValue("group"))
	if !known {
		deny(w, http.StatusNotFound, "no group of that name is watched")
		return nil, monitor.Addr{}, false
	}
	addr, err := monitor.ParseAddr(r.URL.Query().Get("address"))
	if err != nil || !monitor.ValidHost(addr.Host) {
		deny(w, http.StatusBadRequest, "address must be that of an instance, as in ?address=10.0.0.1:6379")
		return nil, monitor.Addr{}, false
	}
	if why := stuck(s.cfg.Source.Self()); why != "" {
		deny(w, http.StatusServiceUnavailable, why+", so what is known is old")
		return nil, monitor.Addr{}, false
	}
	addr.Host = monitor.Canonical(addr.Host)
	return v, addr, true
}

// same reports whether two addresses are one, given by name or not.
func (s *Server) same(a, b monitor.Addr) bool {
	return a == b || s.cfg.Source.Numeric(a) == s.cfg.Source.Numeric(b)
}
