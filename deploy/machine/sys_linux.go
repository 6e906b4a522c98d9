package machine

import "syscall"

// dieWithUs ends a machine with the tests that started it, however they end.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
