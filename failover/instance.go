package failover

import (
	"maps"
	"slices"
	"time"

	"picket/monitor"
)

// Instance is one Redis process of a group, as the group holds it.
type Instance struct {
	Addr     monitor.Addr
	Evidence monitor.Evidence
	Verdict  monitor.Verdict

	Info      monitor.Info
	InfoRaw   string
	InfoAt    monitor.Instant // when the last INFO reply came
	InfoSent  monitor.Instant // when it was asked for
	Threshold time.Duration   // busy-reply-threshold, negative when unknown
	RunID     string          // of the process that we held before the last restart was accepted

	RoleSince   monitor.Instant // since when Info.Role is what it is
	HostSince   monitor.Instant // since when Info.MasterHost:Port is what it is
	DownSince   monitor.Instant // sdown since; Never when not
	SilentTold  bool            // +silent was published
	BlockedAt   monitor.Instant // +script-blocked was published; Never when not blocked
	WarnedBusy  bool            // busy-warn-after was told in this spell
	BlindTold   bool            // +auth-error was published
	RebootSince monitor.Instant // flag master_reboot
	LinkedSeen  monitor.Instant // when its link to the configured master was last seen up
	Strayed     monitor.Instant // when it was last seen as a master of its own, or to follow a stranger
	Reconf      reconf
	ReconfAt    monitor.Instant
	former      string          // the newest id of the lineage when newborn was set
	newborn     monitor.Instant // when it was first seen to be another process than the one we held; Never after a while
	repair      monitor.Instant // when a repair of it was last ordered
	repairing   uint64          // the effect that repairs it, 0 when none
	turned      bool            // this very process was a replica before it was the master that it is
	strangeID   string          // the replication id that it had while it followed a stranger
	prospect    bool            // probed to learn what it is, not a member of the group
}

// reconf is how far a replica has come in following a new master.
type reconf uint8

const (
	reconfNone reconf = iota
	reconfSent
	reconfInProgress
	reconfDone
)

func (r reconf) String() string { return [...]string{"", "sent", "inprog", "done"}[r] }

func newInstance(now monitor.Instant, addr monitor.Addr) *Instance {
	return &Instance{Addr: addr, Evidence: monitor.NewEvidence(now), Threshold: -1}
}

// Down reports sdown.
func (i *Instance) Down() bool { return i.DownSince != monitor.Never }

// master is the instance held to be master; it always exists.
func (g *Group) master() *Instance { return g.instance(g.config.Master) }

// instance returns the instance at addr, or nil.
func (g *Group) instance(addr monitor.Addr) *Instance {
	for _, i := range g.instances {
		if i.Addr == addr {
			return i
		}
	}
	for _, i := range g.instances {
		if g.same(i.Addr, addr) {
			return i
		}
	}
	return nil
}

// replicas returns the members of the group other than the master.
func (g *Group) replicas() []*Instance {
	list := make([]*Instance, 0, len(g.instances))
	for _, i := range g.instances {
		if g.isReplica(i) {
			list = append(list, i)
		}
	}
	return list
}

func (g *Group) isReplica(i *Instance) bool { return i.Addr != g.config.Master && !i.prospect }

// same reports whether two addresses name the same instance: equal, or equal
// once host names are resolved.
func (g *Group) same(a, b monitor.Addr) bool {
	return a == b || (a.Port == b.Port && g.numeric(a.Host) == g.numeric(b.Host))
}

func (g *Group) numeric(host string) string {
	if ip, ok := g.names[host]; ok {
		return ip
	}
	return host
}

// maxNames bounds how many host names are remembered: a replica can name another
// master in each INFO.
const maxNames = 3 * maxInstances

// resolved takes the numeric address of a host name.
func (g *Group) resolved(in Resolved) {
	if _, known := g.names[in.Host]; !known && len(g.names) >= maxNames {
		maps.DeleteFunc(g.names, func(host, _ string) bool {
			return !slices.ContainsFunc(g.instances, func(i *Instance) bool { return i.names(host) })
		})
	}
	g.names[in.Host] = in.IP
	g.dropDoubles()
}

// dropDoubles forgets replicas that are an instance known under another address as
// well, by a name that did not resolve until now: one of the two would else be told to
// replicate from itself. A wrong answer of a name server must cost no replica, so it
// is the same only if it says so by its run id, and only while the master serves,
// whose INFO names every replica again. While a failover is under way nothing is dropped.
func (g *Group) dropDoubles() {
	if len(g.names) == 0 || g.attempt != nil || !g.masterSane() {
		return
	}
	n := len(g.instances)
	kept := slices.DeleteFunc(slices.Clone(g.instances), g.isDouble)
	if len(kept) < n {
		g.instances, g.retarget, g.dirty = kept, true, true
	}
}

func (g *Group) isDouble(i *Instance) bool {
	if !g.isReplica(i) || g.isDeposed(i) || i.Info.RunID == "" {
		return false
	}
	for _, other := range g.instances {
		if other == i {
			return false // the first of them stays
		}
		if g.same(other.Addr, i.Addr) && other.Info.RunID == i.Info.RunID {
			return true
		}
	}
	return false
}

// names reports whether an instance has that host as address or as master.
func (i *Instance) names(host string) bool { return i.Addr.Host == host || i.Info.MasterHost == host }

// maxInstances bounds how many replicas a group takes from INFO and from files.
const maxInstances = 512

// member returns the instance at addr, taking it into the group if it is new.
// It returns nil when the group is full.
func (g *Group) member(addr monitor.Addr) (i *Instance, added bool) {
	if i := g.instance(addr); i != nil {
		added = i.prospect
		i.prospect = false
		return i, added
	}
	if len(g.instances) >= maxInstances {
		return nil, false
	}
	i = newInstance(g.now, addr)
	g.instances = append(g.instances, i)
	g.retarget = true
	return i, true
}

// linkedToMaster reports whether the instance's last INFO showed a working
// replication link to the configured master.
func (g *Group) linkedToMaster(i *Instance) bool {
	return i.Info.Role == monitor.RoleReplica && i.Info.LinkUp && g.follows(i, g.config.Master)
}

// follows reports whether the instance's last INFO names master as its own.
func (g *Group) follows(i *Instance, master monitor.Addr) bool {
	return g.same(monitor.Addr{Host: i.Info.MasterHost, Port: i.Info.MasterPort}, master)
}
