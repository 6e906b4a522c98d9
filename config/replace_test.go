package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ownerOf returns the owner of a file.
func ownerOf(t *testing.T, path string) (uid, gid int) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

func TestAReplacedFileKeepsOwnerAndMode(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o604} {
		path := confFile(t, "old")
		stranger := 0
		if os.Getuid() == 0 {
			stranger = 65534
			if err := os.Chown(path, stranger, stranger); err != nil {
				t.Fatal(err)
			}
		} else {
			stranger = os.Getuid()
		}
		bait := filepath.Join(t.TempDir(), "bait") // what a left-over that is a link would have us write
		for _, err := range []error{os.Chmod(path, mode), os.WriteFile(bait, []byte("bait"), 0o666), os.Symlink(bait, tempName(path))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		warnings, err := ReplaceFile(path, []byte("new"))
		if err != nil || len(warnings) != 0 || readFile(t, path) != "new" || readFile(t, bait) != "bait" {
			t.Errorf("%v, %q, the file is %s, the bait %s", err, warnings, readFile(t, path), readFile(t, bait))
		}
		info, _ := os.Lstat(path)
		if uid, _ := ownerOf(t, path); info.Mode() != mode || uid != stranger {
			t.Errorf("mode %v, owner %d, want %v, %d", info.Mode(), uid, mode, stranger)
		}
	}
}

func TestAFileIsReplacedOrStaysAsItWas(t *testing.T) {
	const steps = "open chmod write sync rename open sync"
	for failAt := 1; failAt <= strings.Count(steps, " ")+1; failAt++ {
		path := confFile(t, "old")
		d := &brokenDisk{failAt: failAt, err: syscall.ENOSPC}
		if _, err := replaceFile(d, path, []byte("new")); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
			t.Errorf("failing at %v: %v", d.done, err)
		}
		want := "old"
		if failAt > 5 {
			want = "new"
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 || readFile(t, path) != want {
			t.Errorf("failing at %v: %v, %v is there; the file is %s", d.done, err, left, readFile(t, path))
		}
	}
}

// A single file that is mounted into a container cannot be renamed over.
func TestAMountedFileIsReplacedInPlace(t *testing.T) {
	path := confFile(t, "old and long")
	warnings, err := replaceFile(&brokenDisk{failAt: 5, err: syscall.EBUSY}, path, []byte("new"))
	if err != nil || readFile(t, path) != "new" || len(warnings) != 1 || !strings.HasSuffix(warnings[0], "cut short: mount its directory instead") {
		t.Errorf("%v, %q, the file is %s", err, warnings, readFile(t, path))
	}
}

func TestANewFileIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.acl")
	_, err := ReplaceFile(path, []byte("new"))
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v, %v", err, statErr, info)
	}
}
