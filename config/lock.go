package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Lock is the right to write one configuration file or state-dir: two monitors that
// shared an id and its votes would vote twice. The kernel frees it when the process
// ends, however it does.
type Lock struct{ held *os.File }

// errLocked is what flock says when another process holds the lock.
var errLocked = syscall.EWOULDBLOCK

// Lock takes the lock of c, and fails at once when another picket has it.
//
// A state-dir is locked itself: it stays the same directory. The operator's file is
// replaced at every save, by editors too, so that a lock on it would be lost with it: a
// file beside it is locked, which stays. A file that is mounted alone is written in place
// instead, and is locked itself. The lock is advisory: redis-sentinel knows nothing of
// it, and is told by the port.
func (c *Config) Lock() (*Lock, error) {
	if c.StateDir != "" {
		if err := os.MkdirAll(c.StateDir, 0o700); err != nil {
			return nil, fmt.Errorf("create state-dir: %w; make it writable for this user, or name another state-dir", err)
		}
		return lockPath(c.StateDir)
	}
	if c.Path == "" {
		return &Lock{}, nil // Open says what is missing
	}
	target, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		target = c.Path
	}
	if isMountPoint(target) {
		return lockPath(target)
	}
	return lockBeside(target)
}

// lockBeside locks the file beside target, and makes it where it is missing. Without that
// file there is no start, as a lock on target itself would be gone with the first save.
func lockBeside(target string) (*Lock, error) {
	path := lockName(target)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) { // not at once: where protected_regular is on, that fails on the file of another
		if f, err = os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600); err != nil {
			return nil, fmt.Errorf("make the lock: %w; make the directory writable for this user, or keep the state elsewhere with: state-dir <directory>", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w; give that file to this user (chown), or delete it once no picket runs on %s", err, target)
	}
	giveTo(path, target)
	return lock(f)
}

// lockName is the file that is locked for target. It holds nothing and is never removed:
// a file removed and made anew would be two files, each locked by one.
func lockName(target string) string {
	return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".picket-lock")
}

// lockPath locks a file or directory that stays the same.
func lockPath(path string) (*Lock, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w; make it readable for this user", err)
	}
	return lock(f)
}

// lock locks f, or closes it.
func lock(f *os.File) (*Lock, error) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("lock %s: %w; another picket runs on this configuration: end it, or give each its own file or state-dir", f.Name(), err)
	}
	return &Lock{held: f}, nil
}

// giveTo gives path the owner of model, so that a monitor once started by root can be
// started by its own user afterwards. Only root can, and only root needs it. Where
// nothing is to do nothing is tried, see osFile.Chown.
func giveTo(path, model string) {
	info, err := os.Stat(model)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	now, err := os.Stat(path)
	if old, ok := info.Sys().(*syscall.Stat_t); ok && err == nil && !hasOwner(now, int(old.Uid), int(old.Gid)) {
		_ = os.Lchown(path, int(old.Uid), int(old.Gid)) // else the other user is told what to do
	}
}

// Release frees the lock.
func (l *Lock) Release() error {
	if l.held == nil {
		return nil
	}
	return l.held.Close()
}
