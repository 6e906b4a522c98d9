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

// brokenDisk fails at one operation, counted over everything that it is asked.
type brokenDisk struct {
	osDisk
	failAt int // the operation that fails; 0: none
	err    error
	done   []string
}

func (d *brokenDisk) step(what string) error {
	d.done = append(d.done, what)
	if len(d.done) == d.failAt {
		return d.err
	}
	return nil
}

func (d *brokenDisk) open(path string, flag int, mode fs.FileMode) (file, error) {
	if err := d.step("open"); err != nil {
		return nil, err
	}
	f, err := d.osDisk.open(path, flag, mode)
	return brokenFile{f, d}, err
}

func (d *brokenDisk) rename(from, to string) error {
	if err := d.step("rename"); err != nil {
		return err
	}
	return d.osDisk.rename(from, to)
}

type brokenFile struct {
	file
	d *brokenDisk
}

func (f brokenFile) Write(p []byte) (int, error) {
	if err := f.d.step("write"); err != nil {
		n, _ := f.file.Write(p[:len(p)/2]) // a full disk takes a part
		return n, err
	}
	return f.file.Write(p)
}

func (f brokenFile) Sync() error {
	if err := f.d.step("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f brokenFile) Chmod(mode fs.FileMode) error {
	if err := f.d.step("chmod"); err != nil {
		return err
	}
	return f.file.Chmod(mode)
}

func (f brokenFile) Truncate(size int64) error {
	if err := f.d.step("truncate"); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

// At whatever step the disk fails, the file is the old one or the new one, nothing is
// left beside it, the error names the file, and the next save succeeds.
func TestDiskFailsAtEachStep(t *testing.T) {
	const steps = "open chmod write sync rename open sync"
	for failAt := range strings.Count(steps, " ") + 1 {
		path := confFile(t, "sentinel monitor m 10.0.0.1 6379 2\n")
		c := mustLoad(t, path)
		d := &brokenDisk{err: syscall.ENOSPC}
		s, err := open(c, d)
		if err != nil {
			t.Fatal(err)
		}
		mustSave(t, s, c.State())
		before := readFile(t, path)
		st := c.State()
		st.CurrentEpoch = 77
		d.done, d.failAt = nil, failAt+1
		err = s.Save(st)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "save state in "+path) {
			t.Fatalf("failing at %v: error = %v", d.done, err)
		}
		renamed := strings.Contains(strings.Join(d.done, " "), "rename open")
		if got := readFile(t, path); got != before && !renamed {
			t.Errorf("failing at %v: file = %s", d.done, got)
		}
		if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(names) != 1 {
			t.Errorf("failing at %v leaves %v", d.done, names)
		}
		d.done, d.failAt = nil, 0
		mustSave(t, s, st)
		if got := strings.Join(d.done, " "); got != steps {
			t.Errorf("the next save did: %s, want: %s", got, steps)
		}
		if mustLoad(t, path).CurrentEpoch != 77 {
			t.Errorf("failing at step %d: the next save saved nothing", failAt+1)
		}
	}
}

func TestUnchangedStateIsNotWrittenAgain(t *testing.T) {
	c := mustLoad(t, confFile(t, ""))
	d := &brokenDisk{}
	s, err := open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, c.State())
	d.done = nil
	mustSave(t, s, c.State())
	if len(d.done) != 0 {
		t.Errorf("did %v", d.done)
	}
}

// A single file mounted into a container: rename gives EBUSY, from then on it is
// written in place, and said so once.
func TestMountedFileIsWrittenInPlace(t *testing.T) {
	path := confFile(t, "sentinel monitor m 10.0.0.1 6379 2\n# "+strings.Repeat("x", 2000)+"\n")
	c := mustLoad(t, path)
	d := &brokenDisk{err: syscall.EBUSY}
	s, err := open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	d.done, d.failAt = nil, 5 // rename
	mustSave(t, s, c.State())
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "mounted as a single file") {
		t.Errorf("warnings %q", w)
	}
	d.done, d.failAt = nil, 0
	st := c.State()
	st.CurrentEpoch = 5
	mustSave(t, s, st)
	if got := strings.Join(d.done, " "); got != "open write truncate sync" {
		t.Errorf("did %s", got)
	}
	if w := s.Warnings(); len(w) != 0 {
		t.Errorf("warned again: %q", w)
	}
	if after, _ := os.Stat(path); !os.SameFile(before, after) {
		t.Error("the file was replaced")
	}
	if mustLoad(t, path).CurrentEpoch != 5 {
		t.Errorf("file = %s", readFile(t, path))
	}
}

// A crash while a file is written in place leaves the beginning of the new content and
// the end of the old: the next start must see it, wherever the border lies.
func TestWriteInPlaceCutShortIsNoticed(t *testing.T) {
	path := confFile(t, "sentinel monitor m 10.0.0.1 6379 2\n")
	c := mustLoad(t, path)
	s := mustOpen(t, c)
	s.writeInPlace()
	mustSave(t, s, c.State())
	short := readFile(t, path)
	st := c.State()
	st.CurrentEpoch, st.AnnounceIP = 5, "1.2.3.4"
	mustSave(t, s, st)
	long := readFile(t, path)
	for _, torn := range append(mixtures(short, long), mixtures(long, short)...) {
		if err := os.WriteFile(path, []byte(torn), 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, nil); err == nil {
			t.Fatalf("loaded:\n%s", torn)
		}
	}
}

// mixtures returns every beginning of the new content before what it leaves of the old,
// but for those that hold the whole of either.
func mixtures(before, after string) []string {
	var list []string
	for n := 1; n <= len(after); n++ {
		torn := after[:n] + before[min(n, len(before)):]
		if torn != before && torn != after && torn != strings.TrimSpace(after) {
			list = append(list, torn)
		}
	}
	return list
}

func TestModeIsKeptAndNeverWidened(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o644, 0o660} {
		path := confFile(t, "")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		c := mustLoad(t, path)
		mustSave(t, mustOpen(t, c), c.State())
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, mode)
		}
	}
}

func TestNewStateIsReadByItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	c := mustLoad(t, "", "--state-dir", dir)
	mustSave(t, mustOpen(t, c), c.State())
	for path, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, "state.conf"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info, err, want)
		}
	}
}

// strangerDisk cannot give a file to another owner, as any user but root.
type strangerDisk struct{ osDisk }

type strangerFile struct{ file }

func (d strangerDisk) open(path string, flag int, mode fs.FileMode) (file, error) {
	f, err := d.osDisk.open(path, flag, mode)
	return strangerFile{f}, err
}

func (strangerFile) Chown(uid, gid int) error { return syscall.EPERM }

func TestNobodyGainsRightsWhenTheGroupCannotBeKept(t *testing.T) {
	path := confFile(t, "")
	c := mustLoad(t, path)
	s, err := open(c, strangerDisk{})
	if err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, c.State())
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want -rw-------", info.Mode(), err)
	}
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "the owner of "+path+" changes") {
		t.Errorf("warnings %q", w)
	}
}

func TestSymbolicLinkIsFollowed(t *testing.T) {
	path := confFile(t, "")
	link := filepath.Join(t.TempDir(), "link.conf")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, link)
	mustSave(t, mustOpen(t, c), c.State())
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if !strings.Contains(readFile(t, path), "current-epoch") {
		t.Error("the file behind the link was not written")
	}
}

func TestLeftoverOfACrashIsRemoved(t *testing.T) {
	path := confFile(t, "")
	if err := os.WriteFile(tempName(path), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, path)
	mustSave(t, mustOpen(t, c), c.State())
	if _, err := os.Stat(tempName(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

func TestOpenSaysWhyAndWhatToDo(t *testing.T) {
	path := confFile(t, "")
	c := mustLoad(t, path)
	for failAt := 1; failAt <= 2; failAt++ { // the file, then its directory
		_, err := open(c, &brokenDisk{failAt: failAt, err: syscall.EROFS})
		want := "state cannot be saved in " + path + ": read-only file system; " +
			"make the file and its directory writable for this user, or keep the state elsewhere with: state-dir <directory>"
		if err == nil || err.Error() != want {
			t.Errorf("error = %v\nwant    %s", err, want)
		}
	}
}

func TestStateDirThatCannotBeMade(t *testing.T) {
	path := confFile(t, "")
	_, err := Open(&Config{StateDir: filepath.Join(path, "state")})
	if err == nil || !strings.HasPrefix(err.Error(), "create state-dir: mkdir "+path) || !strings.Contains(err.Error(), "name another state-dir") {
		t.Errorf("error = %v", err)
	}
}

func TestRootIsAMountPoint(t *testing.T) {
	if !isMountPoint("/") || isMountPoint("/nowhere") {
		t.Error("/ must be a mount point, /nowhere must not")
	}
}
