package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// setUsers saves the users given by their lines, as the daemon does.
func setUsers(t *testing.T, c *Config, lines ...string) {
	t.Helper()
	st := c.State()
	users(lines...)(&st)
	mustSave(t, mustOpen(t, c), st)
}

// ACL DELUSER outlives a restart, wherever the user's line is that we cannot take away:
// until the operator changes it.
func TestADeletedUserStaysAway(t *testing.T) {
	for where, load := range map[string]func(main, inner string) []string{
		"included":          func(main, inner string) []string { return nil },
		"command line":      func(main, inner string) []string { return []string{"--user", "bob", "on", ">x"} },
		"included and main": func(main, inner string) []string { return nil },
	} {
		t.Run(where, func(t *testing.T) {
			inner := filepath.Join(t.TempDir(), "users.conf")
			text := map[string]string{"command line": "port 1\n", "included": "include " + inner + "\n",
				"included and main": "include " + inner + "\nuser bob off\n"}[where]
			main := confFile(t, text)
			write := func(path, text string) {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(inner, "user bob on >x\n")
			extra := load(main, inner)
			check := func(want string) *Config {
				t.Helper()
				c := mustLoad(t, main, extra...)
				if got := shownUsers(c.Users); got != want {
					t.Errorf("users are %q, want %q; the file is\n%s", got, want, readFile(t, main))
				}
				return c
			}
			setUsers(t, mustLoad(t, main, extra...), "amy on")
			for range 2 { // the second start writes what the first one read
				setUsers(t, check("user amy on"), "amy on")
			}
			if text := readFile(t, main); strings.Contains(text, "\nuser bob") || strings.Contains(text, ">x") || !strings.Contains(text, "# picket: removed-user bob ") {
				t.Errorf("the file is\n%s", text)
			}
			setUsers(t, check("user amy on"), "amy on", "bob off")
			if where != "command line" { // its lines stand over those of the file
				check("user bob off\nuser amy on")
			}
			if text := readFile(t, main); strings.Contains(text, "removed-user") {
				t.Errorf("bob is back, the file is\n%s", text)
			}
			setUsers(t, mustLoad(t, main, extra...), "amy on")
			check("user amy on")
			if extra != nil {
				extra = []string{"--user", "bob", "on", ">y"}
			} else {
				write(inner, "user bob on >y\n")
			}
			if got := shownUsers(mustLoad(t, main, extra...).Users); !strings.Contains(got, "user bob on >y") {
				t.Errorf("a new line does not stand: %s", got)
			}
		})
	}
}

// A line of the main file is taken away itself, and leaves no note.
func TestADeletedUserOfTheMainFileLeavesNothing(t *testing.T) {
	main := confFile(t, "user bob on\nuser amy on\n")
	setUsers(t, mustLoad(t, main), "amy on")
	if text := readFile(t, main); strings.Contains(text, "bob") {
		t.Errorf("the file is\n%s", text)
	}
}
