package ask

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// instead answers like another script, except to one subcommand of SENTINEL.
func instead(of script, subcommand, reply string) script {
	return func(args []string) string {
		if len(args) > 1 && args[1] == subcommand {
			return reply
		}
		return of(args)
	}
}

func isDown(reply string) script { return instead(picketOf(2), "is-master-down-by-addr", reply) }

func peerReply(reply string) script { return instead(picketOf(2), "PEER", reply) }

func sentinel(sub, reply string) script { return instead(sentinelOf(2), sub, reply) }

// field is a picket that gives one field another value.
func field(name, value string) script {
	f := picketFields(2)
	f[slices.Index(f, name)+1] = value
	return peerReply(array(f...))
}

var answersThatAreNone = map[string]struct {
	play script
	want string // part of the error
}{
	"another monitor":        {picketOf(3), "answers at this address, not"},
	"another redis-sentinel": {sentinelOf(3), "answers at this address, not"},
	"no answer":              {isDown(""), "no answer in time"},
	"connection closed":      {isDown(closeNow), ""}, // EOF or a closed pipe
	"not RESP":               {isDown("HTTP/1.1 400 Bad Request\r\n\r\n"), "unknown reply type"},
	"no credentials":         {func([]string) string { return "-NOAUTH Authentication required.\r\n" }, "NOAUTH"},
	"vote refused":           {isDown("-ERR value is not an integer or out of range\r\n"), "not an integer"},
	"vote: string":           {isDown("+OK\r\n"), "IS-MASTER-DOWN-BY-ADDR"},
	"vote: null":             {isDown("*-1\r\n"), "IS-MASTER-DOWN-BY-ADDR"},
	"vote: two elements":     {isDown("*2\r\n:0\r\n$1\r\n*\r\n"), "want 3 elements, got 2"},
	"vote: text for number":  {isDown(array("0", "*", "0")), "want number, id and epoch"},
	"vote: negative epoch":   {isDown("*3\r\n:0\r\n$1\r\n*\r\n:-1\r\n"), "want number, id and epoch"},
	"vote: leader is no id":  {isDown("*3\r\n:0\r\n$2\r\nme\r\n:1\r\n"), "not 40 hexadecimal"},
	"peer: string":           {peerReply("+OK\r\n"), "SENTINEL PEER"},
	"peer: null":             {peerReply("$-1\r\n"), "SENTINEL PEER"},
	"peer: odd":              {peerReply(array("id")), "odd number"},
	"peer: nothing":          {peerReply(array()), "field id is missing"},
	"peer: nested":           {peerReply("*2\r\n*1\r\n+id\r\n*0\r\n"), "field id is missing"},
	"peer: null value":       {peerReply("*2\r\n$2\r\nid\r\n$-1\r\n"), "field id is missing"},
	"peer: id":               {field("id", "me"), "field id is no id"},
	"peer: no id":            {field("id", ""), "field id is empty"},
	"peer: boot":             {field("boot", "-1"), "field boot is no number"},
	"peer: port":             {field("master-port", "65536"), "field master-port is no port"},
	"peer: leader":           {field("config-leader", "*"), "field config-leader is no id"},
	"peer: age":              {field("age-ms", "old"), "field age-ms is no number"},
	"sentinel: id":           {sentinel("MYID", bulk("me")), "not 40 hexadecimal"},
	"sentinel: no id":        {sentinel("MYID", "$-1\r\n"), "MYID"},
	"sentinel: port":         {sentinel("GET-MASTER-ADDR-BY-NAME", array("h", "x")), "field port is no number"},
	"sentinel: half":         {sentinel("GET-MASTER-ADDR-BY-NAME", array("h")), "want host and port"},
	"sentinel: no address":   {sentinel("GET-MASTER-ADDR-BY-NAME", "*-1\r\n"), "GET-MASTER-ADDR-BY-NAME"},
	"sentinel: denied":       {sentinel("MASTER", "-NOPERM no\r\n"), "NOPERM"},
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, c := range answersThatAreNone {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.house(addrOf(2), c.play)
				got := s.asked(t, question())
				if got.Err == "" || !strings.Contains(got.Err, c.want) {
					t.Errorf("error is %q, want it to say %q", got.Err, c.want)
				}
				got.Err, got.Sent, got.At = "", 0, 0
				diff(t, "beside the error it holds", got, questionBlank(question()))
			})
		})
	}
}
