package e2e

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"picket/deploy/lab"
)

// The default user may look and listen; monitors log in as one who may vote.
var peerUsers = []string{
	"user default on nopass allchannels -@all +ping +subscribe +psubscribe +sentinel|master +sentinel|get-master-addr-by-name",
	"user peer on >secret allchannels -@all +@connection +publish +sentinel",
	"sentinel sentinel-user peer",
	"sentinel sentinel-pass secret",
}

func TestPeersLogInAsUsers(t *testing.T) {
	t.Parallel()
	for name, third := range map[string]lab.Program{"pickets": picket, "with a redis-sentinel": sentinel} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.servers(lab.GroupConfig{Replicas: 1, Monitors: 2, Monitor: lab.MonitorConfig{Lines: peerUsers}})
			s.must(s.StartMonitors(s.ctx))
			s.add(lab.MonitorConfig{Program: third, Lines: peerUsers})
			s.must(s.WaitKnown(s.ctx))
			if reply, err := s.Monitors[0].Do(s.ctx, "SENTINEL", "REMOVE", "mymaster"); err == nil {
				t.Errorf("the default user removes a group: %v", reply)
			}
			marks := s.Marks()
			s.Master.Kill()
			s.agreed(s.switched(s.Master, marks).New)
		})
	}
}

// A file that redis-sentinel wrote, users and all, starts picket, and the other way round.
func TestUsersOfTheOtherProgramAreReadBack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Monitors: 1, Monitor: lab.MonitorConfig{Program: sentinel}})
	s.must(s.StartMonitors(s.ctx))
	m := s.Monitors[0]
	for _, words := range [][]string{
		{"ACL", "SETUSER", "alice", "on", ">pw", "+@all", "-@dangerous", "~k*", "%R~r", "&+switch*", "(+info", "~x)", "(+@pubsub", "allchannels)"},
		{"ACL", "SETUSER", "bob", "-@all", "+ping|a", "+acl", "-acl|load"},
	} {
		s.do(m, words...)
	}
	s.do(m, "SENTINEL", "FLUSHCONFIG")
	for _, next := range []lab.Program{picket, sentinel, picket} {
		want := s.rules(m)
		s.must(m.Terminate(s.ctx))
		conf, err := os.ReadFile(m.Conf)
		s.must(err)
		m = s.add(lab.MonitorConfig{Program: next, Lines: regexp.MustCompile(`(?m)^user .*`).FindAllString(string(conf), -1)})
		if got := s.rules(m); !slices.Equal(got, want) {
			t.Errorf("%s reads\n%q\nof\n%q", next.Name(), got, want)
		}
		s.do(m, "SENTINEL", "FLUSHCONFIG")
	}
}

// rules are the users' rules, each user's in any order: redis-sentinel takes single
// commands from a hash table.
func (s *scene) rules(m *lab.Monitor) []string {
	s.Helper()
	reply, err := m.Do(s.ctx, "ACL", "LIST")
	s.must(err)
	users := lab.Strings(reply)
	for i, u := range users {
		words := strings.Fields(strings.Replace(u, " sanitize-payload", "", 1)) // said of whoever was read from a file
		slices.Sort(words)
		users[i] = strings.Join(words, " ")
	}
	return users
}
