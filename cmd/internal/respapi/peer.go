package respapi

import (
	"strings"

	"picket/monitor"
	"picket/monitor/resp"
	"picket/quorum"
)

// sentinelPeer is what pickets ask each other beside Sentinel's own questions:
//
//	SENTINEL PEER                                    who are you
//	SENTINEL PEER <group>                            and what do you think of its master
//	SENTINEL PEER <group> <id> <ip> <port>           the same; I am <id> at <ip>:<port>
//	SENTINEL PEER <group> RELEASE <candidate> <epoch>  the candidate gave this epoch up
//
// What the caller says of itself is a hint that the backend confirms.
func (s *Server) sentinelPeer(c *call) {
	switch words := c.args[2:]; {
	case len(words) == 0:
		c.fields(s.statusFields())
	case len(words) == 1:
		c.fields(s.groupFields(words[0]))
	case len(words) == 4 && strings.EqualFold(words[1], "release"):
		s.peerRelease(c, words)
	case len(words) == 4:
		s.peerHint(c, words)
	default:
		c.fail("ERR wrong number of arguments for 'sentinel|peer' command")
	}
}

func (s *Server) peerRelease(c *call, words []string) {
	epoch, ok := resp.ParseInt(words[3])
	if !ok || epoch < 0 {
		c.fail(notAnInteger)
		return
	}
	if !monitor.ValidID(words[2]) {
		c.fail("ERR the candidate's id must be 40 hexadecimal digits")
		return
	}
	s.cfg.Peers.Release(quorum.Release{Group: words[0], Candidate: quorum.ID(words[2]), Epoch: uint64(epoch)})
	c.ok()
}

func (s *Server) peerHint(c *call, words []string) {
	port, ok := resp.ParseInt(words[3])
	if !ok || port < 1 || port > 65535 {
		c.fail("ERR Invalid port")
		return
	}
	if !monitor.ValidID(words[1]) || !monitor.ValidHost(words[2]) {
		c.fail("ERR the caller must give its id of 40 hexadecimal digits and its address")
		return
	}
	s.cfg.Peers.Hint(words[0], quorum.ID(words[1]), monitor.Addr{Host: words[2], Port: int(port)})
	c.fields(s.groupFields(words[0]))
}

func (s *Server) statusFields() fields {
	st := s.cfg.Reader.Status()
	var f fields
	f.add("id", string(st.ID))
	f.unsigned("boot", st.Boot)
	f.add("version", st.Version)
	f.unsigned("current-epoch", st.CurrentEpoch)
	f.add("gossip-ip", st.Gossip.Host)
	f.int("gossip-port", int64(st.Gossip.Port))
	return f
}

// groupFields end after known when we do not know the group.
func (s *Server) groupFields(group string) fields {
	f := s.statusFields()
	opinion, held, known := s.cfg.Peers.Opinion(group)
	view, viewed := s.cfg.Reader.View(group)
	f.int("known", flag(known && viewed))
	if !known || !viewed {
		return f
	}
	f.add("master-ip", held.Master.Host)
	f.int("master-port", int64(held.Master.Port))
	f.unsigned("config-epoch", held.Epoch)
	f.add("config-leader", string(held.Leader))
	f.add("leader", string(view.Leader))
	f.unsigned("leader-epoch", view.LeaderEpoch)
	f.int("quorum", int64(view.Settings.Quorum))
	f.opinion(opinion)
	return f
}

func (f *fields) opinion(o quorum.Opinion) {
	f.unsigned("opinion-boot", o.Version.Boot)
	f.unsigned("opinion-seq", o.Version.Seq)
	f.add("opinion-master-ip", o.Master.Host)
	f.int("opinion-master-port", int64(o.Master.Port))
	f.add("run-id", o.RunID)
	f.add("state", o.State.String())
	f.add("reason", string(o.Reason))
	f.int("down", flag(o.Down))
	f.int("age-ms", o.Age.Milliseconds())
}
