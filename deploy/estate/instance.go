package estate

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// writeRate is how many bytes of replication stream a master makes a second.
const writeRate = 1000

// instance is one fake Redis.
type instance struct {
	group   int
	host    string
	port    int
	replica bool // by birth: kill and hang mean the other one
	dead    bool
	hung    bool

	runID, replID, replID2 string
	second                 int64 // second_repl_offset

	master     *instance // whom it follows, nil for a master or a replica of a stranger
	masterHost string
	masterPort string

	offset int64 // at since; a live master's grows from then on
	since  time.Time

	conns map[*conn]struct{}
}

func newInstance(group int, host string, port int) *instance {
	return &instance{group: group, host: host, port: port, runID: randomID(), replID: randomID(),
		replID2: strings.Repeat("0", 40), second: -1, offset: 100000, since: time.Now(), conns: map[*conn]struct{}{}}
}

func randomID() string {
	var b [20]byte
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return hex.EncodeToString(b[:])
}

// writes reports whether the instance is a master that lives.
func (i *instance) writes() bool { return i.masterHost == "" && !i.dead && !i.hung }

// linked reports whether the instance is a replica with its link up.
func (i *instance) linked() bool { return i.master != nil && !i.master.dead }

// position is the replication offset now.
func (i *instance) position(now time.Time) int64 {
	switch {
	case i.linked():
		return i.master.position(now)
	case i.writes():
		return i.offset + int64(now.Sub(i.since).Seconds()*writeRate)
	}
	return i.offset
}

// settle fixes the offset at now, before something changes that it depends on.
func (i *instance) settle(now time.Time) { i.offset, i.since = i.position(now), now }

// lead makes a replica a master, as SLAVEOF NO ONE does. It reports false for
// one that is a master already.
func (i *instance) lead(now time.Time) bool {
	if i.masterHost == "" {
		return false
	}
	i.settle(now)
	i.replID2, i.second, i.replID = i.replID, i.offset+1, randomID()
	i.master, i.masterHost, i.masterPort = nil, "", ""
	return true
}

// follow makes the instance a replica of the one at host:port, m, which is nil
// for a stranger. It takes the new history whole: nobody compares keys here.
func (i *instance) follow(now time.Time, host, port string, m *instance) {
	i.settle(now)
	i.master, i.masterHost, i.masterPort = m, host, port
	if i.linked() {
		i.replID, i.replID2, i.second = m.replID, m.replID2, m.second
	}
}

// replicas are those of the others that follow i with their link up.
func (i *instance) replicas(others []*instance) []*instance {
	var list []*instance
	for _, o := range others {
		if o.master == i && !o.dead && o.linked() {
			list = append(list, o)
		}
	}
	return list
}

// replication is that section of INFO.
func (i *instance) replication(now time.Time, others []*instance) string {
	var b strings.Builder
	at := i.position(now)
	if i.masterHost == "" {
		list := i.replicas(others)
		fmt.Fprintf(&b, "role:master\r\nconnected_slaves:%d\r\n", len(list))
		for n, r := range list {
			fmt.Fprintf(&b, "slave%d:ip=%s,port=%d,state=online,offset=%d,lag=0\r\n", n, r.host, r.port, at)
		}
	} else {
		i.following(&b, at)
	}
	fmt.Fprintf(&b, "master_failover_state:no-failover\r\nmaster_replid:%s\r\nmaster_replid2:%s\r\n", i.replID, i.replID2)
	fmt.Fprintf(&b, "master_repl_offset:%d\r\nsecond_repl_offset:%d\r\nrepl_backlog_active:1\r\n", at, i.second)
	fmt.Fprintf(&b, "repl_backlog_size:1048576\r\nrepl_backlog_first_byte_offset:1\r\nrepl_backlog_histlen:%d\r\n", at)
	return b.String()
}

// following is what only a replica says.
func (i *instance) following(b *strings.Builder, at int64) {
	status, lastIO, down := "up", "0", ""
	if !i.linked() {
		status, lastIO = "down", "-1"
		down = fmt.Sprintf("master_link_down_since_seconds:%d\r\n", int(time.Since(i.since).Seconds()))
	}
	fmt.Fprintf(b, "role:slave\r\nmaster_host:%s\r\nmaster_port:%s\r\nmaster_link_status:%s\r\n", i.masterHost, i.masterPort, status)
	fmt.Fprintf(b, "master_last_io_seconds_ago:%s\r\nmaster_sync_in_progress:0\r\n", lastIO)
	fmt.Fprintf(b, "slave_read_repl_offset:%d\r\nslave_repl_offset:%d\r\n%s", at, at, down)
	b.WriteString("slave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\nconnected_slaves:0\r\n")
}
