package monitor

import (
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

var infoFields = map[string]func(*Info, string){
	"run_id":                         func(i *Info, v string) { i.RunID = v },
	"redis_version":                  func(i *Info, v string) { i.Version = v },
	"role":                           func(i *Info, v string) { i.Role = parseRole(v) },
	"master_replid":                  func(i *Info, v string) { i.ReplID = replID(v) },
	"master_replid2":                 func(i *Info, v string) { i.ReplID2 = replID(v) },
	"second_repl_offset":             func(i *Info, v string) { i.SecondOffset = atoi(v) },
	"master_repl_offset":             func(i *Info, v string) { i.MasterOffset = atoi(v) },
	"master_host":                    func(i *Info, v string) { i.MasterHost = v },
	"master_port":                    func(i *Info, v string) { i.MasterPort = int(atoi(v)) },
	"master_link_status":             func(i *Info, v string) { i.LinkUp = v == "up" },
	"master_link_down_since_seconds": func(i *Info, v string) { i.LinkDown = time.Duration(atoi(v)) * time.Second },
	"master_last_io_seconds_ago":     func(i *Info, v string) { i.MasterLastIO = time.Duration(atoi(v)) * time.Second },
	"master_sync_in_progress":        func(i *Info, v string) { i.SyncInProgress = v == "1" },
	"slave_repl_offset":              func(i *Info, v string) { i.ReplicaOffset = atoi(v) },
	"slave_read_repl_offset":         func(i *Info, v string) { i.ReadOffset = atoi(v) },
	"slave_priority":                 func(i *Info, v string) { i.Priority = int(atoi(v)) },
	"replica_announced":              func(i *Info, v string) { i.Announced = v != "0" },
	"loading":                        func(i *Info, v string) { i.Loading = v == "1" },
	"loading_eta_seconds":            func(i *Info, v string) { i.LoadingETA = time.Duration(atoi(v)) * time.Second },
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
	return v
}

// replicaLine reads "ip=10.0.0.2,port=6379,state=online,..." and the form of
// Redis 2.6, "10.0.0.2,6379,online".
func (i *Info) replicaLine(value string) {
	fields := strings.Split(value, ",")
	addr, online := Addr{}, false
	if len(fields) >= 3 && !strings.Contains(fields[0], "=") {
		addr = Addr{Host: fields[0], Port: int(atoi(fields[1]))}
		online = fields[2] == "online"
	}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		switch k {
		case "ip":
			addr.Host = v
		case "port":
			addr.Port = int(atoi(v))
		case "state":
			online = v == "online"
		}
	}
	if addr.Host == "" || addr.Port < 1 || addr.Port > 65535 {
		return // port 0: a reader of the stream that announces no port
	}
	i.Replicas = append(i.Replicas, addr)
	i.ReplicaLink = append(i.ReplicaLink, online)
}

func (i *Info) databaseLine(value string) {
	for f := range strings.SplitSeq(value, ",") {
		if n, ok := strings.CutPrefix(f, "keys="); ok {
			i.Keys = max(i.Keys, 0) + atoi(n)
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
