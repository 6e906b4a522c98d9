package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// disk is the part of a file system that can fail while a state is saved. Tests make
// it fail.
type disk interface {
	open(path string, flag int, mode fs.FileMode) (file, error)
	rename(from, to string) error
}

// file is the part of *os.File that a save needs.
type file interface {
	Write([]byte) (int, error)
	Chmod(fs.FileMode) error
	Chown(uid, gid int) error
	Truncate(size int64) error
	Sync() error
	Close() error
}

// osDisk is the real file system.
type osDisk struct{}

func (osDisk) open(path string, flag int, mode fs.FileMode) (file, error) {
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// osFile is a real file.
type osFile struct{ *os.File }

// Chown does nothing where nothing is to do: Debian's unit of redis-sentinel forbids the
// system call on pain of death (SystemCallFilter=~@privileged).
func (f osFile) Chown(uid, gid int) error {
	if info, err := f.Stat(); err == nil && hasOwner(info, uid, gid) {
		return nil
	}
	return f.File.Chown(uid, gid)
}

// hasOwner reports whether a file has that owner and group; -1 is any.
func hasOwner(info fs.FileInfo, uid, gid int) bool {
	now, ok := info.Sys().(*syscall.Stat_t)
	return ok && (uid < 0 || int(now.Uid) == uid) && (gid < 0 || int(now.Gid) == gid)
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

// tempName is the file that takes the new content before it takes the name. It is
// always the same, so that a crash leaves at most one behind.
func tempName(target string) string {
	return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".picket-tmp")
}

// createTemp makes an empty file beside target that only its owner can read.
func createTemp(d disk, target string) (file, error) {
	temp := tempName(target)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove what a crash left behind: %w", err)
	}
	return d.open(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// syncDir makes the names in a directory durable.
func syncDir(d disk, dir string) error {
	f, err := d.open(dir, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeThrough writes content and waits until it is on the disk. It closes f.
func writeThrough(f file, content []byte) error {
	_, err := f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// inherit gives f the mode and the owner of the file that it will replace. When the
// group cannot be kept its rights go, so that nobody gains any. A file that replaces
// nothing keeps mode 0600.
func inherit(f file, target string) (ownerKept bool, err error) {
	info, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	mode := info.Mode().Perm()
	ownerKept = true
	if old, ok := info.Sys().(*syscall.Stat_t); ok && f.Chown(int(old.Uid), int(old.Gid)) != nil {
		ownerKept = false
		if f.Chown(-1, int(old.Gid)) != nil {
			mode &^= 0o070
		}
	}
	return ownerKept, f.Chmod(mode)
}

// isMountPoint reports whether path itself is mounted, as a container's single file is.
// rename cannot replace such a file (EBUSY).
func isMountPoint(path string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for l := range strings.Lines(string(mounts)) {
		fields := strings.Fields(l)
		if len(fields) > 4 && unescapeOctal(fields[4]) == path {
			return true
		}
	}
	return false
}

var unescapeOctal = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace
