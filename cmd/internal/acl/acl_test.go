package acl

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"picket/monitor"
)

// table is a small server: enough that categories overlap.
func table() *Table {
	match := func(pattern, text string) bool { ok, _ := path.Match(pattern, text); return ok }
	return NewTable([]Command{
		{Name: "ping", Categories: []string{"fast", "connection"}},
		{Name: "auth", Categories: []string{"fast", "connection"}, Anyone: true},
		{Name: "publish", Categories: []string{"pubsub", "fast"}, Channels: OneChannel},
		{Name: "subscribe", Categories: []string{"pubsub", "slow"}, Channels: AllChannels},
		{Name: "psubscribe", Categories: []string{"pubsub", "slow"}, Channels: AllPatterns},
		{Name: "shutdown", Categories: []string{"admin", "slow", "dangerous"}},
		{Name: "client", Categories: []string{"slow"}, Subs: []Command{
			{Name: "client|id", Categories: []string{"slow", "connection"}},
			{Name: "client|kill", Categories: []string{"admin", "slow", "dangerous", "connection"}},
			{Name: "client|list", Categories: []string{"admin", "slow", "dangerous", "connection"}},
		}},
	}, match)
}

func TestRulesAreDescribedAsRedisDoes(t *testing.T) {
	for rules, want := range map[string]string{
		"":                                    "off resetchannels -@all",
		"on nopass":                           "on nopass resetchannels -@all",
		"ON NoPass ALLKEYS AllChannels +@ALL": "on nopass ~* &* +@all",
		"+ping +PING -ping +ping":             "off resetchannels -@all +ping",
		"+@pubsub -subscribe":                 "off resetchannels -@all +@pubsub -subscribe",
		"+@all -@dangerous":                   "off resetchannels +@all -@admin",
		"+@all -client|kill":                  "off resetchannels +@all -client|kill",
		"+client -client|kill":                "off resetchannels -@all +client -client|kill",
		"+client|list":                        "off resetchannels -@all +client|list",
		"nocommands +ping|a +ping|B +ping|A":  "off resetchannels -@all +ping|a +ping|B",
		"+ping|a +ping":                       "off resetchannels -@all +ping",
		"~a %R~b %W~c %rW~d %R~e %W~e %R":     "off ~a %R~b %W~c ~d ~e %R~ resetchannels -@all",
		"%R~* %W~* ~a":                        "off %RW~* ~a resetchannels -@all", // Redis writes ~* ~a, and does not start on it
		"%RW~*":                               "off ~* resetchannels -@all",
		`(~"\x41\x4g" ~'\x41') `:              `off resetchannels -@all (~Ax4g "~\\x41" resetchannels -@all)`,
		"(~foo)":                              "off resetchannels -@all (~foo resetchannels -@all)",
		`("~foo)" ~bar)`:                      "off resetchannels -@all (\"~foo)\" ~bar resetchannels -@all)",
		"&a &b &a":                            "off resetchannels &a &b -@all",
		"~* resetkeys ~a":                     "off ~a resetchannels -@all",
		"(+ping ~x) ( &y +@all )":             "off resetchannels -@all (~x resetchannels -@all +ping) (resetchannels &y +@all)",
		"AllDBs +ping db=0,1 (resetdbs db=7)": "off resetchannels -@all +ping (resetchannels -@all)",
		"(+ping) clearselectors ()":           "off resetchannels -@all (resetchannels -@all)",
		"skip-sanitize-payload":               "off skip-sanitize-payload resetchannels -@all",
		"on nopass +@all ~a (+ping) reset":    "off sanitize-payload resetchannels -@all",
		">x <x nopass":                        "off nopass resetchannels -@all",
		">x resetpass":                        "off resetchannels -@all",
		">x >x":                               "off #" + hashOf("x") + " resetchannels -@all",
		"nopass #" + hashOf("y"):              "off #" + hashOf("y") + " resetchannels -@all",
		">":                                   "off #" + hashOf("") + " resetchannels -@all",
	} {
		u, err := newUser("u", table(), ForbidChannels).With(strings.Fields(rules)...)
		if err != nil {
			t.Errorf("%s: %v", rules, err)
			continue
		}
		if got := u.Rules(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rules, got, want)
		}
	}
}

func TestWhatIsNoRule(t *testing.T) {
	for rule, want := range map[string]string{
		"foo": "Syntax error", "+": "Unknown command", "-": "Unknown command", "+@": "Unknown command", "+get": "Unknown command",
		"-ping|x": "Unknown command", "+client|foo": "Unknown command", "+client|": "Syntax error", "+client|kill|x": "first-arg of a subcommand",
		"+@nope": "category", "db=": "Syntax error", "db=a": "Syntax error", "%x~a": "Syntax error", "%~a": "Syntax error", "~a b": "Syntax error", "&a\nb": "Syntax error",
		"+ping|a\nb": "Syntax error", "~a\x01": "Syntax error", "<x": "does not exist", "#abc": "64 characters", "!" + strings.Repeat("A", 64): "64 characters",
		"(+ping": "Unmatched parenthesis in acl selector starting at '(+ping'.", "(foo)": "Syntax error", "(on)": "Syntax error", "((+ping))": "Syntax error",
		`(~"a)`: "Syntax error", `(~"\n")`: "Syntax error", `(~"\x00")`: "Syntax error",
	} {
		if _, err := newUser("u", table(), ForbidChannels).With(rule); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", rule, err, want)
		}
	}
	for _, rules := range [][]string{{"allkeys", "~x"}, {"allchannels", "&x"}} {
		if _, err := newUser("u", table(), ForbidChannels).With(rules...); err == nil || !strings.Contains(err.Error(), "Try 'reset") {
			t.Errorf("%q: %v", rules, err)
		}
	}
}

// One wrong rule undoes those before it, and a user that others hold stays as it was.
func TestAnEditIsWholeAndANewValue(t *testing.T) {
	before, err := newUser("u", table(), ForbidChannels).With("+client", "&a", "~a", ">pw", "(+ping)")
	if err != nil {
		t.Fatal(err)
	}
	described := before.Rules()
	if u, err := before.With("on", "+nope"); err == nil {
		t.Errorf("got %v", u)
	}
	if _, err := before.With("on", "-client|kill", "&b", "~b", ">x", "%R~a", "(+@all)", "+ping|a"); err != nil {
		t.Fatal(err)
	}
	if got := before.Rules(); got != described {
		t.Errorf("the user became\n%s, it was\n%s", got, described)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ rules, command, want string }{
		{"+ping", "ping", "allowed "},
		{"", "ping", "command ping"},
		{"", "auth x", "allowed "},
		{"+ping|a", "ping A", "allowed "},
		{"+ping|a", "ping", "command ping"},
		{"+ping|a", "ping b a", "command ping"},
		{"+client -client|kill", "client|kill x", "command client|kill"},
		{"+subscribe", "subscribe a", "channel a"},
		{"+subscribe &a*", "subscribe a1 a2 b a3 c", "channel b"},
		{"+subscribe &*", "subscribe a b", "allowed "},
		{"+psubscribe &a*", "psubscribe a*", "allowed "},
		{"+psubscribe &a*", "psubscribe ab", "channel ab"},
		{"+publish &a", "publish a b", "allowed "},
		{"+publish &b", "publish a b", "channel a"},
		{"+ping (+publish &a)", "publish a x", "allowed "},
		{"+ping (+publish &a)", "publish b x", "channel b"},
		{"+subscribe &a (+subscribe &a &b)", "subscribe a b c", "channel c"},
		{"&* (+subscribe)", "subscribe a", "channel a"},
	} {
		u, err := newUser("u", table(), ForbidChannels).With(strings.Fields(c.rules)...)
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(c.command)
		id, _ := u.table.Lookup(args[0])
		if d := u.Check(id, args); d.Reason.String()+" "+d.Object != c.want {
			t.Errorf("%s, %s: %s %s, want %s", c.rules, c.command, d.Reason, d.Object, c.want)
		}
	}
}

func TestAccepts(t *testing.T) {
	for rules, want := range map[string]string{
		"on >a >b": "a b", "on nopass": "a b c", "on": "", ">a": "", "nopass": "", "on >a off": "", "on >a >b <a": "b",
	} {
		u, err := newUser("u", table(), ForbidChannels).With(strings.Fields(rules)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, password := range []string{"a", "b", "c"} {
			if got := u.Accepts(password); got != strings.Contains(want, password) {
				t.Errorf("%s accepts %s: %v", rules, password, got)
			}
		}
	}
}

// What is described makes the same user again, whatever the rules were.
func TestADescriptionIsReadBack(t *testing.T) {
	words := []string{"on", "off", "nopass", "resetpass", "sanitize-payload", ">x", "#" + hashOf("z"), "+@all", "-@all", "+ping", "-ping",
		"+client", "-client", "+client|id", "-client|kill", "+@slow", "-@slow", "+@admin", "-@connection", "+@pubsub", "+ping|x", "+shutdown|a\"b",
		"resetkeys", "resetchannels", "allkeys", "allchannels", "~a", "%R~b", "%W~a", "&c", "&d\"e'\\f", "~\"", "clearselectors",
		"(+ping ~x)", "(+@all -@slow &y)", `(~"a\"b" &'c')`, "()", `(~"x)" -ping)`}
	rapid.Check(t, func(r *rapid.T) {
		u := newUser("u", table(), ForbidChannels)
		for _, rule := range rapid.SliceOf(rapid.SampledFrom(words)).Draw(r, "rules") {
			if next, err := u.With(rule); err == nil {
				u = next
			}
		}
		again, err := newUser("u", table(), ForbidChannels).With(strings.Fields(u.Rules())...)
		if err != nil {
			r.Fatalf("%s: %v", u.Rules(), err)
		}
		if again.Rules() != u.Rules() {
			r.Fatalf("%s becomes %s", u.Rules(), again.Rules())
		}
		for i := range u.selectors {
			if !slices.Equal(u.selectors[i].commands, again.selectors[i].commands) {
				r.Fatalf("%s allows other commands when it is read back", u.Rules())
			}
		}
	})
}

func TestUsers(t *testing.T) {
	users := NewUsers(table(), ForbidChannels)
	lines := func() string { return strings.Join(users.Lines(), "\n") }
	edit := func(next *Users, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		users = next
	}
	edit(users.Set("zoe", []string{"on"}))
	edit(users.Set("amy", nil))
	edit(users.SetDefaultPassword("pw"), nil)
	want := "user amy off resetchannels -@all\nuser default on #" + hashOf("pw") + " ~* &* +@all\nuser zoe on resetchannels -@all"
	if got := lines(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, _, err := users.Delete("amy", "default"); err != ErrDefaultUser {
		t.Errorf("delete default: %v", err)
	}
	next, n, err := users.Delete("amy", "amy", "nobody", "zoe")
	edit(next, err)
	if n != 2 || len(users.All()) != 1 {
		t.Errorf("%d deleted, left %s", n, lines())
	}
	for _, name := range []string{"", "a b", "a\nb", "a\x00"} {
		if _, err := users.Set(name, nil); err != ErrName {
			t.Errorf("user %q: %v", name, err)
		}
	}
	if empty := users.bytes; empty != len(users.Lines()[0]) {
		t.Errorf("%d bytes counted of %s", empty, lines())
	}
}

// Whoever may add users cannot make us hold them without end.
func TestUsersAreBounded(t *testing.T) {
	users, big := NewUsers(table(), ForbidChannels), "~"+strings.Repeat("x", maxBytes/4)
	var err error
	for i := range 10 {
		var next *Users
		if next, err = users.Set(string(rune('a'+i)), []string{big}); err != nil {
			break
		}
		users = next
	}
	if err == nil || len(users.All()) != 4 {
		t.Errorf("%d users, %v", len(users.All()), err)
	}
	if _, err := users.Set("a", []string{"resetkeys"}); err != nil {
		t.Errorf("less is refused: %v", err)
	}
}

func TestACLFile(t *testing.T) {
	before := NewUsers(table(), ForbidChannels)
	users, err := before.Load("f", "user amy on >pw +ping\n\n  user bob (+ping ~x) ( ~y )\t\r\n")
	if err != nil {
		t.Fatal(err)
	}
	want := "user amy on #" + hashOf("pw") + " resetchannels -@all +ping\n" +
		"user bob off resetchannels -@all (~x resetchannels -@all +ping) (~y resetchannels -@all)\nuser default on nopass ~* &* +@all"
	if got := strings.Join(users.Lines(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	users, err = before.Load("f", "user default on >pw +@all")
	if err != nil || users.Default().Rules() != "on #"+hashOf("pw")+" resetchannels +@all" {
		t.Errorf("%v, %s", err, users.Default())
	}
	_, err = before.Load("f", "# comment\nuser amy foo\nuser amy\nuser\nuser bob (+ping\nuser \"x y\" on\nuser default +@all +get <x foo -@nope\n")
	want = "f:1 should start with user keyword followed by the username. f:2: Syntax error. WARNING: Duplicate user 'amy' found on line 3. " +
		"f:4 should start with user keyword followed by the username. f:5: Unmatched parenthesis in selector definition.f:6: Syntax error. " +
		"f:7: Error in applying operation '+get': Unknown command or category name in ACL. f:7: The password you are trying to remove from the user " +
		"does not exist. f:7: Error in applying operation '-@nope': Unknown command or category name in ACL. " +
		"WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestLog(t *testing.T) {
	l := NewLog(3)
	at := func(s float64) monitor.Instant {
		return monitor.Instant(1).Add(time.Duration(s * float64(time.Second)))
	}
	add := func(s float64, user string) { l.Add(Entry{Reason: DeniedAuth, Object: "AUTH", User: user, At: at(s)}) }
	show := func(n int) string {
		var b strings.Builder
		for _, e := range l.Newest(n) {
			b.WriteString(e.User + strings.Repeat("*", int(e.Count)) + " ")
		}
		return b.String()
	}
	add(0, "a")
	add(1, "b")
	add(60, "a")
	if got := show(10); got != "a** b* " {
		t.Errorf("alike within a minute: %s", got)
	}
	add(121, "a")
	if got := show(10); got != "a* a** b* " {
		t.Errorf("alike after more: %s", got)
	}
	add(122, "c")
	if got := show(10); got != "c* a* a** " {
		t.Errorf("at its bound: %s", got)
	}
	if got := show(1) + show(-1) + show(0); got != "c* " {
		t.Errorf("newest: %s", got)
	}
	l.Add(Entry{Object: strings.Repeat("x", 1<<20)})
	if n := len(l.Newest(1)[0].Object); n != maxObject {
		t.Errorf("%d bytes of an object are kept", n)
	}
	l.Reset()
	NewLog(0).Add(Entry{})
	if got := show(10); got != "" {
		t.Errorf("after a reset: %s", got)
	}
}
