package respapi

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"go.uber.org/goleak"

	"picket/monitor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestReplies plays the stanzas of testdata. Every file has a server of its own.
//
//	world <name>          change what the monitor sees
//	server [password=p]   start anew
//	both                  send inline commands on new connections, in RESP2 and RESP3
//	send [as=c]           send inline commands on connection c, made if it is new
//	raw                   send bytes with Go escapes on a new connection, read to its end
//	publish [level=debug] publish the events of the input, "<name> <payload>"
//	told                  what the backend was told since last asked
func TestReplies(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := &player{t: t, h: open(t, nil), clients: map[string]*client{}}
		datadriven.RunTest(t, path, p.play)
	})
}

type player struct {
	t       *testing.T
	h       *house
	clients map[string]*client
}

func (p *player) play(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "world":
		p.h.change("mymaster", worlds[d.CmdArgs[0].Key])
	case "server":
		password := ""
		d.MaybeScanArgs(t, "password", &password)
		p.h, p.clients = open(p.t, func(c *Config) { c.Password = password }), map[string]*client{}
	case "both":
		return p.both(t, lines(d.Input))
	case "send":
		name := "it"
		d.MaybeScanArgs(t, "as", &name)
		return untimed(show(p.client(name).ask(lines(d.Input)...)))
	case "raw":
		return p.raw(t, d.Input)
	case "publish":
		level := ""
		d.MaybeScanArgs(t, "level", &level)
		p.publish(lines(d.Input), level)
	case "told":
		return strings.Join(p.h.heard(), "\n")
	default:
		t.Fatalf("unknown stanza %q", d.Cmd)
	}
	return ""
}

// timing is what CLIENT LIST tells that depends on how far the writer is, and
// the length of the text that holds it.
var timing = regexp.MustCompile(`(?m)([$=])\d+( "?(?:txt:)?id=)|(obl|omem|tot-mem)=\d+`)

func untimed(shown string) string {
	return timing.ReplaceAllStringFunc(shown, func(s string) string {
		return regexp.MustCompile(`\d+`).ReplaceAllString(s, "#")
	})
}

func lines(input string) []string { return strings.Split(input, "\n") }

func (p *player) client(name string) *client {
	if p.clients[name] == nil {
		p.clients[name] = p.h.connect(p.t)
	}
	return p.clients[name]
}

func (p *player) both(t *testing.T, commands []string) string {
	two, three := p.h.connect(t), p.h.connect(t)
	three.ask("HELLO 3")
	a, b := show(two.ask(commands...)), show(three.ask(commands...))
	if a == b {
		return a
	}
	return "RESP2:\n" + a + "RESP3:\n" + b
}

func (p *player) raw(t *testing.T, input string) string {
	data, err := strconv.Unquote(`"` + strings.ReplaceAll(input, "\n", "") + `"`)
	if err != nil {
		t.Fatalf("raw input: %v", err)
	}
	c := p.h.connect(t)
	c.send(data)
	return show(c.until([]byte("\x00never")))
}

func (p *player) publish(events []string, level string) {
	for _, e := range events {
		name, payload, _ := strings.Cut(e, " ")
		ev := monitor.Event{Name: name, Payload: payload, Level: monitor.LevelWarning}
		if level == "debug" {
			ev.Level = monitor.LevelDebug
		}
		p.h.Publish(ev)
	}
	p.h.settle() // so that what a client is answered next comes after
}
