package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"picket/deploy/lab"
)

// aclFiles are what a file of users may hold, right and wrong.
var aclFiles = []string{
	"user a on >pw +ping\n\nuser b off (+info ~x) ( +ping ~y )\n",
	"user a on\nuser b foo bar\nuser c +get <x +set",
	"user a >x <y\n\n\tuser b",
	"user",
	"# comment\n",
	"user a (+ping\nuser b (+get)",
	"usera b\nuser a on\nuser a off",
	"user a  on  +ping  ",
	"user a \t+ping\r\nuser b on\r",
	`user a ~a"b ("~a b") (~'x)`,
	`user a (~'x')`,
	"USER a on",
	`user a "on"`,
	`user "a b" on`,
	"user default on >pw ~* &* +@all\n",
	"",
}

// ACL LOAD takes and refuses the same files, with the same words, and ACL SAVE writes
// what the other program loads.
func TestACLFilesAreReadAlike(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{})
	var pair [2]*lab.Monitor
	for i, p := range []lab.Program{sentinel, picket} {
		m, err := s.lab.NewMonitor(lab.MonitorConfig{Program: p, Lines: []string{"aclfile users.acl", "requirepass unused"},
			Watch: lab.Watch{Master: s.Master.Host, Port: s.Master.Port}})
		s.must(err)
		s.must(os.WriteFile(filepath.Join(m.Dir, "users.acl"), nil, 0o600))
		s.must(m.Start(s.ctx))
		pair[i] = m
	}
	say := func(c *lab.Conn, args ...string) string {
		reply, err := c.Do(s.ctx, args...)
		return fmt.Sprintf("%v %v", reply, err)
	}
	var conns [2]*lab.Conn // of the default user, whose connections stay
	for i, m := range pair {
		var err error
		conns[i], err = m.Dial(s.ctx)
		s.must(err)
		defer conns[i].Close()
	}
	for _, text := range aclFiles {
		for _, command := range []string{"LOAD", "LIST"} {
			var got [2]string
			for i, m := range pair {
				s.must(os.WriteFile(filepath.Join(m.Dir, "users.acl"), []byte(text), 0o600))
				got[i] = say(conns[i], "ACL", command)
			}
			if got[0] != got[1] {
				t.Errorf("%q, ACL %s:\nredis-sentinel %s\npicket         %s", text, command, got[0], got[1])
			}
		}
	}
	for i, c := range conns {
		say(c, "ACL", "SETUSER", "alice", "on", ">pw", "~k*", `~"q`, "&c", "+@all", "-@admin", "(+ping", "~x)")
		if got := say(c, "ACL", "SAVE"); got != "OK <nil>" {
			t.Errorf("ACL SAVE of %s: %s", pair[i].Name(), got)
		}
	}
	for i, m := range pair {
		text, err := os.ReadFile(filepath.Join(m.Dir, "users.acl"))
		s.must(err)
		other := 1 - i
		s.must(os.WriteFile(filepath.Join(pair[other].Dir, "users.acl"), text, 0o600))
		before := say(conns[i], "ACL", "LIST")
		if got := say(conns[other], "ACL", "LOAD"); got != "OK <nil>" {
			t.Errorf("%s does not load what %s saved: %s", pair[other].Name(), m.Name(), got)
		}
		if got := say(conns[other], "ACL", "LIST"); got != before {
			t.Errorf("%s loads\n%s\nof\n%s", pair[other].Name(), got, before)
		}
	}
	// Everyone but the default user is sent off, the one that asked after its reply.
	for i, m := range pair {
		c, err := m.Dial(s.ctx)
		s.must(err)
		defer c.Close()
		say(conns[i], "ACL", "SETUSER", "alice", "nopass", "+acl")
		say(c, "AUTH", "alice", "x")
		if got, after := say(c, "ACL", "LOAD"), say(c, "PING"); got != "OK <nil>" || after == "PONG <nil>" {
			t.Errorf("%s: ACL LOAD of alice: %s, PING %s", m.Name(), got, after)
		}
	}
}
