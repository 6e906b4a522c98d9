package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
		{"ACL", "SETUSER", "bob", "-@all", "+ping|a", "+client", "-client|kill"},
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

// rules are the users' rules, those of each selector in any order: redis-sentinel takes single
// commands from a hash table.
func (s *scene) rules(m *lab.Monitor) []string {
	s.Helper()
	reply, err := m.Do(s.ctx, "ACL", "LIST")
	s.must(err)
	users := lab.Strings(reply)
	for i, u := range users {
		u = strings.ReplaceAll(strings.Replace(u, " sanitize-payload", "", 1), ")", "") // the former is said of whoever was read from a file
		selectors := strings.Split(u, "(")
		for j, one := range selectors {
			words := strings.Fields(one)
			slices.Sort(words)
			selectors[j] = strings.Join(words, " ")
		}
		users[i] = strings.Join(selectors, " ( ")
	}
	return users
}

// rulesToDraw are rules of a selector; of a user they are the same and more.
var rulesToDraw = strings.Fields(`+@all -@all +@slow -@slow +@fast -@fast +@admin -@admin +@dangerous -@dangerous +@connection -@connection
	+@pubsub -@pubsub +@keyspace -@write +client -client +client|list -client|kill +acl -acl +acl|whoami -acl|log +command -command|docs
	+sentinel -sentinel +sentinel|masters -sentinel|set +sentinel|get-master-addr-by-name +info -info +role -role +ping -ping +ping|a +info|b
	+auth -auth +hello -hello +shutdown -shutdown +subscribe -publish +psubscribe
	resetkeys allkeys ~a %R~b %W~b %RW~c resetchannels allchannels &a &b*`)

func drawRules(r *rand.Rand, n int) []string {
	rules := make([]string, r.IntN(n))
	for i := range rules {
		rules[i] = rulesToDraw[r.IntN(len(rulesToDraw))]
	}
	return rules
}

// Whatever rules a user is given, one after the other, picket takes and refuses those
// that redis-sentinel does, and describes the user alike.
func TestAnyRulesMakeTheSameUser(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{})
	theirs, ours := s.add(lab.MonitorConfig{Program: sentinel}), s.add(lab.MonitorConfig{Program: picket})
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	apply := func(m *lab.Monitor, name, rule string) string {
		_, err := m.Do(s.ctx, "ACL", "SETUSER", name, rule)
		return fmt.Sprint(err)
	}
	for i := range 60 {
		name := fmt.Sprintf("user%02d", i)
		rules := drawRules(r, 12)
		for range r.IntN(3) {
			rules = append(rules, "("+strings.Join(drawRules(r, 6), " ")+")")
		}
		for _, rule := range rules {
			if want, got := apply(theirs, name, rule), apply(ours, name, rule); got != want {
				t.Errorf("seed %d: ACL SETUSER %s of %q: picket says %s, redis-sentinel %s", seed, rule, rules, got, want)
			}
		}
		if want, got := s.rules(theirs), s.rules(ours); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %s\nredis-sentinel has\n%q\npicket has\n%q", seed, strings.Join(rules, " "), want, got)
		}
	}
}
