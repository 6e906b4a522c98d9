package sim

import (
	"fmt"
	"time"

	"picket/monitor"
)

// dataset is what a Redis holds: how it calls its history, and what is in it.
type dataset struct {
	id, id2 string // replication ids
	second  int64  // second_repl_offset
	offset  int64
	keys    int64
	// family names where the data come from, "" for an empty server that never
	// synced. It is the world's truth; monitors do not see it.
	family string
}

// server is a model Redis.
type server struct {
	w    *World
	host int
	addr monitor.Addr
	home string // the group that it belongs to, "" for a foreign one

	up       bool
	life     int // counts processes
	born     time.Duration
	runID    string
	role     monitor.Role
	master   monitor.Addr // of a replica
	conf     monitor.Addr // what the configuration file says: zero for a master
	priority int
	limit    time.Duration // busy-reply-threshold
	data     dataset
	disk     *dataset // the last snapshot
	repl     replication
	clients  int64 // bytes that clients write in a second, while they may

	script    *script
	frozen    time.Duration // SIGSTOP, DEBUG SLEEP, a fork: until then
	paused    time.Duration // CLIENT PAUSE ALL
	fenced    time.Duration // CLIENT PAUSE WRITE
	calmSince time.Duration // since when nothing befell it
	applying  time.Duration // a replica executes what a script wrote
	loading   time.Duration
	blind     monitor.Reply // refuses us with this; ReplyNone when it does not
	full      bool          // its accept queue is full
	noGet     bool          // CONFIG GET is not permitted
	strayed   time.Duration // when it was last told to follow a stranger, never when it was not
	returned  time.Duration // when it was told otherwise, never while it was not
	waiting   []request     // bytes in its sockets
}

// request is what a client wrote to a server.
type request struct {
	serve func() // the server gets to it
	reset func() // the process ends before
}

func (s *server) String() string { return s.addr.String() }

// silent reports that the process lives and executes no command now.
func (s *server) silent() bool {
	return s.w.now < s.frozen || s.w.now < s.paused || s.w.now < s.applying || s.script.silent(s.w.now)
}

// stuck reports that the event loop does not run: not even replication moves.
func (s *server) stuck() bool {
	return s.w.now < s.frozen || s.w.now < s.applying || s.script.running(s.w.now)
}

// serving reports that the server executes commands normally.
func (s *server) serving() bool {
	return s.up && !s.silent() && !s.script.busy(s.w.now) && s.w.now >= s.loading
}

// answer is how the server replies to PING now.
func (s *server) answer() monitor.Reply {
	switch {
	case s.blind != monitor.ReplyNone && s.blind != monitor.ReplyMasterDown:
		return s.blind // these hide BUSY
	case s.blind == monitor.ReplyMasterDown && s.role == monitor.RoleReplica && !s.repl.up:
		return monitor.ReplyMasterDown
	case s.w.now < s.loading:
		return monitor.ReplyLoading
	case s.script.busy(s.w.now):
		return s.script.kind
	}
	return monitor.ReplyPong
}

// arrive takes bytes that a client wrote to process life.
func (s *server) arrive(life int, r request) {
	switch {
	case !s.up || s.life != life:
		if r.reset != nil {
			r.reset()
		}
	case s.silent():
		s.waiting = append(s.waiting, r)
	default:
		r.serve()
	}
}

// flush gets to what waits, once the server is not silent any more.
func (s *server) flush() {
	for s.up && len(s.waiting) > 0 && !s.silent() {
		r := s.waiting[0]
		s.waiting = s.waiting[1:]
		r.serve()
	}
}

// until plans a look at what waits. Until then the server is not at rest.
func (s *server) until(at time.Duration) {
	s.calmSince = max(s.calmSince, at)
	life := s.life
	s.w.after(at-s.w.now, func() {
		if s.life == life {
			s.flush()
		}
	})
}

// freeze stops the process for d, as SIGSTOP does.
func (s *server) freeze(d time.Duration) {
	s.frozen = max(s.frozen, s.w.now+d)
	s.until(s.frozen)
}

// pauseAll is CLIENT PAUSE <d> ALL by a client.
func (s *server) pauseAll(d time.Duration) {
	s.paused = max(s.paused, s.w.now+d)
	s.until(s.paused)
}

// kill ends the process.
func (s *server) kill() {
	if !s.up {
		return
	}
	s.w.logf("%s: process killed (%s)", s, s.role)
	s.up = false
	s.script, s.frozen, s.paused, s.fenced, s.applying, s.loading, s.full = nil, 0, 0, 0, 0, 0, false
	for _, r := range s.waiting {
		if r.reset != nil {
			r.reset()
		}
	}
	s.waiting = nil
	s.w.serverGone(s)
}

// memory says what a process finds on its disk when it starts.
type memory uint8

const (
	memoryLost     memory = iota // an empty data folder
	memorySnapshot               // the last snapshot
	memoryWhole                  // all it had: a clean shutdown
)

// start begins a new process on what is left on the disk.
func (s *server) start(m memory) {
	if s.up {
		return
	}
	s.up, s.life, s.calmSince, s.born = true, s.life+1, s.w.now, s.w.now
	s.runID = s.w.newID()
	had := s.data
	s.data = dataset{id: s.w.newID(), second: -1}
	switch {
	case m == memoryWhole:
		s.reload(had)
	case m == memorySnapshot && s.disk != nil:
		s.reload(*s.disk)
	}
	s.repl = replication{downSince: never}
	s.role, s.master = monitor.RoleMaster, s.conf
	if !s.conf.IsZero() {
		s.role = monitor.RoleReplica
	}
	if s.data.keys > 0 {
		s.loading = s.w.now + s.w.span(0, pick(s.w.rng, 1500*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond, 20*time.Second))
		s.until(s.loading)
	}
	s.w.logf("%s: process started, role %s, offset %d, keys %d", s, s.role, s.data.offset, s.data.keys)
}

// reload takes a data set from the disk. A replica goes on under its id; a
// master begins a new one and keeps the old as its second (Redis 7).
func (s *server) reload(d dataset) {
	if !s.conf.IsZero() {
		s.data = d
		return
	}
	s.data = dataset{id: s.w.newID(), id2: d.id, second: d.offset + 1, offset: d.offset, keys: d.keys, family: d.family}
}

// info is the reply to INFO.
func (s *server) info() monitor.Info {
	i := monitor.Info{
		RunID: s.runID, Version: "7.0.15", Role: s.role, ReplID: s.data.id, ReplID2: s.data.id2,
		SecondOffset: s.data.second, MasterOffset: s.data.offset, Priority: s.priority, Announced: true,
		Keys: s.data.keys, Loading: s.w.now < s.loading,
	}
	if i.Loading {
		i.LoadingETA = (s.loading - s.w.now).Truncate(time.Second)
	}
	if s.role == monitor.RoleReplica {
		i.MasterHost, i.MasterPort = s.master.Host, s.master.Port
		i.LinkUp, i.SyncInProgress = s.repl.up, s.repl.syncing
		i.ReplicaOffset, i.ReadOffset = s.data.offset, max(s.repl.read, s.data.offset)
		i.MasterLastIO, i.LinkDown = 0, 0
		if !i.LinkUp {
			i.MasterLastIO, i.LinkDown = -time.Second, -time.Second
			if s.repl.downSince != never {
				i.LinkDown = (s.w.now - s.repl.downSince).Truncate(time.Second)
			}
		}
	}
	for _, r := range s.w.servers {
		if r.up && r.role == monitor.RoleReplica && r.master == s.addr && r.repl.up {
			i.Replicas = append(i.Replicas, r.addr)
			i.ReplicaLink = append(i.ReplicaLink, true)
		}
	}
	return i
}

func (s *server) describe() string {
	state := "down"
	if s.up {
		state = fmt.Sprintf("up %s of %s link=%t sync=%t answer=%s silent=%t", s.role, s.master, s.repl.up, s.repl.syncing, s.answer(), s.silent())
	}
	return fmt.Sprintf("%s %s id=%.6s id2=%.6s second=%d offset=%d keys=%d family=%q", s, state, s.data.id, s.data.id2,
		s.data.second, s.data.offset, s.data.keys, s.data.family)
}
