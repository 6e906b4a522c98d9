package cli

import (
	"net"
	"os"
	"strings"
	"syscall"
)

// supervisor waits for news of us, as "supervised" says; nil when nobody does.
type supervisor interface{ readyNow() }

// supervised is a supervisor that may be missing.
type supervised struct{ supervisor }

func (s *supervised) ready() {
	if s != nil {
		s.readyNow()
	}
}

// supervisorOf finds the supervisor of a mode. As for redis-sentinel, one that is not
// there does not count, so that daemonize counts again.
func supervisorOf(mode string) *supervised {
	socket, job := os.Getenv("NOTIFY_SOCKET"), os.Getenv("UPSTART_JOB")
	switch {
	case (mode == "systemd" || mode == "auto") && socket != "":
		return &supervised{systemd{socket}}
	case (mode == "upstart" || mode == "auto") && job != "":
		return &supervised{upstart{}}
	}
	return nil
}

// systemd is told over its socket (sd_notify). Type=notify waits for it.
type systemd struct{ socket string }

func (s systemd) readyNow() {
	name := s.socket
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:] // abstract
	}
	c, err := net.Dial("unixgram", name)
	if err != nil {
		return // systemd says itself that it was not told
	}
	defer c.Close()
	_, _ = c.Write([]byte("READY=1\nSTATUS=Ready to accept connections\n"))
}

// upstart waits until we stop ourselves (expect stop).
type upstart struct{}

func (upstart) readyNow() {
	_ = os.Unsetenv("UPSTART_JOB")
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
}
