//go:build !linux

package probe

import (
	"net"
	"time"

	"picket/monitor"
)

// ack cannot look into the kernel's queue on this system.
func (c *pingConn) ack() monitor.Ack { return monitor.AckUnknown }

// unread cannot look there either.
func (c *pingConn) unread() int { return 0 }

// limitUnacked is left to the system's own limit on this system.
func limitUnacked(net.Conn, time.Duration) {}
