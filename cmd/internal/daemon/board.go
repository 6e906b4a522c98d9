package daemon

import (
	"maps"
	"net"
	"os"
	"slices"
	"sync/atomic"

	"picket/cmd/internal/metrics"
	"picket/cmd/internal/respapi"
	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// board is what the loop publishes for everyone else: immutable views, one slot
// a group. Only the loop writes it.
type board struct {
	slots  atomic.Pointer[registry]
	epoch  atomic.Uint64
	gossip atomic.Pointer[monitor.Addr]
	names  atomic.Pointer[map[string]string] // host name -> numeric address
	// unsaved says why state cannot be saved, nil when it can.
	unsaved atomic.Pointer[string]
	status  respapi.Status
	meter   *metrics.Meter
	// newNames is signalled when a group is watched, so that its names are looked
	// up at once.
	newNames chan struct{}
}

type registry struct {
	order  []*slot
	byName map[string]*slot
}

// slot is what one group last published.
type slot struct {
	name    string
	view    atomic.Pointer[failover.View]
	config  atomic.Pointer[quorum.Configuration]
	opinion atomic.Pointer[told]
	meter   *metrics.Group
}

// told is an opinion and when it was told: it ages from then on.
type told struct {
	quorum.Opinion
	at monitor.Instant
}

// aged returns the opinion as old as it is at now.
func (t *told) aged(now monitor.Instant) quorum.Opinion {
	o := t.Opinion
	o.Age += now.Since(t.at)
	return o
}

func newBoard(d *Daemon, version string) *board {
	b := &board{newNames: make(chan struct{}, 1), meter: metrics.NewMeter()}
	b.slots.Store(&registry{byName: map[string]*slot{}})
	b.names.Store(&map[string]string{})
	b.epoch.Store(d.cfg.CurrentEpoch)
	executable, _ := os.Executable() // shown only
	b.status = respapi.Status{
		ID: d.cfg.MyID, Boot: d.cfg.Boot, Version: version, Port: d.plainPort(),
		ConfigFile: d.cfg.Path, Executable: executable, StartedAt: 1, Supervised: d.cfg.Supervised,
	}
	return b
}

// add makes room for groups, at the end of the order.
func (b *board) add(names ...string) {
	old := b.slots.Load()
	next := &registry{order: slices.Clone(old.order), byName: maps.Clone(old.byName)}
	for _, name := range names {
		s := &slot{name: name, meter: b.meter.Watch(name)}
		next.order = append(next.order, s)
		next.byName[name] = s
	}
	b.slots.Store(next)
}

func (b *board) remove(name string) {
	old := b.slots.Load()
	next := &registry{byName: map[string]*slot{}}
	for _, s := range old.order {
		if s.name != name {
			next.order = append(next.order, s)
			next.byName[s.name] = s
		}
	}
	b.slots.Store(next)
	b.meter.Forget(name)
}

func (b *board) slot(name string) *slot { return b.slots.Load().byName[name] }

func (b *board) config(group string) (quorum.Configuration, bool) {
	s := b.slot(group)
	if s == nil || s.config.Load() == nil {
		return quorum.Configuration{}, false
	}
	return *s.config.Load(), true
}

func (b *board) groupNames() []string {
	var names []string
	for _, s := range b.slots.Load().order {
		names = append(names, s.name)
	}
	return names
}

// hosts lists the host names among the addresses of all groups, each with the groups
// that have it.
func (b *board) hosts() map[string][]string {
	seen := map[string][]string{}
	for _, s := range b.slots.Load().order {
		if v := s.view.Load(); v != nil {
			for _, host := range hostsOf(v) {
				seen[host] = append(seen[host], s.name)
			}
		}
	}
	return seen
}

// hostsOf lists the host names of one group, each once.
func hostsOf(v *failover.View) []string {
	var list []string
	note := func(host string) {
		if isName(host) && !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	note(v.Master.Addr.Host)
	for _, r := range v.Replicas {
		note(r.Addr.Host)
		note(r.Info.MasterHost)
	}
	for _, p := range v.Peers {
		note(p.Addr.Host)
	}
	return list
}

func isName(host string) bool { return host != "" && net.ParseIP(host) == nil }

// forgetNames drops the addresses of host names that nobody has any more: an
// instance may tell another name with each INFO.
func (b *board) forgetNames(current map[string][]string) {
	known := *b.names.Load()
	kept := make(map[string]string, len(current))
	for host := range current {
		if ip, ok := known[host]; ok {
			kept[host] = ip
		}
	}
	if len(kept) < len(known) {
		b.names.Store(&kept)
	}
}
