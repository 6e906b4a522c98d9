package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picket/monitor"
)

// a monitor with a state-dir: its file, and what happens to it between two starts.
type stateDir struct {
	*testing.T
	path, dir string
	text      string
}

func newStateDir(t *testing.T, text string) *stateDir {
	s := &stateDir{T: t, dir: filepath.Join(t.TempDir(), "a", "state")}
	s.path = confFile(t, "")
	s.edit(text)
	return s
}

// edit is the operator replacing the file.
func (s *stateDir) edit(text string) {
	s.text = text + "state-dir " + s.dir + "\n"
	if err := os.WriteFile(s.path, []byte(s.text), 0o640); err != nil {
		s.Fatal(err)
	}
}

// run is one life of the monitor: start, change something, save.
func (s *stateDir) run(change func(st *State)) *Config {
	s.Helper()
	c := mustLoad(s.T, s.path)
	store := mustOpen(s.T, c)
	st := c.State()
	change(&st)
	mustSave(s.T, store, st)
	if got := readFile(s, s.path); got != s.text {
		s.Fatalf("the operator's file was written: %s", got)
	}
	return c
}

func (s *stateDir) set(words ...string) func(*State) {
	return func(st *State) {
		s.Helper()
		if _, err := st.Groups[0].Set(SetRequest{Words: words}); err != nil {
			s.Fatal(err)
		}
	}
}

func nothing(*State) {}

const oneGroup = "sentinel monitor m 10.0.0.1 6379 2\nsentinel down-after-milliseconds m 5000\nsentinel auth-pass m first\n"

func TestTopologyEpochsAndVotesComeFromTheState(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(func(st *State) {
		st.MyID, st.Boot, st.CurrentEpoch = idA, 4, 9
		saved := &st.Groups[0].Saved
		saved.Master, saved.ConfigEpoch, saved.LeaderEpoch, saved.Leader = monitor.Addr{Host: "10.0.0.2", Port: 6379}, 9, 9, idB
		saved.Replicas = []monitor.Addr{{Host: "10.0.0.1", Port: 6379}}
	})
	c := s.run(nothing)
	g := c.Groups[0]
	if c.MyID != idA || c.Boot != 4 || c.CurrentEpoch != 9 || g.Saved.Master.Host != "10.0.0.2" || g.Saved.Leader != idB || len(g.Saved.Replicas) != 1 {
		t.Errorf("loaded %s %d %d %+v", c.MyID, c.Boot, c.CurrentEpoch, g.Saved)
	}
	if g.Settings.DownAfter != 5*time.Second || g.AuthPass != "first" || len(c.Warnings) != 0 {
		t.Errorf("settings of the file: %+v, warnings %q", g, c.Warnings)
	}
}

func TestSettingsComeFromTheFile(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(nothing)
	s.edit(strings.Replace(oneGroup, "5000", "7000", 1))
	if got := s.run(nothing).Groups[0].Settings.DownAfter; got != 7*time.Second {
		t.Errorf("down-after %v, want 7 s", got)
	}
}

func TestSetSurvivesUntilItsLineChanges(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(s.set("down-after-milliseconds", "1000", "auth-pass", "second", "quorum", "3", "rename-command", "CONFIG", "X", "failover-timeout", "9000"))
	s.run(nothing)
	s.edit("# another comment\n" + strings.Replace(oneGroup, "first", "third", 1) + "sentinel failover-timeout m 8000\n")
	g := s.run(nothing).Groups[0]
	if g.Settings.DownAfter != time.Second || g.Settings.Quorum != 3 || g.Rename["CONFIG"] != "X" {
		t.Errorf("what the operator left alone: down-after %v, quorum %d, renamed %v", g.Settings.DownAfter, g.Settings.Quorum, g.Rename)
	}
	if g.AuthPass != "third" || g.Settings.FailoverTimeout != 8*time.Second {
		t.Errorf("what the operator changed: auth-pass %s, failover-timeout %v", g.AuthPass, g.Settings.FailoverTimeout)
	}
	s.edit(oneGroup) // back to the lines that were overridden once: that is over
	if g := s.run(nothing).Groups[0]; g.AuthPass != "first" {
		t.Errorf("auth-pass %s, want first", g.AuthPass)
	}
}

func TestSetBackToTheDefaultSurvives(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(s.set("down-after-milliseconds", "30000", "auth-pass", ""))
	if g := s.run(nothing).Groups[0]; g.Settings.DownAfter != 30*time.Second || g.AuthPass != "" {
		t.Errorf("down-after %v, auth-pass %q", g.Settings.DownAfter, g.AuthPass)
	}
}

func TestAnOverriddenPasswordIsNotKept(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(s.set("auth-pass", "second"))
	if text := readFile(t, filepath.Join(s.dir, "state.conf")); strings.Contains(text, "first") || !strings.Contains(text, "second") {
		t.Errorf("state file: %s", text)
	}
}

func TestGlobalsSurviveLikewise(t *testing.T) {
	s := newStateDir(t, "sentinel announce-ip 1.1.1.1\nloglevel debug\n"+oneGroup)
	s.run(func(st *State) { st.AnnounceIP, st.LogLevel, st.AnnouncePort = "2.2.2.2", "warning", 7 })
	s.edit("sentinel announce-ip 3.3.3.3\nloglevel debug\n" + oneGroup)
	if c := s.run(nothing); c.AnnounceIP != "3.3.3.3" || c.LogLevel != "warning" || c.AnnouncePort != 7 {
		t.Errorf("announce-ip %s, loglevel %s, announce-port %d", c.AnnounceIP, c.LogLevel, c.AnnouncePort)
	}
}

func TestRemovedGroupStaysAwayUntilItsLineChanges(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(func(st *State) { st.Groups = nil })
	s.run(nothing)
	if c := s.run(nothing); len(c.Groups) != 0 {
		t.Errorf("groups %+v", c.Groups)
	}
	s.edit(strings.Replace(oneGroup, "6379 2", "6379 3", 1))
	if c := s.run(nothing); len(c.Groups) != 1 {
		t.Errorf("groups %+v", c.Groups)
	}
}

func TestGroupMadeByMonitorIsKeptWhole(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(func(st *State) {
		g := NewGroup("n", monitor.Addr{Host: "10.0.0.5", Port: 1}, 1)
		g.AuthPass = "p"
		st.Groups = append(st.Groups, g)
	})
	s.run(nothing)
	c := s.run(nothing)
	if len(c.Groups) != 2 || c.Groups[1].Settings.Name != "n" || c.Groups[1].AuthPass != "p" {
		t.Errorf("groups %+v", c.Groups)
	}
}

func TestGroupDeletedFromTheFileIsGone(t *testing.T) {
	s := newStateDir(t, oneGroup+"sentinel monitor n 10.0.0.5 1 1\n")
	s.run(nothing)
	s.edit(oneGroup)
	c := s.run(nothing)
	if len(c.Groups) != 1 || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "n is no longer in") {
		t.Errorf("groups %+v, warnings %q", c.Groups, c.Warnings)
	}
}

func TestAnotherMasterInTheFileIsWarnedOf(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(nothing)
	s.edit(strings.Replace(oneGroup, "10.0.0.1", "10.0.0.9", 1))
	c := s.run(nothing)
	if c.Groups[0].Saved.Master.Host != "10.0.0.1" || len(c.Warnings) != 1 {
		t.Errorf("master %v, warnings %q", c.Groups[0].Saved.Master, c.Warnings)
	}
}

func TestHostNamesInTheState(t *testing.T) {
	s := newStateDir(t, "sentinel resolve-hostnames yes\nsentinel monitor m db 6379 2\n")
	s.run(nothing)
	if c := s.run(nothing); c.Groups[0].Saved.Master.Host != "db" {
		t.Errorf("master %v", c.Groups[0].Saved.Master)
	}
}

func TestNoFileIsNeededWithAStateDir(t *testing.T) {
	extra := []string{"--state-dir", t.TempDir(), "--sentinel", "monitor", "m", "10.0.0.1", "6379", "2"}
	c := mustLoad(t, "", extra...)
	st := c.State()
	st.MyID = idA
	mustSave(t, mustOpen(t, c), st)
	if c := mustLoad(t, "", extra...); c.MyID != idA || len(c.Groups) != 1 {
		t.Errorf("loaded %+v", c)
	}
	if _, err := Open(mustLoad(t, "")); err == nil || !strings.Contains(err.Error(), "state-dir") {
		t.Errorf("neither file nor state-dir: %v", err)
	}
}

func TestStateDirIsRelativeToDir(t *testing.T) {
	dir := t.TempDir()
	c := mustLoad(t, "", "--dir", dir, "--state-dir", "state")
	if want := filepath.Join(dir, "state"); c.StateDir != want {
		t.Errorf("state-dir %s, want %s", c.StateDir, want)
	}
}

func TestDamagedStateIsNeverHalfRead(t *testing.T) {
	s := newStateDir(t, oneGroup)
	s.run(s.set("quorum", "3"))
	path := filepath.Join(s.dir, "state.conf")
	whole := readFile(t, path)
	check := func(what, text, want string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(s.path, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path+": it is") || !strings.Contains(err.Error(), "move it away") {
			t.Fatalf("%s: error = %v", what, err)
		}
	}
	for n := range len(whole) - 1 {
		check("cut off", whole[:n], "it is")
	}
	for n := range len(whole) - 1 {
		check("one bit turned", whole[:n]+string([]byte{whole[n] ^ 1})+whole[n+1:], "it is")
	}
	check("empty", "", "it is cut off: its last line is missing")
	check("edited", strings.Replace(whole, "quorum", "qorum", 1), "it is damaged: its checksum is wrong")
}

func TestUnreadableState(t *testing.T) {
	s := newStateDir(t, oneGroup)
	if err := os.MkdirAll(filepath.Join(s.dir, "state.conf"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(s.path, nil); err == nil || !strings.Contains(err.Error(), "read saved state:") {
		t.Errorf("error = %v", err)
	}
}
