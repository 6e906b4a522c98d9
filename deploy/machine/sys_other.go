//go:build !linux

package machine

import "syscall"

// dieWithUs has nothing to say where there are no namespaces to boot a machine in.
func dieWithUs() *syscall.SysProcAttr { return nil }
