//go:build !linux

package probe

import (
	"net"
	"time"

	"picket/monitor"
)

// ack cannot look into the kernel's queue on this system.
func (c *pingConn) ack() monitor.Ack { return monitor.AckUnknown }

// limitUnacked is left to the system's own limit on this system.
func limitUnacked(net.Conn, time.Duration) {}
