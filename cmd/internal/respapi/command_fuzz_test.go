package respapi

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"picket/monitor"
	"picket/monitor/resp"
	"picket/quorum"
)

// strict is a backend that takes from peers only what the door had to check.
type strict struct {
	*backend
	t *testing.T
}

func (s strict) Hint(group string, id quorum.ID, addr monitor.Addr) {
	if !monitor.ValidID(string(id)) || !monitor.ValidHost(addr.Host) || addr.Port < 1 || addr.Port > 65535 {
		s.t.Errorf("hint of %q at %q", id, addr)
	}
	s.backend.Hint(group, id, addr)
}

func (s strict) Release(r quorum.Release) {
	if !monitor.ValidID(string(r.Candidate)) || r.Epoch > 1<<63-1 {
		s.t.Errorf("release %+v", r)
	}
}

func (s strict) AskDown(ctx context.Context, q DownQuestion) (DownAnswer, error) {
	if q.Candidate != "" && !monitor.ValidID(string(q.Candidate)) {
		s.t.Errorf("question %+v", q)
	}
	return s.backend.AskDown(ctx, q)
}

func (s strict) Hello(h monitor.Hello) {
	if again, err := monitor.ParseHello(h.String()); err != nil || again != h {
		s.t.Errorf("hello %+v", h)
	}
}

// fullNames are all commands, by the words that begin them.
func fullNames() [][]string {
	var list [][]string
	for _, c := range tableOrder {
		list = append(list, []string{c.name})
		for _, sub := range c.order {
			list = append(list, strings.Split(sub.name, "|"))
		}
	}
	return list
}

// vocabulary is what commands take, and what they do not.
var vocabulary = []string{"mymaster", "idle", "nobody", idA, idB, "127.0.0.1", "6379", "1", "0", "-1", "*", "", "2", "3", "65536", "9223372036854775807",
	"-9223372036854775808", "18446744073709551615", "[", "[^a-", "\\", "?", "+sdown", "__sentinel__:hello", "127.0.0.1,26380," + idB + ",7,mymaster,127.0.0.1,6379,5",
	"release", "auth", "default", "x", "setname", "id", "type", "normal", "pubsub", "addr", "127.0.0.1:1", "skipme", "no", "user", "laddr", "lib-name", "quorum",
	"down-after-milliseconds", "all", "sentinel", "cpu", "filterby", "aclcat", "pattern", "module", "client|kill", "a\r\nb", "a b", "\x00", "é\xff", "nosave"}

// chat draws commands from the bytes of the fuzzer: raw is its own word.
type chat struct {
	script []byte
	raw    string
}

func (c *chat) next() int {
	if len(c.script) == 0 {
		return 0
	}
	b := c.script[0]
	c.script = c.script[1:]
	return int(b)
}

func (c *chat) word() string {
	n := c.next()
	if n >= len(vocabulary) {
		return c.raw
	}
	return vocabulary[n]
}

func (c *chat) command(names [][]string) []string {
	args := slices.Clone(names[c.next()%len(names)])
	for range c.next() % 8 {
		args = append(args, c.word())
	}
	return args
}

// errorReply is the form of an error: a code in capitals and a text.
var errorReply = regexp.MustCompile(`^-?[A-Z]+ .`)

// Every command of the table, with whatever arguments, in both protocols and before
// and after AUTH and SUBSCRIBE, gets the replies that are due to it, in the protocol
// that was chosen, and nothing malformed gets past the door to the core.
func FuzzCommands(f *testing.F) {
	names := fullNames()
	for i := range names {
		f.Add([]byte{byte(i), 0, byte(i), 1, 0, byte(i), 1, 3, byte(i), 3, 0, 5, 6, byte(i), 4, 0, 3, 5, 6, byte(i), 4, 0, 25, 3, 7, byte(i), 2, 1, 1}, "")
		f.Add([]byte{1, 1, 13, byte(i), 2, 255, 255, byte(i), 4, 255, 255, 255, 255}, "\n")
	}
	f.Add([]byte{1, 1, 12, 7, 1, 22, 0, 0, 9, 1, 18, 8, 0}, "[^")
	f.Fuzz(func(t *testing.T, script []byte, raw string) {
		if raw == "hang" || len(raw) > 1<<14 {
			t.Skip()
		}
		h := open(t, func(c *Config) {
			c.Log = zap.NewNop()
			c.Peers = strict{c.Peers.(*backend), t}
			if len(script)%4 == 3 {
				c.Password = "x"
			}
		})
		c := h.connect(t)
		talk := talk{t: t, c: c, in: resp.NewReplyReader(c.nc, resp.ReplyLimits{Depth: 12}), proto: resp.RESP2}
		words := &chat{script, raw}
		for n := 0; n < 24 && len(words.script) > 0 && talk.say(words.command(names)); n++ {
			h.Publish(event(n))
		}
		other := h.connect(t)
		if got := other.ask("AUTH default x", "PING"); !strings.HasSuffix(got, "+PONG\r\n") {
			t.Errorf("the next client gets %q", got)
		}
	})
}

// talk is one client that checks what it hears.
type talk struct {
	t     *testing.T
	c     *client
	in    *resp.ReplyReader
	proto resp.Proto
}

// say sends a command and the marker, and reads up to the marker's reply. It reports
// whether the connection is still there.
func (k *talk) say(args []string) bool {
	k.c.send(string(resp.AppendCommand(resp.AppendCommand(nil, args...), marker)))
	var got []resp.Value
	for {
		v, err := k.in.Read()
		if err != nil {
			if _, malformed := err.(resp.ProtocolError); malformed || !mayHangUp(args) {
				k.t.Fatalf("after %q: %v, %+v", args, err, got)
			}
			return false
		}
		if v.Kind == resp.KindError && strings.Contains(v.Str, "'"+marker+"'") {
			break
		}
		k.mustSpeak(args, v)
		if !pushed(v) {
			got = append(got, v)
		}
	}
	if due := repliesDue(args, got); len(got) != due {
		k.t.Fatalf("%q gets %d replies, not %d: %+v", args, len(got), due, got)
	}
	return true
}

// mustSpeak: RESP2 has no maps, sets, pushes and the like, errors have a code.
func (k *talk) mustSpeak(args []string, v resp.Value) {
	if strings.EqualFold(args[0], "hello") {
		switch v.Kind {
		case resp.KindMap:
			k.proto = resp.RESP3
		case resp.KindArray:
			k.proto = resp.RESP2
		}
	}
	old := []resp.Kind{resp.KindSimple, resp.KindError, resp.KindInt, resp.KindBulk, resp.KindArray, resp.KindNull}
	if k.proto == resp.RESP2 && !slices.Contains(old, v.Kind) {
		k.t.Fatalf("%q gets a %q in RESP2", args, v.Kind)
	}
	if v.Kind == resp.KindError && !errorReply.MatchString(v.Str) {
		k.t.Fatalf("%q gets the error %q", args, v.Str)
	}
	for _, e := range v.Elems {
		k.mustSpeak([]string{""}, e)
	}
}

// pushed reports whether a value came unasked.
func pushed(v resp.Value) bool {
	return (v.Kind == resp.KindPush || v.Kind == resp.KindArray) && len(v.Elems) > 2 && strings.HasSuffix(v.Elems[0].Str, "message")
}

func mayHangUp(args []string) bool {
	name := strings.ToLower(args[0])
	return name == "quit" || name == "post" || name == "host:" || name == "shutdown" || name == "client" && len(args) > 1 && strings.EqualFold(args[1], "kill")
}

// repliesDue is one, but for each name of a subscription.
func repliesDue(args []string, got []resp.Value) int {
	switch name := strings.ToLower(args[0]); {
	case name == "shutdown" && len(got) == 0: // the end is the answer
		return 0
	case !strings.HasSuffix(name, "subscribe") || len(got) == 1:
		return 1
	}
	if len(args) == 1 || len(got) > 0 && len(got) < len(args) && got[len(got)-1].Kind == resp.KindError {
		return len(got) // UNSUBSCRIBE: one for each that there was; else what was too much ends it
	}
	return len(args) - 1
}
