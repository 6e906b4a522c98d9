package cli

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
)

// groupStatus is what a monitor says of one group, as picket status --json prints it.
// Numbers that the monitor does not tell are -1, words "".
type groupStatus struct {
	Name         string           `json:"name"`
	Problems     []problem        `json:"problems"`
	ConfigEpoch  int64            `json:"config-epoch"`
	Quorum       int64            `json:"quorum"`
	Voters       int              `json:"voters"`
	Electable    bool             `json:"majority"`         // CKQUORUM: a failover could be agreed upon and led
	Majority     string           `json:"majority-says"`    // CKQUORUM's words
	Failover     string           `json:"failover"`         // phase of one under way
	BusyPolicy   string           `json:"busy-policy"`      // of Picket
	DownAfter    int64            `json:"down-after-ms"`    //
	SilenceLimit int64            `json:"silence-limit-ms"` // of Picket
	Master       instanceStatus   `json:"master"`
	Replicas     []instanceStatus `json:"replicas"`
	Monitors     []monitorStatus  `json:"monitors"` // but for the one that was asked
}

// instanceStatus is a master or a replica.
type instanceStatus struct {
	Address   string `json:"address"`
	Role      string `json:"role"`
	State     string `json:"state"`  // the verdict; from flags alone where the monitor is a redis-sentinel
	Reason    string `json:"reason"` // of the verdict, of Picket
	Down      bool   `json:"down"`
	ODown     bool   `json:"odown"`
	LastReply int64  `json:"last-reply-ms"`
	LastValid int64  `json:"last-valid-ms"`
	LinkUp    bool   `json:"link-up"` // of a replica: to its master
	Follows   string `json:"follows,omitempty"`
	Offset    int64  `json:"offset"`
	Lag       int64  `json:"lag-bytes"` // behind the master at the last INFO of both
	Blocked   int64  `json:"blocked-ms"`
	Priority  int64  `json:"priority"`
}

// monitorStatus is another monitor.
type monitorStatus struct {
	ID         string `json:"id"`
	Address    string `json:"address"`
	Kind       string `json:"kind"` // picket, redis-sentinel or unknown
	Down       bool   `json:"down"`
	Connected  bool   `json:"connected"`
	State      string `json:"state"`  // what it holds of the master, of Picket
	Reason     string `json:"reason"` // of Picket
	LastReply  int64  `json:"last-reply-ms"`
	VotedEpoch int64  `json:"voted-epoch"`
}

// report is everything that picket status prints.
type report struct {
	Monitor string        `json:"monitor"` // address of the one that was asked
	Reasons bool          `json:"reasons"` // false: it is a redis-sentinel, which has no verdicts with reasons
	Groups  []groupStatus `json:"groups"`
}

// readReport asks for the groups, or for the one named.
func readReport(ctx context.Context, a *asked, name string) (report, error) {
	r := report{Monitor: a.addr, Reasons: true, Groups: []groupStatus{}}
	masters, err := a.masters(ctx, name)
	if err != nil {
		return r, err
	}
	for _, m := range masters {
		g, err := a.group(ctx, m)
		if err != nil {
			return r, err
		}
		r.Groups = append(r.Groups, g)
		_, picket := m["verdict"]
		r.Reasons = r.Reasons && picket
	}
	return r, nil
}

func (a *asked) masters(ctx context.Context, name string) ([]map[string]string, error) {
	if name != "" {
		reply, err := a.sentinel(ctx, "MASTER", name)
		return []map[string]string{fields(reply)}, err
	}
	reply, err := a.sentinel(ctx, "MASTERS")
	return fieldsOfEach(reply), err
}

func (a *asked) group(ctx context.Context, m map[string]string) (groupStatus, error) {
	g := groupOf(m)
	replicas, err := a.sentinel(ctx, "REPLICAS", g.Name)
	if err != nil {
		return g, err
	}
	for _, f := range fieldsOfEach(replicas) {
		g.Replicas = append(g.Replicas, replicaOf(f, g.Master))
	}
	peers, err := a.sentinel(ctx, "SENTINELS", g.Name)
	if err != nil {
		return g, err
	}
	for _, f := range fieldsOfEach(peers) {
		g.Monitors = append(g.Monitors, monitorOf(f))
	}
	g.Voters = len(g.Monitors) + 1
	slices.SortFunc(g.Replicas, func(a, b instanceStatus) int { return strings.Compare(a.Address, b.Address) })
	slices.SortFunc(g.Monitors, func(a, b monitorStatus) int { return strings.Compare(a.Address, b.Address) })
	return g, a.majority(ctx, &g)
}

// majority asks whether a failover could be authorized. A refusal is an answer.
func (a *asked) majority(ctx context.Context, g *groupStatus) error {
	reply, err := a.sentinel(ctx, "CKQUORUM", g.Name)
	if no, ok := err.(refused); ok {
		g.Majority = strings.TrimPrefix(no.text, "NOQUORUM ")
		g.judge()
		return nil
	}
	g.Majority, _ = reply.(string)
	g.Electable = err == nil
	g.judge()
	return err
}

func groupOf(m map[string]string) groupStatus {
	g := groupStatus{
		Name: m["name"], ConfigEpoch: number(m, "config-epoch"), Quorum: number(m, "quorum"), Failover: m["failover-state"],
		BusyPolicy: m["busy-policy"], DownAfter: number(m, "down-after-milliseconds"), SilenceLimit: number(m, "silence-limit"),
		Master: instanceOf(m), Replicas: []instanceStatus{}, Monitors: []monitorStatus{},
	}
	g.Master.Role, g.Master.Offset, g.Master.Lag = "master", number(m, "repl-offset"), -1
	g.Master.LinkUp = !has(m, "disconnected")
	return g
}

func instanceOf(f map[string]string) instanceStatus {
	return instanceStatus{
		Address: addressOf(f), State: stateOf(f), Reason: f["verdict-reason"], Down: has(f, "s_down") || has(f, "o_down"), ODown: has(f, "o_down"),
		LastReply: number(f, "last-ping-reply"), LastValid: number(f, "last-ok-ping-reply"), Blocked: number(f, "script-blocked-time"),
		Priority: number(f, "slave-priority"),
	}
}

func replicaOf(f map[string]string, master instanceStatus) instanceStatus {
	i := instanceOf(f)
	i.Role, i.Offset, i.Lag = "replica", number(f, "slave-repl-offset"), -1
	if master.Offset >= 0 && i.Offset > 0 {
		i.Lag = max(0, master.Offset-i.Offset)
	}
	i.LinkUp = f["master-link-status"] == "ok"
	if host := f["master-host"]; host != "" && host != "?" {
		i.Follows = net.JoinHostPort(host, f["master-port"])
	}
	return i
}

func monitorOf(f map[string]string) monitorStatus {
	return monitorStatus{
		ID: f["runid"], Address: addressOf(f), Kind: f["peer-kind"], Down: has(f, "s_down"), Connected: !has(f, "disconnected"),
		State: f["verdict"], Reason: f["verdict-reason"], LastReply: number(f, "last-ping-reply"), VotedEpoch: number(f, "voted-leader-epoch"),
	}
}

// stateOf is the verdict, or what the flags of a redis-sentinel come to.
func stateOf(f map[string]string) string {
	switch {
	case f["verdict"] != "":
		return f["verdict"]
	case has(f, "o_down"):
		return "odown"
	case has(f, "s_down"):
		return "sdown"
	case has(f, "disconnected"):
		return "disconnected"
	}
	return "up"
}

func addressOf(f map[string]string) string { return net.JoinHostPort(f["ip"], f["port"]) }

func has(f map[string]string, flag string) bool {
	return slices.Contains(strings.Split(f["flags"], ","), flag)
}

// number is -1 where the field is missing.
func number(f map[string]string, name string) int64 {
	n, err := strconv.ParseInt(f[name], 10, 64)
	if err != nil {
		return -1
	}
	return n
}
