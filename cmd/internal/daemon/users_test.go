package daemon

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"picket/config"
)

// as is a client of the daemon that logs in; it waits for a daemon that only starts.
func (r *running) as(t *testing.T, user, pass string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + strconv.Itoa(r.port), Username: user, Password: pass,
		MaxRetries: 40, MaxRetryBackoff: 50 * time.Millisecond})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// said is the reply or the error to a command.
func said(t *testing.T, c *redis.Client, words ...string) string {
	t.Helper()
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	got, err := c.Do(t.Context(), args...).Text()
	if err != nil {
		return err.Error()
	}
	return got
}

func TestUsersOutliveARestart(t *testing.T) {
	r := start(t, "user admin on >pw ~* &* +@all", "user default off nopass", "user guest on nopass +ping")
	admin := r.as(t, "admin", "pw")
	if got := said(t, admin, "ACL", "SETUSER", "guest", "+info"); got != "OK" {
		t.Fatal(got)
	}
	if got := said(t, admin, "ACL", "SETUSER", "new", "on", ">x", "(+role &a)"); got != "OK" {
		t.Fatal(got)
	}
	r.end(t)
	r.run(t)
	admin = r.as(t, "admin", "pw")
	if got := said(t, admin, "ACL", "WHOAMI"); got != "admin" {
		t.Fatal(got)
	}
	got, err := admin.Do(t.Context(), "ACL", "LIST").StringSlice()
	want := []string{"user admin on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~* &* +@all",
		"user default off nopass sanitize-payload resetchannels -@all", "user guest on nopass resetchannels -@all +ping +info",
		"user new on #2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 resetchannels -@all (resetchannels &a -@all +role)"}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v, got\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := os.ReadFile(r.file)
	if err != nil || strings.Contains(string(text), ">pw") || !strings.Contains(string(text), want[2]+"\n") {
		t.Errorf("%v, the file is\n%s", err, text)
	}
	r.end(t)
}

func TestTheACLFileIsLoadedAndSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(path, []byte("user admin on >pw ~* &* +@all\nuser default off\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	r := start(t, "requirepass unused", "aclfile "+path)
	admin := r.as(t, "admin", "pw")
	for _, words := range []string{"SETUSER new on +ping", "SAVE", "SETUSER unsaved on", "LOAD"} {
		if got := said(t, admin, strings.Fields("ACL "+words)...); got != "OK" {
			t.Fatalf("ACL %s: %s", words, got)
		}
	}
	// LOAD ended the connection of every user but the default one.
	again := r.as(t, "admin", "pw")
	if got, err := again.Do(t.Context(), "ACL", "USERS").StringSlice(); err != nil || strings.Join(got, " ") != "admin default new" {
		t.Errorf("users are %v, %v", got, err)
	}
	text, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || !strings.HasSuffix(string(text), "user new on resetchannels -@all +ping\n") || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, mode %v, the file is\n%s", err, info.Mode(), text)
	}
	if err := os.WriteFile(path, []byte("user admin foo\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := said(t, again, "ACL", "LOAD"); !strings.HasPrefix(got, "ERR "+path+":1: Syntax error. WARNING: ACL errors detected") {
		t.Errorf("a wrong file: %s", got)
	}
	if got := said(t, again, "ACL", "WHOAMI"); got != "admin" {
		t.Errorf("after a wrong file I am %s", got)
	}
	r.end(t)
	if conf, err := os.ReadFile(r.file); err != nil || strings.Contains(string(conf), "user ") {
		t.Errorf("%v, the configuration holds users beside the ACL file:\n%s", err, conf)
	}
}

func TestWhatIsWrongWithUsersStopsTheStart(t *testing.T) {
	for lines, want := range map[string]string{
		"user a foo":                     "Error in user declaration 'a': Syntax error",
		"user a +get\nuser b >x <y":      "Error in user declaration 'a': Unknown command or category name in ACL. No command or category of a monitor is called \"get\"",
		"user b >x <y":                   "Error in user declaration 'b': The password you are trying to remove from the user does not exist",
		"user \"a b\" on":                "Usernames can't contain spaces",
		"user a (+ping":                  "Unmatched parenthesis",
		"user a on\naclfile users":       "please define either an ACL file or declare users directly",
		"aclfile /nonexistent/file":      "Aborting Redis startup because of ACL errors: Error loading ACLs, opening file '/nonexistent/file': No such file or directory",
		"user a on >s3cret\nuser c (~\"": "Unbalanced quotes",
	} {
		cfg, err := config.Load(confFile(t, "sentinel monitor m 127.0.0.1 1 1\nport 1\n"+lines), nil)
		if err == nil {
			err = Run(t.Context(), Options{Config: cfg, Log: zap.NewNop()})
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %s", lines, err, want)
		}
	}
}

func confFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A save that fails leaves nothing behind, and the next one does not inherit from it.
func TestAnACLFileThatCannotBeReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.acl")
	f := &aclFile{name: "users.acl", path: path, log: zap.NewNop()}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Write("user a on\n"); err == nil {
		t.Error("a folder was replaced")
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v is left", err, left)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Write("user a on\n"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, a new file has mode %v", err, info.Mode())
	}
}
