package monitor

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Role is what an instance says it is.
type Role uint8

// Roles as INFO reports them.
const (
	RoleUnknown Role = iota
	RoleMaster
	RoleReplica
)

// String uses Sentinel's spelling: clients depend on "slave".
func (r Role) String() string { return [...]string{"unknown", "master", "slave"}[r] }

// Info is what Picket reads of an INFO reply (sections server, replication,
// persistence, keyspace). Fields that were absent keep their zero value, except
// where noted. A reply that was cut off yields what its complete lines say.
type Info struct {
	RunID   string
	Version string
	Role    Role

	ReplID       string // master_replid
	ReplID2      string // master_replid2, "" when it is all zeros
	SecondOffset int64  // second_repl_offset, -1 when unset
	MasterOffset int64  // master_repl_offset, bytes

	MasterHost string // replicas only
	MasterPort int
	LinkUp     bool
	// LinkDown is master_link_down_since_seconds; negative: never linked since it started.
	LinkDown       time.Duration
	MasterLastIO   time.Duration // negative: no link
	SyncInProgress bool
	ReplicaOffset  int64 // slave_repl_offset: applied, bytes
	ReadOffset     int64 // slave_read_repl_offset: received, bytes; 0 before 7.0
	Priority       int   // 100 when not reported
	Announced      bool  // true when not reported

	NoneLoaded bool // it says that it read no key from a snapshot when it started (7.0 and later)
	AppendOnly bool // it keeps an append-only file

	Loading     bool
	LoadingETA  time.Duration
	Keys        int64 // keys in all databases; -1 when the section is missing
	Replicas    []Addr
	ReplicaLink []bool // by index of Replicas: state=online
}

// Offset returns how far the instance's data go, in bytes of the replication stream.
func (i Info) Offset() int64 {
	if i.Role == RoleReplica {
		return i.ReplicaOffset
	}
	return i.MasterOffset
}

// StartedEmpty reports whether the process is known to have begun without a key.
func (i Info) StartedEmpty() bool { return i.NoneLoaded && !i.AppendOnly }

// ParseInfo reads a reply to INFO. It never fails: unknown and malformed lines
// are passed over, so that a reply cut off in the middle of a line is read up to
// its last complete line.
func ParseInfo(raw string) Info {
	info := Info{Priority: 100, Announced: true, SecondOffset: -1, Keys: -1}
	for len(raw) > 0 {
		line, rest, complete := strings.Cut(raw, "\n")
		if !complete {
			break
		}
		raw = rest
		info.line(strings.TrimSuffix(line, "\r"))
	}
	return info
}

func (i *Info) line(line string) {
	if line == "# Keyspace" {
		i.Keys = 0
		return
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	if read, known := infoFields[key]; known {
		read(i, value)
		return
	}
	switch {
	case strings.HasPrefix(key, "slave") && isDigits(key[len("slave"):]):
		i.replicaLine(value)
	case strings.HasPrefix(key, "db") && isDigits(key[len("db"):]):
		i.databaseLine(value)
	}
}

// infoFields read the fields. What is kept is cloned: an id that outlives its reply
// must not keep the whole reply in memory.
var infoFields = map[string]func(*Info, string){
	"run_id":                         func(i *Info, v string) { i.RunID = token(v) },
	"redis_version":                  func(i *Info, v string) { i.Version = token(v) },
	"role":                           func(i *Info, v string) { i.Role = parseRole(v) },
	"master_replid":                  func(i *Info, v string) { i.ReplID = replID(v) },
	"master_replid2":                 func(i *Info, v string) { i.ReplID2 = replID(v) },
	"second_repl_offset":             number(func(i *Info, n int64) { i.SecondOffset = n }),
	"master_repl_offset":             number(func(i *Info, n int64) { i.MasterOffset = n }),
	"master_host":                    func(i *Info, v string) { i.MasterHost = host(v) },
	"master_port":                    number(func(i *Info, n int64) { i.MasterPort = port(n) }),
	"master_link_status":             func(i *Info, v string) { i.LinkUp = v == "up" },
	"master_link_down_since_seconds": number(func(i *Info, n int64) { i.LinkDown = seconds(n) }),
	"master_last_io_seconds_ago":     number(func(i *Info, n int64) { i.MasterLastIO = seconds(n) }),
	"master_sync_in_progress":        func(i *Info, v string) { i.SyncInProgress = v == "1" },
	"slave_repl_offset":              number(func(i *Info, n int64) { i.ReplicaOffset = n }),
	"slave_read_repl_offset":         number(func(i *Info, n int64) { i.ReadOffset = n }),
	"slave_priority":                 number(func(i *Info, n int64) { i.Priority = int(n) }),
	"replica_announced":              func(i *Info, v string) { i.Announced = v != "0" },
	"aof_enabled":                    func(i *Info, v string) { i.AppendOnly = v == "1" },
	"rdb_last_load_keys_loaded":      number(func(i *Info, n int64) { i.NoneLoaded = n == 0 }),
	"loading":                        func(i *Info, v string) { i.Loading = v == "1" },
	"loading_eta_seconds":            number(func(i *Info, n int64) { i.LoadingETA = seconds(n) }),
}

// number reads a field that holds a number; anything else leaves its default.
func number(set func(*Info, int64)) func(*Info, string) {
	return func(i *Info, v string) {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			set(i, n)
		}
	}
}

// maxSeconds bounds what is read as a duration: a century.
const maxSeconds = 100 * 365 * 24 * 3600

func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, -maxSeconds), maxSeconds)) * time.Second
}

// port returns a valid port, or 0.
func port(n int64) int {
	if n < 1 || n > 65535 {
		return 0
	}
	return int(n)
}

func parseRole(v string) Role {
	switch v {
	case "master":
		return RoleMaster
	case "slave", "replica":
		return RoleReplica
	}
	return RoleUnknown
}

// replID drops the all-zero id by which Redis says "none".
func replID(v string) string {
	if strings.Trim(v, "0") == "" {
		return ""
	}
	return token(v)
}

// maxToken is more than any id or version has, in bytes.
const maxToken = 64

// token drops a value that may not stand in files and events: ids are remembered
// long after the reply that held them, and no reply may make that costly.
func token(v string) string {
	if len(v) > maxToken || !printable(v) {
		return ""
	}
	return strings.Clone(v)
}

func host(v string) string {
	if !ValidHost(v) {
		return ""
	}
	return strings.Clone(v)
}

// replicaLine reads "ip=10.0.0.2,port=6379,state=online,..." and the form of
// Redis 2.6, "10.0.0.2,6379,online".
func (i *Info) replicaLine(value string) {
	fields := strings.Split(value, ",")
	addr, online := Addr{}, false
	if len(fields) >= 3 && !strings.Contains(fields[0], "=") {
		addr = Addr{Host: fields[0], Port: port(atoi(fields[1]))}
		online = fields[2] == "online"
	}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		switch k {
		case "ip":
			addr.Host = v
		case "port":
			addr.Port = port(atoi(v))
		case "state":
			online = v == "online"
		}
	}
	if !ValidHost(addr.Host) || addr.Port == 0 {
		return // not an address; port 0: a reader of the stream that announces no port
	}
	addr.Host = strings.Clone(addr.Host)
	i.Replicas = append(i.Replicas, addr)
	i.ReplicaLink = append(i.ReplicaLink, online)
}

// ValidHost reports whether host can be an address or a name: nothing else may
// get into hellos and files.
func ValidHost(host string) bool {
	return host != "" && len(host) <= 255 && !strings.ContainsFunc(host, func(r rune) bool {
		return !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:_%-", r)
	})
}

// Canonical returns an IP address as inet_ntop writes it, by which Redis and Sentinel
// know it; a name stays as it is.
func Canonical(host string) string {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String()
	}
	return host
}

// maxKeys bounds the count of keys, so that hostile sums do not overflow.
const maxKeys = 1 << 61

func (i *Info) databaseLine(value string) {
	for f := range strings.SplitSeq(value, ",") {
		if n, ok := strings.CutPrefix(f, "keys="); ok {
			i.Keys = min(max(i.Keys, 0)+min(max(atoi(n), 0), maxKeys), maxKeys)
		}
	}
}

func atoi(v string) int64 {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
