package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileOrStateDirIsLockedOnce(t *testing.T) {
	dir := t.TempDir()
	real := confFile(t, "")
	link := filepath.Join(dir, "link.conf")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	for _, tt := range []struct {
		name   string
		first  Config
		second Config
		locked bool
	}{
		{"the same file", Config{Path: real}, Config{Path: real}, true},
		{"by another name", Config{Path: real}, Config{Path: link}, true},
		{"the same state-dir", Config{Path: real, StateDir: state}, Config{Path: link, StateDir: state}, true},
		{"two state-dirs of one file", Config{Path: real, StateDir: state}, Config{Path: real, StateDir: state + "2"}, false},
		{"two files of one folder", Config{Path: real}, Config{Path: confFile(t, "")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, err := tt.first.Lock()
			if err != nil {
				t.Fatal(err)
			}
			second, err := tt.second.Lock()
			if errors.Is(err, errLocked) != tt.locked || err != nil != tt.locked {
				t.Fatalf("the second: %v", err)
			}
			if tt.locked && !strings.Contains(err.Error(), "another picket runs") {
				t.Errorf("%v does not say why", err)
			}
			for _, l := range []*Lock{first, second} {
				if l != nil {
					if err := l.Release(); err != nil {
						t.Error(err)
					}
				}
			}
			again, err := tt.second.Lock()
			if err != nil {
				t.Fatalf("after the first was released: %v", err)
			}
			if err := again.Release(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The lock must outlive what happens to the file.
func TestTheLockStaysWhenTheFileIsReplaced(t *testing.T) {
	c := mustLoad(t, confFile(t, ""))
	l, err := c.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(c.State()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lock(); !errors.Is(err, errLocked) {
		t.Errorf("after a save: %v", err)
	}
}

// A lock on the file itself would be gone with the first save, and a second monitor would
// run with the same id.
func TestWithoutTheLockBesideTheFileNothingStarts(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil  func(path string) error
		advice string
	}{
		"it cannot be opened": {func(path string) error { return os.Symlink(lockName(path), lockName(path)) }, "chown"},
		"it cannot be made": {func(path string) error {
			return os.Symlink(filepath.Join(filepath.Dir(path), "none", "lock"), lockName(path))
		}, "state-dir <directory>"},
	} {
		t.Run(name, func(t *testing.T) {
			path := confFile(t, "")
			target, err := filepath.EvalSymlinks(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(lockName(target)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if err := tt.spoil(target); err != nil {
				t.Fatal(err)
			}
			_, err = (&Config{Path: path}).Lock()
			if err == nil || !strings.Contains(err.Error(), lockName(target)) || !strings.Contains(err.Error(), tt.advice) {
				t.Errorf("%v does not name %s and say %q", err, lockName(target), tt.advice)
			}
		})
	}
}
