package sim

import (
	"time"

	"picket/monitor"
)

// script is a long EVAL, FCALL or module command on a server, in its phases:
// silent for T, then BUSY, then silent while its effects are propagated.
type script struct {
	from   time.Duration
	busyAt time.Duration // when the first BUSY may be answered; after ends: never
	ends   time.Duration
	done   time.Duration // its effects are propagated
	kind   monitor.Reply
	wrote  int64 // bytes of the stream; 0: it has written nothing and can be killed
}

func (c *script) running(t time.Duration) bool { return c != nil && t >= c.from && t < c.done }
func (c *script) busy(t time.Duration) bool    { return c != nil && t >= c.busyAt && t < c.ends }
func (c *script) silent(t time.Duration) bool  { return c.running(t) && !c.busy(t) }

// scriptPlan says what script to run.
type scriptPlan struct {
	length time.Duration
	kind   monitor.Reply
	wrote  int64
	deaf   bool // its time is spent in C: BUSY is never answered
}

// runScript blocks the server with a script.
func (s *server) runScript(p scriptPlan) {
	if !s.serving() || s.script.running(s.w.now) {
		return
	}
	c := &script{from: s.w.now, busyAt: s.w.now + s.limit, ends: s.w.now + p.length, kind: p.kind, wrote: p.wrote}
	if p.deaf || s.limit == 0 {
		c.busyAt = c.ends
	}
	c.done = c.ends + time.Duration(float64(p.wrote)/1e6*float64(10*time.Millisecond))
	s.script = c
	s.w.logf("%s: script of %s begins (%s, writes %d bytes, BUSY after %s, propagation %s, deaf %t)", s, p.length, p.kind, p.wrote,
		s.limit, c.done-c.ends, p.deaf)
	if s.role == monitor.RoleMaster && s.w.isMaster(s) {
		s.w.stats.Spells++
	}
	s.until(c.busyAt)
	s.scriptEndsAt(c)
}

func (s *server) scriptEndsAt(c *script) {
	life := s.life
	s.w.after(c.done-s.w.now, func() {
		if s.life == life && s.script == c && s.w.now >= c.done {
			s.scriptEnded(c)
		}
	})
}

// scriptEnded hands the script's effects to the replicas, which are silent while
// they apply them.
func (s *server) scriptEnded(c *script) {
	s.w.logf("%s: script ended", s)
	s.script = nil
	if c.wrote > 0 && s.up {
		s.data.offset += c.wrote
		s.data.keys += c.wrote / 100
		for _, r := range s.w.servers {
			if r.follows(s) && r.repl.up {
				r.repl.read = s.data.offset
				r.applying = s.w.now + time.Duration(float64(c.wrote)/1e6*float64(30*time.Millisecond))
				r.until(r.applying)
			}
		}
	}
	s.flush()
}

// killScript is SCRIPT KILL or FUNCTION KILL.
func (s *server) killScript() {
	c := s.script
	c.ends, c.done = s.w.now, s.w.now
	s.scriptEnded(c)
}
