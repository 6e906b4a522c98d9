package config

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// running is a monitor with a state-dir whose file an operator edits while it runs.
type running struct {
	*testing.T
	path, dir string
	cfg       *Config
	store     *Store
	state     State
}

func newRunning(t *testing.T, text string) *running {
	t.Helper()
	r := &running{T: t, path: confFile(t, text), dir: t.TempDir()}
	r.restart()
	return r
}

func (r *running) restart() {
	r.Helper()
	r.cfg = mustLoad(r.T, r.path, "--state-dir", r.dir)
	store, err := Open(r.cfg)
	if err != nil {
		r.Fatal(err)
	}
	r.store, r.state = store, r.cfg.State()
	r.save()
}

func (r *running) save() {
	r.Helper()
	if err := r.store.Save(r.state); err != nil {
		r.Fatal(err)
	}
}

// reload has the monitor take up another text of the file, as the daemon does.
func (r *running) reload(text string) (v *Revision, changes []Change) {
	r.Helper()
	if err := os.WriteFile(r.path, []byte(text), 0o640); err != nil {
		r.Fatal(err)
	}
	v, err := r.cfg.Reread()
	if err != nil {
		r.Fatal(err)
	}
	v.Globals(&r.state.Globals)
	for i := range r.state.Groups {
		changes = append(changes, v.Group(&r.state.Groups[i])...)
	}
	r.cfg.Take(v)
	r.store.Take(v)
	r.save()
	return v, changes
}

const mOnly = "sentinel monitor m 10.0.0.1 6379 2\n"

func TestWhatWasSetStaysUntilItsLineChanges(t *testing.T) {
	r := newRunning(t, mOnly)
	if _, err := r.state.Groups[0].Set(SetRequest{Words: []string{"parallel-syncs", "3"}}); err != nil {
		t.Fatal(err)
	}
	r.save()
	_, changes := r.reload(mOnly + "sentinel down-after-milliseconds m 1234\n")
	if diff := cmp.Diff([]Change{{"down-after-milliseconds", []string{"1234"}}}, changes); diff != "" {
		t.Error(diff)
	}
	r.restart()
	if g := r.state.Groups[0].Settings; g.ParallelSyncs != 3 || g.DownAfter.Milliseconds() != 1234 {
		t.Errorf("after a restart parallel-syncs is %d and down-after %v", g.ParallelSyncs, g.DownAfter)
	}
	r.reload(mOnly + "sentinel parallel-syncs m 5\n")
	r.restart()
	if g := r.state.Groups[0].Settings; g.ParallelSyncs != 5 || g.DownAfter.Milliseconds() != 30000 {
		t.Errorf("once the file says so parallel-syncs is %d and down-after %v", g.ParallelSyncs, g.DownAfter)
	}
}

func TestWhatAReloadFinds(t *testing.T) {
	before := mOnly + "sentinel auth-pass m old\nsentinel rename-command m CONFIG guarded\n"
	for _, tt := range []struct {
		name, after         string
		changes             []Change
		added, gone, moved  []string
		later, globalsNamed []string
	}{
		{name: "nothing", after: before},
		{name: "a comment", after: "# new\n" + before},
		{name: "a password is not shown", after: strings.Replace(before, "old", "new", 1), changes: []Change{{"auth-pass", []string{masked}}}},
		{name: "a quorum", after: strings.Replace(before, "6379 2", "6379 3", 1), changes: []Change{{"quorum", []string{"3"}}}},
		{name: "a line that goes", after: mOnly + "sentinel auth-pass m old\n", changes: []Change{{"rename-command", []string{`""`}}}},
		{name: "a new group", after: before + "sentinel monitor n 10.0.0.2 6379 1\n", added: []string{"n"}},
		{name: "a group that goes", after: "", gone: []string{"m"}},
		{name: "another master", after: strings.Replace(before, "10.0.0.1", "10.0.0.9", 1), added: []string{"m"}, moved: []string{"m"}},
		{name: "directives of the process", after: before + "port 1\nmaxclients 5\nuser u on nopass\n", later: []string{"port", "maxclients", "user"}},
		{name: "globals", after: before + "loglevel debug\nsentinel announce-ip 1.2.3.4\n", globalsNamed: []string{"sentinel announce-ip", "loglevel"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRunning(t, before)
			globals := r.state.Globals
			v, changes := r.reload(tt.after)
			var added []string
			for _, g := range v.Added {
				added = append(added, g.Settings.Name)
				if g.Saved.LeaderEpoch != 0 {
					t.Errorf("%s was voted in at epoch %d", g.Settings.Name, g.Saved.LeaderEpoch)
				}
			}
			if diff := cmp.Diff(tt.changes, changes); diff != "" {
				t.Error(diff)
			}
			for _, list := range []struct{ got, want []string }{{added, tt.added}, {v.Gone, tt.gone}, {v.Moved, tt.moved}, {v.Later, tt.later}, {v.Globals(&globals), tt.globalsNamed}} {
				if !slices.Equal(list.got, list.want) {
					t.Errorf("found %q, want %q", list.got, list.want)
				}
			}
		})
	}
}

// A reload only warns of a group that is gone; the operator meant it all the same.
func TestAGroupThatIsGoneFromTheFileIsGoneAfterARestart(t *testing.T) {
	r := newRunning(t, mOnly)
	r.reload("")
	if len(r.state.Groups) != 1 {
		t.Fatal("the reload removed the group")
	}
	r.restart()
	if len(r.state.Groups) != 0 {
		t.Error("the group is back")
	}
}

// remove is SENTINEL REMOVE.
func (r *running) remove(group string) {
	r.Helper()
	r.state.Groups = slices.DeleteFunc(r.state.Groups, func(g Group) bool { return g.Settings.Name == group })
	r.save()
}

const nToo = mOnly + "sentinel monitor n 10.0.0.2 6379 1\n"

func TestALineThatComesBackIsWatchedAgain(t *testing.T) {
	for name, come := range map[string]func(r *running){
		"removed while the line was gone": func(r *running) { r.reload(mOnly); r.remove("n") },
		"removed before the line went":    func(r *running) { r.remove("n"); r.reload(mOnly) },
		"with another reload between":     func(r *running) { r.reload(mOnly); r.remove("n"); r.reload(mOnly + "loglevel debug\n") },
		"with a restart between":          func(r *running) { r.remove("n"); writeText(r.T, r.path, mOnly); r.restart() },
	} {
		t.Run(name+", by a reload", func(t *testing.T) {
			r := newRunning(t, nToo)
			come(r)
			if v, _ := r.reload(nToo); len(v.Added) != 1 || v.Added[0].Settings.Name != "n" || v.Added[0].Saved.LeaderEpoch != 0 {
				t.Errorf("added are %v, want n, whose vote is not known", v.Added)
			}
		})
		t.Run(name+", by a restart", func(t *testing.T) {
			r := newRunning(t, nToo)
			r.state.CurrentEpoch = 7
			come(r)
			writeText(t, r.path, nToo)
			r.restart()
			if len(r.state.Groups) != 2 || r.state.Groups[1].Saved.LeaderEpoch < 7 {
				t.Errorf("watched are %v, want n too, which votes in no epoch up to 7", r.state.Groups)
			}
		})
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

// What SENTINEL SET made of a group outlives a line that was lost in an edit and put back.
func TestALineThatComesBackKeepsWhatWasSet(t *testing.T) {
	r := newRunning(t, nToo)
	if _, err := r.state.Groups[1].Set(SetRequest{Words: []string{"parallel-syncs", "3"}}); err != nil {
		t.Fatal(err)
	}
	r.save()
	r.reload(mOnly)
	r.reload(nToo)
	r.restart()
	if len(r.state.Groups) != 2 || r.state.Groups[1].Settings.ParallelSyncs != 3 {
		t.Errorf("watched are %v, want n too, with parallel-syncs 3", r.state.Groups)
	}
}

// A group that SENTINEL MONITOR makes under the name of one that is gone is not of the file.
func TestAGroupMadeAnewAfterItsLineWentStays(t *testing.T) {
	r := newRunning(t, nToo)
	n := r.state.Groups[1]
	r.reload(mOnly)
	r.remove("n")
	r.reload(mOnly + "loglevel debug\n")
	r.state.Groups = append(r.state.Groups, n)
	r.save()
	r.restart()
	if len(r.state.Groups) != 2 {
		t.Error("the restart dropped the group")
	}
}

func TestALineThatIsNotFollowedIsNamed(t *testing.T) {
	r := newRunning(t, nToo)
	r.remove("n")
	r.restart()
	if len(r.state.Groups) != 1 || !slices.ContainsFunc(r.cfg.Warnings, func(w string) bool { return strings.Contains(w, "monitor line of n") }) {
		t.Errorf("watched are %v, warnings %q", r.state.Groups, r.cfg.Warnings)
	}
	if v, _ := r.reload(nToo); !slices.Equal(v.Listed, []string{"m", "n"}) || len(v.Added) != 0 {
		t.Errorf("listed are %q, added %v", v.Listed, v.Added)
	}
}

// What takes effect at the next start only is named at each reload until then.
func TestWhatWaitsForARestartIsNamedAgain(t *testing.T) {
	r := newRunning(t, mOnly)
	for range 2 {
		if v, _ := r.reload(mOnly + "port 7\n"); !slices.Equal(v.Later, []string{"port"}) {
			t.Errorf("named %q", v.Later)
		}
	}
}

func TestAFileThatCannotBeReadAgain(t *testing.T) {
	own := mustLoad(t, confFile(t, mOnly))
	if _, err := own.Reread(); !errors.Is(err, ErrOwnFile) {
		t.Errorf("without state-dir: %v", err)
	}
	r := newRunning(t, mOnly)
	if err := os.WriteFile(r.path, []byte(mOnly+"sentinel quorom m 3\nport x\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := r.cfg.Reread()
	if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("two wrong lines: %v", err)
	}
}
