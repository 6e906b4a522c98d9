package check

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/acl"
	"picket/cmd/internal/respapi"
	"picket/cmd/internal/transport"
	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// File checks a configuration file by itself. The Config is nil when its lines cannot be understood.
func File(path string) (*config.Config, []Finding) {
	cfg, err := config.Inspect(path)
	f := &findings{cfg: cfg}
	f.lines(err)
	if cfg == nil {
		return nil, f.list
	}
	for _, w := range cfg.Warnings {
		f.add(Finding{Severity: Risk, Reason: ReasonConfigWarning, Text: w}, "", "")
	}
	f.users()
	f.tls()
	f.door()
	for _, g := range cfg.Groups {
		f.policy(g)
		f.silence(g)
		f.loopback(g)
		if len(g.Saved.Peers) > 0 {
			f.voters(g, len(g.Saved.Peers)+1)
		}
	}
	if err != nil {
		cfg = nil
	}
	return cfg, sorted(f.list)
}

// lines takes each of several joined errors.
func (f *findings) lines(err error) {
	if err == nil {
		return
	}
	list := []error{err}
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		list = joined.Unwrap()
	}
	for _, e := range list {
		one := Finding{Severity: Error, Reason: ReasonConfig, Text: e.Error()}
		if l, ok := errors.AsType[*config.LineError](e); ok {
			one = Finding{Severity: Error, Reason: ReasonConfig, File: l.File, Line: l.Line, Text: "'" + l.Text + "': " + l.Problem, Advice: l.Advice}
		}
		f.list = append(f.list, one)
	}
}

// users reads the rules of the monitor's own users.
func (f *findings) users() {
	if f.cfg.ACLFile != "" {
		if len(f.cfg.Users) > 0 {
			f.add(Finding{Severity: Error, Reason: ReasonConfig, Text: "there are user lines and an aclfile",
				Advice: "Keep one of them: the users of the other would be lost."}, "aclfile", "")
		}
		return
	}
	set := acl.NewUsers(respapi.ACLTable(), acl.ForbidChannels)
	for _, u := range f.cfg.Users {
		if _, err := set.Define(u.Name, u.Rules); err != nil {
			f.lines(u.Fail(err.Error(), "Correct the rule."))
		}
	}
}

func (f *findings) tls() {
	if !f.cfg.TLS.Enabled() {
		return
	}
	if _, err := transport.Open(f.cfg.TLS, zap.NewNop()); err != nil {
		f.add(Finding{Severity: Error, Reason: ReasonTLSFiles, Text: err.Error(), Advice: "Correct the path, or the file; this user must be able to read it."}, "tls-cert-file", "")
	}
}

// door judges who may come in.
func (f *findings) door() {
	c := f.cfg
	open := c.RequirePass == "" && c.ACLFile == "" && !slices.ContainsFunc(c.Users, func(u config.User) bool { return u.Name == "default" })
	switch {
	case !open || onlyLoopback(c.Bind):
	case c.ProtectedMode && f.peersElsewhere():
		f.add(Finding{Severity: Error, Reason: monitor.ReasonProtected, Text: "protected-mode is yes and there is no password: monitors on other machines are turned away",
			Advice: "Set requirepass on all monitors, or protected-mode no behind a firewall."}, "protected-mode", "")
	case !c.ProtectedMode:
		f.add(Finding{Severity: Note, Reason: ReasonUnprotected, Text: "everybody who reaches the port may order failovers: there is no password",
			Advice: "Set requirepass on all monitors, or let a firewall keep others out."}, "port", "")
	}
	if onlyLoopback(c.Bind) && f.peersElsewhere() {
		f.add(Finding{Severity: Error, Reason: ReasonLoopback, Text: "bind names only loopback addresses, and there are monitors on other machines: they cannot reach this one",
			Advice: "Add an address of this machine to bind."}, "bind", "")
	}
}

// peersElsewhere reports whether other monitors run on other machines, as far as the file
// knows: their addresses, or servers that are elsewhere.
func (f *findings) peersElsewhere() bool {
	for _, a := range f.cfg.GossipJoin {
		if !isLoopback(a.Host) {
			return true
		}
	}
	return slices.ContainsFunc(f.cfg.Groups, func(g config.Group) bool {
		for _, p := range g.Saved.Peers {
			if !isLoopback(p.Addr.Host) {
				return true
			}
		}
		return !isLoopback(g.Saved.Master.Host)
	})
}

func onlyLoopback(bind []string) bool {
	return len(bind) > 0 && !slices.ContainsFunc(bind, func(b string) bool {
		return !isLoopback(b) && (len(b) == 0 || !isLoopback(b[1:]))
	})
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// policy is what the core warns of at the start.
func (f *findings) policy(g config.Group) {
	s := g.Settings
	if s.Busy == failover.BusyKill && s.BusyKillAfter == 0 {
		f.add(Finding{Severity: Risk, Reason: failover.ReasonPolicyIdle, Text: "busy-policy is kill and busy-kill-after is 0: no script will be killed",
			Advice: "Set busy-kill-after to the longest that a script may take."}, "sentinel busy-policy", s.Name)
	}
	if s.Busy == failover.BusyFailover && s.BusyFailoverAfter == 0 {
		f.add(Finding{Severity: Risk, Reason: failover.ReasonPolicyIdle, Text: "busy-policy is failover and busy-failover-after is 0: no script will cause a failover",
			Advice: "Set busy-failover-after to the longest that a script may take."}, "sentinel busy-policy", s.Name)
	}
}

// silence judges down-after by Redis' default threshold; [Live] asks for the real one.
func (f *findings) silence(g config.Group) {
	if !g.Settings.SilenceGrace {
		f.downAfter(g, monitor.DefaultThreshold)
	}
}

// downAfter judges it against a master's busy-reply-threshold.
func (f *findings) downAfter(g config.Group, threshold time.Duration) {
	s, limit := g.Settings, monitor.SilenceLimit(time.Millisecond, threshold)
	one := Finding{Reason: failover.ReasonDownAfterLow, Severity: Risk,
		Advice: text("Set down-after-milliseconds above %d, or a smaller busy-reply-threshold on the servers.", limit.Milliseconds())}
	switch {
	case s.DownAfter > limit:
		return
	case !s.SilenceGrace:
		one.Text = text("silence-grace is no and down-after %v is not above %v: a script that is silent before its first BUSY will be taken for a hang", s.DownAfter, limit)
	case s.DownAfter <= threshold:
		one.Text = text("down-after %v is not above busy-reply-threshold %v: a master that hangs counts as down only after %v, and a redis-sentinel beside would fail over from every long script",
			s.DownAfter, threshold, limit)
	case s.DownAfter < limit:
		one.Severity, one.Text = Note, text("down-after %v is below the silence limit: a master that hangs counts as down only after %v; a dead one after down-after", s.DownAfter, limit)
	default:
		return
	}
	f.add(one, "sentinel down-after-milliseconds", s.Name)
}

// loopback finds a master that others would look for on their own machines.
func (f *findings) loopback(g config.Group) {
	if isLoopback(g.Saved.Master.Host) && slices.ContainsFunc(g.Saved.Peers, func(p failover.SavedPeer) bool { return !isLoopback(p.Addr.Host) }) {
		f.add(Finding{Severity: Error, Reason: ReasonLoopback, Text: "the master is " + g.Saved.Master.String() + ", and there are monitors on other machines: each means its own",
			Advice: "Give the master's address as others reach it."}, "sentinel monitor", g.Settings.Name)
	}
}

// voters judges the quorum by how many monitors there are.
func (f *findings) voters(g config.Group, voters int) {
	q, name := g.Settings.Quorum, g.Settings.Name
	switch majority := voters/2 + 1; {
	case q > voters:
		f.add(Finding{Severity: Error, Reason: ReasonQuorumHigh, Text: text("the quorum is %d and there are %d monitors: no failover will ever be agreed upon", q, voters),
			Advice: text("Set the quorum to %d: SENTINEL SET %s quorum %d on each monitor.", majority, name, majority)}, "sentinel monitor", name)
	case q < majority && voters > 1:
		f.add(Finding{Severity: Risk, Reason: ReasonQuorumLow, Text: text("the quorum is %d of %d monitors: so few may call the master down, though a majority must elect the leader", q, voters),
			Advice: text("Set the quorum to %d: SENTINEL SET %s quorum %d on each monitor.", majority, name, majority)}, "sentinel monitor", name)
	}
	if voters%2 == 0 {
		f.add(Finding{Severity: Risk, Reason: failover.ReasonEvenVoters, Text: text("the number of monitors is even (%d): one more would tolerate one more failure", voters),
			Advice: "Run one more monitor, on a machine of its own; or forget one that is gone for good (picket forget)."}, "sentinel monitor", name)
	}
}
