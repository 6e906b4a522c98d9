//go:build !linux

package scripts

import (
	"os"
	"syscall"
)

// Other systems have no way, of those that Go offers, to wait for a process and keep
// its id: there the script alone is killed, and not what it started.
func ownGroup() *syscall.SysProcAttr { return nil }

func awaitEnd(int) {}

func killGroup(p *os.Process) { _ = p.Kill() } // it may have ended just now
