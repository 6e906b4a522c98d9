package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes put a process into a group of its own, so that Ctrl-C reaches the
// lab alone, which then ends its processes; and let it die with the lab.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// enterNetwork moves the calling thread into the network namespace that f names.
func enterNetwork(f *os.File) error {
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	return nil
}

// clockTick is what the kernel calls USER_HZ: 100 a second on every platform that Go runs on.
const clockTick = 10 * time.Millisecond

// CPUOf reads user and system time from /proc/PID/stat (fields 14 and 15; the
// name in field 2 may hold blanks, so counting starts after its parenthesis).
func CPUOf(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * clockTick
}
