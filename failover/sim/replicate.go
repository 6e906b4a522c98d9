package sim

import (
	"time"

	"picket/monitor"
)

// never is a time that does not come.
const never = time.Duration(-1)

// replication is a replica's link to its master.
type replication struct {
	up        bool
	downSince time.Duration // never: not linked since it started
	peer      int           // the master's process that it is linked to
	read      int64         // received, may be ahead of what is applied
	heard     time.Duration // when the master's bytes last came
	retryAt   time.Duration
	syncing   bool
	syncEnd   time.Duration
	source    dataset // what a full resync will bring
}

const (
	replicationBeat = 100 * time.Millisecond
	replTimeout     = 60 * time.Second // repl-timeout
	backlog         = 200 << 20        // repl-backlog-size: generous, so that it is rarely what decides
)

func (s *server) follows(m *server) bool {
	return s.up && s.role == monitor.RoleReplica && s.master == m.addr
}

// beat lets clients write and replication move, ten times a second.
func (w *World) beat() {
	for _, s := range w.servers {
		if s.up && s.role == monitor.RoleMaster && !s.stuck() && w.now >= s.loading {
			s.write()
		}
	}
	for _, s := range w.servers {
		if s.up && s.role == monitor.RoleReplica && !s.stuck() {
			s.replicate()
		}
	}
	w.after(replicationBeat, w.beat)
}

// write is what clients write in one beat, and the PING that a master sends.
func (s *server) write() {
	if s.data.id != "" {
		s.data.offset++
	}
	if s.w.now < s.fenced || s.w.now < s.paused || s.blind == monitor.ReplyMisconf || s.clients == 0 {
		return
	}
	if s.data.family == "" {
		s.data.family = s.w.familyFor(s)
	}
	s.data.offset += s.clients / 10
	s.data.keys += s.clients / 1000
	if s.disk == nil || s.w.rng.Float64() < 0.001 {
		s.snapshot()
	}
}

func (s *server) snapshot() {
	d := s.data
	s.disk = &d
}

// replicate moves one replica's link on.
func (s *server) replicate() {
	m := s.w.serverAt(s.master)
	open := m != nil && s.w.net.both(resp, s.host, m.host)
	switch {
	case s.repl.syncing:
		s.sync(m, open)
	case s.repl.up && open && (!m.up || m.life != s.repl.peer):
		s.dropLink("the master's process ended")
	case s.repl.up && open && !m.stuck() && m.role == monitor.RoleReplica && !m.repl.up && !m.related(s):
		s.dropLink("the master's history changed")
	case s.repl.up && open && !m.stuck():
		s.repl.heard = s.w.now
		s.repl.read = max(m.data.offset, s.repl.read)
		s.data.offset, s.data.keys = m.data.offset, m.data.keys
	case s.repl.up && s.w.now-s.repl.heard > replTimeout:
		s.dropLink("repl-timeout")
	case !s.repl.up && open && m.up && s.w.now >= s.repl.retryAt:
		s.connect(m)
	}
}

// related reports whether a replica's history is the master's present one.
func (s *server) related(r *server) bool { return r.data.id == s.data.id }

func (s *server) dropLink(why string) {
	s.w.logf("%s: replication link to %s lost: %s", s, s.master, why)
	s.repl.up, s.repl.syncing = false, false
	s.repl.downSince = s.w.now
	s.repl.retryAt = s.w.now + time.Duration(s.w.rng.Int64N(int64(time.Second)))
}

// connect is PSYNC: partial where the histories allow it, else a full resync.
func (s *server) connect(m *server) {
	s.repl.retryAt = s.w.now + time.Second
	if !m.serving() || m.role == monitor.RoleReplica && !m.repl.up || s.w.now < s.loading {
		return
	}
	s.repl.peer, s.repl.heard = m.life, s.w.now
	if m.continues(s.data) {
		s.w.logf("%s: partial resync with %s from %d to %d", s, m, s.data.offset, m.data.offset)
		if s.data.id != m.data.id {
			s.data.id2, s.data.second = s.data.id, s.data.offset+1
		}
		s.data.id, s.data.offset, s.data.keys, s.data.family = m.data.id, m.data.offset, m.data.keys, m.data.family
		s.repl.up, s.repl.read = true, m.data.offset
		return
	}
	s.repl.syncing, s.repl.source = true, m.data
	s.repl.syncEnd = s.w.now + 100*time.Millisecond + time.Duration(s.w.rng.Int64N(int64(4*time.Second)))
	s.w.logf("%s: full resync with %s begins, offset %d", s, m, m.data.offset)
}

// continues reports whether PSYNC of a replica with that data is partial.
func (s *server) continues(d dataset) bool {
	switch {
	case d.id == s.data.id:
		return d.offset <= s.data.offset && s.data.offset-d.offset < backlog
	case d.id != "" && d.id == s.data.id2:
		return d.offset < s.data.second && s.data.offset-d.offset < backlog
	}
	return false
}

// sync is a full resync under way. When it ends the old data are replaced; when
// the master dies in its last part, the replica is left with nothing.
func (s *server) sync(m *server, open bool) {
	if m == nil || !m.up || m.life != s.repl.peer || !open && s.w.rng.Float64() < 0.1 {
		if s.repl.syncEnd-s.w.now < 300*time.Millisecond {
			s.data = dataset{id: s.w.newID(), second: -1} // flushed, and the rest did not come
			s.disk = nil
		}
		s.repl.syncing = false
		s.repl.retryAt = s.w.now + time.Second
		s.w.logf("%s: full resync with %s failed, keys %d", s, s.master, s.data.keys)
		return
	}
	if s.w.now < s.repl.syncEnd || m.stuck() || !open {
		return
	}
	s.data = s.repl.source
	s.data.offset, s.data.keys, s.data.family = m.data.offset, m.data.keys, m.data.family
	s.repl.syncing, s.repl.up, s.repl.read, s.repl.heard = false, true, m.data.offset, s.w.now
	s.snapshot()
	s.calmSince = s.w.now
	s.w.logf("%s: full resync with %s done, offset %d", s, m, s.data.offset)
}

// promote is SLAVEOF NO ONE.
func (s *server) promote() {
	if s.role == monitor.RoleMaster {
		return
	}
	s.w.logf("%s: becomes master, offset %d, keys %d", s, s.data.offset, s.data.keys)
	s.role, s.master = monitor.RoleMaster, monitor.Addr{}
	s.comesBack()
	s.data.id2, s.data.second = s.data.id, s.data.offset+1
	s.data.id = s.w.newID()
	s.repl = replication{downSince: never}
	for _, r := range s.w.servers { // disconnectSlaves: they must learn the new id
		if r.follows(s) && r.repl.up {
			r.dropLink("its master was promoted")
		}
	}
}

// comesBack notes that a server does not follow a stranger any more.
func (s *server) comesBack() {
	if s.strayed != never && s.returned == never {
		s.returned = s.w.now
	}
}

// repoint is SLAVEOF host port.
func (s *server) repoint(to monitor.Addr) {
	if s.role == monitor.RoleReplica && s.master == to {
		return
	}
	s.w.logf("%s: replicates from %s now", s, to)
	s.calmSince = s.w.now
	s.comesBack()
	s.role, s.master = monitor.RoleReplica, to
	down := s.repl.downSince
	if s.repl.up {
		down = s.w.now
	}
	s.repl = replication{downSince: down, retryAt: s.w.now + time.Duration(s.w.rng.Int64N(int64(time.Second)))}
}
