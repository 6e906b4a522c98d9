package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

const (
	notPositive = "negative or zero time parameter."
	negative    = "negative time parameter."
)

// groupTable holds the directives of a group, in the order in which Sentinel writes
// them. Those with the trait settable are the options of SENTINEL SET too. The
// monitor line itself is read by readMonitor.
var groupTable = []entry[Group]{
	{min: 3, max: 3, traits: always, show: showMonitor, Directive: Directive{
		Name: "sentinel monitor", Syntax: "<name> <host> <port> <quorum>", Default: "none", SetChanges: true,
		About: "watch this master; quorum monitors must hold it to be down (SENTINEL SET changes the quorum)"}},
	field(func(g *Group) *int { return &g.Settings.Quorum }, whole(1, 1<<31-1, "Quorum must be 1 or greater."), strconv.Itoa).
		is(settable|setOnly).doc("sentinel quorum", "<n>", "monitors", ""),
	field(func(g *Group) *time.Duration { return &g.Settings.DownAfter }, millis(1, notPositive), inMillis).
		is(settable).doc("sentinel down-after-milliseconds", "<name> <ms>", "milliseconds", "evidence of death must last so long"),
	field(func(g *Group) *time.Duration { return &g.Settings.FailoverTimeout }, millis(1, notPositive), inMillis).
		is(settable).doc("sentinel failover-timeout", "<name> <ms>", "milliseconds", "bounds each phase of a failover"),
	field(func(g *Group) *int { return &g.Settings.ParallelSyncs }, whole(1, 1<<31-1, "parallel-syncs must be 1 or greater."), strconv.Itoa).
		is(settable).doc("sentinel parallel-syncs", "<name> <n>", "replicas", "replicas that follow a new master at a time"),
	notificationScript, clientReconfigScript,
	field(func(g *Group) *string { return &g.AuthPass }, plain, same).
		is(settable|secret).doc("sentinel auth-pass", "<name> <password>", "", "password for the master and its replicas"),
	field(func(g *Group) *string { return &g.AuthUser }, plain, same).
		is(settable).doc("sentinel auth-user", "<name> <user>", "", "user for the master and its replicas"),
	field(func(g *Group) *time.Duration { return &g.Settings.RebootDownAfter }, millis(0, negative), inMillis).
		is(settable).alias("sentinel primary-reboot-down-after-period").
		doc("sentinel master-reboot-down-after-period", "<name> <ms>", "milliseconds", "a master that restarts may load for so long before that counts as down; 0: for ever"),
	{min: 2, max: 2, traits: settable, read: readRename, show: showRename, copy: func(dst, src *Group) { dst.Rename = maps.Clone(src.Rename) },
		Directive: Directive{Name: "sentinel rename-command", Syntax: "<name> <command> <renamed>", SetChanges: true,
			About: "the name that a command has on the master and its replicas; lines add up"}},

	field(func(g *Group) *failover.BusyPolicy { return &g.Settings.Busy }, oneOf(failover.BusyWait, failover.BusyKill, failover.BusyFailover), func(p failover.BusyPolicy) string { return string(p) }).
		is(settable).doc("sentinel busy-policy", "<name> wait|kill|failover", "", "what to do about a master blocked by a script"),
	field(func(g *Group) *time.Duration { return &g.Settings.BusyWarnAfter }, millis(0, negative), inMillis).
		is(settable).doc("sentinel busy-warn-after", "<name> <ms>", "milliseconds", "warn when a script has blocked the master for so long; 0: never"),
	field(func(g *Group) *time.Duration { return &g.Settings.BusyKillAfter }, millis(0, negative), inMillis).
		is(settable).doc("sentinel busy-kill-after", "<name> <ms>", "milliseconds", "with busy-policy kill: kill the script after so long; 0: never"),
	field(func(g *Group) *time.Duration { return &g.Settings.BusyFailoverAfter }, millis(0, negative), inMillis).
		is(settable).doc("sentinel busy-failover-after", "<name> <ms>", "milliseconds", "with busy-policy failover: leave the master behind after so long; 0: never"),
	field(func(g *Group) *bool { return &g.Settings.SilenceGrace }, yesNo("silence-grace must be yes or no."), inYesNo).
		is(settable).doc("sentinel silence-grace", "<name> yes|no", "", "a silent master whose kernel still answers is down only after the silence limit; no: after down-after"),
	field(func(g *Group) *bool { return &g.Settings.MisconfDown }, yesNo("misconf-down must be yes or no."), inYesNo).
		is(settable).doc("sentinel misconf-down", "<name> yes|no", "", "a master that answers PING with -MISCONF counts as down, as for Sentinel"),

	field(func(g *Group) *uint64 { return &g.Saved.ConfigEpoch }, unsigned, decimal).
		is(always).doc("sentinel config-epoch", "<name> <n>", "epoch", "epoch of the configuration; written by Picket"),
	field(func(g *Group) *uint64 { return &g.Saved.LeaderEpoch }, unsigned, decimal).
		is(always).doc("sentinel leader-epoch", "<name> <n>", "epoch", "newest epoch in which this monitor voted; written by Picket"),
	{min: 2, max: 2, aliases: []string{"sentinel known-slave"}, read: readReplica, show: showReplicas, Directive: Directive{
		Name: "sentinel known-replica", Syntax: "<name> <host> <port>", About: "a replica; written by Picket"}},
	{min: 2, max: 3, read: readPeer, show: showPeers, Directive: Directive{
		Name: "sentinel known-sentinel", Syntax: "<name> <host> <port> <id>", About: "another monitor; written by Picket"}},
}

func showMonitor(g *Group) [][]string {
	m := g.Saved.Master
	return [][]string{{m.Host, strconv.Itoa(m.Port), strconv.Itoa(g.Settings.Quorum)}}
}

// readRename takes a command renamed to itself as not renamed, as SENTINEL SET does.
func readRename(g *Group, args []string) error {
	if args[0] == "" || args[1] == "" {
		return problem{"A command and its new name must not be empty.", "Write: <command> <renamed>."}
	}
	command := strings.ToUpper(args[0])
	if strings.EqualFold(args[0], args[1]) {
		delete(g.Rename, command)
		return nil
	}
	if g.Rename == nil {
		g.Rename = map[string]string{}
	}
	g.Rename[command] = args[1]
	return nil
}

func showRename(g *Group) [][]string {
	var lines [][]string
	for _, command := range slices.Sorted(maps.Keys(g.Rename)) {
		lines = append(lines, []string{command, g.Rename[command]})
	}
	return lines
}

var errDuplicateReplica = problem{"Duplicate hostname and port for replica.", "Delete one of the lines."}

func readReplica(g *Group, args []string) error {
	addr, err := readAddr(args[0], args[1])
	switch {
	case err != nil:
		return err
	case addr == g.Saved.Master || addr.Host == "": // the master is not its own replica
		return nil
	case slices.Contains(g.Saved.Replicas, addr):
		return errDuplicateReplica
	}
	g.Saved.Replicas = append(g.Saved.Replicas, addr)
	return nil
}

// showReplicas writes each replica once: a second line would stop the next start.
func showReplicas(g *Group) [][]string {
	var lines [][]string
	for i, r := range g.Saved.Replicas {
		if !slices.Contains(g.Saved.Replicas[:i], r) {
			lines = append(lines, []string{r.Host, strconv.Itoa(r.Port)})
		}
	}
	return lines
}

var errDuplicatePeer = problem{"Duplicate runid for sentinel.", "Delete one of the lines."}

// readPeer ignores a line without an id, as Sentinel does: it is found again by its hello.
func readPeer(g *Group, args []string) error {
	if len(args) < 3 {
		return nil
	}
	addr, err := readAddr(args[0], args[1])
	if err != nil || addr.Host == "" {
		return err
	}
	id, err := parseID(args[2])
	if err != nil {
		return problem{"Malformed Sentinel id.", "Delete the line: the monitor is found again by its hello."}
	}
	if hasPeer(g.Saved.Peers, id) {
		return errDuplicatePeer
	}
	g.Saved.Peers = append(g.Saved.Peers, failover.SavedPeer{ID: id, Addr: addr})
	return nil
}

// showPeers writes each id once, as showReplicas.
func showPeers(g *Group) [][]string {
	var lines [][]string
	for i, p := range g.Saved.Peers {
		if !hasPeer(g.Saved.Peers[:i], p.ID) {
			lines = append(lines, []string{p.Addr.Host, strconv.Itoa(p.Addr.Port), string(p.ID)})
		}
	}
	return lines
}

func hasPeer(peers []failover.SavedPeer, id quorum.ID) bool {
	return slices.ContainsFunc(peers, func(p failover.SavedPeer) bool { return p.ID == id })
}

// readAddr reads the two words of an address. A host name is taken as it is: only the
// address of a master must be numeric unless resolve-hostnames is on, see reader.address.
// An instance that was saved without a host is found again; it must not stop the start.
// An IPv6 address is the same in any of its spellings.
func readAddr(host, port string) (monitor.Addr, error) {
	n, err := whole(0, 65535, badPort)(port)
	return monitor.Addr{Host: monitor.Canonical(host), Port: n}, err
}
