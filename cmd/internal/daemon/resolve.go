package daemon

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"picket/config"
	"picket/failover"
	"picket/monitor"
)

const (
	// resolvePeriod is how often host names are looked up again.
	resolvePeriod = 5 * time.Second
	// resolveAgain is how soon they are when an address that a name had does not answer.
	resolveAgain = time.Second
	// firstResolve bounds how long the start waits for names: a name that is known
	// before the first INFO cannot be taken for another instance.
	firstResolve = time.Second
	// lookups is how many names are looked up at a time: one that hangs must not hold
	// up the others.
	lookups = 16
)

// resolver keeps the numeric addresses of host names fresh, beside the loop: a slow
// resolver never delays a decision, and a name that resolves no more keeps its last
// address. Links are dialled to the address that is known; a name is looked up for a
// link only when none is, and asked for once more by a new link, see gone.go.
type resolver struct {
	d      *Daemon
	lookup func(ctx context.Context, host string) ([]string, error)
	turn   chan struct{} // as many as may look up at a time
	again  chan struct{} // an address did not answer

	mu      sync.Mutex
	found   map[string][]string          // all addresses of a name, the one in use first
	answers map[string]answer            // of the names in found
	busy    map[string]*lookupRun        // being looked up
	told    map[string]map[string]string // by group: what its names are, as it was told
	open    map[monitor.Addr]map[*namedConn]struct{}
	lost    map[monitor.Addr]time.Time // when one of several links ended by itself
}

func newResolver(d *Daemon) *resolver {
	return &resolver{
		d: d, lookup: nameServers{net.DefaultResolver}.lookup, turn: make(chan struct{}, lookups), again: make(chan struct{}, 1),
		found: map[string][]string{}, answers: map[string]answer{}, busy: map[string]*lookupRun{},
		told: map[string]map[string]string{}, open: map[monitor.Addr]map[*namedConn]struct{}{}, lost: map[monitor.Addr]time.Time{},
	}
}

// namesOf lists the host names in what was saved of a group.
func namesOf(g config.Group) []string {
	hosts := []string{g.Saved.Master.Host}
	for _, r := range g.Saved.Replicas {
		hosts = append(hosts, r.Host)
	}
	for _, p := range g.Saved.Peers {
		hosts = append(hosts, p.Addr.Host)
	}
	slices.Sort(hosts)
	return slices.DeleteFunc(slices.Compact(hosts), func(host string) bool { return !isName(host) })
}

// first looks up the names of the configuration, for a moment.
func (r *resolver) first(groups []config.Group) {
	ctx, cancel := context.WithTimeout(r.d.done, firstResolve)
	defer cancel()
	var all sync.WaitGroup
	seen := map[string]bool{}
	for _, g := range groups {
		for _, host := range namesOf(g) {
			if !seen[host] {
				seen[host] = true
				all.Go(func() { r.learn(ctx, host) })
			}
		}
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		r.d.log.Warn("host names are not resolved yet; the monitor starts without")
	}
}

// advertised is the numeric form of the address to announce for gossip, "" when it is a
// name that does not resolve: gossip then finds an address itself.
func (r *resolver) advertised(host string) string {
	if !isName(host) {
		return host
	}
	ctx, cancel := context.WithTimeout(r.d.done, firstResolve)
	defer cancel()
	found, err := r.lookup(ctx, host)
	if err != nil || len(found) == 0 {
		r.d.log.Warn("announce-ip does not resolve: gossip announces an address of this machine", zap.Error(err))
		return ""
	}
	return found[0]
}

// known is what is known of the names of a group, for its start.
func (r *resolver) known(g config.Group) []failover.Input {
	names := *r.d.board.names.Load()
	told := map[string]string{}
	var list []failover.Input
	for _, host := range namesOf(g) {
		if ip, ok := names[host]; ok {
			told[host] = ip
			list = append(list, failover.Resolved{Host: host, IP: ip})
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told[g.Settings.Name] = told
	return list
}

// run looks names up until the daemon ends.
func (r *resolver) run() {
	tick := time.NewTicker(resolvePeriod)
	defer tick.Stop()
	for {
		began := time.Now()
		hosts := r.d.board.hosts()
		r.forget(hosts)
		for host := range hosts {
			r.refresh(host)
		}
		select {
		case <-r.d.done.Done():
			return
		case <-tick.C:
		case <-r.d.board.newNames:
		case <-r.again:
			r.pause(resolveAgain - time.Since(began))
		}
	}
}

func (r *resolver) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.d.done.Done():
	}
}

// refresh looks a name up, beside the others, unless that is under way.
func (r *resolver) refresh(host string) *lookupRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run := r.busy[host]; run != nil {
		return run
	}
	run := &lookupRun{began: time.Now(), done: make(chan struct{})}
	r.busy[host] = run
	go func() {
		defer close(run.done)
		ctx, cancel := context.WithTimeout(r.d.done, resolvePeriod)
		defer cancel()
		r.learn(ctx, host)
		r.tellGroups(host)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.busy, host)
	}()
	return run
}

// learn looks a name up and reports whether it has an address. While it has the one in
// use that one stands.
func (r *resolver) learn(ctx context.Context, host string) bool {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return false
	}
	found, err := r.lookup(ctx, host)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || len(found) == 0 {
		if r.found[host] != nil {
			r.answers[host] = answer{time.Now(), noSuchName(err)}
		}
		return false // the last address is kept
	}
	r.answers[host] = answer{at: time.Now()}
	if known := r.found[host]; len(known) > 0 && slices.Contains(found, known[0]) {
		found = append([]string{known[0]}, slices.DeleteFunc(slices.Clone(found), func(ip string) bool { return ip == known[0] })...)
	}
	r.use(host, found)
	return true
}

// use publishes the addresses of a name; the first is the one in use. The caller holds mu.
func (r *resolver) use(host string, found []string) {
	r.found[host] = found
	known := *r.d.board.names.Load()
	if known[host] == found[0] {
		return
	}
	next := maps.Clone(known)
	next[host] = found[0]
	r.d.board.names.Store(&next)
}

// tellGroups tells the groups that have a name what it is now, each once.
func (r *resolver) tellGroups(host string) {
	ip, ok := (*r.d.board.names.Load())[host]
	if !ok {
		return
	}
	for _, group := range r.d.board.hosts()[host] {
		if r.news(group, host, ip) {
			r.d.loop.put(job{group: group, in: failover.Resolved{Host: host, IP: ip}})
		}
	}
}

func (r *resolver) news(group, host, ip string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[group] == nil {
		r.told[group] = map[string]string{}
	}
	if r.told[group][host] == ip {
		return false
	}
	r.told[group][host] = ip
	return true
}

// forget drops what nobody has any more: an instance may tell another name with each INFO.
func (r *resolver) forget(hosts map[string][]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.d.board.forgetNames(hosts)
	maps.DeleteFunc(r.found, func(host string, _ []string) bool { return hosts[host] == nil })
	maps.DeleteFunc(r.answers, func(host string, _ answer) bool { return hosts[host] == nil })
	for group, told := range r.told {
		maps.DeleteFunc(told, func(host, _ string) bool { return !slices.Contains(hosts[host], group) })
		if len(told) == 0 {
			delete(r.told, group)
		}
	}
}

// dial connects to an address; of a name's addresses the one in use comes first. When
// none answers, the name is looked up again, beside the next attempts.
func (r *resolver) dial(ctx context.Context, d *net.Dialer, addr monitor.Addr) (net.Conn, error) {
	if !isName(addr.Host) {
		return d.DialContext(ctx, "tcp", addr.String())
	}
	if err := r.confirm(ctx, addr); err != nil {
		return nil, err
	}
	c, err := r.dialName(ctx, d, addr)
	if err != nil {
		return nil, err
	}
	return r.keep(addr, c), nil
}

func (r *resolver) dialName(ctx context.Context, d *net.Dialer, addr monitor.Addr) (net.Conn, error) {
	r.mu.Lock()
	found := r.found[addr.Host]
	r.mu.Unlock()
	if len(found) == 0 {
		return d.DialContext(ctx, "tcp", addr.String())
	}
	var failed error
	for n, ip := range found {
		c, err := dialOne(ctx, d, monitor.Addr{Host: ip, Port: addr.Port}, len(found)-n)
		if err == nil {
			r.prefer(addr.Host, ip)
			return c, nil
		}
		failed = err
	}
	select {
	case r.again <- struct{}{}:
	default:
	}
	return nil, failed
}

// dialOne gives one of several addresses its share of the time that is left.
func dialOne(ctx context.Context, d *net.Dialer, addr monitor.Addr, left int) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	return d.DialContext(ctx, "tcp", addr.String())
}

// prefer makes the address that answered the one in use.
func (r *resolver) prefer(host, ip string) {
	r.mu.Lock()
	found := r.found[host]
	changed := len(found) > 1 && found[0] != ip && slices.Contains(found, ip)
	if changed {
		r.use(host, append([]string{ip}, slices.DeleteFunc(slices.Clone(found), func(other string) bool { return other == ip })...))
	}
	r.mu.Unlock()
	if changed {
		go r.tellGroups(host)
	}
}

// itself reports whether an order to replicate would lead an instance to itself: it has
// the address of the new master under another name, or is the same process.
func (d *Daemon) itself(group string, a failover.Repoint) bool {
	if a.Addr.Port == a.To.Port && (strings.EqualFold(a.Addr.Host, a.To.Host) || d.numeric(a.Addr) == d.numeric(a.To)) {
		return true
	}
	s := d.board.slot(group)
	if s == nil || s.view.Load() == nil {
		return false
	}
	v := s.view.Load()
	process := func(addr monitor.Addr) string {
		if v.Master.Addr == addr {
			return v.Master.Info.RunID
		}
		for _, r := range v.Replicas {
			if r.Addr == addr {
				return r.Info.RunID
			}
		}
		return ""
	}
	id := process(a.Addr)
	return id != "" && id == process(a.To)
}

// writable is what is saved of a group, with addresses for names unless names may be
// written: without resolve-hostnames redis-sentinel does not start on a file that holds
// one, and a replica may announce its name all the same. One that does not resolve is
// left out; it is found again. A monitor is never left out: it counts for the majority.
func (d *Daemon) writable(s failover.Saved) failover.Saved {
	if d.globals().ResolveHostnames || !namesAny(s) {
		return s
	}
	s.Master = d.numeric(s.Master)
	s.Replicas = slices.Clone(s.Replicas)
	for n, r := range s.Replicas {
		s.Replicas[n] = d.numeric(r)
	}
	s.Replicas = slices.DeleteFunc(s.Replicas, func(r monitor.Addr) bool { return isName(r.Host) || r == s.Master })
	s.Peers = slices.Clone(s.Peers)
	for n, p := range s.Peers {
		s.Peers[n].Addr = d.numeric(p.Addr)
	}
	return s
}

// namesAny reports whether an address in s is a host name.
func namesAny(s failover.Saved) bool {
	return isName(s.Master.Host) || slices.ContainsFunc(s.Replicas, func(r monitor.Addr) bool { return isName(r.Host) }) ||
		slices.ContainsFunc(s.Peers, func(p failover.SavedPeer) bool { return isName(p.Addr.Host) })
}

// shownView is a view with its addresses as they are given to clients.
func (d *Daemon) shownView(v *failover.View) *failover.View {
	if v == nil || d.globals().AnnounceHostnames || len(*d.board.names.Load()) == 0 {
		return v
	}
	c := *v
	c.Master.Addr = d.shown(c.Master.Addr)
	c.Replicas, c.Peers = slices.Clone(c.Replicas), slices.Clone(c.Peers)
	for n := range c.Replicas {
		c.Replicas[n].Addr = d.shown(c.Replicas[n].Addr)
	}
	for n := range c.Peers {
		c.Peers[n].Addr = d.shown(c.Peers[n].Addr)
	}
	return &c
}
