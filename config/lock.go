package config

import (
	"errors"
	"fmt"
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
// file beside it is locked, which stays. Where none can be made the file is not
// replaced either but written in place, and is locked itself. The lock is advisory:
// redis-sentinel knows nothing of it, and is told by the port.
func (c *Config) Lock() (*Lock, error) {
	if c.StateDir != "" {
		if err := os.MkdirAll(c.StateDir, 0o700); err != nil {
			return nil, fmt.Errorf("create state-dir: %w; make it writable for this user, or name another state-dir", err)
		}
		return lock(c.StateDir, os.O_RDONLY)
	}
	if c.Path == "" {
		return &Lock{}, nil // Open says what is missing
	}
	target, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		target = c.Path
	}
	if isMountPoint(target) {
		return lock(target, os.O_RDONLY)
	}
	l, err := lock(lockName(target), os.O_RDONLY|os.O_CREATE)
	if err == nil {
		giveTo(lockName(target), target)
		return l, nil
	}
	if errors.Is(err, errLocked) {
		return nil, err
	}
	return lock(target, os.O_RDONLY)
}

// lockName is the file that is locked for target. It holds nothing and is never removed:
// a file removed and made anew would be two files, each locked by one.
func lockName(target string) string {
	return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".picket-lock")
}

func lock(path string, flag int) (*Lock, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w; make it readable for this user", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("lock %s: %w; another picket runs on this configuration: end it, or give each its own file or state-dir", path, err)
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
