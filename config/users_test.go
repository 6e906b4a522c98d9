package config

import (
	"slices"
	"strings"
	"testing"
)

const fooHash = "#2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

// parseUser reads what redis-sentinel writes for a user: "user <name> <rule> ...".
func parseUser(text string) User {
	words := strings.Split(text, " ")
	return User{Name: words[1], Rules: words[2:]}
}

func shownUsers(users []User) string {
	var lines []string
	for _, u := range users {
		lines = append(lines, userText(u.words()))
	}
	return strings.Join(lines, "\n")
}

func TestUsersAreReadInTheirOrder(t *testing.T) {
	c := mustLoad(t, confFile(t, "aclfile users.acl\nacllog-max-len 0\nacl-pubsub-default allchannels\n"+
		"USER bob\nuser alice \"on\" '>pass word' ( +ping ~x )\n"))
	if got, want := shownUsers(c.Users), "user bob\nuser alice on \">pass word\" ( +ping ~x )"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if c.ACLFile != "users.acl" || c.ACLLogMax != 0 || !c.AllChannels {
		t.Errorf("got %q %d %v", c.ACLFile, c.ACLLogMax, c.AllChannels)
	}
}

func TestWrongLinesAboutUsers(t *testing.T) {
	for text, want := range map[string]string{
		"user":                    "wrong number of arguments",
		"user a on\nuser a off":   "Error in user declaration 'a': Duplicate user found. A user can only be defined once in config files",
		"acllog-max-len -1":       "argument must be between 0 and 9223372036854775807 inclusive",
		"acl-pubsub-default some": "argument(s) must be one of the following: allchannels, resetchannels",
		"user a \"~\\x01\"":       "control characters",
	} {
		if _, err := Load(confFile(t, text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// A user given on the command line was written into the file at the last start.
func TestTheCommandLineNamesAUserAgain(t *testing.T) {
	c := mustLoad(t, confFile(t, "user a on\nuser b on\n"), "--user", "a", "off")
	if got := shownUsers(c.Users); got != "user a off\nuser b on" {
		t.Errorf("got\n%s", got)
	}
}

func TestUsersAreWrittenInPlace(t *testing.T) {
	path := confFile(t, "# first\nuser bob on >x\n# second\nuser gone on\nuser default on nopass ~* &* +@all\nuser alice off -@all\n")
	c := mustLoad(t, path)
	store, st := mustOpen(t, c), c.State()
	mustSave(t, store, st)
	if got := userLinesOf(readFile(t, path)); !slices.Equal(got, []string{"user bob on >x", "user gone on", "user default on nopass ~* &* +@all", "user alice off -@all"}) {
		t.Errorf("as they were read they became %q", got)
	}
	st.Users = []User{parseUser("user alice off -@all"), parseUser("user bob on " + fooHash + ` ~a"b (~x resetchannels -@all +ping)`),
		parseUser("user default on nopass sanitize-payload ~* &* +@all"), parseUser("user new on")}
	mustSave(t, store, st)
	text := readFile(t, path)
	want := []string{"user bob on " + fooHash + ` "~a\"b" (~x resetchannels -@all +ping)`,
		"user default on nopass sanitize-payload ~* &* +@all", "user alice off -@all", "user new on"}
	if got := userLinesOf(text); !slices.Equal(got, want) || !strings.HasPrefix(text, "# first\nuser bob") || !strings.Contains(text, "# second\nuser default") {
		t.Errorf("got\n%s", text)
	}
	if got := shownUsers(mustLoad(t, path).Users); got != strings.Join(want, "\n") {
		t.Errorf("read again\n%s", got)
	}
}

func userLinesOf(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "user ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// redis-sentinel writes the default user beside requirepass, which then means nothing any
// more when the operator changes it.
func TestTheDefaultUserIsNotAppendedWhileRequirepassSaysItAll(t *testing.T) {
	for _, c := range []struct {
		pass, rules string
		want        int
	}{
		{"", "on nopass ~* &* +@all", 0},
		{"", "on nopass sanitize-payload ~* &* +@all", 0},
		{"foo", "on " + fooHash + " ~* &* +@all", 0},
		{"bar", "on " + fooHash + " ~* &* +@all", 1},
		{"foo", "on nopass ~* &* +@all", 1},
		{"", "off nopass ~* &* +@all", 1},
		{"", "on nopass ~* &* +@all -shutdown", 1},
	} {
		path := confFile(t, "requirepass \""+c.pass+"\"\n")
		cfg := mustLoad(t, path)
		st := cfg.State()
		st.Users = []User{parseUser("user default " + c.rules)}
		mustSave(t, mustOpen(t, cfg), st)
		if got := userLinesOf(readFile(t, path)); len(got) != c.want {
			t.Errorf("requirepass %q, user default %s: %q", c.pass, c.rules, got)
		}
	}
}

func users(lines ...string) func(*State) {
	return func(st *State) {
		st.Users = nil
		for _, l := range lines {
			st.Users = append(st.Users, parseUser("user "+l))
		}
	}
}

func TestStateDirKeepsUsersUntilTheirLinesChange(t *testing.T) {
	const file = "requirepass foo\nuser bob on >x\nuser gone on\nuser kept on\n"
	s := newStateDir(t, file)
	s.run(users("bob off", "default on >other", "kept on", "new on "+fooHash))
	check := func(want string) {
		t.Helper()
		if got := shownUsers(s.run(nothing).Users); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	check("user bob off\nuser kept on\nuser default on >other\nuser new on " + fooHash)
	check("user bob off\nuser kept on\nuser default on >other\nuser new on " + fooHash)
	s.edit(strings.Replace(file, "bob on >x", "bob on >y", 1))
	check("user bob on >y\nuser kept on\nuser default on >other\nuser new on " + fooHash)
	s.edit(strings.Replace(file, "requirepass foo", "requirepass bar", 1))
	check("user bob on >x\nuser kept on\nuser new on " + fooHash)
	s.edit(strings.Replace(file, "user gone on", "user gone off", 1) + "user new off\n")
	if got := shownUsers(s.run(nothing).Users); !strings.Contains(got, "user gone off") || !strings.Contains(got, "user new off") {
		t.Errorf("lines that are new do not stand: %s", got)
	}
	s.edit("aclfile users.acl\n")
	check("")
}
