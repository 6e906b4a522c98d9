package supervise

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Supervisor waits for news of this process. A nil one is nobody, and is told nothing.
type Supervisor struct{ kind kind }

type kind uint8

const (
	systemd kind = iota
	upstart
)

// Of finds the supervisor of a mode, as the directive supervised names it: no, upstart,
// systemd or auto. As for redis-sentinel, one that is not there does not count: it is nil.
func Of(mode string) *Supervisor {
	switch {
	case (mode == "systemd" || mode == "auto") && os.Getenv("NOTIFY_SOCKET") != "":
		return &Supervisor{systemd}
	case (mode == "upstart" || mode == "auto") && os.Getenv("UPSTART_JOB") != "":
		return &Supervisor{upstart}
	}
	return nil
}

// Ready says that clients are served, or that a reload is over. For upstart the process
// stops itself, which it waits for (expect stop); a second time says nothing.
func (s *Supervisor) Ready(status string) {
	if s != nil && s.kind == upstart && os.Getenv("UPSTART_JOB") != "" {
		_ = os.Unsetenv("UPSTART_JOB") // fails for names that are none
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		return
	}
	s.tell(daemon.SdNotifyReady + "\n" + statusLine(status))
}

// Status says in a few words what goes on; systemctl status shows it.
func (s *Supervisor) Status(text string) { s.tell(statusLine(text)) }

// Reloading says that the configuration is read again. Ready must follow.
func (s *Supervisor) Reloading() {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping says that the end has begun.
func (s *Supervisor) Stopping() { s.tell(daemon.SdNotifyStopping + "\n" + statusLine("ending")) }

// Alive feeds the watchdog.
func (s *Supervisor) Alive() { s.tell(daemon.SdNotifyWatchdog) }

// Watchdog is how long systemd waits for Alive before it ends this process, 0 when it
// does not wait.
func (s *Supervisor) Watchdog() time.Duration {
	if s == nil || s.kind != systemd {
		return 0
	}
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0 // a number that is none: no systemd set it
	}
	return d
}

// statusLine keeps a text within its line: what follows a line break would be another
// message.
func statusLine(text string) string {
	return "STATUS=" + strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
}

// tell sends a message. systemd says itself when it was not told.
func (s *Supervisor) tell(message string) {
	if s != nil && s.kind == systemd {
		_, _ = daemon.SdNotify(false, message)
	}
}

// ours are the variables that are meant for this process alone. A script that finds them
// and uses a library which speaks the protocol would speak in our name.
var ours = []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}

// Environ is the environment for what this process starts.
func Environ() []string {
	return slices.DeleteFunc(os.Environ(), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.Contains(ours, name)
	})
}
