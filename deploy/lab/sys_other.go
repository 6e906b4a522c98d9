//go:build unix && !linux

package lab

import (
	"os"
	"syscall"
	"time"
)

// attributes put a process into a group of its own, so that Ctrl-C reaches the
// lab alone. Only Linux lets a process die with the one that started it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// enterNetwork is Linux's alone.
func enterNetwork(*os.File) error { return ErrNotPermitted }

// CPUOf does not know.
func CPUOf(int) time.Duration { return 0 }
