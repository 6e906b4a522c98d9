package act

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"picket/monitor"
	"picket/monitor/resp"
)

// A script answers the commands of one connection. The empty reply cuts the
// connection; silence says nothing to this command and to any after it.
type script map[string]string

const silence = "silence"

// key names a command as a script does: MULTI, SLAVEOF, CONFIG, KILL normal, ...
func key(args []string) string {
	if len(args) == 4 && args[1] == "KILL" {
		return "KILL " + args[3]
	}
	return strings.ToUpper(args[0]) // go-redis says hello
}

// serve answers commands on c by the script and tells got of each.
func serve(c net.Conn, s script, got func(string)) {
	defer c.Close()
	r := resp.NewCommandReader(c, resp.CommandLimits{})
	for {
		args, err := r.Read()
		if err != nil {
			return
		}
		got(key(args))
		reply, ok := s[key(args)]
		switch {
		case !ok:
			reply = "+QUEUED"
		case reply == "":
			return
		case reply == silence:
			_, _ = c.Read(make([]byte, 1)) // until the other side closes
			return
		}
		if _, err := c.Write([]byte(reply + "\r\n")); err != nil {
			return
		}
	}
}

// transcript is what a scripted server was told.
type transcript struct {
	mu       sync.Mutex
	commands []string
}

func (tr *transcript) add(k string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.commands = append(tr.commands, k)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return strings.Join(tr.commands, " ")
}

// scripted returns Links to a server that follows the script, and what it was told.
func scripted(s script) (links, *transcript) {
	told := &transcript{}
	return links{dial: func(context.Context, monitor.Addr) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(theirs, s, told.add)
		return ours, nil
	}}, told
}

var somewhere = Target{Group: "g", Addr: monitor.Addr{Host: "127.0.0.1", Port: 6379}}

const allOK = "*4\r\n+OK\r\n+OK\r\n:1\r\n:2"

// What each reply, or its absence, proves of a promotion.
func TestPromoteOutcomes(t *testing.T) {
	for _, c := range []struct {
		name   string
		script script
		want   Outcome
		reply  string
		denied string
		told   string
	}{
		{"carried out", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": allOK}, Done, "", "",
			"HELLO MULTI SLAVEOF CONFIG KILL normal KILL pubsub EXEC"},
		{"a server that does not know HELLO", script{"HELLO": "-ERR unknown command", "MULTI": "+OK", "EXEC": allOK}, Done, "", "", ""},
		{"EXEC is never answered", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": silence}, Unknown, "", "", ""},
		{"cut before EXEC's reply", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": ""}, Unknown, "", "", ""},
		{"cut before any reply", script{"HELLO": "*0", "MULTI": ""}, Unknown, "", "", ""},
		{"the handshake is never answered", script{"HELLO": silence}, NotSent, "", "", "HELLO"},
		{"cut in the handshake", script{"HELLO": ""}, NotSent, "", "", "HELLO"},
		{"turned away", script{"HELLO": "-ERR max number of clients reached", "MULTI": ""}, Refused,
			"ERR max number of clients reached", "", ""},
		{"SLAVEOF refused, EXEC's reply lost", script{"HELLO": "*0", "MULTI": "+OK", "SLAVEOF": "-BUSY Redis is busy", "EXEC": ""},
			Refused, "BUSY Redis is busy", "", ""},
		{"SLAVEOF fails when executed", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": "*4\r\n-ERR REPLICAOF not allowed\r\n+OK\r\n:1\r\n:2"},
			Refused, "ERR REPLICAOF not allowed", "", ""},
		{"EXEC refused", script{"HELLO": "*0", "MULTI": "+OK", "EXEC": "-EXECABORT Transaction discarded"}, Refused,
			"EXECABORT Transaction discarded", "", ""},
		{"a member's right is taken away before EXEC", script{"HELLO": "*0", "MULTI": "+OK",
			"EXEC": "*4\r\n+OK\r\n-NOPERM ACLs rules changed between the moment\r\n:1\r\n:2"}, Unknown, "", "", ""},
		{"not RESP", script{"HELLO": "HTTP/1.1 400 Bad Request"}, NotSent, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, told := scripted(c.script)
				res, err := newActor(t, l).Promote(t.Context(), somewhere, monitor.Never)
				synctest.Wait()
				if res.Outcome != c.want || res.Reply != c.reply || strings.Join(res.Denied, " ") != c.denied {
					t.Errorf("%+v; want %v %q", res, c.want, c.reply)
				}
				if (err == nil) != (c.want == Done) {
					t.Errorf("error %v with outcome %v", err, res.Outcome)
				}
				if got := told.String(); c.told != "" && got != c.told {
					t.Errorf("the server was told %s", got)
				}
			})
		})
	}
}

// A member that makes EXEC abort is left out of a second try, on the same connection.
func TestPromoteLeavesOutWhatIsDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, told := scripted(script{"HELLO": "*0", "MULTI": "+OK", "CONFIG": "-NOPERM no",
			"EXEC": "-EXECABORT Transaction discarded because of previous errors."})
		res, err := newActor(t, l).Promote(t.Context(), somewhere, monitor.Never)
		synctest.Wait()
		want := "HELLO MULTI SLAVEOF CONFIG KILL normal KILL pubsub EXEC MULTI SLAVEOF KILL normal KILL pubsub EXEC"
		if got := told.String(); got != want {
			t.Errorf("the server was told %s", got)
		}
		if res.Outcome != Refused || err == nil || strings.Join(res.Denied, " ") != "config|rewrite" {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

func TestPromoteAfterTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, told := scripted(script{"HELLO": "*0", "MULTI": "+OK", "EXEC": allOK})
		a := newActor(t, l)
		res, err := a.Promote(t.Context(), somewhere, a.cfg.Clock())
		synctest.Wait()
		if res.Outcome != NotSent || !errors.Is(err, ErrLeaseOver) || told.String() != "" {
			t.Errorf("%+v, %v, told %v", res, err, told)
		}
	})
}

// A lease that ends while the handshake is waited for ends the order too.
func TestPromoteLeaseEndsDuringTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := &transcript{}
		l := links{dial: func(context.Context, monitor.Addr) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go serve(theirs, script{"HELLO": "*0", "MULTI": "+OK", "EXEC": allOK}, func(k string) {
				told.add(k)
				if k == "HELLO" {
					<-time.After(2 * time.Second) // virtual
				}
			})
			return ours, nil
		}}
		a := newActor(t, l)
		res, err := a.Promote(t.Context(), somewhere, a.cfg.Clock().Add(time.Second))
		synctest.Wait()
		if res.Outcome != NotSent || !errors.Is(err, ErrLeaseOver) || told.String() != "HELLO" {
			t.Errorf("%+v, %v, told %v", res, err, told)
		}
	})
}

// So does one that ends before the transaction can be repeated: what was written
// before was refused, and nothing was written after it.
func TestPromoteLeaseEndsBeforeTheSecondTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusing := script{"HELLO": "*0", "MULTI": "+OK", "CONFIG": "-NOPERM no", "EXEC": "-EXECABORT Transaction discarded"}
		l := links{dial: func(context.Context, monitor.Addr) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go serve(theirs, refusing, func(k string) {
				if k == "EXEC" {
					<-time.After(2 * time.Second) // virtual
				}
			})
			return ours, nil
		}}
		a := newActor(t, l)
		res, err := a.Promote(t.Context(), somewhere, a.cfg.Clock().Add(time.Second))
		if res.Outcome != NotSent || !errors.Is(err, ErrLeaseOver) {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

func TestDialFailureIsNotSent(t *testing.T) {
	refused := errors.New("connection refused")
	a := newActor(t, links{dial: func(context.Context, monitor.Addr) (net.Conn, error) { return nil, refused }})
	if res, err := a.Promote(t.Context(), somewhere, monitor.Never); res.Outcome != NotSent || !errors.Is(err, refused) {
		t.Errorf("promote: %+v, %v", res, err)
	}
	if res, err := a.Kill(t.Context(), somewhere, KillScript); res.Outcome != KillUnknown || !errors.Is(err, refused) {
		t.Errorf("kill: %+v, %v", res, err)
	}
	if res, err := a.Fence(t.Context(), somewhere, time.Second); res.Reply != monitor.ReplyNone || !errors.Is(err, refused) {
		t.Errorf("fence: %+v, %v", res, err)
	}
}

// Every action ends with its context, however silent the server is.
func TestContextEndsAnAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := scripted(script{"HELLO": "*0", "MULTI": "+OK", "EXEC": silence, "CLIENT": silence, "SCRIPT": silence})
		a := newActor(t, l)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if res, _ := a.Promote(ctx, somewhere, monitor.Never); res.Outcome != Unknown {
			t.Errorf("promote: %+v", res)
		}
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("a deadline of 300 ms ended it after %v", took)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, err := a.Fence(ctx, somewhere, time.Second); err == nil {
			t.Error("a cancelled fence must fail")
		}
		if res, err := a.Kill(t.Context(), somewhere, KillScript); err == nil || res.Outcome != KillUnknown {
			t.Errorf("kill: %+v, %v", res, err)
		}
		if took := time.Since(start); took != 400*time.Millisecond+a.cfg.Timeout {
			t.Errorf("all together took %v", took)
		}
	})
}

// A login that is refused is what an operator must read, not what go-redis makes of it.
func TestARefusedLoginIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wrong = "WRONGPASS invalid username-password pair or user is disabled."
		for _, s := range []script{{"HELLO": "-" + wrong, "AUTH": "-" + wrong}, {"HELLO": "-ERR unknown command 'HELLO'", "AUTH": "-" + wrong}} {
			for _, id := range []string{"", strings.Repeat("a", 40)} { // with one it is asked who it is first
				l, _ := scripted(s)
				l.pass = "stale"
				target := somewhere
				target.RunID = id
				res, err := newActor(t, l).Promote(t.Context(), target, monitor.Never)
				if err == nil || res.Outcome != Refused || res.Reply != wrong {
					t.Errorf("%+v, %v", res, err)
				}
			}
		}
	})
}

// The password must not come out by an error.
func TestErrorsHoldNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, s := range []script{{"HELLO": "-ERR unknown command", "AUTH": "-WRONGPASS wrong"}, {"HELLO": ""}, {"HELLO": "garbage"}} {
			l, _ := scripted(s)
			l.user, l.pass = "picket", "tellnobody"
			res, err := newActor(t, l).Promote(t.Context(), somewhere, monitor.Never)
			if err == nil || strings.Contains(err.Error()+res.Reply, "tellnobody") {
				t.Errorf("%+v, %v", res, err)
			}
		}
	})
}
