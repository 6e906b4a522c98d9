package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"picket/failover"
	"picket/monitor"
)

// freshStateText is the state file of a Store that never saved.
func freshStateText(st State, from origin) []byte {
	return stateText(st, from, new(renderings).addGroups(nil, st.Groups, from.stateManner()))
}

// What was rendered before never shows: a Store that has saved any other state writes
// what a new one writes, in the operator's file and in state-dir.
func TestAStoreWritesWhatANewOneWrites(t *testing.T) {
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprintf("state-dir=%v", own), func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				path := filepath.Join(t.TempDir(), "sentinel.conf")
				text := "# ours\nsentinel monitor m 10.0.0.1 6379 2\nsentinel down-after-milliseconds m 7000\n"
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					r.Fatal(err)
				}
				cfg, err := Load(path, nil)
				if err != nil {
					r.Fatal(err)
				}
				if own {
					cfg.StateDir = filepath.Join(filepath.Dir(path), "state")
				}
				s, err := Open(cfg)
				if err != nil {
					r.Fatal(err)
				}
				states := rapid.SliceOfN(anyState(anyText()), 1, 3).Draw(r, "states")
				for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(states)-1), 1, 6).Draw(r, "order") {
					st := states[n]
					st.Groups = append(cfg.State().Groups, st.Groups...)
					st.Groups[0].Saved.LeaderEpoch = rapid.Uint64Range(0, 3).Draw(r, "epoch")
					if rapid.Bool().Draw(r, "the operator writes a line at its default") {
						now, _ := os.ReadFile(path)
						_ = os.WriteFile(path, append(now, "sentinel  parallel-syncs m 1\n"...), 0o600)
					}
					kept, _ := s.render(st)
					was := s.known
					s.known = renderings{}
					fresh, _ := s.render(st)
					if s.known = was; !bytes.Equal(kept, fresh) {
						r.Fatalf("kept\n%s\nfresh\n%s", kept, fresh)
					}
					if err := s.Save(st); err != nil {
						r.Fatal(err)
					}
				}
			})
		})
	}
}

// A change of any field of a group is rendered, also of one that is added to it later.
func TestEveryFieldOfAGroupCounts(t *testing.T) {
	full := aState().Groups[0]
	full.Rename = map[string]string{"INFO": "x"}
	var walk func(path string, at func(*Group) reflect.Value)
	walk = func(path string, at func(*Group) reflect.Value) {
		v := at(&full)
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, func(g *Group) reflect.Value { return at(g).Field(i) })
			}
			return
		case reflect.Pointer:
			walk(path, func(g *Group) reflect.Value { return at(g).Elem() })
			return
		case reflect.Slice:
			walk(path+"[0]", func(g *Group) reflect.Value { return at(g).Index(0) })
			return
		}
		if path == ".Saved.CurrentEpoch" || path == ".Saved.Promise" {
			return
		}
		renders := 0
		var r renderings
		how := manner{render: func(Group) []wanted { renders++; return nil }}
		r.addGroups(nil, []Group{full}, how)
		other := full.Clone()
		change(t, at(&other))
		if other.Settings.Name == full.Settings.Name {
			r.addGroups(nil, []Group{full.Clone()}, how)
		}
		if r.addGroups(nil, []Group{other}, how); renders != 2 {
			t.Errorf("%s: rendered %d times, want once more than before", path, renders)
		}
	}
	walk("", func(g *Group) reflect.Value { return reflect.ValueOf(g).Elem() })
}

func change(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf("INFO"), reflect.ValueOf("y"))
	default:
		t.Fatalf("a field of kind %s: say here how it changes", v.Kind())
	}
}

// manyGroups is what a monitor of an estate saves.
func manyGroups(n int) State {
	st := aState()
	g := st.Groups[0]
	st.Groups = nil
	for i := range n {
		g := g.Clone()
		g.Settings.Name = fmt.Sprintf("group-%04d", i)
		g.Saved.Name, g.Saved.Master = g.Settings.Name, monitor.Addr{Host: "10.1.0.1", Port: 1000 + i}
		g.Saved.Peers = append(g.Saved.Peers, failover.SavedPeer{ID: idA, Addr: monitor.Addr{Host: "10.0.0.8", Port: 26379}})
		st.Groups = append(st.Groups, g)
	}
	return st
}

func BenchmarkSaveOneOfAThousand(b *testing.B) {
	path := filepath.Join(b.TempDir(), "sentinel.conf")
	if err := os.WriteFile(path, []byte("port 0\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := Load(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	st := manyGroups(1000)
	b.ReportAllocs()
	for n := range b.N {
		st.Groups[n%1000].Saved.LeaderEpoch++
		if err := s.Save(st); err != nil {
			b.Fatal(err)
		}
	}
}

// After a reload groups are compared with what the file says now.
func TestAReloadIsRendered(t *testing.T) {
	path := confFile(t, "sentinel monitor m 10.0.0.1 6379 2\nsentinel down-after-milliseconds m 7000\nstate-dir "+t.TempDir()+"\n")
	cfg := mustLoad(t, path)
	s, st := mustOpen(t, cfg), cfg.State()
	mustSave(t, s, st)
	text, _ := os.ReadFile(path)
	if err := os.WriteFile(path, bytes.Replace(text, []byte(" 7000"), []byte(" 8000"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := cfg.Reread()
	if err != nil {
		t.Fatal(err)
	}
	s.Take(v) // before the group takes the new value: what it has differs from the file
	kept, _ := s.render(st)
	s.known = renderings{}
	if fresh, _ := s.render(st); !bytes.Equal(kept, fresh) {
		t.Fatalf("kept\n%s\nfresh\n%s", kept, fresh)
	}
}
