package daemon

import (
	"os"
	"strconv"

	"go.uber.org/zap"
)

// defaultPidFile is Redis' of a process in the background.
const defaultPidFile = "/var/run/redis.pid"

// writePid writes the pidfile, where one is configured or we run in the background, and
// returns what removes it. A file that cannot be written is no reason not to watch, as
// for redis-sentinel.
func (d *Daemon) writePid() (remove func()) {
	path := d.cfg.PidFile
	if path == "" && d.cfg.Daemonize {
		path = defaultPidFile
	}
	if path == "" {
		return func() {}
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		d.log.Warn("pidfile not written: name a file in a directory that this user can write", zap.Error(err))
		return func() {}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			d.log.Warn("pidfile not removed", zap.Error(err))
		}
	}
}
