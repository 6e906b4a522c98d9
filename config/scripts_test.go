package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hook writes a file with the given mode and returns its path.
func hook(t *testing.T, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

const scriptGroup = "sentinel monitor m 127.0.0.1 6379 2\n"

func TestScriptsOfTheFile(t *testing.T) {
	notify, reconfig := hook(t, "no tify.sh", 0o755), hook(t, "reconfig.sh", 0o755)
	c := mustLoad(t, confFile(t, fmt.Sprintf("sentinel notification-script m %q\nSENTINEL Client-Reconfig-Script m %s\n%s", notify, reconfig, scriptGroup)))
	s := c.Groups[0].Settings
	if s.NotificationScript != notify || s.ClientReconfigScript != reconfig {
		t.Errorf("read %q and %q", s.NotificationScript, s.ClientReconfigScript)
	}
}

// Sentinel applies its own lines after "dir", which it enters at once.
func TestAScriptIsMeantFromTheFolderThatDirNames(t *testing.T) {
	path := hook(t, "notify.sh", 0o755)
	c := mustLoad(t, confFile(t, "sentinel notification-script m notify.sh\n"+scriptGroup+"dir "+filepath.Dir(path)+"\n"))
	if got := c.Groups[0].Settings.NotificationScript; got != "notify.sh" {
		t.Errorf("read %q", got)
	}
}

func TestAScriptThatCannotBeRunStopsTheStart(t *testing.T) {
	plain := hook(t, "plain.sh", 0o644)
	for _, tc := range []struct{ line, want string }{
		{"sentinel notification-script m " + plain, "Notification script seems non existing or non executable."},
		{"sentinel notification-script m /no/such/script", "Notification script seems non existing or non executable."},
		{`sentinel notification-script m ""`, "Notification script seems non existing or non executable."},
		{"sentinel client-reconfig-script m " + plain, "Client reconfiguration script seems non existing or non executable."},
		{"sentinel client-reconfig-script m", "Unrecognized sentinel configuration statement."},
		{"sentinel notification-script other /bin/sh", "No such master with specified name."},
	} {
		_, err := Load(confFile(t, scriptGroup+tc.line), nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: error = %v, want %s", tc.line, err, tc.want)
		}
	}
}

// The texts are redis-sentinel 7.0.15's.
func TestSetOfScripts(t *testing.T) {
	good, bad := hook(t, "good.sh", 0o755), hook(t, "bad.sh", 0o644)
	for _, tc := range []struct {
		name  string
		words []string
		deny  bool
		want  string
	}{
		{"notification", []string{"notification-script", good}, false, ""},
		{"reconfiguration", []string{"Client-Reconfig-Script", good}, false, ""},
		{"denied", []string{"notification-script", good}, true, string(scriptsDenied)},
		{"denied though it only takes away", []string{"client-reconfig-script", ""}, true, string(scriptsDenied)},
		{"not executable", []string{"notification-script", bad}, false, "ERR Notification script seems non existing or non executable"},
		{"not there", []string{"client-reconfig-script", "/no/such"}, false, "ERR Client reconfiguration script seems non existing or non executable"},
		{"no value", []string{"notification-script"}, true, "ERR Unknown option or number of arguments for SENTINEL SET 'notification-script'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := group()
			changes, err := g.Set(SetRequest{Words: tc.words, DenyScripts: tc.deny})
			if got := fmt.Sprint(err); tc.want != "" && got != tc.want {
				t.Errorf("error = %v\nwant    %s", err, tc.want)
			}
			if tc.want == "" && (err != nil || len(changes) != 1 || changes[0].Shown[0] != good) {
				t.Errorf("%v, %v", changes, err)
			}
		})
	}
	g := group()
	for _, words := range [][]string{{"notification-script", good}, {"notification-script", ""}} {
		if _, err := g.Set(SetRequest{Words: words}); err != nil || g.Settings.NotificationScript != words[1] {
			t.Errorf("%q: %v, it is %q", words, err, g.Settings.NotificationScript)
		}
	}
}

// A script of our own saved state that has gone since must not keep us from starting:
// nobody could edit the state.
func TestASavedScriptThatIsGoneDoesNotStopTheStart(t *testing.T) {
	dir, path := t.TempDir(), hook(t, "notify.sh", 0o755)
	file := confFile(t, scriptGroup+"state-dir "+dir+"\n")
	c := mustLoad(t, file)
	store, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	st := c.State()
	st.MyID = idA
	if _, err := st.Groups[0].Set(SetRequest{Words: []string{"notification-script", path}}); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(st); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := mustLoad(t, file).Groups[0].Settings.NotificationScript; got != path {
		t.Errorf("after a restart the script is %q, want %q", got, path)
	}
}

// Without state-dir the script stands in the operator's file, where Sentinel writes it.
func TestAScriptIsWrittenWhereSentinelWritesIt(t *testing.T) {
	path := hook(t, "notify.sh", 0o755)
	file := confFile(t, scriptGroup)
	c := mustLoad(t, file)
	store, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	st := c.State()
	st.MyID = idA
	for _, words := range [][]string{{"client-reconfig-script", path}, {"notification-script", path}, {"auth-pass", "x"}, {"parallel-syncs", "3"}} {
		if _, err := st.Groups[0].Set(SetRequest{Words: words}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Save(st); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, want := range []string{"sentinel parallel-syncs m 3\n", "sentinel notification-script m " + path + "\n",
		"sentinel client-reconfig-script m " + path + "\n", "sentinel auth-pass m x\n"} {
		next := strings.Index(string(text), want)
		if next <= at {
			t.Errorf("%q is missing or out of order in\n%s", want, text)
		}
		at = next
	}
}
