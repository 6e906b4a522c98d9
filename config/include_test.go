package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"picket/monitor"
)

// files writes files into one folder and returns it.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestIncludedLinesStandWhereTheIncludeStands(t *testing.T) {
	dir := files(t, map[string]string{
		"main.conf":     "port 1\ninclude DIR/a.conf\nmaxclients 5\ndir DIR\ninclude conf.d/*.conf\ninclude none?.conf\n",
		"a.conf":        "port 2\nmaxclients 4\nsentinel monitor m 10.0.0.1 6379 2\n",
		"conf.d/1.conf": "timeout 1\ntcp-backlog 1\n",
		"conf.d/2.conf": "timeout 2\n",
		"conf.d/x.txt":  "timeout 3\n",
	})
	text, _ := os.ReadFile(filepath.Join(dir, "main.conf"))
	path := confFile(t, strings.ReplaceAll(string(text), "DIR", dir))
	got := mustLoad(t, path)
	if got.Port != 2 || got.MaxClients != 5 || got.Timeout != 2*time.Second || got.TCPBacklog != 1 || len(got.Groups) != 1 {
		t.Errorf("%+v", got)
	}
	if got := mustLoad(t, path, "--include", filepath.Join(dir, "conf.d/1.conf")); got.Timeout != time.Second {
		t.Errorf("timeout %v: the command line comes last", got.Timeout)
	}
}

func TestAnIncludeThatCannotBeReadIsAnError(t *testing.T) {
	dir := files(t, map[string]string{"loop.conf": "include DIR/loop.conf\n", "bad.conf": "\nport x\n"})
	loop := filepath.Join(dir, "loop.conf")
	if err := os.WriteFile(loop, []byte("include "+loop+"\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"include /nowhere/x":           "line 1: 'include /nowhere/x': Fatal error, can't open config file '/nowhere/x': No such file or directory. Make",
		"include " + loop:              "files include each other too deep.",
		"include a b":                  "line 1: 'include a b': Bad directive or wrong number of arguments",
		"include " + dir + "/bad.conf": dir + "/bad.conf line 2: 'port x': argument couldn't be parsed into an integer",
		"include " + dir + "/[a.conf":  "malformed pattern",
	} {
		_, err := Load(confFile(t, text), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v\nwant %s", text, err, want)
		}
	}
}

// redis-sentinel writes everything into the main file, and then does not start again for
// the duplicate.
func TestAGroupOfAnIncludedFileSurvivesTheRewrite(t *testing.T) {
	dir := files(t, map[string]string{"group.conf": "sentinel monitor m 10.0.0.1 6379 2\nsentinel down-after-milliseconds m 5000\n" +
		"sentinel known-replica m 10.0.0.2 6379\nsentinel rename-command m CONFIG X\n"})
	for name, text := range map[string]string{
		"first": "include " + dir + "/group.conf\nport 7\n", "last": "port 7\ninclude " + dir + "/*.conf\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := confFile(t, text)
			c := mustLoad(t, path)
			s, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			st := c.State()
			st.Groups[0].Saved.Master = monitor.Addr{Host: "10.0.0.2", Port: 6379}
			st.Groups[0].Saved.Replicas = []monitor.Addr{{Host: "10.0.0.3", Port: 6379}}
			st.Groups[0].Settings.Quorum, st.Groups[0].Settings.DownAfter = 3, 30*time.Second
			if err := s.Save(st); err != nil {
				t.Fatal(err)
			}
			got := mustLoad(t, path).Groups
			if diff := cmp.Diff(st.Groups, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOwnCommandsAreRenamed(t *testing.T) {
	for text, want := range map[string]string{
		"rename-command CONFIG x":                            "No such command in rename-command",
		"rename-command ping publish":                        "Target command name already exists",
		"rename-command ping p\nrename-command PING q":       "No such command in rename-command",
		"rename-command ping p\nrename-command p q":          "",
		"rename-command ping \"\"\nrename-command info ping": "",
		"rename-command ping":                                "Bad directive or wrong number of arguments",
	} {
		_, err := Load(confFile(t, text), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestSizesAreReadAsRedisReadsThem(t *testing.T) {
	for text, want := range map[string]uint64{"": 0, "0": 0, "7": 7, "1b": 1, "1k": 1000, "1KB": 1024, "2m": 2e6, "2mB": 2 << 20, "1g": 1e9, "1gb": 1 << 30} {
		if n, ok := memory(text); !ok || n != want {
			t.Errorf("%s is %d, %t; want %d", text, n, ok, want)
		}
	}
	for _, text := range []string{"-1", "1.5mb", "mb", "1tb", "1mbb", "99999999999gb", " 1"} {
		if n, ok := memory(text); ok {
			t.Errorf("%q is taken as %d", text, n)
		}
	}
}
