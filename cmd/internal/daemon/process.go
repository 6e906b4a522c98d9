package daemon

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"go.uber.org/zap"

	"picket/config"
)

// refuse names what the configuration asks for and this release does not do
// yet: it must not be ignored silently.
func refuse(cfg *config.Config) error {
	var errs []error
	if cfg.Daemonize {
		errs = append(errs, errors.New("daemonize yes is not supported yet: run it under a supervisor, or give --daemonize no"))
	}
	if cfg.ProtectedMode {
		errs = append(errs, errors.New("protected-mode yes is not supported yet: set bind or requirepass, and protected-mode no"))
	}
	if cfg.Timeout > 0 {
		errs = append(errs, errors.New("timeout is not supported yet: set timeout 0"))
	}
	return errors.Join(errs...)
}

// writePid writes the pidfile, where one is configured, and returns what removes it.
func (d *Daemon) writePid() (remove func(), err error) {
	path := d.cfg.PidFile
	if path == "" {
		return func() {}, nil
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return nil, fmt.Errorf("write pidfile: %w; name a file in a directory that this user can write", err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			d.log.Warn("pidfile not removed", zap.Error(err))
		}
	}, nil
}
